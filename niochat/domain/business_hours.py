"""A provider's business hours: weekly shifts without holidays. All times are local."""

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
"""Days searched for the next opening. Beyond them, no opening time is announced."""

END_OF_DAY = time.max
"""24:00, the end of a shift that lasts until midnight. This moment still belongs to the day."""

ClosedDayCheck = Callable[[date], bool]
"""Says whether the provider is closed on a day, whatever its shifts."""


@dataclass(frozen=True, slots=True)
class BusinessShift:
    """Hours on some weekdays, from ``opens`` up to but not including ``closes``. A shift that
    closes at ``END_OF_DAY`` lasts until midnight. Monday is day 0.
    """

    days: tuple[int, ...]
    opens: time
    closes: time


def is_open(shifts: Sequence[BusinessShift], closed_on: ClosedDayCheck, local: datetime) -> bool:
    """Whether the provider is open at ``local``. Without shifts it is always open."""
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
    """Returns the next start of a shift after ``local``; ``None`` if there is none within
    ``LOOK_AHEAD_DAYS``.
    """
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
