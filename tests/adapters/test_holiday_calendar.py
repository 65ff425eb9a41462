"""Promises about public holidays, and with them whether people are there."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from niochat.adapters.holiday_calendar import public_holidays, staff_availability
from niochat.domain.business_hours import BusinessShift
from niochat.domain.conversation.policy import ConversationPolicy, StaffAvailability
from niochat.domain.errors import InvalidInputError

RECIFE = ZoneInfo("America/Recife")
EVERY_DAY = (BusinessShift(tuple(range(7)), time(8), time(18)),)
WEEK = (BusinessShift((0, 1, 2, 3, 4), time(8), time(18)),)


def at(year: int, month: int, day: int, hour: int = 10) -> datetime:
    return datetime(year, month, day, hour, tzinfo=RECIFE)


def test_a_part_of_a_country_has_the_holidays_of_the_country_and_its_own() -> None:
    country, part = public_holidays("BR", 2026), public_holidays("BR-PE", 2026)

    assert {date(2026, 1, 1), date(2026, 9, 7), date(2026, 12, 25)} <= country < part
    assert date(2026, 3, 6) in part - country  # Data Magna of Pernambuco, law 16.241/2017


def test_no_place_has_no_holidays() -> None:
    assert public_holidays("", 2026) == frozenset()


@pytest.mark.parametrize("place", ["BR-XX", "ZZ", "brasil", "br"])
def test_an_unknown_place_is_refused(place: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        public_holidays(place, 2026)

    assert refused.value.code == "bad_holidays"


def test_without_hours_people_are_always_there() -> None:
    policy = ConversationPolicy(holidays="BR-PE", closed_days=(date(2026, 12, 24),))

    assert staff_availability(policy, at(2026, 12, 25, 3)) == StaffAvailability()
    assert staff_availability(policy, at(2026, 12, 24, 3)) == StaffAvailability()


def test_during_a_shift_people_are_there() -> None:
    assert (
        staff_availability(ConversationPolicy(hours=WEEK), at(2026, 11, 23)) == StaffAvailability()
    )


def test_on_a_holiday_of_the_part_nobody_is_there() -> None:
    friday = at(2026, 3, 6)

    assert staff_availability(ConversationPolicy(hours=WEEK, holidays="BR"), friday).available
    away = staff_availability(ConversationPolicy(hours=WEEK, holidays="BR-PE"), friday)
    assert away == StaffAvailability(False, at(2026, 3, 9, 8))


def test_closed_days_add_to_holidays_and_the_return_is_found_in_the_next_year() -> None:
    policy = ConversationPolicy(hours=EVERY_DAY, holidays="BR", closed_days=(date(2026, 12, 31),))

    away = staff_availability(policy, at(2026, 12, 30, 18))

    assert away == StaffAvailability(False, at(2027, 1, 2, 8))
    assert away.closed_notice(policy) == (
        "Nossa equipe volta sábado, 02/01, às 08:00 e responde por aqui."
    )


def test_a_closed_day_needs_no_calendar() -> None:
    policy = ConversationPolicy(hours=WEEK, closed_days=(date(2026, 11, 23),))

    assert staff_availability(policy, at(2026, 11, 23)) == StaffAvailability(
        False, at(2026, 11, 24, 8)
    )


def test_a_provider_that_does_not_open_soon_promises_no_day() -> None:
    weekdays = [date.fromordinal(date(2026, 11, 1).toordinal() + n) for n in range(120)]
    policy = ConversationPolicy(hours=WEEK, closed_days=tuple(weekdays))

    away = staff_availability(policy, at(2026, 11, 23))

    assert away == StaffAvailability(False)
    assert away.closed_notice(policy) == policy.closed_unknown_text
