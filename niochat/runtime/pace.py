"""How much may be under way at once: less while things come late, more while they do not.

Additive increase, multiplicative decrease, as TCP finds what a line carries (RFC 5681). What must
wait then waits in a line that is fair, and not in an event loop that serves everybody in turn.
"""

import time
from collections.abc import Callable

LATE_S = 0.015
"""A pass of an event loop that is as long is too long: alone it takes less than one millisecond."""
LATELY_S = 10.0
"""Who came within it is still here, for :class:`Company`."""
LEAST = 2.0
FIRST = 32.0
"""The limit to begin with: right for what waits for others, soon cut for what does not."""
CUT = 0.7
"""What is left of the limit when something was late; so much of it must be in use to raise it."""


class Pace:
    """A limit between ``LEAST`` and ``most``, told how each piece of work went."""

    def __init__(self, most: int) -> None:
        self._most = float(most)
        self._limit = min(FIRST, self._most)
        self._starting = True
        """Twice as much with every round, until something was late for the first time."""
        self._deaf = 0
        """Ends that were under way when the limit was cut: they come late as well."""

    @property
    def limit(self) -> int:
        """So much may be under way now, one at least."""
        return max(int(self._limit), 1)

    def resize(self, most: int) -> None:
        """Another upper bound."""
        self._most = max(float(most), 1.0)
        self._limit = max(min(self._limit, self._most), min(LEAST, self._most))

    def ended(self, late_s: float, under_way: int) -> None:
        """One piece of work ended while so many were under way, and was so late."""
        self._deaf -= 1
        if late_s > LATE_S:
            self._slow_down(under_way)
        elif under_way >= self._limit * CUT:  # else nobody knows whether more would be too much
            step = 1.0 if self._starting else 1.0 / self._limit
            self._limit = min(self._limit + step, self._most)

    def _slow_down(self, under_way: int) -> None:
        self._starting = False
        if self._deaf < 0:
            self._deaf = under_way
            self._limit = max(self._limit * CUT, min(LEAST, self._most))


class Company:
    """Whether more than one was here lately: who is alone takes nothing from anybody."""

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
