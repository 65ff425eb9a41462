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
    """The quota of a lane: its ``weight`` among the lanes, and its ``max_concurrent`` slots."""

    weight: float = 1.0
    max_concurrent: int = 1_000_000


DEFAULT_QUOTA = LaneQuota()


@dataclass(frozen=True, slots=True)
class LaneConstraint:
    """A lane that waits because of its own limits. ``since`` is a time of the limiter's clock."""

    lane: Lane
    since: float
    waiting: int
    is_blocked: bool
    """Whether :meth:`FairLimiter.block` is the reason; otherwise it is the maximum."""


@dataclass(slots=True)
class _LaneUsage:
    quota: LaneQuota = DEFAULT_QUOTA
    taken: int = 0
    is_blocked: bool = False
    since: float | None = None


class FairLimiter(Generic[Item]):
    """Admits items, not tasks: call ``enqueue``, then ``admit_next`` until it returns ``None``, and
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
        """Let the item wait for a slot, with ``in_front`` as the first of its lane. Returns false
        if too many items wait.
        """
        if len(self._queue) >= self._max_waiting and not in_front:
            return False
        usage = self._usage.get(lane)
        if usage is None:
            usage = self._usage[lane] = _LaneUsage()
        usage.quota = quota
        self._queue.put(lane, item, quota.weight, in_front=in_front)
        self._update_lane(lane, usage)
        return True

    def admit_next(self) -> tuple[Lane, Item] | None:
        """The next item that gets a slot; ``None`` when no waiting item may have one."""
        if self.taken >= self.capacity:
            return None
        taken = self._queue.take()
        if taken is not None:
            lane, _ = taken
            usage = self._usage[lane]
            usage.taken += 1
            self.taken += 1
            self._update_lane(lane, usage)
        return taken

    def release(self, lane: Lane) -> None:
        """Free a slot of the lane."""
        usage = self._usage[lane]
        usage.taken -= 1
        self.taken -= 1
        self._update_lane(lane, usage)

    def withdraw(self, lane: Lane, item: Item) -> bool:
        """Remove a waiting item. Returns whether it waited."""
        removed = self._queue.remove(lane, item)
        if removed:
            self._update_lane(lane, self._usage[lane])
        return removed

    def block(self, lane: Lane) -> bool:
        """Admit nothing of the lane until it is unblocked; false when it was blocked already."""
        usage = self._usage.setdefault(lane, _LaneUsage())
        if usage.is_blocked:
            return False
        usage.is_blocked = True
        self._update_lane(lane, usage)
        return True

    def unblock(self, lane: Lane) -> None:
        """Admit items of the lane again."""
        usage = self._usage.get(lane)
        if usage is not None:
            usage.is_blocked = False
            self._update_lane(lane, usage)

    def waiting_count(self, lane: Lane) -> int:
        """The number of items that wait in the lane."""
        return self._queue.waiting_count(lane)

    def constrained_lanes(self) -> list[LaneConstraint]:
        """Lanes whose items wait because of the lane's own maximum, or because it is blocked."""
        return [
            LaneConstraint(lane, usage.since, self._queue.waiting_count(lane), usage.is_blocked)
            for lane, usage in self._usage.items()
            if usage.since is not None
        ]

    def _lane_cap(self, usage: _LaneUsage) -> int:
        return max(
            min(usage.quota.max_concurrent, math.ceil(self.capacity * (1 - RESERVED_SHARE))), 1
        )

    def _update_lane(self, lane: Lane, usage: _LaneUsage) -> None:
        waiting = self._queue.waiting_count(lane)
        stopped = usage.is_blocked or usage.taken >= self._lane_cap(usage)
        if stopped:
            self._queue.pause(lane)
            if waiting and usage.since is None:
                usage.since = self._clock()
        else:
            self._queue.resume(lane)
        if not waiting:
            usage.since = None
            if not (usage.taken or usage.is_blocked):
                del self._usage[lane]


class FairSemaphore:
    """Gives slots to coroutines fairly: ``async with semaphore.acquire(tenant, quota): …``."""

    def __init__(self, capacity: int, *, max_waiting: int) -> None:
        self.limiter: FairLimiter[asyncio.Future[None]] = FairLimiter(
            capacity, max_waiting=max_waiting
        )

    @asynccontextmanager
    async def acquire(self, lane: Lane, quota: LaneQuota = DEFAULT_QUOTA) -> AsyncIterator[None]:
        """Hold a slot until the block ends. Raises ``UnavailableError`` (``crowded``) if too many
        coroutines wait. A cancelled coroutine frees its slot or leaves the queue.
        """
        admitted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if not self.limiter.enqueue(lane, admitted, quota):
            raise UnavailableError("too many wait for a place", code="crowded")
        self._admit_waiting()
        try:
            await admitted
            yield
        finally:
            # A coroutine that is cancelled in the tick of its admission holds a slot too.
            if not self.limiter.withdraw(lane, admitted):
                self.limiter.release(lane)
            self._admit_waiting()

    def _admit_waiting(self) -> None:
        while (admitted := self.limiter.admit_next()) is not None:
            _, future = admitted
            if not future.done():
                future.set_result(None)
