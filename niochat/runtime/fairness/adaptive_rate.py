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

from niochat.runtime.process.cpu_pressure import CpuPressure

ADJUST_INTERVAL_S = 0.2
IDLE_INTERVAL_S = 1.0
"""Between two looks while there is nobody to be fair to."""
MAX_PRESSURE = 0.5
"""So much of the time some task waits for a core: above it, lanes are slowed down."""
MAX_TIMER_DELAY_S = 0.015
"""The same by a timer's delay, where the kernel does not tell of pressure."""
INITIAL_RATE, MIN_RATE, MAX_RATE = 20.0, 3.0, 1000.0
"""Rates, a second: to begin with, and bounds."""
DECREASE_FACTOR = 0.8
"""What is left of the rate after a look that found too much."""
MIN_UTILISATION = 0.6
"""The part of the rate that somebody must have used, or nobody knows whether more would fit."""
RECENT_S = 10.0
"""Who came within it is still here, for :class:`RecentLanes`."""


class AdaptiveRateLimiter:
    """The rate of this process, by what it does and what it sees.

    Only while several lanes came lately: a lane that is alone takes nothing from anybody.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        *,
        initial_rate: float = INITIAL_RATE,
        min_rate: float = MIN_RATE,
    ) -> None:
        self._recent_lanes = RecentLanes(clock)
        self._starts: Counter[Hashable] = Counter()
        self._reported_pressure = 0.0
        self._min_rate = min_rate
        self.rate = initial_rate
        """A lane of weight 1 may begin so many a second."""

    @property
    def is_active(self) -> bool:
        """Whether lanes are slowed down at all."""
        return self._recent_lanes.has_several

    def max_starts(self, weight: float) -> int:
        """What a lane may begin between two looks, at least one."""
        return max(math.ceil(self.rate * weight * ADJUST_INTERVAL_S), 1)

    def record_arrival(self, lane: Hashable) -> None:
        """The lane wants something."""
        self._recent_lanes.record(lane)

    def record_start(self, lane: Hashable, weight: float) -> float:
        """The lane begins something now, and may begin the next after so long."""
        self._starts[lane] += 1
        return 1.0 / (self.rate * weight) if self.is_active else 0.0

    def report_pressure(self, pressure: float) -> None:
        """So busy is the machine of somebody who works for us."""
        self._reported_pressure = max(self._reported_pressure, pressure)

    def adjust(self, pressure: float, passed_s: float) -> None:
        """So busy is our machine, ``passed_s`` after the look before."""
        fastest = max(self._starts.values(), default=0) / passed_s
        busy = max(pressure, self._reported_pressure)
        self._starts.clear()
        self._reported_pressure = 0.0
        if not self.is_active:
            return
        if busy > MAX_PRESSURE:
            self.rate = max(min(self.rate, fastest) * DECREASE_FACTOR, self._min_rate)
        elif fastest >= self.rate * MIN_UTILISATION:
            self.rate = min(self.rate * 1.05 + 0.1, MAX_RATE)


class RecentLanes:
    """Whether more than one was here lately."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last: tuple[object, float] | None = None
        self._other: tuple[object, float] | None = None

    def record(self, lane: object) -> None:
        """Somebody, known or new."""
        if self._last is not None and self._last[0] != lane:
            self._other = self._last
        self._last = (lane, self._clock())

    @property
    def has_several(self) -> bool:
        """Another one than the last came within ``RECENT_S``."""
        return self._other is not None and self._clock() - self._other[1] < RECENT_S


async def run_adjustments(
    rate_limiter: AdaptiveRateLimiter, adjust: Callable[[float, float], None]
) -> None:
    """Tell ``look`` again and again how busy the machine is, and how long it was since: seldom
    while the pace slows nobody down.
    """
    pressure, before = CpuPressure(), time.monotonic()
    while True:  # not run_periodically: the delay of this sleep is part of the measurement
        pause_s = ADJUST_INTERVAL_S if rate_limiter.is_active else IDLE_INTERVAL_S
        await asyncio.sleep(pause_s)
        passed_s, before = time.monotonic() - before, time.monotonic()
        late = not pressure.is_available and passed_s > pause_s + MAX_TIMER_DELAY_S
        adjust(1.0 if late else pressure.sample(), passed_s)
