"""How fast any one lane may begin work: slower while the machine is too busy, faster while not.

One rate for all lanes, lowered until what they do together fits, is max-min fairness: who wants
less than the rate is not slowed at all, and the rest is divided evenly (Bertsekas, Gallager: *Data
Networks*, 6.5.2). It is found by additive and multiplicative steps, as TCP finds what a line
carries (RFC 5681). A place in line cannot do this: what runs already shares the cores with
whoever comes, by no weight, and the last tenth of a machine costs all others their punctuality.
"""

import asyncio
import math
import time
from collections import Counter
from collections.abc import Callable, Hashable

from niochat.runtime.pressure import Pressure

LOOK_EVERY_S = 0.2
ALONE_S = 1.0
"""Between two looks while there is nobody to be fair to."""
TOO_BUSY = 0.5
"""So much of the time some task waits for a core: above it, lanes are slowed down."""
LATE_S = 0.015
"""The same by a timer's delay, where the kernel does not tell of pressure."""
FIRST, LEAST, MOST = 20.0, 3.0, 1000.0
"""Rates, a second: to begin with, and bounds."""
CUT = 0.8
"""What is left of the rate after a look that found too much."""
USED = 0.6
"""The part of the rate that somebody must have used, or nobody knows whether more would fit."""
LATELY_S = 10.0
"""Who came within it is still here, for :class:`Company`."""


class Pace:
    """The rate of this process, by what it does and what it sees.

    Only while several lanes came lately: a lane that is alone takes nothing from anybody.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        *,
        first: float = FIRST,
        least: float = LEAST,
    ) -> None:
        self._company = Company(clock)
        self._began: Counter[Hashable] = Counter()
        self._elsewhere = 0.0
        self._least = least
        self.rate = first
        """A lane of weight 1 may begin so many a second."""

    @property
    def counts(self) -> bool:
        """Whether lanes are slowed down at all."""
        return self._company.several

    def at_once(self, weight: float) -> int:
        """What a lane may begin between two looks, at least one."""
        return max(math.ceil(self.rate * weight * LOOK_EVERY_S), 1)

    def came(self, lane: Hashable) -> None:
        """The lane wants something."""
        self._company.came(lane)

    def wait_s(self, lane: Hashable, weight: float) -> float:
        """The lane begins something now, and may begin the next after so long."""
        self._began[lane] += 1
        return 1.0 / (self.rate * weight) if self.counts else 0.0

    def heard(self, pressure: float) -> None:
        """So busy is the machine of somebody who works for us."""
        self._elsewhere = max(self._elsewhere, pressure)

    def look(self, pressure: float, passed_s: float) -> None:
        """So busy is our machine, ``passed_s`` after the look before."""
        fastest = max(self._began.values(), default=0) / passed_s
        busy = max(pressure, self._elsewhere)
        self._began.clear()
        self._elsewhere = 0.0
        if not self.counts:
            return
        if busy > TOO_BUSY:
            self.rate = max(min(self.rate, fastest) * CUT, self._least)
        elif fastest >= self.rate * USED:
            self.rate = min(self.rate * 1.05 + 0.1, MOST)


class Company:
    """Whether more than one was here lately."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last: tuple[object, float] | None = None
        self._other: tuple[object, float] | None = None

    def came(self, who: object) -> None:
        """Somebody, known or new."""
        if self._last is not None and self._last[0] != who:
            self._other = self._last
        self._last = (who, self._clock())

    @property
    def several(self) -> bool:
        """Another one than the last came within ``LATELY_S``."""
        return self._other is not None and self._clock() - self._other[1] < LATELY_S


async def look_for_ever(pace: Pace, look: Callable[[float, float], None]) -> None:
    """Tell ``look`` again and again how busy the machine is, and how long it was since: seldom
    while the pace slows nobody down.
    """
    pressure, before = Pressure(), time.monotonic()
    while True:
        pause_s = LOOK_EVERY_S if pace.counts else ALONE_S
        await asyncio.sleep(pause_s)
        passed_s, before = time.monotonic() - before, time.monotonic()
        late = not pressure.known and passed_s > pause_s + LATE_S
        look(1.0 if late else pressure.now(), passed_s)
