"""``/presence``: who is there, and how many conversations a queue may give them."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import Field, model_validator

from niochat.access.callers import Caller, Kind
from niochat.domain.errors import Forbidden
from niochat.domain.permissions import Action, Role
from niochat.domain.presence import AgentState
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
from niochat.live.passing import Passing, Presence

MOST_CAPACITY = 100
Reason = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]
IsUser = Annotated[Caller, Depends(SignedIn())]
MayBeThere = Annotated[Caller, Depends(Needs(Action.PRESENCE_WRITE))]
MayRead = Annotated[Caller, Depends(Needs(Action.USERS_READ))]
MayWrite = Annotated[Caller, Depends(Needs(Action.USERS_WRITE))]

router = APIRouter(prefix="/presence", tags=["presence"])


class AgentPresence(Shown):
    """``load`` is how many conversations they have or are about to get, of ``capacity`` that a
    queue may give them. ``since`` is null for who never said anything.
    """

    user_id: UUID
    name: str
    teams: list[str]
    state: AgentState
    reason: str | None
    since: datetime | None
    seen_at: datetime | None
    load: int
    capacity: int


class Saying(Body):
    """``reason`` says what a pause is for, as ``lunch`` or ``training``."""

    state: AgentState
    reason: Reason | None = None

    @model_validator(mode="after")
    def _a_reason_to_be_away(self) -> Self:
        if self.reason is not None and self.state is not AgentState.AWAY:
            raise ValueError("a reason belongs to away: leave it out")
        return self


class Arrangement(Body):
    """What is left out stays. ``capacity`` null: the provider's own. ``offline``: they are gone."""

    capacity: Annotated[int | None, Field(ge=0, le=MOST_CAPACITY)] = None
    offline: bool = False


@router.get("")
async def presences(caller: MayRead, request: Request) -> list[AgentPresence]:
    """Everybody who works here, by name."""
    rows = await presence_of(request).list(caller.need(Action.USERS_READ))
    await note_look(request, caller, "users.read", "presences", {"shown": len(rows)})
    return [_shown(row) for row in rows]


@router.get("/me")
async def my_presence(caller: IsUser, request: Request) -> AgentPresence:
    """One's own."""
    return _shown(await presence_of(request).one(_home(caller), caller.id))


@router.put("/me")
async def say(body: Saying, caller: MayBeThere, request: Request) -> AgentPresence:
    """There, on a pause, or gone. Only who is online is given conversations, and only while their
    socket on /live is open or this is said again within 45 seconds. Who goes offline gives back
    what is unanswered, if the provider wants it so.
    """
    said = await presence_of(request).say(
        _home(caller), caller.id, body.state, body.reason or "", who_of(request, caller)
    )
    await presence_changed(request, _home(caller), caller.id)
    return await _told(request, _home(caller), said)


@router.put("/{user_id}")
async def arrange(
    user_id: UUID, body: Arrangement, caller: MayWrite, request: Request
) -> AgentPresence:
    """How many conversations a queue may give somebody, or that they are gone."""
    tenant_id = caller.need(Action.USERS_WRITE)
    await access_of(request).users.need_power_over(tenant_id, user_id, by_of(request, caller))
    arranged = await presence_of(request).arrange(
        tenant_id, user_id, who_of(request, caller), offline=body.offline,
        capacity=body.capacity, keep_capacity="capacity" not in body.model_fields_set,
    )  # fmt: skip
    await presence_changed(request, tenant_id, user_id)
    return await _told(request, tenant_id, arranged)


async def _told(request: Request, tenant_id: UUID, row: dict[str, Any]) -> AgentPresence:
    """Colleagues' screens show it."""
    shown = _shown(row)
    told = Presence(user_id=shown.user_id, state=shown.state.value, reason=shown.reason)
    await rooms_of(request).say(Passing.of(tenant_id, told).words())
    return shown


def _home(caller: Caller) -> UUID:
    """Where they work; a superuser who has entered a provider does not work there."""
    if caller.kind is not Kind.USER or caller.role == Role.SUPERUSER or caller.tenant_id is None:
        raise Forbidden("only who works for a provider is there or not", code="users_only")
    return caller.tenant_id


def _shown(row: dict[str, Any]) -> AgentPresence:
    return AgentPresence.model_validate({**row, "reason": row["reason"] or None})
