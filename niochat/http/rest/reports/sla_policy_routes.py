"""``/sla-policies``: what the provider promises to its customers."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import AwareDatetime, Field

from niochat.domain.conversation.state import ConversationPriority
from niochat.domain.permissions import PermissionAction
from niochat.domain.sla.sla_policy import (
    DEFAULT_WARN_PERCENT,
    MAX_TARGET_S,
    MIN_TARGET_S,
    SlaPolicy,
)
from niochat.http.api.entity_tags import IfMatch, parse_if_match, set_etag
from niochat.http.api.schemas import DisplayName, RequestModel, ResponseModel, Slug
from niochat.http.rest.dependencies import audit_actor_for
from niochat.http.rest.idempotent_route import IdempotentRoute
from niochat.http.rest.reports.alert_routes import MayReadSettings, MayWriteSettings
from niochat.http.rest.rest_services import services_for
from niochat.identity.authentication import Principal
from niochat.insights.sla.sla_policy_store import (
    SlaPolicyContent,
    SlaPolicyEditor,
    SlaPolicyStore,
)
from niochat.live.frames import PriorityName

MAX_CONDITIONS = 50
"""Maximum number of teams or labels of a policy."""
TargetSeconds = Annotated[int | None, Field(ge=MIN_TARGET_S, le=MAX_TARGET_S)]
Label = Annotated[str, Field(min_length=1, max_length=40)]

router = APIRouter(prefix="/sla-policies", tags=["sla"], route_class=IdempotentRoute)


class PutSlaPolicyRequest(RequestModel):
    """A whole SLA policy. Of the enabled policies that match a conversation, the one with the
    lowest ``position`` applies. Empty ``teams``, ``priorities`` and ``labels`` match any
    conversation.

    ``first_answer_s`` is for the first answer of a person once the customer waits for people,
    ``next_answer_s`` for each further one, ``resolution_s`` from the opening to the resolution.
    Snoozed time does not count, and with ``business_hours`` only the provider's hours do. At
    ``warn_percent`` of the time there is a warning.
    """

    name: DisplayName
    position: Annotated[int, Field(ge=0, le=10_000)] = 0
    enabled: bool = True
    teams: Annotated[list[Slug], Field(max_length=MAX_CONDITIONS)] = Field(default_factory=list)
    priorities: Annotated[list[PriorityName], Field(max_length=4)] = Field(default_factory=list)
    labels: Annotated[list[Label], Field(max_length=MAX_CONDITIONS)] = Field(default_factory=list)
    first_answer_s: TargetSeconds = None
    next_answer_s: TargetSeconds = None
    resolution_s: TargetSeconds = None
    business_hours: bool = True
    warn_percent: Annotated[int, Field(ge=1, le=99)] = DEFAULT_WARN_PERCENT

    def to_content(self) -> SlaPolicyContent:
        """Return the policy as the store takes it. Raises ``InvalidInputError``."""
        policy = SlaPolicy(
            self.name,
            tuple(sorted(set(self.teams))),
            tuple(sorted({ConversationPriority[each.upper()].value for each in self.priorities})),
            tuple(sorted(set(self.labels))),
            self.first_answer_s,
            self.next_answer_s,
            self.resolution_s,
            self.business_hours,
            self.warn_percent,
        )
        return SlaPolicyContent(policy, self.position, self.enabled)


class SlaPolicyResponse(ResponseModel):
    """An SLA policy. ``version`` is the ``ETag``."""

    id: UUID
    name: str
    position: int
    enabled: bool
    teams: list[str]
    priorities: list[PriorityName]
    labels: list[str]
    first_answer_s: int | None
    next_answer_s: int | None
    resolution_s: int | None
    business_hours: bool
    warn_percent: int
    version: int
    changed_at: AwareDatetime


@router.get("")
async def list_sla_policies(caller: MayReadSettings, request: Request) -> list[SlaPolicyResponse]:
    """List the SLA policies in the order in which they are tried."""
    tenant_id = caller.require(PermissionAction.SETTINGS_READ)
    return [_response(row) for row in await _store_for(request).list_policies(tenant_id)]


@router.get("/{policy_id}")
async def get_sla_policy(
    policy_id: UUID, caller: MayReadSettings, request: Request, response: Response
) -> SlaPolicyResponse:
    """Return an SLA policy. The ETag is needed to change it."""
    row = await _store_for(request).find(caller.require(PermissionAction.SETTINGS_READ), policy_id)
    return _saved(response, row)


@router.post("", status_code=201)
async def create_sla_policy(
    body: PutSlaPolicyRequest, caller: MayWriteSettings, request: Request, response: Response
) -> SlaPolicyResponse:
    """Create an SLA policy. It applies to unresolved conversations within seconds."""
    store = _store_for(request)
    return _saved(response, await store.create(_editor(request, caller), body.to_content()))


@router.put("/{policy_id}")
async def replace_sla_policy(
    policy_id: UUID,
    body: PutSlaPolicyRequest,
    caller: MayWriteSettings,
    request: Request,
    response: Response,
    if_match: IfMatch = None,
) -> SlaPolicyResponse:
    """Replace an SLA policy. Running clocks are computed again; what was decided stays."""
    store = _store_for(request)
    await store.find(caller.require(PermissionAction.SETTINGS_WRITE), policy_id)
    row = await store.replace(
        _editor(request, caller), policy_id, body.to_content(), parse_if_match(if_match)
    )
    return _saved(response, row)


@router.delete("/{policy_id}", status_code=204)
async def delete_sla_policy(
    policy_id: UUID, caller: MayWriteSettings, request: Request, if_match: IfMatch = None
) -> None:
    """Delete an SLA policy. Reports keep what was decided. With ``If-Match``, only in this
    version.
    """
    versions = None if if_match is None else parse_if_match(if_match)
    await _store_for(request).delete(_editor(request, caller), policy_id, versions)


def _store_for(request: Request) -> SlaPolicyStore:
    return services_for(request).sla_policies


def _editor(request: Request, caller: Principal) -> SlaPolicyEditor:
    return SlaPolicyEditor(
        caller.require(PermissionAction.SETTINGS_WRITE), audit_actor_for(request, caller)
    )


def _response(row: dict[str, object]) -> SlaPolicyResponse:
    priorities = row["priorities"]
    assert isinstance(priorities, list)
    names = [ConversationPriority(each).name.lower() for each in priorities]
    return SlaPolicyResponse.model_validate({**row, "priorities": names})


def _saved(response: Response, row: dict[str, object]) -> SlaPolicyResponse:
    set_etag(response, row["version"])
    return _response(row)
