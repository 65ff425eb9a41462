"""An adaptive limit on how fast a lane may start work: lower while the machine is overloaded.

One rate for all lanes, lowered until their total fits, is max-min fairness: a lane that needs less
than the rate is not slowed at all, and the rest is divided evenly (Bertsekas, Gallager: *Data
Networks*, 6.5.2). The rate is found by additive increase and multiplicative decrease, as TCP finds
the capacity of a link (RFC 5681). A fair queue alone cannot do this: work that runs already shares
the cores with new work without any weight, and latency suffers before the queue grows.
"""

import asyncio
import math
import time
from collections import Counter
from collections.abc import Callable, Hashable

from niochat.runtime.process.cpu_pressure import CpuPressure

ADJUST_INTERVAL_S = 0.2
IDLE_INTERVAL_S = 1.0
"""The interval between adjustments while at most one lane is active."""
MAX_PRESSURE = 0.5
"""Lanes are slowed down if some task waits for a core for more than this share of the time."""
MAX_TIMER_DELAY_S = 0.015
"""The limit for the delay of a timer, used if the kernel does not report pressure."""
INITIAL_RATE, MIN_RATE, MAX_RATE = 20.0, 3.0, 1000.0
"""Starts per second: the initial rate and its bounds."""
DECREASE_FACTOR = 0.8
"""The rate is multiplied by it after an adjustment that found too much pressure."""
MIN_UTILISATION = 0.6
"""The share of the rate that some lane must have used before the rate rises."""
RECENT_S = 10.0
"""A lane seen within this time counts as active, for :class:`RecentLaneTracker`."""


class AdaptiveRateLimiter:
    """The rate of this process, from its own work and the pressure that it observes.

    It limits only while several lanes are active: a single lane delays no other.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        *,
        initial_rate: float = INITIAL_RATE,
        min_rate: float = MIN_RATE,
    ) -> None:
        self._recent_lanes = RecentLaneTracker(clock)
        self._starts: Counter[Hashable] = Counter()
        self._reported_pressure = 0.0
        self._min_rate = min_rate
        self.rate = initial_rate
        """Starts per second of a lane of weight 1."""

    @property
    def is_active(self) -> bool:
        """Whether lanes are slowed down at all."""
        return self._recent_lanes.has_several

    def max_starts(self, weight: float) -> int:
        """The number of starts of a lane between two adjustments, at least one."""
        return max(math.ceil(self.rate * weight * ADJUST_INTERVAL_S), 1)

    def record_arrival(self, lane: Hashable) -> None:
        """Record that work of the lane arrived."""
        self._recent_lanes.record(lane)

    def record_start(self, lane: Hashable, weight: float) -> float:
        """Record a start of the lane. Returns the seconds until its next one."""
        self._starts[lane] += 1
        return 1.0 / (self.rate * weight) if self.is_active else 0.0

    def report_pressure(self, pressure: float) -> None:
        """Report the pressure (0 to 1) of a machine that works for this process."""
        self._reported_pressure = max(self._reported_pressure, pressure)

    def adjust(self, pressure: float, passed_s: float) -> None:
        """Adjust the rate to this machine's pressure, ``passed_s`` after the last adjustment."""
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


class RecentLaneTracker:
    """Whether more than one lane was active lately."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last: tuple[object, float] | None = None
        self._other: tuple[object, float] | None = None

    def record(self, lane: object) -> None:
        """Record activity of a lane."""
        if self._last is not None and self._last[0] != lane:
            self._other = self._last
        self._last = (lane, self._clock())

    @property
    def has_several(self) -> bool:
        """Whether a lane other than the last one was active within ``RECENT_S``."""
        return self._other is not None and self._clock() - self._other[1] < RECENT_S


async def run_adjustments(
    rate_limiter: AdaptiveRateLimiter, adjust: Callable[[float, float], None]
) -> None:
    """Call ``adjust`` periodically with the pressure and the seconds since the previous call; less
    often while the limiter slows nothing down.
    """
    pressure, before = CpuPressure(), time.monotonic()
    while True:  # not run_periodically: the delay of this sleep is part of the measurement
        pause_s = ADJUST_INTERVAL_S if rate_limiter.is_active else IDLE_INTERVAL_S
        await asyncio.sleep(pause_s)
        passed_s, before = time.monotonic() - before, time.monotonic()
        late = not pressure.is_available and passed_s > pause_s + MAX_TIMER_DELAY_S
        adjust(1.0 if late else pressure.sample(), passed_s)
