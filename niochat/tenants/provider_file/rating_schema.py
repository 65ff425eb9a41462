"""Schema of a provider's ratings: when customers are asked, and with which texts."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from niochat.domain.rating.rating_policy import RatingPolicy
from niochat.tenants.provider_file.field_types import (
    NonEmptyText,
    Slug,
    StrictBoolean,
    StrictInteger,
    StrictNumber,
)
from niochat.tenants.provider_file.schedule_types import ClockTime
from niochat.tenants.provider_file.strict_model import StrictModel

_DEFAULT = RatingPolicy()
_DAY_S = 86_400


def _never_or_ten_seconds(value: float) -> float:
    if 0 < value < 10:
        raise ValueError("must be 0 (never) or at least 10")
    return value


class RatingConfig(StrictModel):
    """The ratings of a provider. A value that is left out has its default."""

    after_s: Annotated[
        StrictNumber, Field(ge=0, le=_DAY_S), AfterValidator(_never_or_ten_seconds)
    ] = _DEFAULT.after_s
    """Seconds between the end of a conversation and the request; 0: customers are never asked."""
    ask_again_days: Annotated[StrictInteger, Field(ge=0, le=365)] = _DEFAULT.ask_again_days
    """One person is asked at most once within so many days; 0: after each conversation."""
    quiet_from: ClockTime = _DEFAULT.quiet_from
    """From this time on no request is sent, until ``quiet_until``; equal times: no quiet hours."""
    quiet_until: ClockTime = _DEFAULT.quiet_until
    form: Literal["text", "list"] = _DEFAULT.form
    """``list``: the request is a menu that opens on the phone, where the gateway sends menus."""
    request_text: NonEmptyText = _DEFAULT.request_text
    """``{protocol}`` is replaced by the protocol number, here and in the next texts."""
    thanks_text: NonEmptyText = _DEFAULT.thanks_text
    regret_text: NonEmptyText = _DEFAULT.regret_text
    """Sent instead of ``thanks_text`` after a low score."""
    low_score: Annotated[StrictInteger, Field(ge=1, le=4)] = _DEFAULT.low_score
    """A score up to this one is low."""
    reopen_team: Slug | Literal[""] = _DEFAULT.reopen_team
    """Team for which a low score reopens the conversation; empty: it stays resolved."""
    classify_comments: StrictBoolean = _DEFAULT.classify_comments
    """Whether the assistant's model finds theme, tone and urgency of comments."""
    classify_cost_per_day: Annotated[StrictNumber, Field(ge=0, le=10_000)] = (
        _DEFAULT.classify_cost_per_day
    )
    """Most that this may cost per day, in the currency of the prices; 0: no limit."""
