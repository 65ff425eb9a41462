"""A circuit breaker: after consecutive failures it rejects calls, then admits one test call."""

from dataclasses import dataclass

FAILURE_THRESHOLD = 5
"""Consecutive failures that open the breaker."""
MIN_OPEN_S, MAX_OPEN_S = 15.0, 120.0


@dataclass(slots=True)
class CircuitBreaker:
    """The breaker of one tenant's ERP. ``now`` is the time of a monotonic clock in seconds."""

    failures: int = 0
    open_s: float = 0.0
    open_until: float = 0.0
    probing: bool = False
    """Whether the test call after an open period is in progress."""

    def retry_in_s(self, now: float) -> float:
        """Seconds until a call may be tried; 0 means now."""
        if self.failures < FAILURE_THRESHOLD:
            return 0.0
        if now < self.open_until:
            return self.open_until - now
        return 1.0 if self.probing else 0.0

    def record_start(self) -> None:
        """Record that a call was admitted."""
        self.probing = self.failures >= FAILURE_THRESHOLD

    def record_result(self, healthy: bool | None, now: float) -> None:
        """Record the result of a call. A refusal is healthy; ``None`` proves nothing either way."""
        if self.failures >= FAILURE_THRESHOLD and now < self.open_until and not healthy:
            return  # the call began before the breaker opened and must not extend the open period
        self.probing = False
        if healthy is None:
            return
        if healthy:
            self.failures, self.open_s = 0, 0.0
            return
        self.failures += 1
        if self.failures >= FAILURE_THRESHOLD:
            self.open_s = min(self.open_s * 2 or MIN_OPEN_S, MAX_OPEN_S)
            self.open_until = now + self.open_s
