"""A provider's policy as its operator declares it: waiting, hours, silence."""

from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, model_validator

from niochat.domain.conversation.policy import ConversationPolicy
from niochat.domain.presence import OfflineRule
from niochat.tenants.provider_file.field_types import (
    NonEmptyText,
    Slug,
    StrictBoolean,
    StrictInteger,
    StrictNumber,
)
from niochat.tenants.provider_file.schedule_types import (
    CalendarDate,
    ClockTime,
    ClosingTime,
    HolidayRegion,
    Weekdays,
)
from niochat.tenants.provider_file.strict_model import StrictModel, error_at

_DEFAULT = ConversationPolicy()
_DAY_S = 86_400


def _contains_when(value: str) -> str:
    if "{when}" not in value:
        raise ValueError("must contain {when}, which becomes the day and hour")
    return value


def _never_or_a_minute(value: float) -> float:
    if 0 < value < 60:
        raise ValueError("must be 0 (never) or at least 60")
    return value


class ShiftConfig(StrictModel):
    """Business hours on the given ``days``, from ``from`` (inclusive) to ``to`` (exclusive).
    ``24:00`` is the end of the day.
    """

    days: Weekdays
    opens: Annotated[ClockTime, Field(alias="from")]
    closes: Annotated[ClosingTime, Field(alias="to")]

    @model_validator(mode="after")
    def _closes_later(self) -> Self:
        if self.closes <= self.opens:
            raise error_at("to must be later than from; a night is two shifts", "to")
        return self


class PolicyConfig(StrictModel):
    """The policy of a provider. A value that is left out has its default."""

    burst_window_s: Annotated[StrictNumber, Field(gt=0, le=60)] = _DEFAULT.burst_window_s
    """Seconds of silence after which what the customer wrote is answered."""
    burst_limit_s: Annotated[StrictNumber, Field(gt=0, le=300)] = _DEFAULT.burst_limit_s
    """Seconds after which it is answered even while the customer goes on writing."""
    phone_pause_s: Annotated[StrictNumber, Field(ge=0, le=7 * _DAY_S)] = _DEFAULT.phone_pause_s
    """Seconds the assistant keeps silent after somebody typed on the provider's phone."""
    team: Slug = _DEFAULT.team
    """Team that gets what the assistant cannot keep; one of the provider's teams."""
    capacity: Annotated[StrictInteger, Field(ge=1, le=100)] = _DEFAULT.capacity
    """Conversations that a queue lets an agent have at once; an agent's own comes before it."""
    offline_rule: OfflineRule = _DEFAULT.offline_rule
    """``give_back_unanswered``: what an agent leaves unanswered goes back to the team; ``keep``."""
    unavailable_text: NonEmptyText = _DEFAULT.unavailable_text
    """Said when the model is away; ``{protocol}`` becomes the protocol number."""
    hours: tuple[ShiftConfig, ...] = ()
    """When people are there, in the provider's time zone; none: always, holidays or not."""
    holidays: HolidayRegion = _DEFAULT.holidays
    """Calendar of public holidays without people: ``BR``, ``BR-PE``; empty: none."""
    closed_days: tuple[CalendarDate, ...] = ()
    """Further days without people."""
    closed_text: Annotated[NonEmptyText, AfterValidator(_contains_when)] = _DEFAULT.closed_text
    """Added at a hand-off while nobody is there; ``{when}`` becomes the next opening."""
    closed_unknown_text: NonEmptyText = _DEFAULT.closed_unknown_text
    """The same where no opening is near."""
    serve_after_hours: StrictBoolean = _DEFAULT.serve_after_hours
    """After a hand-off the assistant goes on serving while nobody is there; needs ``hours``."""
    remember_days: Annotated[StrictInteger, Field(ge=0, le=365)] = _DEFAULT.remember_days
    """Days in which somebody who was identified is recognised by the number; 0: never."""
    stop_machines: StrictBoolean = _DEFAULT.stop_machines
    """What answers like another machine goes to people, and is answered no more."""
    turns_per_hour: Annotated[StrictInteger, Field(ge=0, le=1000)] = _DEFAULT.turns_per_hour
    """Answers of the assistant in one conversation within an hour, then people have it; 0: any."""
    cost_per_hour: Annotated[StrictNumber, Field(ge=0, le=10_000)] = _DEFAULT.cost_per_hour
    """What they may cost, in the currency of ``price_in`` and ``price_out``; 0: anything."""
    reading_wait_s: Annotated[StrictNumber, Field(ge=0, le=120)] = _DEFAULT.reading_wait_s
    """Seconds that an answer waits for what a voice note, picture or PDF says; 0: it does not."""
    reminder_after_s: Annotated[
        StrictNumber, Field(ge=0, le=_DAY_S), AfterValidator(_never_or_a_minute)
    ] = _DEFAULT.reminder_after_s
    """Seconds of a customer's silence after which the assistant asks; 0: never."""
    close_after_s: Annotated[StrictNumber, Field(ge=60, le=_DAY_S)] = _DEFAULT.close_after_s
    """Seconds of silence after that reminder which end the visit."""
    reminder_text: NonEmptyText = _DEFAULT.reminder_text
    close_text: NonEmptyText = _DEFAULT.close_text
    """Said at that end; ``{protocol}`` becomes the protocol number."""

    @model_validator(mode="after")
    def _limit_is_longer(self) -> Self:
        if self.burst_limit_s < self.burst_window_s:
            at = "burst_limit_s" if "burst_limit_s" in self.model_fields_set else "burst_window_s"
            raise error_at("burst_limit_s must not be shorter than burst_window_s", at)
        return self

    def to_row(self) -> dict[str, Any]:
        """What the tenant's row keeps, as JSON: what the file says, and always the team."""
        return {**self.model_dump(mode="json", exclude_unset=True), "team": self.team}
