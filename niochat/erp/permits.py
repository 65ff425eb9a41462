"""How many calls of a tenant's ERP may be under way, and how many a minute."""

from dataclasses import dataclass, field
from uuid import UUID, uuid4

from niochat.erp.breaker import Breaker

WAITED_FOR_S = 10.0
"""Without anybody who waits for so long the tenant is not held back any more."""
FORGOTTEN_AFTER_S = 90.0
"""A call whose process died is not waited for any longer."""
_POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class LeaseCall:
    """Asks for one call; the answer is a :class:`Permit`. ``waiting``: how many calls of the tenant
    want one in the process that asks.
    """

    waiting: int = 1


@dataclass(frozen=True, slots=True)
class Permit:
    """``id``: the call may begin. Otherwise ask again after ``wait_s``, unless the ERP is
    ``resting``: it failed so often that asking it makes no sense now.
    """

    id: UUID | None = None
    wait_s: float = 0.0
    resting: bool = False


@dataclass(frozen=True, slots=True)
class CallEnded:
    """The call of a permit came back; ``healthy``: the ERP answered like one that works,
    ``None``: it was not asked, or nobody waited for what it said.
    """

    permit: UUID
    healthy: bool | None


@dataclass(slots=True)
class Permits:
    """The state of one tenant. ``now`` is a monotonic clock in seconds."""

    at_once: int
    per_minute: int
    tokens: float
    at: float
    breaker: Breaker = field(default_factory=Breaker)
    under_way: dict[UUID, float] = field(default_factory=dict)
    waiting: int = 0
    """Calls that waited in the process that asked last, with the one it asked for."""
    _waited: tuple[float, float] | None = None
    """Since when, and last when."""

    def lease(self, now: float, waiting: int = 1) -> Permit:
        """A place, or how long to wait for one."""
        permit = self._lease(now)
        if permit.id is None or waiting > 1:  # others wait behind it
            self._waited = (self.waited_since(now) or now, now)
            self.waiting = waiting
        return permit

    def waited_since(self, now: float) -> float | None:
        """Since when calls have to wait; ``None``: they do not."""
        if self._waited is None or now - self._waited[1] > WAITED_FOR_S:
            return None
        return self._waited[0]

    def _lease(self, now: float) -> Permit:
        self._forget(now)
        rests_s = self.breaker.wait_s(now)
        if rests_s > 0:
            return Permit(wait_s=rests_s, resting=True)
        if len(self.under_way) >= self.at_once:
            return Permit(wait_s=_POLL_S)
        self._refill(now)
        if self.tokens < 1.0:
            return Permit(wait_s=max((1.0 - self.tokens) * 60.0 / self.per_minute, _POLL_S))
        self.tokens -= 1.0
        self.breaker.began()
        permit = uuid4()
        self.under_way[permit] = now
        return Permit(permit)

    def ended(self, told: CallEnded, now: float) -> None:
        """A place is free. What was forgotten already tells about the ERP all the same."""
        self.under_way.pop(told.permit, None)
        self.breaker.ended(told.healthy, now)

    def _forget(self, now: float) -> None:
        gone = [id_ for id_, since in self.under_way.items() if now - since > FORGOTTEN_AFTER_S]
        for permit in gone:
            del self.under_way[permit]
            self.breaker.trying = False

    def _refill(self, now: float) -> None:
        # A burst of a tenth of a minute, so that a conversation's few calls do not queue.
        most = max(self.per_minute / 10.0, 1.0)
        self.tokens = min(self.tokens + (now - self.at) * self.per_minute / 60.0, most)
        self.at = now
