"""``/colleagues`` and ``/presence/reasons``: what every member of a tenant sees of the others."""

from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field, model_validator

from niochat.assignment.pause_reasons import PauseReason
from niochat.domain.permissions import PermissionAction
from niochat.domain.presence import AgentPresenceState
from niochat.http.api.entity_tags import IfMatch, parse_if_match, set_etag
from niochat.http.api.schemas import RequestModel, ResponseModel
from niochat.http.rest.dependencies import (
    PermissionDependency,
    UserDependency,
    audit_actor_for,
    audit_read,
    current_tenant_id,
)
from niochat.http.rest.idempotent_route import IdempotentRoute
from niochat.http.rest.identity.auth_routes import photo_url_for
from niochat.http.rest.identity.presence_routes import AwayReason
from niochat.http.rest.rest_services import services_for
from niochat.identity.authentication import Principal

MAX_REASONS = 30
SignedInUser = Annotated[Principal, Depends(UserDependency())]
MayWriteSettings = Annotated[
    Principal, Depends(PermissionDependency(PermissionAction.SETTINGS_WRITE))
]
ReasonName = Annotated[str, Field(min_length=1, max_length=40)]

router = APIRouter(tags=["presence"], route_class=IdempotentRoute)


class ColleagueResponse(ResponseModel):
    """A user of the tenant: whom to mention and to whom to transfer. ``reason`` is set during a
    pause.
    """

    id: UUID
    name: str
    photo_url: str | None
    teams: list[str]
    state: AgentPresenceState
    reason: str | None


class ColleagueTeamResponse(ResponseModel):
    """A team to which a conversation can be transferred."""

    slug: str
    name: str


class ColleaguesResponse(ResponseModel):
    """The active users and the teams of the tenant, each by name."""

    users: list[ColleagueResponse]
    teams: list[ColleagueTeamResponse]


class PauseReasonSchema(RequestModel):
    """A reason for a pause: ``code`` for ``PUT /presence/me``, ``name`` for screens."""

    code: AwayReason
    name: ReasonName


class PauseReasonsResponse(ResponseModel):
    """The reasons in the order in which screens show them."""

    reasons: list[PauseReasonSchema]


class PutPauseReasonsRequest(RequestModel):
    """The new list of reasons."""

    reasons: Annotated[list[PauseReasonSchema], Field(min_length=1, max_length=MAX_REASONS)]

    @model_validator(mode="after")
    def _has_unique_codes(self) -> Self:
        codes = [each.code for each in self.reasons]
        if len(set(codes)) < len(codes):
            raise ValueError("two reasons have the same code")
        return self


@router.get("/colleagues")
async def list_colleagues(user: SignedInUser, request: Request) -> ColleaguesResponse:
    """List the active users and the teams of the tenant, for mentions and transfers. Every member
    may call it, whatever the role.
    """
    users, teams = await services_for(request).colleagues.list(current_tenant_id(user))
    await audit_read(request, user, "users.read", "colleagues", {"shown": len(users)})
    return ColleaguesResponse(
        users=[_colleague_response(row) for row in users],
        teams=[ColleagueTeamResponse.model_validate(row) for row in teams],
    )


@router.get("/presence/reasons")
async def list_pause_reasons(
    user: SignedInUser, request: Request, response: Response
) -> PauseReasonsResponse:
    """List the reasons for a pause that the provider allows. The ETag is needed to change them."""
    reasons, version = await services_for(request).pause_reasons.list(current_tenant_id(user))
    set_etag(response, version)
    return PauseReasonsResponse.model_validate({"reasons": [_schema(each) for each in reasons]})


@router.put("/presence/reasons")
async def replace_pause_reasons(
    body: PutPauseReasonsRequest,
    caller: MayWriteSettings,
    request: Request,
    response: Response,
    if_match: IfMatch = None,
) -> PauseReasonsResponse:
    """Replace the reasons for a pause that the provider allows. Pauses that have begun keep their
    reason.
    """
    tenant_id = caller.require(PermissionAction.SETTINGS_WRITE)
    version = await services_for(request).pause_reasons.replace(
        tenant_id,
        [PauseReason(each.code, each.name) for each in body.reasons],
        parse_if_match(if_match),
        audit_actor_for(request, caller),
    )
    set_etag(response, version)
    return PauseReasonsResponse(reasons=body.reasons)


def _colleague_response(row: dict[str, Any]) -> ColleagueResponse:
    photo_url = photo_url_for(row["id"], row["photo"])
    return ColleagueResponse.model_validate(
        {**row, "reason": row["reason"] or None, "photo_url": photo_url}
    )


def _schema(reason: PauseReason) -> PauseReasonSchema:
    return PauseReasonSchema(code=reason.code, name=reason.name)
