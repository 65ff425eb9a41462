"""Schema of a provider's policy: delays, business hours, hand-off and silence."""

from collections.abc import Mapping
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
from niochat.tenants.provider_file.follow_up_schema import FollowUpConfig
from niochat.tenants.provider_file.rating_schema import RatingConfig
from niochat.tenants.provider_file.schedule_types import (
    CalendarDate,
    ClockTime,
    ClosingTime,
    HolidayRegion,
    Weekdays,
    format_closing_time,
    format_shift,
    format_weekdays,
)
from niochat.tenants.provider_file.strict_model import StrictModel, error_at

_DEFAULT = ConversationPolicy()
_DAY_S = 86_400
RATINGS, FOLLOW_UPS = "ratings", "follow_ups"
"""Fields of a policy whose values can be changed one by one."""


def _contains_when(value: str) -> str:
    if "{when}" not in value:
        raise ValueError("must contain {when}, which is replaced by the day and hour")
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
            raise error_at("to must be later than from; declare a night as two shifts", "to")
        return self


class PolicyConfig(StrictModel):
    """The policy of a provider. A value that is left out has its default."""

    burst_window_s: Annotated[StrictNumber, Field(gt=0, le=60)] = _DEFAULT.burst_window_s
    """Seconds of silence after which the customer's messages are answered."""
    burst_limit_s: Annotated[StrictNumber, Field(gt=0, le=300)] = _DEFAULT.burst_limit_s
    """Seconds after which they are answered even if the customer is still writing."""
    phone_pause_s: Annotated[StrictNumber, Field(ge=0, le=7 * _DAY_S)] = _DEFAULT.phone_pause_s
    """Seconds for which the assistant stays silent after a message from the provider's phone."""
    team: Slug = _DEFAULT.team
    """Team that gets conversations from the assistant by default; one of the provider's teams."""
    capacity: Annotated[StrictInteger, Field(ge=1, le=100)] = _DEFAULT.capacity
    """Maximum number of concurrent conversations of an agent without a limit of its own."""
    offline_rule: OfflineRule = _DEFAULT.offline_rule
    """``give_back_unanswered``: unanswered conversations of an offline agent return to the team;
    ``keep``: the agent keeps them.
    """
    unavailable_text: NonEmptyText = _DEFAULT.unavailable_text
    """Sent when the model is unavailable; ``{protocol}`` is replaced by the protocol number."""
    hours: tuple[ShiftConfig, ...] = ()
    """Business hours in the provider's time zone; empty: always open, even on holidays."""
    holidays: HolidayRegion = _DEFAULT.holidays
    """Calendar of public holidays, such as ``BR`` or ``BR-PE``; empty: none."""
    closed_days: tuple[CalendarDate, ...] = ()
    """Additional days on which the provider is closed."""
    closed_text: Annotated[NonEmptyText, AfterValidator(_contains_when)] = _DEFAULT.closed_text
    """Added to a hand-off outside business hours; ``{when}`` is replaced by the next opening."""
    closed_unknown_text: NonEmptyText = _DEFAULT.closed_unknown_text
    """Used instead if there is no next opening in the near future."""
    serve_after_hours: StrictBoolean = _DEFAULT.serve_after_hours
    """Whether the assistant keeps answering after a hand-off outside ``hours``."""
    remember_days: Annotated[StrictInteger, Field(ge=0, le=365)] = _DEFAULT.remember_days
    """Days for which an identified customer is recognised by the phone number; 0: never."""
    stop_machines: StrictBoolean = _DEFAULT.stop_machines
    """Whether a contact that seems to be a machine is handed off and not answered any more."""
    turns_per_hour: Annotated[StrictInteger, Field(ge=0, le=1000)] = _DEFAULT.turns_per_hour
    """Turns per conversation and hour before the conversation is handed off; 0: no limit."""
    cost_per_hour: Annotated[StrictNumber, Field(ge=0, le=10_000)] = _DEFAULT.cost_per_hour
    """Cost of these turns before the hand-off, in the currency of the prices; 0: no limit."""
    reading_wait_s: Annotated[StrictNumber, Field(ge=0, le=120)] = _DEFAULT.reading_wait_s
    """Seconds that an answer waits until a voice note, picture or PDF is read; 0: no wait."""
    reminder_after_s: Annotated[
        StrictNumber, Field(ge=0, le=_DAY_S), AfterValidator(_never_or_a_minute)
    ] = _DEFAULT.reminder_after_s
    """Seconds of silence after which the assistant sends ``reminder_text``; 0: never."""
    close_after_s: Annotated[StrictNumber, Field(ge=60, le=_DAY_S)] = _DEFAULT.close_after_s
    """Seconds of silence after the reminder until the conversation is closed."""
    reminder_text: NonEmptyText = _DEFAULT.reminder_text
    close_text: NonEmptyText = _DEFAULT.close_text
    """Sent when it is closed; ``{protocol}`` is replaced by the protocol number."""
    ratings: RatingConfig = RatingConfig()
    """Requests for a rating after a conversation."""
    follow_ups: FollowUpConfig = FollowUpConfig()
    """Messages to customers who showed interest in a plan and went quiet."""

    @model_validator(mode="after")
    def _limit_is_longer(self) -> Self:
        if self.burst_limit_s < self.burst_window_s:
            field = (
                "burst_limit_s" if "burst_limit_s" in self.model_fields_set else "burst_window_s"
            )
            raise error_at("burst_limit_s must not be shorter than burst_window_s", field)
        return self

    def to_row(self) -> dict[str, Any]:
        """The declared values and always the team as JSON, in the format of the tenant's row."""
        return {**self.model_dump(mode="json", exclude_unset=True), "team": self.team}


def merge_policy(stored: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """A stored policy after a change; of ratings and follow-ups, too, only the given values
    change.
    """
    nested = {
        name: {**stored.get(name, {}), **change[name]}
        for name in (RATINGS, FOLLOW_UPS)
        if change.get(name) is not None
    }
    return {**stored, **change, **nested}


def format_policy(stored: Mapping[str, Any]) -> dict[str, Any]:
    """A stored policy with all defaults, in the format of a provider file."""
    defaults = PolicyConfig().model_dump(mode="json")
    policy = {**defaults, **{name: stored[name] for name in defaults if name in stored}}
    return {
        **policy,
        RATINGS: {**defaults[RATINGS], **policy[RATINGS]},
        FOLLOW_UPS: format_follow_ups({**defaults[FOLLOW_UPS], **policy[FOLLOW_UPS]}),
        "hours": [format_shift(each) for each in policy["hours"]],
    }


def format_follow_ups(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Stored follow-ups in the format of a provider file."""
    formatted = dict(stored)
    if "days" in stored:
        formatted["days"] = format_weekdays(stored["days"])
    for name in ("sends_from", "sends_until"):
        if name in stored:
            formatted[name] = format_closing_time(stored[name])
    return formatted
