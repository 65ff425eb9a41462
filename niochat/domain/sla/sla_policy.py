"""An SLA policy: for which conversations it is, and what it promises."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from niochat.domain.errors import InvalidInputError
from niochat.domain.insights.business_calendar import MeasuredTime

MIN_TARGET_S, MAX_TARGET_S = 1, 90 * 24 * 3600
DEFAULT_WARN_PERCENT = 80


class SlaTarget(StrEnum):
    """What a policy promises a time for."""

    FIRST_ANSWER = "first_answer"
    """The first answer of a person, from the moment in which the customer waits for people."""
    NEXT_ANSWER = "next_answer"
    """Each further answer of a person to a customer who waits."""
    RESOLUTION = "resolution"
    """The resolution, from the opening of the conversation."""


@dataclass(frozen=True, slots=True)
class SlaPolicy:
    """What is promised to some conversations. Raises ``InvalidInputError`` (``bad_sla_policy``) if
    the values do not fit.

    An empty ``teams``, ``priorities`` or ``labels`` matches any conversation; else the conversation
    has one of the values. Targets are seconds, within business hours if ``business_hours``.
    """

    name: str
    teams: tuple[str, ...] = ()
    priorities: tuple[int, ...] = ()
    labels: tuple[str, ...] = ()
    first_answer_s: int | None = None
    next_answer_s: int | None = None
    resolution_s: int | None = None
    business_hours: bool = True
    warn_percent: int = DEFAULT_WARN_PERCENT
    id: UUID | None = None
    """``None`` before it is stored."""

    def __post_init__(self) -> None:
        targets = [s for each in SlaTarget if (s := self.target_s(each)) is not None]
        if not targets:
            raise _bad("set a time for the first answer, the next answer or the resolution")
        if not all(MIN_TARGET_S <= each <= MAX_TARGET_S for each in targets):
            raise _bad(f"times must be between {MIN_TARGET_S} and {MAX_TARGET_S} seconds")
        if not 1 <= self.warn_percent <= 99:
            raise _bad("warn_percent must be between 1 and 99")

    def target_s(self, target: SlaTarget) -> int | None:
        """Returns the seconds within which the target has to be reached; ``None``: no promise."""
        match target:
            case SlaTarget.FIRST_ANSWER:
                return self.first_answer_s
            case SlaTarget.NEXT_ANSWER:
                return self.next_answer_s
            case SlaTarget.RESOLUTION:
                return self.resolution_s

    def spent_ms(self, time: MeasuredTime) -> int:
        """Returns the part of ``time`` that counts."""
        return time.open_ms if self.business_hours else time.total_ms

    def matches(self, team: str | None, priority: int, labels: Iterable[str]) -> bool:
        """Whether the policy is for a conversation with these values."""
        return (
            (not self.teams or team in self.teams)
            and (not self.priorities or priority in self.priorities)
            and (not self.labels or not set(self.labels).isdisjoint(labels))
        )


def _bad(reason: str) -> InvalidInputError:
    return InvalidInputError(f"The SLA policy is not valid: {reason}.", code="bad_sla_policy")
