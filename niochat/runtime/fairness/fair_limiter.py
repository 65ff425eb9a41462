"""Few places that many want: given out fairly between tenants, with a cap for each of them."""

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
"""Part of the places that no single lane gets, however idle the rest is: who comes next must
not have to wait until one of a noisy neighbour's slow calls ends.
"""


@dataclass(frozen=True, slots=True)
class LaneQuota:
    """What a lane may have: its ``weight`` among others, and ``at_once`` places."""

    weight: float = 1.0
    max_concurrent: int = 1_000_000


DEFAULT_QUOTA = LaneQuota()


@dataclass(frozen=True, slots=True)
class LaneConstraint:
    """A lane is kept waiting by its own limits, not by others. ``since``: the slots' clock."""

    lane: Lane
    since: float
    waiting: int
    is_blocked: bool
    """By :meth:`Slots.hold`; otherwise by its cap."""


@dataclass(slots=True)
class _LaneUsage:
    quota: LaneQuota = DEFAULT_QUOTA
    taken: int = 0
    is_blocked: bool = False
    since: float | None = None


class FairLimiter(Generic[Item]):
    """Who waits is a light item, not a task: ``enter``, then ``start`` until it returns ``None``,
    and ``leave`` for each that started.

    ``waiting`` is the most that may wait. Not thread-safe, and nothing here awaits.
    """

    def __init__(
        self, capacity: int, *, max_waiting: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.capacity = capacity
        """Places; may be changed at any time, ``start`` goes by it."""
        self._max_waiting = max_waiting
        self._clock = clock
        self._queue: FairQueue[Item] = FairQueue()
        self._usage: dict[Lane, _LaneUsage] = {}
        self.taken = 0
        """Places in use."""

    def __len__(self) -> int:
        """Who waits."""
        return len(self._queue)

    @property
    def queue_room(self) -> int:
        """How many more may wait."""
        return max(self._max_waiting - len(self._queue), 0)

    def enqueue(
        self, lane: Lane, item: Item, quota: LaneQuota = DEFAULT_QUOTA, *, in_front: bool = False
    ) -> bool:
        """Wait for a place; false: too many wait. ``again``: it had one and comes first."""
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
        """Who has a place now; ``None`` when nobody waits that may have one."""
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
        """A place of the lane is free again."""
        use = self._usage[lane]
        use.taken -= 1
        self.taken -= 1
        self._update_lane(lane, use)

    def withdraw(self, lane: Lane, item: Item) -> bool:
        """It waits no longer; whether it did."""
        removed = self._queue.remove(lane, item)
        if removed:
            self._update_lane(lane, self._usage[lane])
        return removed

    def block(self, lane: Lane) -> bool:
        """Give the lane nothing until it is freed; false: it was held already."""
        use = self._usage.setdefault(lane, _LaneUsage())
        if use.is_blocked:
            return False
        use.is_blocked = True
        self._update_lane(lane, use)
        return True

    def unblock(self, lane: Lane) -> None:
        """The lane is served again."""
        use = self._usage.get(lane)
        if use is not None:
            use.is_blocked = False
            self._update_lane(lane, use)

    def waiting_count(self, lane: Lane) -> int:
        """Who waits in the lane."""
        return self._queue.waiting_count(lane)

    def constrained_lanes(self) -> list[LaneConstraint]:
        """Lanes in which somebody waits because of the lane's own cap, or because it is held."""
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
    """Slots for who awaits: ``async with gate.of(tenant, share): …``."""

    def __init__(self, capacity: int, *, max_waiting: int) -> None:
        self.limiter: FairLimiter[asyncio.Future[None]] = FairLimiter(
            capacity, max_waiting=max_waiting
        )

    @asynccontextmanager
    async def acquire(self, lane: Lane, quota: LaneQuota = DEFAULT_QUOTA) -> AsyncIterator[None]:
        """A place until the block ends. Raises ``UnavailableError`` (``crowded``) when too many
        wait.

        Whoever is cancelled, waiting or inside, takes no place with it.
        """
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if not self.limiter.enqueue(lane, turn, quota):
            raise UnavailableError("too many wait for a place", code="crowded")
        self._admit_waiting()
        try:
            await turn
            yield
        finally:
            # Cancelled in the tick in which it was admitted, it holds a place as well.
            if not self.limiter.withdraw(lane, turn):
                self.limiter.release(lane)
            self._admit_waiting()

    def _admit_waiting(self) -> None:
        while (started := self.limiter.admit_next()) is not None:
            _, turn = started
            if not turn.done():
                turn.set_result(None)
