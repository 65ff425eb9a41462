"""``/alert-rules`` and ``/alerts``: what the provider wants to be told, and what happened."""

from datetime import time
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AwareDatetime, EmailStr, Field, HttpUrl, field_validator

from niochat.alerts.alert_rule_store import (
    AlertRuleContent,
    AlertRuleEditor,
    AlertRuleStore,
    SavedAlertRule,
)
from niochat.domain.alerts.alert_kinds import AlertKind
from niochat.domain.alerts.alert_rule import AlertRule
from niochat.domain.permissions import PermissionAction
from niochat.http.api.entity_tags import IfMatch, parse_if_match, set_etag
from niochat.http.api.pagination import (
    CursorPage,
    PageCursor,
    PageLimit,
    format_time_cursor,
    parse_time_cursor,
)
from niochat.http.api.schemas import DisplayName, RequestModel, ResponseModel, Slug
from niochat.http.rest.dependencies import PermissionDependency, audit_actor_for
from niochat.http.rest.idempotent_route import IdempotentRoute
from niochat.http.rest.rest_services import services_for
from niochat.identity.authentication import Principal

MAX_EMAILS, MAX_URL = 10, 500
"""Maximum number of addresses of a rule, and length of its URL."""
MayReadSettings = Annotated[
    Principal, Depends(PermissionDependency(PermissionAction.SETTINGS_READ))
]
MayWriteSettings = Annotated[
    Principal, Depends(PermissionDependency(PermissionAction.SETTINGS_WRITE))
]

rules_router = APIRouter(prefix="/alert-rules", tags=["alerts"], route_class=IdempotentRoute)
alerts_router = APIRouter(prefix="/alerts", tags=["alerts"])


class PutAlertRuleRequest(RequestModel):
    """A whole alert rule. A value at or beyond ``threshold`` for ``hold_minutes`` begins an alert;
    one at or on the good side of ``clear_threshold`` (without it: ``threshold``) for as long ends
    it. For ``rating_low`` and ``channel_silent`` low values are bad.

    Kinds and units: ``queue_long`` (conversations that wait), ``wait_long`` (minutes of the longest
    wait), ``first_answer_slow`` (average minutes of first human answers), ``rating_low`` (average
    score), ``channel_down`` (minutes without connection), ``channel_silent`` (messages in percent
    of the same hours of the four weeks before), ``assistant_failing`` (percent of turns),
    ``erp_failing`` (percent of tool calls), ``cost_high`` (cost of the assistant today).
    ``first_answer_slow``, ``rating_low``, ``channel_silent``, ``assistant_failing`` and
    ``erp_failing`` need ``window_minutes``, the others have none. ``team`` limits ``queue_long``,
    ``wait_long``, ``first_answer_slow`` and ``rating_low``.

    Between the local times ``quiet_from`` and ``quiet_until`` nobody is told; an alert that still
    lasts then is told. Requests to ``webhook_url`` are signed as Standard Webhooks says.
    """

    name: DisplayName
    kind: AlertKind
    threshold: Annotated[float, Field(allow_inf_nan=False)]
    clear_threshold: Annotated[float | None, Field(allow_inf_nan=False)] = None
    hold_minutes: Annotated[int, Field(ge=0, le=1440)] = 5
    window_minutes: Annotated[int | None, Field(ge=5, le=10_080)] = None
    team: Slug | None = None
    quiet_from: time | None = None
    quiet_until: time | None = None
    emails: Annotated[list[EmailStr], Field(max_length=MAX_EMAILS)] = Field(default_factory=list)
    webhook_url: Annotated[HttpUrl | None, Field(max_length=MAX_URL)] = None
    active: bool = True

    @field_validator("quiet_from", "quiet_until")
    @classmethod
    def _is_local(cls, value: time | None) -> time | None:
        if value is not None and value.tzinfo is not None:
            raise ValueError("send a local time without an offset, such as 22:00")
        return value

    @field_validator("emails")
    @classmethod
    def _are_different(cls, value: list[str]) -> list[str]:
        if len({each.casefold() for each in value}) < len(value):
            raise ValueError("an address is listed twice")
        return value

    def to_content(self) -> AlertRuleContent:
        """Return the rule as the store takes it. Raises ``InvalidInputError``."""
        rule = AlertRule(
            self.kind,
            self.threshold,
            self.threshold if self.clear_threshold is None else self.clear_threshold,
            self.hold_minutes,
            self.window_minutes,
            self.team,
            self.quiet_from,
            self.quiet_until,
        )
        url = None if self.webhook_url is None else str(self.webhook_url)
        return AlertRuleContent(self.name, rule, tuple(self.emails), url, self.active)


