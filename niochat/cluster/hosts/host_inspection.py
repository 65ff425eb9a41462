"""Operators' requests to one host: list and inspect its actors in memory, deactivate one.

Requests and answers are sent between processes, so both are plain dataclasses.
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
from niochat.actors.pause_registry import ActorPauseRegistry
from niochat.conversations.step.step_types import ThreadSnapshot
from niochat.runtime.activation import Activation
from niochat.runtime.actor_runtime import ActorRuntime
from niochat.runtime.address import ActorAddress

CHUNK_SIZE = 2_000
"""Actors handled before other tasks may run. 100,000 at once would block the loop for 0.1 s."""


@dataclass(frozen=True, slots=True)
class HostInfoRequest:
    """Request the host's statistics: a dictionary; ``by_kind`` counts actors of each kind."""


@dataclass(frozen=True, slots=True)
class ActorListRequest:
    """Request a page of actors, ordered by (kind, key), or by mailbox size if ``busiest``.

    ``after`` is the last address of the previous page. Lists by mailbox size have one page only.
    """

    limit: int
    kind: str | None = None
    after: ActorAddress | None = None
    busiest: bool = False


@dataclass(frozen=True, slots=True)
class ActorInfoRequest:
    """Request one actor's information; the answer is ``None`` when it is not in memory."""

    address: ActorAddress


@dataclass(frozen=True, slots=True)
class DeactivateActorRequest:
    """Request that an actor leaves memory after its current work; answers whether it was there."""

    address: ActorAddress


@dataclass(frozen=True, slots=True)
class RefreshPausesRequest:
    """Request that the host reads the pauses again, because their rows changed."""


OperatorRequest = (
    HostInfoRequest
    | ActorListRequest
    | ActorInfoRequest
    | DeactivateActorRequest
    | RefreshPausesRequest
)


@dataclass(frozen=True, slots=True)
class ActorInfo:
    """One actor in memory. ``status`` is stepping, queued, paused or resting; times in seconds."""

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
        """Address of the actor."""
        return ActorAddress(self.kind, self.key)


class HostInspector:
    """Answers operators' requests on the host's event loop.

    Requests that read all actors yield to other tasks after each chunk.
    """

    def __init__(
        self,
        actors: ActorRuntime,
        pause_registry: ActorPauseRegistry,
        stats: Callable[[], dict[str, object]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._actors = actors
        self._pause_registry = pause_registry
        self._stats = stats
        self._clock = clock

    async def operate(self, request: OperatorRequest) -> Any:
        """Return the answer that the request's class documents."""
        match request:
            case HostInfoRequest():
                return {**self._stats(), "by_kind": await self._by_kind()}
            case ActorListRequest():
                return await self._list(request)
            case ActorInfoRequest(address=address):
                activation = self._actors.find(address)
                return None if activation is None else self._actor_info(activation)
            case DeactivateActorRequest(address=address):
                return self._actors.deactivate(address)
            case RefreshPausesRequest():
                return await self._pause_registry.refresh()
            case _:
                assert_never(request)

    async def _by_kind(self) -> dict[str, int]:
        counts: Counter[str] = Counter()
        async for chunk in self._chunks():
            counts.update(activation.address.kind for activation in chunk)
        return dict(counts)

    async def _chunks(self) -> AsyncIterator[list[Activation]]:
        """Yield a snapshot of all activations in chunks, and let other tasks run in between."""
        activations = self._actors.activations()
        for start in range(0, len(activations), CHUNK_SIZE):
            yield activations[start : start + CHUNK_SIZE]
            await asyncio.sleep(0)

    async def _list(self, request: ActorListRequest) -> list[ActorInfo]:
        """Merge each chunk into the best page so far, so that memory is one page and one chunk."""
        best: list[Activation] = []
        async for chunk in self._chunks():
            matching = [activation for activation in chunk if _matches(request, activation.address)]
            best = _first_page(request, [*best, *matching])
        return [self._actor_info(activation) for activation in best]

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
    """Sort key of actor lists. All hosts use it, so that their pages can be merged."""
    return address.kind, address.key.bytes


def _matches(request: ActorListRequest, address: ActorAddress) -> bool:
    if request.kind is not None and address.kind != request.kind:
        return False
    return request.after is None or page_sort_key(address) > page_sort_key(request.after)


def _first_page(request: ActorListRequest, activations: Iterable[Activation]) -> list[Activation]:
    if request.busiest:
        return heapq.nlargest(
            request.limit, activations, key=lambda activation: len(activation.mailbox)
        )
    return heapq.nsmallest(
        request.limit, activations, key=lambda activation: page_sort_key(activation.address)
    )


def _tenant_for(activation: Activation) -> UUID | None:
    """Tenant of a tenant's own actor or of a loaded conversation; ``None`` for other actors."""
    if activation.address.kind == actor_addresses.TENANT:
        return activation.address.key
    state = activation.state
    return state.tenant_id if isinstance(state, ThreadSnapshot) else None
