"""``/presence``: who is there, and how many conversations a queue may give them."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import Field, model_validator

from niochat.access.callers import Caller, Kind
from niochat.domain.errors import PermissionDeniedError
from niochat.domain.permissions import BuiltInRole, PermissionAction
from niochat.domain.presence import AgentPresenceState
from niochat.ingress.api.doorway import (
    Needs,
    SignedIn,
    access_of,
    by_of,
    note_look,
    presence_changed,
    presence_of,
    who_of,
)
from niochat.ingress.api.rooms import rooms_of
from niochat.ingress.api.shapes import Body, Shown
from niochat.live.passing import FrameEnvelope, PresenceFrame

MOST_CAPACITY = 100
Reason = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]
IsUser = Annotated[Caller, Depends(SignedIn())]
MayBeThere = Annotated[Caller, Depends(Needs(PermissionAction.PRESENCE_WRITE))]
MayRead = Annotated[Caller, Depends(Needs(PermissionAction.USERS_READ))]
MayWrite = Annotated[Caller, Depends(Needs(PermissionAction.USERS_WRITE))]

router = APIRouter(prefix="/presence", tags=["presence"])


class AgentPresence(Shown):
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


class Saying(Body):
    """The new presence of the caller. ``reason`` describes a pause, such as ``lunch`` or
    ``training``.
    """

    state: AgentPresenceState
    reason: Reason | None = None

    @model_validator(mode="after")
    def _a_reason_to_be_away(self) -> Self:
        if self.reason is not None and self.state is not AgentPresenceState.AWAY:
            raise ValueError("a reason is allowed with state away only")
        return self


class Arrangement(Body):
    """Changes to the presence of a user. A field that is left out stays unchanged. ``capacity:
    null`` restores the default of the provider; ``offline: true`` sets the user offline.
    """

    capacity: Annotated[int | None, Field(ge=0, le=MOST_CAPACITY)] = None
    offline: bool = False


@router.get("")
async def presences(caller: MayRead, request: Request) -> list[AgentPresence]:
    """List the presence of all users by name."""
    rows = await presence_of(request).list_agents(caller.need(PermissionAction.USERS_READ))
    await note_look(request, caller, "users.read", "presences", {"shown": len(rows)})
    return [_shown(row) for row in rows]


@router.get("/me")
async def my_presence(caller: IsUser, request: Request) -> AgentPresence:
    """Return the presence of the caller."""
    return _shown(await presence_of(request).get_agent(_home(caller), caller.id))


@router.put("/me")
async def say(body: Saying, caller: MayBeThere, request: Request) -> AgentPresence:
    """Set the presence of the caller. Queues assign conversations only to users who are online and
    whose ``/live`` socket is open, or who repeat this request within 45 seconds. When a user goes
    offline, unanswered conversations return to their queue if the policy of the provider says so.
    """
    said = await presence_of(request).set_own_state(
        _home(caller), caller.id, body.state, body.reason or "", who_of(request, caller)
    )
    await presence_changed(request, _home(caller), caller.id)
    return await _told(request, _home(caller), said)


@router.put("/{user_id}")
async def arrange(
    user_id: UUID, body: Arrangement, caller: MayWrite, request: Request
) -> AgentPresence:
    """Set the capacity of a user, or set the user offline."""
    tenant_id = caller.need(PermissionAction.USERS_WRITE)
    await access_of(request).users.need_power_over(tenant_id, user_id, by_of(request, caller))
    arranged = await presence_of(request).override_presence(
        tenant_id, user_id, who_of(request, caller), offline=body.offline,
        capacity=body.capacity, keep_capacity="capacity" not in body.model_fields_set,
    )  # fmt: skip
    await presence_changed(request, tenant_id, user_id)
    return await _told(request, tenant_id, arranged)


async def _told(request: Request, tenant_id: UUID, row: dict[str, Any]) -> AgentPresence:
    """Colleagues' screens show it."""
    shown = _shown(row)
    told = PresenceFrame(user_id=shown.user_id, state=shown.state.value, reason=shown.reason)
    await rooms_of(request).say(FrameEnvelope.wrap(tenant_id, told).encode())
    return shown


def _home(caller: Caller) -> UUID:
    """Where they work; a superuser who has entered a provider does not work there."""
    if (
        caller.kind is not Kind.USER
        or caller.role == BuiltInRole.SUPERUSER
        or caller.tenant_id is None
    ):
        raise PermissionDeniedError(
            "Only members of a provider have a presence.", code="users_only"
        )
    return caller.tenant_id


def _shown(row: dict[str, Any]) -> AgentPresence:
    return AgentPresence.model_validate({**row, "reason": row["reason"] or None})
