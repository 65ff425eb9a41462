"""What an operator may ask of one host: who is in memory, how it is, and to forget somebody.

Orders travel to the host's process and their answers back, so both are plain dataclasses.
"""

import asyncio
import heapq
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, assert_never
from uuid import UUID

from niochat.actors import actor_addresses
from niochat.actors.pause_registry import PauseRegistry
from niochat.conversations.step.step_types import ThreadSnapshot
from niochat.runtime.activation import Activation
from niochat.runtime.actor_runtime import ActorRuntime
from niochat.runtime.address import ActorAddress

CHUNK_SIZE = 2_000
"""Actors looked at before everybody else gets a turn: 100,000 in one go would be 0.1 s of lag."""


@dataclass(frozen=True, slots=True)
class HostInfoRequest:
    """Asks for the host's figures: a dictionary, with the actors of each kind in ``by_kind``."""


@dataclass(frozen=True, slots=True)
class ActorListRequest:
    """Asks for actors in the order of (kind, key), or those with most messages first.

    ``after`` is the last address of the page before; the busiest come in one page only.
    """

    limit: int
    kind: str | None = None
    after: ActorAddress | None = None
    busiest: bool = False


@dataclass(frozen=True, slots=True)
class ActorInfoRequest:
    """Asks for one actor; the answer is ``None`` when it is not in memory."""

    address: ActorAddress


@dataclass(frozen=True, slots=True)
class DeactivateActorRequest:
    """Asks to forget an actor after what it is doing; the answer is whether it was in memory."""

    address: ActorAddress


@dataclass(frozen=True, slots=True)
class RefreshPausesRequest:
    """Says that rows of pauses changed."""


OperatorRequest = (
    HostInfoRequest
    | ActorListRequest
    | ActorInfoRequest
    | DeactivateActorRequest
    | RefreshPausesRequest
)


@dataclass(frozen=True, slots=True)
class ActorInfo:
    """One actor in memory. ``status``: stepping, queued, paused or resting; times in seconds."""

    kind: str
    key: UUID
    tenant_id: UUID | None
    status: str
    mailbox: int
    age_s: float
    idle_s: float
    error: str | None
    error_at: datetime | None

    @property
    def address(self) -> ActorAddress:
        """Where it lives."""
        return ActorAddress(self.kind, self.key)


class HostInspector:
    """Answers orders in the host's own loop. Only reading many is slow, and gives way."""

    def __init__(
        self,
        actors: ActorRuntime,
        pause_registry: PauseRegistry,
        stats: Callable[[], dict[str, object]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._actors = actors
        self._pause_registry = pause_registry
        self._stats = stats
        self._clock = clock

    async def operate(self, request: OperatorRequest) -> Any:
        """The order's answer, as its class says."""
        match request:
            case HostInfoRequest():
                return {**self._stats(), "by_kind": await self._by_kind()}
            case ActorListRequest():
                return await self._list(request)
            case ActorInfoRequest(address=address):
                found = self._actors.find(address)
                return None if found is None else self._actor_info(found)
            case DeactivateActorRequest(address=address):
                return self._actors.deactivate(address)
            case RefreshPausesRequest():
                return await self._pause_registry.refresh()
            case _:
                assert_never(request)

    async def _by_kind(self) -> dict[str, int]:
        counts: Counter[str] = Counter()
        async for chunk in self._chunks():
            counts.update(each.address.kind for each in chunk)
        return dict(counts)

    async def _chunks(self) -> AsyncIterator[list[Activation]]:
        """Everybody as of now, a part at a time; others get their turn in between."""
        everybody = self._actors.activations()
        for start in range(0, len(everybody), CHUNK_SIZE):
            yield everybody[start : start + CHUNK_SIZE]
            await asyncio.sleep(0)

    async def _list(self, order: ActorListRequest) -> list[ActorInfo]:
        """The best of each chunk compete with the best so far: memory is one page and a chunk."""
        best: list[Activation] = []
        async for chunk in self._chunks():
            fitting = [each for each in chunk if _matches(order, each.address)]
            best = _first_page(order, [*best, *fitting])
        return [self._actor_info(each) for each in best]

    def _actor_info(self, activation: Activation) -> ActorInfo:
        now = self._clock()
        code, at = activation.error or (None, None)
        return ActorInfo(
            activation.address.kind,
            activation.address.key,
            _tenant_for(activation),
            self._status(activation),
            len(activation.mailbox),
            round(now - activation.created_at, 3),
            round(now - activation.last_active_at, 3),
            code,
            at,
        )

    def _status(self, activation: Activation) -> str:
        if self._pause_registry.is_paused(activation.address.key):
            return "paused"
        if activation.is_stepping:
            return "stepping"
        return "queued" if activation.is_queued else "resting"


def page_sort_key(address: ActorAddress) -> tuple[str, bytes]:
    """Actors of all hosts are listed in this order, so that pages of several hosts fit together."""
    return address.kind, address.key.bytes


def _matches(order: ActorListRequest, address: ActorAddress) -> bool:
    if order.kind is not None and address.kind != order.kind:
        return False
    return order.after is None or page_sort_key(address) > page_sort_key(order.after)


def _first_page(order: ActorListRequest, found: Iterable[Activation]) -> list[Activation]:
    if order.busiest:
        return heapq.nlargest(order.limit, found, key=lambda each: len(each.mailbox))
    return heapq.nsmallest(order.limit, found, key=lambda each: page_sort_key(each.address))


def _tenant_for(activation: Activation) -> UUID | None:
    """Known of a tenant's own actor, and of a conversation that was loaded."""
    if activation.address.kind == actor_addresses.TENANT:
        return activation.address.key
    state = activation.state
    return state.tenant_id if isinstance(state, ThreadSnapshot) else None
