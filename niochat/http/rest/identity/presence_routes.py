"""``/presence``: the presence of agents, and how many conversations a queue may assign to them."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import Field, model_validator

from niochat.domain.permissions import PermissionAction
from niochat.domain.presence import AgentPresenceState
from niochat.http.api.schemas import RequestModel, ResponseModel
from niochat.http.rest.dependencies import (
    PermissionDependency,
    UserDependency,
    agent_presence_for,
    announce_presence_change,
    audit_actor_for,
    audit_read,
    changed_by_for,
    home_tenant_id,
    identity_services_for,
)
from niochat.http.rest.rest_services import services_for
from niochat.identity.authentication import Principal
from niochat.live.ephemeral_frames import FrameEnvelope, PresenceFrame

MAX_CAPACITY = 100
AwayReason = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]
SignedInUser = Annotated[Principal, Depends(UserDependency())]
MaySetPresence = Annotated[
    Principal, Depends(PermissionDependency(PermissionAction.PRESENCE_WRITE))
]
MayRead = Annotated[Principal, Depends(PermissionDependency(PermissionAction.USERS_READ))]
MayWrite = Annotated[Principal, Depends(PermissionDependency(PermissionAction.USERS_WRITE))]

router = APIRouter(prefix="/presence", tags=["presence"])


class AgentPresenceResponse(ResponseModel):
    """The presence of a user. ``load`` is the number of conversations that the user has or is about
    to get; ``capacity`` is the number that a queue may assign. ``since`` is null if the user never
    set a presence.
    """

    user_id: UUID
    name: str
    teams: list[str]
    state: AgentPresenceState
    reason: str | None
    since: datetime | None
    seen_at: datetime | None
    load: int
    capacity: int


class SetPresenceRequest(RequestModel):
    """The new presence of the caller. ``reason`` describes a pause: a code of
    ``GET /presence/reasons``.
    """

    state: AgentPresenceState
    reason: AwayReason | None = None

    @model_validator(mode="after")
    def _a_reason_to_be_away(self) -> Self:
        if self.reason is not None and self.state is not AgentPresenceState.AWAY:
            raise ValueError("a reason is allowed with state away only")
        return self


class OverridePresenceRequest(RequestModel):
    """Changes to the presence of a user. A field that is left out stays unchanged. ``capacity:
    null`` restores the default of the provider; ``offline: true`` sets the user offline.
    """

    capacity: Annotated[int | None, Field(ge=0, le=MAX_CAPACITY)] = None
    offline: bool = False


@router.get("")
async def list_presence(caller: MayRead, request: Request) -> list[AgentPresenceResponse]:
    """List the presence of all users by name."""
    rows = await agent_presence_for(request).list_agents(
        caller.require(PermissionAction.USERS_READ)
    )
    await audit_read(request, caller, "users.read", "presences", {"shown": len(rows)})
    return [_presence_response(row) for row in rows]


@router.get("/me")
async def get_my_presence(caller: SignedInUser, request: Request) -> AgentPresenceResponse:
    """Return the presence of the caller."""
    return _presence_response(
        await agent_presence_for(request).get_agent(home_tenant_id(caller), caller.id)
    )


@router.put("/me")
async def set_my_presence(
    body: SetPresenceRequest, caller: MaySetPresence, request: Request
) -> AgentPresenceResponse:
    """Set the presence of the caller. Queues assign conversations only to users who are online and
    whose ``/live`` socket is open, or who repeat this request within 45 seconds. When a user goes
    offline, unanswered conversations return to their queue if the policy of the provider says so.
    """
    if body.reason is not None:
        await services_for(request).pause_reasons.require(home_tenant_id(caller), body.reason)
    row = await agent_presence_for(request).set_own_state(
        home_tenant_id(caller),
        caller.id,
        body.state,
        body.reason or "",
        audit_actor_for(request, caller),
    )
    await announce_presence_change(request, home_tenant_id(caller), caller.id)
    return await _broadcast_presence(request, home_tenant_id(caller), row)


@router.put("/{user_id}")
async def override_presence(
    user_id: UUID, body: OverridePresenceRequest, caller: MayWrite, request: Request
) -> AgentPresenceResponse:
    """Set the capacity of a user, or set the user offline."""
    tenant_id = caller.require(PermissionAction.USERS_WRITE)
    await identity_services_for(request).users.require_authority_over(
        tenant_id, user_id, changed_by_for(request, caller)
    )
    row = await agent_presence_for(request).override_presence(
        tenant_id,
        user_id,
        audit_actor_for(request, caller),
        offline=body.offline,
        capacity=body.capacity,
        keep_capacity="capacity" not in body.model_fields_set,
    )
    await announce_presence_change(request, tenant_id, user_id)
    return await _broadcast_presence(request, tenant_id, row)


async def _broadcast_presence(
    request: Request, tenant_id: UUID, row: dict[str, Any]
) -> AgentPresenceResponse:
    """Publish the presence to the screens of colleagues."""
    presence = _presence_response(row)
    frame = PresenceFrame(
        user_id=presence.user_id, state=presence.state.value, reason=presence.reason
    )
    await services_for(request).publish_frame(FrameEnvelope.wrap(tenant_id, frame).encode())
    return presence


def _presence_response(row: dict[str, Any]) -> AgentPresenceResponse:
    return AgentPresenceResponse.model_validate({**row, "reason": row["reason"] or None})
