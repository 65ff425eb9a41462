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

from niochat.actors import kinds
from niochat.actors.paused import Paused
from niochat.conversation.work import ThreadSnapshot
from niochat.runtime.address import Address
from niochat.runtime.host import VirtualHost
from niochat.runtime.mailbox import Activation

CHUNK = 2_000
"""Actors looked at before everybody else gets a turn: 100,000 in one go would be 0.1 s of lag."""


@dataclass(frozen=True, slots=True)
class LookAtHost:
    """Asks for the host's figures: a dictionary, with the actors of each kind in ``by_kind``."""


@dataclass(frozen=True, slots=True)
class ListActors:
    """Asks for actors in the order of (kind, key), or those with most messages first.

    ``after`` is the last address of the page before; the busiest come in one page only.
    """

    limit: int
    kind: str | None = None
    after: Address | None = None
    busiest: bool = False


@dataclass(frozen=True, slots=True)
class LookAtActor:
    """Asks for one actor; the answer is ``None`` when it is not in memory."""

    address: Address


@dataclass(frozen=True, slots=True)
class DeactivateActor:
    """Asks to forget an actor after what it is doing; the answer is whether it was in memory."""

    address: Address


@dataclass(frozen=True, slots=True)
class ReadPauses:
    """Says that rows of pauses changed."""


Order = LookAtHost | ListActors | LookAtActor | DeactivateActor | ReadPauses


@dataclass(frozen=True, slots=True)
class Seen:
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
    def address(self) -> Address:
        """Where it lives."""
        return Address(self.kind, self.key)


class Inspection:
    """Answers orders in the host's own loop. Only reading many is slow, and gives way."""

    def __init__(
        self,
        actors: VirtualHost,
        paused: Paused,
        stats: Callable[[], dict[str, object]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._actors = actors
        self._paused = paused
        self._stats = stats
        self._clock = clock

    async def operate(self, order: Order) -> Any:
        """The order's answer, as its class says."""
        match order:
            case LookAtHost():
                return {**self._stats(), "by_kind": await self._by_kind()}
            case ListActors():
                return await self._list(order)
            case LookAtActor(address=address):
                found = self._actors.find(address)
                return None if found is None else self._seen(found)
            case DeactivateActor(address=address):
                return self._actors.deactivate(address)
            case ReadPauses():
                return await self._paused.refresh()
            case _:
                assert_never(order)

    async def _by_kind(self) -> dict[str, int]:
        counts: Counter[str] = Counter()
        async for chunk in self._chunks():
            counts.update(each.address.kind for each in chunk)
        return dict(counts)

    async def _chunks(self) -> AsyncIterator[list[Activation]]:
        """Everybody as of now, a part at a time; others get their turn in between."""
        everybody = self._actors.activations()
        for start in range(0, len(everybody), CHUNK):
            yield everybody[start : start + CHUNK]
            await asyncio.sleep(0)

    async def _list(self, order: ListActors) -> list[Seen]:
        """The best of each chunk compete with the best so far: memory is one page and a chunk."""
        best: list[Activation] = []
        async for chunk in self._chunks():
            fitting = [each for each in chunk if _fits(order, each.address)]
            best = _best(order, [*best, *fitting])
        return [self._seen(each) for each in best]

    def _seen(self, activation: Activation) -> Seen:
        now = self._clock()
        code, at = activation.error or (None, None)
        return Seen(
            activation.address.kind,
            activation.address.key,
            _tenant_of(activation),
            self._status(activation),
            len(activation.mailbox),
            round(now - activation.born, 3),
            round(now - activation.touched, 3),
            code,
            at,
        )

    def _status(self, activation: Activation) -> str:
        if self._paused.holds(activation.address.key):
            return "paused"
        if activation.busy:
            return "stepping"
        return "queued" if activation.queued else "resting"


def page_order(address: Address) -> tuple[str, bytes]:
    """Actors of all hosts are listed in this order, so that pages of several hosts fit together."""
    return address.kind, address.key.bytes


def _fits(order: ListActors, address: Address) -> bool:
    if order.kind is not None and address.kind != order.kind:
        return False
    return order.after is None or page_order(address) > page_order(order.after)


def _best(order: ListActors, found: Iterable[Activation]) -> list[Activation]:
    if order.busiest:
        return heapq.nlargest(order.limit, found, key=lambda each: len(each.mailbox))
    return heapq.nsmallest(order.limit, found, key=lambda each: page_order(each.address))


def _tenant_of(activation: Activation) -> UUID | None:
    """Known of a tenant's own actor, and of a conversation that was loaded."""
    if activation.address.kind == kinds.TENANT:
        return activation.address.key
    state = activation.state
    return state.tenant_id if isinstance(state, ThreadSnapshot) else None
