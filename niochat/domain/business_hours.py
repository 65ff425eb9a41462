"""When people of a provider are there: weekly shifts, minus holidays. Local times only."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

_WEEKDAYS = (
    "segunda-feira",
    "terça-feira",
    "quarta-feira",
    "quinta-feira",
    "sexta-feira",
    "sábado",
    "domingo",
)
LOOK_AHEAD_DAYS = 60
"""A provider that opens later than that promises no day."""

END_OF_DAY = time.max
"""24:00. Nothing of the day comes after it, and this very moment still belongs to it."""

ClosedDayCheck = Callable[[date], bool]
"""Whether nobody works on a day, whatever the shifts say."""


@dataclass(frozen=True, slots=True)
class BusinessShift:
    """Somebody is there from ``opens`` up to, not including, ``closes``; ``END_OF_DAY``: until
    midnight. Monday is day 0.
    """

    days: tuple[int, ...]
    opens: time
    closes: time


def is_open(shifts: Sequence[BusinessShift], closed_on: ClosedDayCheck, local: datetime) -> bool:
    """Whether a person can answer at ``local``; without shifts always."""
    if not shifts:
        return True
    if closed_on(local.date()):
        return False
    return any(
        local.weekday() in shift.days
        and shift.opens <= local.time()
        and (local.time() < shift.closes or shift.closes == END_OF_DAY)
        for shift in shifts
    )


def next_opening(
    shifts: Sequence[BusinessShift], closed_on: ClosedDayCheck, local: datetime
) -> datetime | None:
    """The next beginning of a shift after ``local``; ``None`` where none is near."""
    for day in (local.date() + timedelta(days=n) for n in range(LOOK_AHEAD_DAYS)):
        opens = [
            datetime.combine(day, shift.opens, local.tzinfo)
            for shift in shifts
            if day.weekday() in shift.days and not closed_on(day)
        ]
        later = [opening for opening in opens if opening > local]
        if later:
            return min(later)
    return None


def format_date_time_pt(moment: datetime) -> str:
    """``segunda-feira, 23/11, às 08:00``."""
    return f"{_WEEKDAYS[moment.weekday()]}, {moment:%d/%m}, às {moment:%H:%M}"


def format_day_pt(day: date) -> str:
    """``terça-feira, 08/12``."""
    return f"{_WEEKDAYS[day.weekday()]}, {day:%d/%m}"


def format_full_date_time_pt(moment: datetime) -> str:
    """``domingo, 22/11/2026 18:51``."""
    return f"{_WEEKDAYS[moment.weekday()]}, {moment:%d/%m/%Y %H:%M}"
