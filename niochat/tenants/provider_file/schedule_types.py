"""Field types for days and times in a provider file."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from niochat.adapters.holiday_calendar import public_holidays
from niochat.domain.business_hours import END_OF_DAY
from niochat.domain.errors import InvalidInputError

_DAYS = {
    name: number
    for number, names in enumerate(
        (
            ("segunda", "mon"),
            ("terca", "terça", "tue"),
            ("quarta", "wed"),
            ("quinta", "thu"),
            ("sexta", "fri"),
            ("sabado", "sábado", "sat"),
            ("domingo", "sun"),
        )
    )
    for name in names
}
MIDNIGHT_TEXT = "24:00"
_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_PLACE = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")
_SOME_YEAR = 2026
"""Any year: whether a region has a calendar does not depend on it."""


def _weekday(value: object) -> int:
    if not isinstance(value, str) or value not in _DAYS:
        raise ValueError(
            "must be one of segunda, terca, quarta, quinta, sexta, sabado, domingo; or mon to sun"
        )
    return _DAYS[value]


def _once_each(days: list[int]) -> list[int]:
    if len(set(days)) < len(days):
        raise ValueError("must not contain a day twice")
    return sorted(days)


def _clock(value: object) -> time:
    # Without quotes YAML reads 18:00 as a number, but 08:00 as text.
    if not isinstance(value, str) or not _CLOCK.fullmatch(value):
        raise ValueError('must be a time from "00:00" to "23:59", in quotes')
    return time.fromisoformat(value)


def _closing(value: object) -> time:
    if value in (MIDNIGHT_TEXT, END_OF_DAY.isoformat()):
        return END_OF_DAY
    try:
        return _clock(value)
    except ValueError:
        raise ValueError('must be a time from "00:00" to "24:00", in quotes') from None


def _day(value: object) -> date:
    try:
        if isinstance(value, str):
            return datetime.strptime(value, "%Y-%m-%d").date()
    except ValueError:
        raise ValueError("must be a date such as 2026-12-24") from None
    if not isinstance(value, date) or isinstance(value, datetime):
        raise ValueError("must be a date such as 2026-12-24")
    return value


def _holidays(value: str) -> str:
    if value and not _has_calendar(value):
        raise ValueError("must be a country or state with a known calendar, such as BR or BR-PE")
    return value


def _has_calendar(place: str) -> bool:
    try:
        return bool(_PLACE.fullmatch(place) and public_holidays(place, _SOME_YEAR))
    except InvalidInputError:
        return False


Weekdays = Annotated[
    list[Annotated[int, BeforeValidator(_weekday)]],
    Field(min_length=1),
    AfterValidator(_once_each),
]
"""Sorted numbers of weekdays; Monday is 0."""
ClockTime = Annotated[time, BeforeValidator(_clock)]
ClosingTime = Annotated[time, BeforeValidator(_closing)]
"""A time of day, or ``24:00``, which is stored as the last moment of the day."""
CalendarDate = Annotated[date, BeforeValidator(_day)]
HolidayRegion = Annotated[str, AfterValidator(_holidays)]


def format_shift(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Convert a stored shift into the format of a provider file."""
    return {
        "days": format_weekdays(stored["days"]),
        "from": stored["opens"][:5],
        "to": format_closing_time(stored["closes"]),
    }


def format_weekdays(stored: Sequence[int]) -> list[str]:
    """Convert stored weekdays into the names of a provider file."""
    return [_NAMES[day] for day in stored]


def format_closing_time(stored: str) -> str:
    """Convert a stored time of day; the last moment of the day is ``24:00``."""
    return MIDNIGHT_TEXT if stored == END_OF_DAY.isoformat() else stored[:5]
