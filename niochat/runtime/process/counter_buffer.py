"""Counters of a process, which the metrics reporter drains periodically."""

from collections import Counter


class CounterBuffer:
    """Counts by name and one label. Adding costs a dictionary access; nothing is sent."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()
        self._sums: dict[str, float] = {}

    def increment(self, name: str, label: str = "") -> None:
        """Add one."""
        self._counts[name, label] += 1

    def add_seconds(self, name: str, seconds: float) -> None:
        """Add seconds."""
        self._sums[name] = self._sums.get(name, 0.0) + seconds

    def drain(self) -> dict[tuple[str, str], float]:
        """The counts since the last call, by (name, label), without zeros."""
        counts, self._counts = self._counts, Counter()
        sums, self._sums = self._sums, {}
        return {**counts, **{(name, ""): seconds for name, seconds in sums.items() if seconds > 0}}
