"""Business time is right at night, at midnight, on holidays, and when clocks change."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from niochat.domain.business_hours import END_OF_DAY, BusinessShift
from niochat.domain.insights.business_calendar import BusinessCalendar, MeasuredTime

HOUR = 3_600_000
DAILY = tuple(range(7))
SAO_PAULO, NEW_YORK = ZoneInfo("America/Sao_Paulo"), ZoneInfo("America/New_York")


def open_hours(calendar: BusinessCalendar, start: datetime, end: datetime) -> float:
    return calendar.measure(start, end).open_ms / HOUR


def test_without_shifts_all_time_is_business_time() -> None:
    start = datetime(2026, 3, 2, tzinfo=UTC)
    calendar = BusinessCalendar(SAO_PAULO)

    assert calendar.measure(start, start.replace(hour=5)) == MeasuredTime(5 * HOUR, 5 * HOUR)
    assert calendar.measure(start.replace(hour=5), start) == MeasuredTime()


def test_holidays_and_nights_do_not_count() -> None:
    calendar = BusinessCalendar(
        SAO_PAULO,
        (BusinessShift(DAILY, time(8), time(18)),),
        lambda day: day == date(2026, 4, 21),
    )
    start = datetime(2026, 4, 20, 17, tzinfo=SAO_PAULO)

    assert open_hours(calendar, start, datetime(2026, 4, 22, 9, tzinfo=SAO_PAULO)) == 2


def test_a_shift_until_midnight_joins_the_next_days() -> None:
    shifts = (BusinessShift(DAILY, time(0), time(2)), BusinessShift(DAILY, time(20), END_OF_DAY))
    calendar = BusinessCalendar(SAO_PAULO, shifts)
    start = datetime(2026, 3, 2, 23, tzinfo=SAO_PAULO)

    assert open_hours(calendar, start, datetime(2026, 3, 3, 1, tzinfo=SAO_PAULO)) == 2


def test_overlapping_shifts_count_once() -> None:
    shifts = (BusinessShift(DAILY, time(8), time(14)), BusinessShift((0,), time(12), time(18)))
    calendar = BusinessCalendar(SAO_PAULO, shifts)
    monday = datetime(2026, 3, 2, tzinfo=SAO_PAULO)

    assert open_hours(calendar, monday, monday.replace(hour=23)) == 10


@pytest.mark.parametrize(
    ("day", "hours"),
    [(date(2026, 3, 8), 3), (date(2026, 11, 1), 5), (date(2026, 3, 9), 4)],
    ids=["an hour is missing", "an hour is repeated", "an ordinary day"],
)
def test_hours_that_a_change_of_the_clock_adds_or_removes(day: date, hours: int) -> None:
    calendar = BusinessCalendar(NEW_YORK, (BusinessShift(DAILY, time(0), time(4)),))
    start = datetime.combine(day, time(0), NEW_YORK)

    assert open_hours(calendar, start, datetime.combine(day, time(12), NEW_YORK)) == hours
