"""The measures of one conversation: durations and counts that follow from its events."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from niochat.domain.insights.business_calendar import NO_TIME, BusinessCalendar, MeasuredTime


class ServicePhase(StrEnum):
    """Who has the conversation: the assistant, a queue, an agent, or nobody."""

    ASSISTANT = "assistant"
    WAITING = "waiting"
    AGENT = "agent"
    SNOOZED = "snoozed"
    RESOLVED = "resolved"


class Resolution(StrEnum):
    """How a conversation was resolved. A merged one goes on in another conversation."""

    AGENT = "agent"
    ASSISTANT = "assistant"
    INACTIVITY = "inactivity"
    MERGED = "merged"


HELD_BY_PEOPLE = frozenset({ServicePhase.WAITING, ServicePhase.AGENT, ServicePhase.SNOOZED})
PHONE = "phone"
"""As the author of an answer: a person who wrote on the provider's own phone."""


@dataclass(frozen=True, slots=True)
class WaitClock:
    """Measures how long a customer waits. It is paused while the conversation is snoozed."""

    spent: MeasuredTime = NO_TIME
    since: datetime | None = None
    """When it began to run; ``None`` while it is paused."""

    def pause(self, at: datetime, calendar: BusinessCalendar) -> "WaitClock":
        """Returns the clock stopped at ``at``."""
        return WaitClock(self.read(at, calendar))

    def resume(self, at: datetime) -> "WaitClock":
        """Returns the running clock."""
        return self if self.since is not None else WaitClock(self.spent, at)

    def read(self, at: datetime, calendar: BusinessCalendar) -> MeasuredTime:
        """Returns the time that was measured until ``at``."""
        if self.since is None:
            return self.spent
        return self.spent + calendar.measure(self.since, at)


@dataclass(frozen=True, slots=True)
class TurnUse:
    """What turns of the assistant used. The cost is in millionths of the currency, because integers
    can be added and subtracted without drifting.
    """

    tool_calls: int = 0
    tokens: int = 0
    cost_micros: int = 0

    def __add__(self, other: "TurnUse") -> "TurnUse":
        return TurnUse(
            self.tool_calls + other.tool_calls,
            self.tokens + other.tokens,
            self.cost_micros + other.cost_micros,
        )


NO_TURN_USE = TurnUse()


@dataclass(frozen=True, slots=True)
class ConversationMeasures:
    """Measures after the event ``version``. Times are those of the events, by the clock of NioChat,
    because a customer's phone may have any time.
    """

    version: int
    measured_at: datetime
    """The latest time of an event so far. Hosts' clocks differ, so an event can be older."""
    opened_at: datetime
    opened_in_hours: bool
    phase: ServicePhase
    phase_since: datetime
    phase_times: Mapping[ServicePhase, MeasuredTime] = field(default_factory=dict)
    """Finished stays in each phase. After-hours service is part of the people's phases."""
    answer_clock: WaitClock | None = None
    """Runs from the customer's first message to the first answer of anybody."""
    first_answer: MeasuredTime | None = None
    people_clock: WaitClock | None = None
    """Runs while the customer waits for a person: from the handoff, a transfer, or a message to
    people, until a person answers.
    """
    first_human_answer: MeasuredTime | None = None
    first_human_by: str | None = None
    next_answers: int = 0
    next_answer_time: MeasuredTime = NO_TIME
    next_answer_max: MeasuredTime = NO_TIME
    """The largest of the times, each of its two values by itself."""
    transfers: int = 0
    offline_returns: int = 0
    """How often the product moved the conversation because its agent had gone offline."""
    handoff_reasons: tuple[str, ...] = ()
    team: str | None = None
    agent: str | None = None
    """The latest team and agent. They stay when the conversation returns to the assistant."""
    labels: tuple[str, ...] = ()
    priority: int = 1
    messages: Mapping[str, int] = field(default_factory=dict)
    """Messages by author; notes are under ``note``."""
    failed_messages: tuple[str, ...] = ()
    """Ids of messages that are not delivered as far as known."""
    unanswered: bool = False
    people_held: bool = False
    after_hours: bool = False
    """Whether the assistant served while the provider was closed."""
    turn_answered_at: datetime | None = None
    """When the latest answered turn ended. The system sends the assistant's words in that moment if
    the turn also handed off or closed.
    """
    resolved_at: datetime | None = None
    resolution: Resolution | None = None
    resolved_by: str | None = None
    """The person; ``None`` unless a person resolved it."""
    reopened: int = 0
    rating_score: int | None = None
    """The score of the latest rating that has one."""
    rating_at: datetime | None = None
    """When the latest rating was given."""
    turns: int = 0
    turn_failures: int = 0
    turn_use: TurnUse = NO_TURN_USE
    """What all finished turns used."""
    contact_reasons: tuple[str, ...] = ()
    """What the customer wanted, as far as the assistant's turns tell."""

    @property
    def merged(self) -> bool:
        """Whether it goes on in another conversation and must not count as one."""
        return self.resolution is Resolution.MERGED

    @property
    def solved_by_assistant(self) -> bool:
        """Whether it ended without a person ever having it."""
        return not self.people_held and self.resolution in (
            Resolution.ASSISTANT,
            Resolution.INACTIVITY,
        )

    def time_in(self, phase: ServicePhase) -> MeasuredTime:
        """Returns the finished time in a phase."""
        return self.phase_times.get(phase, NO_TIME)


@dataclass(frozen=True, slots=True)
class HumanAnswer:
    """A person's answer to a waiting customer. ``agent`` is a user, or ``PHONE``."""

    version: int
    at: datetime
    agent: str
    wait: MeasuredTime
    first: bool
