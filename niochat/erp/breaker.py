"""A circuit breaker: after failures in a row, silence, then one call that tries."""

from dataclasses import dataclass

FAILURES = 5
"""In a row, before calls are held back."""
FIRST_REST_S, LONGEST_REST_S = 15.0, 120.0


@dataclass(slots=True)
class Breaker:
    """Of one tenant's ERP. ``now`` is a monotonic clock in seconds."""

    failures: int = 0
    rest_s: float = 0.0
    rests_until: float = 0.0
    trying: bool = False
    """The one call after a rest is under way."""

    def wait_s(self, now: float) -> float:
        """Seconds until a call makes sense; 0: now."""
        if self.failures < FAILURES:
            return 0.0
        if now < self.rests_until:
            return self.rests_until - now
        return 1.0 if self.trying else 0.0

    def began(self) -> None:
        """A call was let through."""
        self.trying = self.failures >= FAILURES

    def ended(self, healthy: bool | None, now: float) -> None:
        """A call came back; an ERP that said no is healthy. ``None``: the call told nothing."""
        if self.failures >= FAILURES and now < self.rests_until and not healthy:
            return  # it began before the rest, which it must not make longer
        self.trying = False
        if healthy is None:
            return
        if healthy:
            self.failures, self.rest_s = 0, 0.0
            return
        self.failures += 1
        if self.failures >= FAILURES:
            self.rest_s = min(self.rest_s * 2 or FIRST_REST_S, LONGEST_REST_S)
            self.rests_until = now + self.rest_s
