"""Clocks that stand still until a test moves them."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta


@dataclass
class ManualClock:
    """A monotonic clock: calling it returns seconds, as ``time.monotonic`` does."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class ManualDateTime:
    """The time of day, in UTC."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def advance(self, **duration: float) -> datetime:
        """The time after ``duration``, given as the arguments of ``timedelta``."""
        self.now += timedelta(**duration)
        return self.now
