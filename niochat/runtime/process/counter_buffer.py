"""Plain numbers of a process: counted where it happens, read and emptied once in a while."""

from collections import Counter


class CounterBuffer:
    """Counts by name and one label. Adding is a dictionary's work, nothing is sent."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()
        self._sums: dict[str, float] = {}

    def increment(self, name: str, label: str = "") -> None:
        """One more."""
        self._counts[name, label] += 1

    def add_seconds(self, name: str, seconds: float) -> None:
        """So many seconds more."""
        self._sums[name] = self._sums.get(name, 0.0) + seconds

    def drain(self) -> dict[tuple[str, str], float]:
        """What was counted since the last call, by (name, label); nothing of it is zero."""
        counts, self._counts = self._counts, Counter()
        sums, self._sums = self._sums, {}
        return {**counts, **{(name, ""): seconds for name, seconds in sums.items() if seconds > 0}}
