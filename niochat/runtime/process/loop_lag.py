"""Measures the lag of the event loop, by which a long step delays all other work."""

import asyncio
import time
from collections.abc import Callable

SAMPLE_INTERVAL_S = 0.25
"""The sleep whose delay is measured."""
HALF_LIFE_S = 5.0
"""After this time a single delay counts half, so that it is seen for a while and then fades."""


class LoopLag:
    """A decaying maximum: a delay shows at once and fades by half every five seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lag_s = 0.0

    @property
    def milliseconds(self) -> float:
        """The lag now."""
        return self._lag_s * 1000

    def record(self, late_s: float, since_s: float) -> None:
        """Record a measured delay, ``since_s`` after the previous measurement."""
        faded = self._lag_s * 0.5 ** (since_s / HALF_LIFE_S)
        self._lag_s = max(late_s, faded, 0.0)

    async def run(self) -> None:
        """Measure until cancelled."""
        before = self._clock()
        while True:  # not run_periodically: the delay of this sleep is the measurement
            await asyncio.sleep(SAMPLE_INTERVAL_S)
            now = self._clock()
            self.record(now - before - SAMPLE_INTERVAL_S, now - before)
            before = now
