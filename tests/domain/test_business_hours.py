"""Promises about when people of a provider are there."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from niochat.domain.business_hours import (
    END_OF_DAY,
    LOOK_AHEAD_DAYS,
    BusinessShift,
    ClosedDayCheck,
    format_date_time_pt,
    format_full_date_time_pt,
    is_open,
    next_opening,
)
from niochat.domain.conversation.policy import ConversationPolicy, StaffAvailability

RECIFE = ZoneInfo("America/Recife")
WEEK = (0, 1, 2, 3, 4)
OFFICE = (BusinessShift(WEEK, time(8), time(18)), BusinessShift((5,), time(8), time(12)))
LUNCH = (BusinessShift(WEEK, time(8), time(12)), BusinessShift(WEEK, time(14), time(18)))
NIGHT = (BusinessShift((0,), time(22), time(23, 59)), BusinessShift((1,), time(0), time(6)))


def never(_: date) -> bool:
    return False


def on(*days: date) -> ClosedDayCheck:
    return lambda day: day in days


def at(day: int, hour: int, minute: int = 0, second: int = 0) -> datetime:
    """A moment of November 2026 in Recife; the 23rd is a Monday."""
    return datetime(2026, 11, day, hour, minute, second, tzinfo=RECIFE)


@pytest.mark.parametrize(
    ("shifts", "moment", "there"),
    [
        ((), at(22, 3), True),
        (OFFICE, at(23, 7, 59, 59), False),
        (OFFICE, at(23, 8), True),
        (OFFICE, at(23, 17, 59, 59), True),
        (OFFICE, at(23, 18), False),
        (OFFICE, at(28, 11, 59), True),
        (OFFICE, at(28, 12), False),
        (OFFICE, at(29, 10), False),
        (LUNCH, at(23, 12), False),
        (LUNCH, at(23, 14), True),
        (NIGHT, at(23, 21, 59), False),
        (NIGHT, at(23, 22), True),
        (NIGHT, at(23, 23, 59), False),
        (NIGHT, at(24, 0), True),
        (NIGHT, at(24, 6), False),
        (NIGHT, at(25, 0), False),
    ],
)
def test_somebody_is_there_from_the_opening_up_to_the_close(
    shifts: Sequence[BusinessShift], moment: datetime, there: bool
) -> None:
    assert is_open(shifts, never, moment) is there


@pytest.mark.parametrize(
    ("shifts", "moment", "back"),
    [
        (OFFICE, at(23, 7, 59), at(23, 8)),
        (OFFICE, at(23, 0), at(23, 8)),
        (OFFICE, at(23, 18), at(24, 8)),
        (OFFICE, at(27, 23, 59, 59), at(28, 8)),
        (OFFICE, at(28, 12), at(30, 8)),
        (OFFICE, at(29, 23, 59), at(30, 8)),
        (LUNCH, at(23, 12, 30), at(23, 14)),
        (tuple(reversed(LUNCH)), at(23, 6), at(23, 8)),
        (NIGHT, at(23, 23, 59), at(24, 0)),
        (NIGHT, at(24, 6), at(30, 22)),
    ],
)
def test_people_return_at_the_next_opening(
    shifts: Sequence[BusinessShift], moment: datetime, back: datetime
) -> None:
    assert next_opening(shifts, never, moment) == back


def test_on_a_closed_day_nobody_is_there_whatever_the_shifts_say() -> None:
    closed = on(date(2026, 11, 23), date(2026, 11, 24))

    assert not is_open(OFFICE, closed, at(23, 10))
    assert next_opening(OFFICE, closed, at(20, 18)) == at(21, 8)
    assert next_opening(OFFICE, closed, at(21, 12)) == at(25, 8)
    assert is_open(OFFICE, closed, at(25, 10))


def test_without_shifts_closed_days_close_nothing() -> None:
    assert is_open((), lambda _: True, at(23, 10))


ALWAYS = (BusinessShift(tuple(range(7)), time(0), END_OF_DAY),)


def test_a_day_that_ends_at_midnight_has_no_gap() -> None:
    """`23:59` leaves the last minute of each day, as it says."""
    for moment in (time(0), time(12), time(23, 59, 30), time.max):
        assert is_open(ALWAYS, never, datetime.combine(date(2026, 11, 23), moment, RECIFE))
    assert not is_open(NIGHT, never, at(23, 23, 59))
    until = (BusinessShift((0,), time(22), END_OF_DAY), BusinessShift((1,), time(0), time(6)))
    assert is_open(until, never, at(23, 23, 59))
    assert not is_open(until, never, at(24, 6))


def test_at_the_very_opening_the_next_opening_is_returned() -> None:
    assert next_opening(OFFICE, never, at(23, 8)) == at(24, 8)


def test_no_day_is_promised_where_none_is_near() -> None:
    now = at(23, 7)

    def until(days: int) -> ClosedDayCheck:
        reopening = now.date() + timedelta(days=days)
        return lambda day: day < reopening

    every_day = (BusinessShift(tuple(range(7)), time(8), time(18)),)
    last = LOOK_AHEAD_DAYS - 1
    assert next_opening(every_day, until(last), now) == at(23, 8) + timedelta(days=last)
    assert next_opening(every_day, until(LOOK_AHEAD_DAYS), now) is None
    assert next_opening((), never, now) is None


@pytest.mark.parametrize("zone", ["America/Recife", "America/Sao_Paulo", "America/Manaus"])
def test_an_opening_is_in_the_providers_own_time_zone(zone: str) -> None:
    here = ZoneInfo(zone)

    back = next_opening(OFFICE, never, datetime(2026, 11, 22, 12, tzinfo=here))

    assert back == datetime(2026, 11, 23, 8, tzinfo=here)
    assert back.tzinfo is here


def test_a_moment_is_said_as_people_say_it() -> None:
    assert format_date_time_pt(at(23, 8)) == "segunda-feira, 23/11, às 08:00"
    assert format_date_time_pt(at(28, 0, 5)) == "sábado, 28/11, às 00:05"
    assert format_full_date_time_pt(at(22, 18, 51)) == "domingo, 22/11/2026 18:51"


def test_a_promise_tells_no_more_than_is_known() -> None:
    policy = ConversationPolicy(
        closed_text="Voltamos {when}. {protocol}", closed_unknown_text="Até breve."
    )

    assert StaffAvailability().closed_notice(policy) == ""
    assert StaffAvailability(False).closed_notice(policy) == "Até breve."
    said = StaffAvailability(False, at(23, 8)).closed_notice(policy)
    assert said == "Voltamos segunda-feira, 23/11, às 08:00. {protocol}"


TIMES = st.times().map(lambda moment: moment.replace(second=0, microsecond=0))
SHIFTS = st.lists(
    st.builds(
        lambda days, ends: BusinessShift(tuple(sorted(days)), min(ends), max(ends)),
        st.sets(st.integers(0, 6), min_size=1),
        st.lists(TIMES, min_size=2, max_size=2, unique=True),
    ),
    min_size=1,
    max_size=4,
)
CLOSED = st.sets(st.integers(0, 13)).map(
    lambda days: on(*(date(2026, 11, 16) + timedelta(days=n) for n in days))
)
MOMENTS = st.datetimes(
    datetime(2026, 11, 16), datetime(2026, 11, 29, 23, 59), timezones=st.just(RECIFE)
)


@given(SHIFTS, CLOSED, MOMENTS)
def test_people_return_later_than_now_and_are_there_then(
    shifts: list[BusinessShift], closed: ClosedDayCheck, now: datetime
) -> None:
    back = next_opening(shifts, closed, now)

    assert back is not None
    assert back > now
    assert is_open(shifts, closed, back)


@given(SHIFTS, CLOSED, MOMENTS, st.floats(0, 1, exclude_max=True))
def test_staff_are_away_until_the_next_opening(
    shifts: list[BusinessShift], closed: ClosedDayCheck, now: datetime, part: float
) -> None:
    back = next_opening(shifts, closed, now)
    assert back is not None
    between = now + (back - now) * part

    assert is_open(shifts, closed, now) or not (between < back and is_open(shifts, closed, between))
