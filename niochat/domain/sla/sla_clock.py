"""The clock of one promise in one conversation, and when it warns and is due."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from niochat.domain.insights.business_calendar import BusinessCalendar
from niochat.domain.insights.conversation_measures import WaitClock
from niochat.domain.sla.sla_policy import SlaPolicy, SlaTarget


class SlaOutcome(StrEnum):
    """How a clock ended. A dropped one does not count, unless it was breached before: nobody waits
    any longer, because the conversation was resolved without an answer, returned to the assistant,
    or merged.
    """

    REACHED = "reached"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class SlaClock:
    """One promise. ``number`` counts the clocks of the target in the conversation, so that target
    and number name the clock for good.
    """

    target: SlaTarget
    number: int
    started_at: datetime
    wait: WaitClock
    policy: UUID | None = None
    """The policy that matches now. Without one nothing is due."""
    applied: bool = False
    """Whether a policy has ever matched."""
    warn_at: datetime | None = None
    due_at: datetime | None = None
    """When the clock passes its target, if nothing changes. ``None`` while it is paused."""
    warned_at: datetime | None = None
    breached_at: datetime | None = None
    ended_at: datetime | None = None
    outcome: SlaOutcome | None = None
    team: str | None = None
    agent: str | None = None
    labels: tuple[str, ...] = ()
    """Whose conversation it was; what it was when the clock was breached or ended stays."""

    @property
    def settled(self) -> bool:
        """Whether it is decided whether the promise was kept."""
        return self.breached_at is not None or self.ended_at is not None

    def expire(self, until: datetime) -> "SlaClock":
        """Returns the clock with what has happened by itself before ``until``. An answer in the
        very moment in which it is due is in time.
        """
        clock = self
        if self.ended_at is None and self.breached_at is None:
            if self.warn_at is not None and self.warned_at is None and self.warn_at < until:
                clock = replace(clock, warned_at=self.warn_at)
            if self.due_at is not None and self.due_at < until:
                clock = replace(clock, breached_at=self.due_at)
        return clock

    def aim(self, policy: SlaPolicy | None, calendar: BusinessCalendar) -> "SlaClock":
        """Returns the clock with the times of ``policy``. What has passed stays."""
        target_s = None if policy is None else policy.target_s(self.target)
        if self.settled:
            return replace(self, warn_at=None, due_at=None)
        if policy is None or target_s is None:
            return replace(self, policy=None, warn_at=None, due_at=None)
        clock = replace(self, policy=policy.id, applied=True, warn_at=None, due_at=None)
        if self.wait.since is None:
            return clock
        full = target_s * 1000
        return replace(
            clock,
            warn_at=self._reach(full * policy.warn_percent // 100, policy, calendar),
            due_at=self._reach(full, policy, calendar),
        )

    def end(self, at: datetime, outcome: SlaOutcome) -> "SlaClock":
        """Returns the ended clock."""
        return replace(self, ended_at=at, outcome=outcome, warn_at=None, due_at=None)

    def _reach(
        self, target_ms: int, policy: SlaPolicy, calendar: BusinessCalendar
    ) -> datetime | None:
        """When ``target_ms`` are spent; in the past if they already were."""
        since = self.wait.since
        assert since is not None
        rest_ms = target_ms - policy.spent_ms(self.wait.spent)
        if policy.business_hours and rest_ms > 0:
            return calendar.reach(since, rest_ms)
        return since + timedelta(milliseconds=rest_ms)