class AlertRuleResponse(ResponseModel):
    """An alert rule. ``value`` is the last measured one, null if there was too little to measure;
    ``alert_id`` is the alert that lasts. ``webhook_secret`` is told only in the response to the
    request that set a new URL. ``version`` is the ``ETag``.
    """

    id: UUID
    name: str
    kind: AlertKind
    threshold: float
    clear_threshold: float
    hold_minutes: int
    window_minutes: int | None
    team: str | None
    quiet_from: time | None
    quiet_until: time | None
    emails: list[str]
    webhook_url: str | None
    webhook_secret: str | None = None
    active: bool
    version: int
    changed_at: AwareDatetime
    evaluated_at: AwareDatetime | None
    value: float | None
    alert_id: UUID | None


class AlertNoticeResponse(ResponseModel):
    """Who was told of the beginning or end of an alert. ``dropped``: it was over before the quiet
    time was. ``due_at`` is when a queued notice is sent.
    """

    change: Literal["started", "ended"]
    way: Literal["email", "webhook"]
    recipient: str
    status: Literal["queued", "sending", "sent", "failed", "dropped"]
    code: str | None
    attempts: int
    due_at: AwareDatetime
    settled_at: AwareDatetime | None


class AlertResponse(ResponseModel):
    """An alert. It says what its rule was when it began: the rule can have changed since. ``value``
    began the alert, and ``worst`` is the worst one of it.
    """

    id: UUID
    rule_id: UUID
    name: str
    kind: AlertKind
    team: str | None
    threshold: float
    value: float
    worst: float
    started_at: AwareDatetime
    ended_at: AwareDatetime | None
    notices: list[AlertNoticeResponse]


@rules_router.get("")
async def list_alert_rules(caller: MayReadSettings, request: Request) -> list[AlertRuleResponse]:
    """List the alert rules by name."""
    tenant_id = caller.require(PermissionAction.SETTINGS_READ)
    rows = await _store_for(request).list_rules(tenant_id)
    return [AlertRuleResponse.model_validate(row) for row in rows]


@rules_router.get("/{rule_id}")
async def get_alert_rule(
    rule_id: UUID, caller: MayReadSettings, request: Request, response: Response
) -> AlertRuleResponse:
    """Return an alert rule. The ETag is needed to change it."""
    row = await _store_for(request).find(caller.require(PermissionAction.SETTINGS_READ), rule_id)
    set_etag(response, row["version"])
    return AlertRuleResponse.model_validate(row)


@rules_router.post("", status_code=201)
async def create_alert_rule(
    body: PutAlertRuleRequest, caller: MayWriteSettings, request: Request, response: Response
) -> AlertRuleResponse:
    """Create an alert rule. It is evaluated within seconds, then about every 15 seconds."""
    saved = await _store_for(request).create(_editor(request, caller), body.to_content())
    return _saved(response, saved)


@rules_router.put("/{rule_id}")
async def replace_alert_rule(
    rule_id: UUID,
    body: PutAlertRuleRequest,
    caller: MayWriteSettings,
    request: Request,
    response: Response,
    if_match: IfMatch = None,
) -> AlertRuleResponse:
    """Replace an alert rule. It begins anew: an alert that lasts ends, and nobody is told of
    that.
    """
    store = _store_for(request)
    await store.find(caller.require(PermissionAction.SETTINGS_WRITE), rule_id)
    saved = await store.replace(
        _editor(request, caller), rule_id, body.to_content(), parse_if_match(if_match)
    )
    return _saved(response, saved)


@rules_router.delete("/{rule_id}", status_code=204)
async def delete_alert_rule(
    rule_id: UUID, caller: MayWriteSettings, request: Request, if_match: IfMatch = None
) -> None:
    """Delete an alert rule. Its alerts stay. With ``If-Match``, only in this version."""
    versions = None if if_match is None else parse_if_match(if_match)
    await _store_for(request).delete(_editor(request, caller), rule_id, versions)


@alerts_router.get("")
async def list_alerts(
    caller: MayReadSettings,
    request: Request,
    *,
    lasting: Annotated[bool, Query(description="Only alerts that have not ended.")] = False,
    limit: PageLimit = 50,
    cursor: PageCursor = None,
) -> CursorPage[AlertResponse]:
    """List alerts, latest first, with who was told and when."""
    rows = await _store_for(request).list_alerts(
        caller.require(PermissionAction.SETTINGS_READ),
        lasting=lasting,
        limit=limit,
        after=parse_time_cursor(cursor),
    )
    items, next_cursor = rows[:limit], None
    if len(rows) > limit:
        next_cursor = format_time_cursor(items[-1]["started_at"], items[-1]["id"])
    return CursorPage(
        items=[AlertResponse.model_validate(row) for row in items], next_cursor=next_cursor
    )


def _store_for(request: Request) -> AlertRuleStore:
    return services_for(request).alert_rules


def _editor(request: Request, caller: Principal) -> AlertRuleEditor:
    return AlertRuleEditor(
        caller.require(PermissionAction.SETTINGS_WRITE), audit_actor_for(request, caller)
    )


def _saved(response: Response, saved: SavedAlertRule) -> AlertRuleResponse:
    set_etag(response, saved.row["version"])
    values: dict[str, Any] = {**saved.row, "webhook_secret": saved.new_secret}
    return AlertRuleResponse.model_validate(values)
