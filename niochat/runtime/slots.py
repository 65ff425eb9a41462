"""Few places that many want: given out fairly between tenants, with a cap for each of them."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

from niochat.domain.errors import UnavailableError
from niochat.runtime.fair_line import FairLine, Lane

Item = TypeVar("Item")

RESERVED = 0.2
"""Part of the places that no single lane gets, however idle the rest is: who comes next must
not have to wait until one of a noisy neighbour's slow calls ends.
"""


@dataclass(frozen=True, slots=True)
class Share:
    """What a lane may have: its ``weight`` among others, and ``at_once`` places."""

    weight: float = 1.0
    at_once: int = 1_000_000


EQUAL = Share()


@dataclass(frozen=True, slots=True)
class Constraint:
    """A lane is kept waiting by its own limits, not by others. ``since``: the slots' clock."""

    lane: Lane
    since: float
    waiting: int
    held: bool
    """By :meth:`Slots.hold`; otherwise by its cap."""


@dataclass(slots=True)
class _Use:
    share: Share = EQUAL
    taken: int = 0
    held: bool = False
    since: float | None = None


class Slots(Generic[Item]):
    """Who waits is a light item, not a task: ``enter``, then ``start`` until it returns ``None``,
    and ``leave`` for each that started.

    ``waiting`` is the most that may wait. Not thread-safe, and nothing here awaits.
    """

    def __init__(
        self, capacity: int, *, waiting: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.capacity = capacity
        """Places; may be changed at any time, ``start`` goes by it."""
        self._most = waiting
        self._clock = clock
        self._line: FairLine[Item] = FairLine()
        self._uses: dict[Lane, _Use] = {}
        self.taken = 0
        """Places in use."""

    def __len__(self) -> int:
        """Who waits."""
        return len(self._line)

    @property
    def room(self) -> int:
        """How many more may wait."""
        return max(self._most - len(self._line), 0)

    def enter(self, lane: Lane, item: Item, share: Share = EQUAL, *, again: bool = False) -> bool:
        """Wait for a place; false: too many wait. ``again``: it had one and comes first."""
        if len(self._line) >= self._most and not again:
            return False
        use = self._uses.get(lane)
        if use is None:
            use = self._uses[lane] = _Use()
        use.share = share
        self._line.put(lane, item, share.weight, first=again)
        self._settle(lane, use)
        return True

    def start(self) -> tuple[Lane, Item] | None:
        """Who has a place now; ``None`` when nobody waits that may have one."""
        if self.taken >= self.capacity:
            return None
        taken = self._line.take()
        if taken is not None:
            lane, _ = taken
            use = self._uses[lane]
            use.taken += 1
            self.taken += 1
            self._settle(lane, use)
        return taken

    def leave(self, lane: Lane) -> None:
        """A place of the lane is free again."""
        use = self._uses[lane]
        use.taken -= 1
        self.taken -= 1
        self._settle(lane, use)

    def withdraw(self, lane: Lane, item: Item) -> bool:
        """It waits no longer; whether it did."""
        removed = self._line.remove(lane, item)
        if removed:
            self._settle(lane, self._uses[lane])
        return removed

    def hold(self, lane: Lane) -> bool:
        """Give the lane nothing until it is freed; false: it was held already."""
        use = self._uses.setdefault(lane, _Use())
        if use.held:
            return False
        use.held = True
        self._settle(lane, use)
        return True

    def free(self, lane: Lane) -> None:
        """The lane is served again."""
        use = self._uses.get(lane)
        if use is not None:
            use.held = False
            self._settle(lane, use)

    def waiting(self, lane: Lane) -> int:
        """Who waits in the lane."""
        return self._line.waiting(lane)

    def constrained(self) -> list[Constraint]:
        """Lanes in which somebody waits because of the lane's own cap, or because it is held."""
        return [
            Constraint(lane, use.since, self._line.waiting(lane), use.held)
            for lane, use in self._uses.items()
            if use.since is not None
        ]

    def _cap(self, use: _Use) -> int:
        return max(min(use.share.at_once, math.ceil(self.capacity * (1 - RESERVED))), 1)

    def _settle(self, lane: Lane, use: _Use) -> None:
        waiting = self._line.waiting(lane)
        stopped = use.held or use.taken >= self._cap(use)
        if stopped:
            self._line.pause(lane)
            if waiting and use.since is None:
                use.since = self._clock()
        else:
            self._line.resume(lane)
        if not waiting:
            use.since = None
            if not (use.taken or use.held):
                del self._uses[lane]


class Gate:
    """Slots for who awaits: ``async with gate.of(tenant, share): …``."""

    def __init__(self, capacity: int, *, waiting: int) -> None:
        self.slots: Slots[asyncio.Future[None]] = Slots(capacity, waiting=waiting)

    @asynccontextmanager
    async def of(self, lane: Lane, share: Share = EQUAL) -> AsyncIterator[None]:
        """A place until the block ends. Raises ``UnavailableError`` (``crowded``) when too many wait.

        Whoever is cancelled, waiting or inside, takes no place with it.
        """
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if not self.slots.enter(lane, turn, share):
            raise UnavailableError("too many wait for a place", code="crowded")
        self._admit()
        try:
            await turn
            yield
        finally:
            # Cancelled in the tick in which it was admitted, it holds a place as well.
            if not self.slots.withdraw(lane, turn):
                self.slots.leave(lane)
            self._admit()

    def _admit(self) -> None:
        while (started := self.slots.start()) is not None:
            _, turn = started
            if not turn.done():
                turn.set_result(None)
