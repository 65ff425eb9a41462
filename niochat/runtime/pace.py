"""How much may be under way at once: less while things come late, more while they do not.

Additive increase, multiplicative decrease, as TCP finds what a line carries (RFC 5681). What must
wait then waits in a line that is fair, and not in an event loop that serves everybody in turn.
"""

LATE_S = 0.010
"""A pass of an event loop that is as long is too long: alone it takes less than one millisecond."""
LEAST = 2.0
FIRST = 32.0
CUT = 0.7


class Pace:
    """A limit between ``LEAST`` and ``most``, told how each piece of work went."""

    def __init__(self, most: int, *, late_s: float = LATE_S) -> None:
        self._most = float(most)
        self._late_s = late_s
        self._limit = min(FIRST, self._most)
        self._starting = True
        """Twice as much with every round, until something was late for the first time."""
        self._since_cut = 0

    @property
    def limit(self) -> int:
        """So much may be under way now, one at least."""
        return max(int(self._limit), 1)

    def resize(self, most: int) -> None:
        """Another upper bound."""
        self._most = max(float(most), 1.0)
        self._limit = min(self._limit, self._most)

    def ended(self, late_s: float, under_way: int) -> None:
        """One piece of work ended while so many were under way, and was so late."""
        self._since_cut += 1
        if late_s > self._late_s:
            self._slow_down()
        elif under_way >= self._limit * CUT:  # else nobody knows whether more would be too much
            step = 1.0 if self._starting else 1.0 / self._limit
            self._limit = min(self._limit + step, self._most)

    def _slow_down(self) -> None:
        """Once in a round: what was under way already comes late as well."""
        self._starting = False
        if self._since_cut >= self._limit:
            self._since_cut = 0
            self._limit = max(self._limit * CUT, min(LEAST, self._most))
