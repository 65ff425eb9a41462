"""Limits concurrency fairly between tenants, with a maximum for each of them."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

from niochat.domain.errors import UnavailableError
from niochat.runtime.fairness.fair_queue import FairQueue, Lane

Item = TypeVar("Item")

RESERVED_SHARE = 0.2
"""Share of the slots that a single lane never gets, even while the others are idle: the next
tenant must not wait until a slow call of a noisy neighbour ends.
"""


@dataclass(frozen=True, slots=True)
class LaneQuota:
    """What a lane may have: its ``weight`` among others, and ``max_concurrent`` slots."""

    weight: float = 1.0
    max_concurrent: int = 1_000_000


DEFAULT_QUOTA = LaneQuota()


@dataclass(frozen=True, slots=True)
class LaneConstraint:
    """A lane that waits because of its own limits. ``since``: by the limiter's clock."""

    lane: Lane
    since: float
    waiting: int
    is_blocked: bool
    """By :meth:`FairLimiter.block`; otherwise by its maximum."""


@dataclass(slots=True)
class _LaneUsage:
    quota: LaneQuota = DEFAULT_QUOTA
    taken: int = 0
    is_blocked: bool = False
    since: float | None = None


class FairLimiter(Generic[Item]):
    """Items wait, not tasks: call ``enqueue``, then ``admit_next`` until it returns ``None``, and
    ``release`` once for each admitted item.

    At most ``max_waiting`` items wait. Not thread-safe; no method awaits.
    """

    def __init__(
        self, capacity: int, *, max_waiting: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.capacity = capacity
        """The number of slots; may be changed at any time."""
        self._max_waiting = max_waiting
        self._clock = clock
        self._queue: FairQueue[Item] = FairQueue()
        self._usage: dict[Lane, _LaneUsage] = {}
        self.taken = 0
        """Slots in use."""

    def __len__(self) -> int:
        """The number of items that wait."""
        return len(self._queue)

    @property
    def queue_room(self) -> int:
        """How many more items may wait."""
        return max(self._max_waiting - len(self._queue), 0)

    def enqueue(
        self, lane: Lane, item: Item, quota: LaneQuota = DEFAULT_QUOTA, *, in_front: bool = False
    ) -> bool:
        """Wait for a slot; false when too many wait. ``in_front``: first of its lane."""
        if len(self._queue) >= self._max_waiting and not in_front:
            return False
        use = self._usage.get(lane)
        if use is None:
            use = self._usage[lane] = _LaneUsage()
        use.quota = quota
        self._queue.put(lane, item, quota.weight, in_front=in_front)
        self._update_lane(lane, use)
        return True

    def admit_next(self) -> tuple[Lane, Item] | None:
        """The next item that gets a slot; ``None`` when no waiting item may have one."""
        if self.taken >= self.capacity:
            return None
        taken = self._queue.take()
        if taken is not None:
            lane, _ = taken
            use = self._usage[lane]
            use.taken += 1
            self.taken += 1
            self._update_lane(lane, use)
        return taken

    def release(self, lane: Lane) -> None:
        """Free a slot of the lane."""
        use = self._usage[lane]
        use.taken -= 1
        self.taken -= 1
        self._update_lane(lane, use)

    def withdraw(self, lane: Lane, item: Item) -> bool:
        """Remove a waiting item. Returns whether it waited."""
        removed = self._queue.remove(lane, item)
        if removed:
            self._update_lane(lane, self._usage[lane])
        return removed

    def block(self, lane: Lane) -> bool:
        """Admit nothing of the lane until it is unblocked; false when it was blocked already."""
        use = self._usage.setdefault(lane, _LaneUsage())
        if use.is_blocked:
            return False
        use.is_blocked = True
        self._update_lane(lane, use)
        return True

    def unblock(self, lane: Lane) -> None:
        """Admit items of the lane again."""
        use = self._usage.get(lane)
        if use is not None:
            use.is_blocked = False
            self._update_lane(lane, use)

    def waiting_count(self, lane: Lane) -> int:
        """The number of items that wait in the lane."""
        return self._queue.waiting_count(lane)

    def constrained_lanes(self) -> list[LaneConstraint]:
        """Lanes whose items wait because of the lane's own maximum, or because it is blocked."""
        return [
            LaneConstraint(lane, use.since, self._queue.waiting_count(lane), use.is_blocked)
            for lane, use in self._usage.items()
            if use.since is not None
        ]

    def _lane_cap(self, use: _LaneUsage) -> int:
        return max(
            min(use.quota.max_concurrent, math.ceil(self.capacity * (1 - RESERVED_SHARE))), 1
        )

    def _update_lane(self, lane: Lane, use: _LaneUsage) -> None:
        waiting = self._queue.waiting_count(lane)
        stopped = use.is_blocked or use.taken >= self._lane_cap(use)
        if stopped:
            self._queue.pause(lane)
            if waiting and use.since is None:
                use.since = self._clock()
        else:
            self._queue.resume(lane)
        if not waiting:
            use.since = None
            if not (use.taken or use.is_blocked):
                del self._usage[lane]


class FairSemaphore:
    """Fair slots for coroutines: ``async with semaphore.acquire(tenant, quota): …``."""

    def __init__(self, capacity: int, *, max_waiting: int) -> None:
        self.limiter: FairLimiter[asyncio.Future[None]] = FairLimiter(
            capacity, max_waiting=max_waiting
        )

    @asynccontextmanager
    async def acquire(self, lane: Lane, quota: LaneQuota = DEFAULT_QUOTA) -> AsyncIterator[None]:
        """A slot until the block ends. Raises ``UnavailableError`` (``crowded``) when too many
        wait. A coroutine that is cancelled, waiting or inside, gives its slot back.
        """
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if not self.limiter.enqueue(lane, turn, quota):
            raise UnavailableError("too many wait for a place", code="crowded")
        self._admit_waiting()
        try:
            await turn
            yield
        finally:
            # Cancelled in the tick in which it was admitted, it holds a slot as well.
            if not self.limiter.withdraw(lane, turn):
                self.limiter.release(lane)
            self._admit_waiting()

    def _admit_waiting(self) -> None:
        while (started := self.limiter.admit_next()) is not None:
            _, turn = started
            if not turn.done():
                turn.set_result(None)
