"""Schema of a provider's follow-ups: whom they are for, when they leave, and with which texts."""

import re
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from niochat.domain.follow_up.buying_interest import BuyingInterest
from niochat.domain.follow_up.follow_up_policy import MAX_ATTEMPTS, FollowUpPolicy
from niochat.tenants.provider_file.field_types import NonEmptyText, StrictBoolean, StrictInteger
from niochat.tenants.provider_file.schedule_types import ClockTime, ClosingTime, Weekdays
from niochat.tenants.provider_file.strict_model import StrictModel, error_at

_DEFAULT = FollowUpPolicy()
_SHORTEST_S, _DAY_S = 10, 86_400
_PLACEHOLDERS = {"{nome}", "{plano}", "{empresa}"}
_OPT_OUT_HINT = re.compile(r"\b(parar|sair)\b", re.IGNORECASE)


def _known_placeholders(value: str) -> str:
    unknown = set(re.findall(r"\{[^{}]*\}", value)) - _PLACEHOLDERS
    if unknown:
        raise ValueError("must contain no placeholders but {nome}, {plano} and {empresa}")
    return value


def _without_repeats(values: list[str]) -> list[str]:
    if len(set(values)) < len(values):
        raise ValueError("must not contain a value twice")
    return values


def _says_how_to_opt_out(texts: list[list[str]]) -> list[list[str]]:
    if not all(_OPT_OUT_HINT.search(text) for text in texts[0]):
        raise ValueError("of the first attempt must say how to opt out: with PARAR or SAIR")
    return texts


FollowUpText = Annotated[NonEmptyText, Field(max_length=1000), AfterValidator(_known_placeholders)]
DelaySeconds = Annotated[StrictInteger, Field(ge=_SHORTEST_S, le=90 * _DAY_S)]
Label = Annotated[str, Field(min_length=1, max_length=40)]


class FollowUpConfig(StrictModel):
    """The follow-ups of a provider. A value that is left out has its default."""

    enabled: StrictBoolean = _DEFAULT.enabled
    """Whether customers who showed interest and went quiet are written to."""
    interests: Annotated[
        list[BuyingInterest], Field(min_length=1), AfterValidator(_without_repeats)
    ] = Field(default_factory=lambda: list(_DEFAULT.interests))
    """``registered`` (chose a plan), ``plans`` (asked for plans), ``coverage`` (asked whether an
    address can be connected).
    """
    delays_s: Annotated[list[DelaySeconds], Field(min_length=1, max_length=MAX_ATTEMPTS)] = Field(
        default_factory=lambda: [int(each) for each in _DEFAULT.delays_s]
    )
    """Seconds of silence before the first attempt, and between an attempt and the next one; as many
    as there are attempts.
    """
    days: Weekdays = Field(default_factory=lambda: list(_DEFAULT.days))
    """Weekdays on which messages leave."""
    sends_from: ClockTime = _DEFAULT.sends_from
    sends_until: ClosingTime = _DEFAULT.sends_until
    """No message leaves from this time on, before ``sends_from`` of the next day."""
    on_holidays: StrictBoolean = _DEFAULT.on_holidays
    """Whether messages leave on the provider's holidays and closed days."""
    per_day: Annotated[StrictInteger, Field(ge=1, le=10_000)] = _DEFAULT.per_day
    """Most messages in a day, of all channels."""
    channel_per_day: Annotated[StrictInteger, Field(ge=1, le=10_000)] = _DEFAULT.channel_per_day
    """Most messages of one channel in a day."""
    window_days: Annotated[StrictInteger, Field(ge=1, le=60)] = _DEFAULT.window_days
    """Who comes back within so many days after an attempt was won back by it."""
    again_days: Annotated[StrictInteger, Field(ge=0, le=365)] = _DEFAULT.again_days
    """One person is not written to about another conversation within so many days; 0: no limit."""
    complaint_days: Annotated[StrictInteger, Field(ge=1, le=730)] = _DEFAULT.complaint_days
    """Nor within so many days after a complaint."""
    after_people: StrictBoolean = _DEFAULT.after_people
    """Whether conversations that a person ended are followed up."""
    stop_labels: Annotated[list[Label], Field(max_length=50)] = Field(default_factory=list)
    """A conversation with one of these labels is not followed up."""
    texts: Annotated[
        list[Annotated[list[FollowUpText], Field(min_length=1, max_length=3)]],
        Field(min_length=1, max_length=MAX_ATTEMPTS),
        AfterValidator(_says_how_to_opt_out),
    ] = Field(default_factory=lambda: [list(each) for each in _DEFAULT.texts])
    """For each attempt one to three texts, which are compared. ``{nome}``, ``{plano}`` and
    ``{empresa}`` are replaced.
    """
    opt_out_text: NonEmptyText = _DEFAULT.opt_out_text
    """Confirms that a customer gets no more messages that the provider begins."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.sends_until <= self.sends_from:
            raise error_at("sends_until must be later than sends_from", "sends_until")
        if len(self.texts) < len(self.delays_s):
            raise error_at("there must be texts for each attempt", "texts")
        return self
