"""When a scheduled report is due, and which days it is about."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from niochat.insights.schedules.schedule_times import (
    ReportCadence,
    last_occurrence,
    next_occurrence,
    reported_days,
)

RECIFE, NEW_YORK = ZoneInfo("America/Recife"), ZoneInfo("America/New_York")


def at(text: str, zone: ZoneInfo = RECIFE) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("cadence", "now", "last", "following", "days"),
    [
        ("day", "2026-11-25 07:59", "2026-11-24 08:00", "2026-11-25 08:00", ("11-23", "11-23")),
        ("day", "2026-11-25 08:00", "2026-11-25 08:00", "2026-11-26 08:00", ("11-24", "11-24")),
        ("week", "2026-11-25 12:00", "2026-11-23 08:00", "2026-11-30 08:00", ("11-16", "11-22")),
        ("week", "2026-11-23 07:00", "2026-11-16 08:00", "2026-11-23 08:00", ("11-09", "11-15")),
        ("month", "2026-11-25 12:00", "2026-11-01 08:00", "2026-12-01 08:00", ("10-01", "10-31")),
        ("month", "2026-11-01 07:00", "2026-10-01 08:00", "2026-11-01 08:00", ("09-01", "09-30")),
    ],
)
def test_a_report_is_due_after_its_days(
    cadence: str, now: str, last: str, following: str, days: tuple[str, str]
) -> None:
    kind = ReportCadence(cadence)
    due = last_occurrence(kind, 8, RECIFE, at(now))
    assert due == at(last)
    assert next_occurrence(kind, 8, RECIFE, at(now)) == at(following)
    assert reported_days(kind, due) == tuple(date.fromisoformat(f"2026-{day}") for day in days)


def test_an_hour_that_the_clock_skips_is_the_next_one() -> None:
    due = next_occurrence(ReportCadence.DAY, 2, NEW_YORK, at("2026-03-07 12:00", NEW_YORK))
    assert due.isoformat() == "2026-03-08T03:00:00-04:00"


@given(
    cadence=st.sampled_from(ReportCadence),
    hour=st.integers(0, 23),
    zone=st.sampled_from([RECIFE, NEW_YORK, ZoneInfo("Pacific/Auckland")]),
    now=st.datetimes(datetime(2025, 1, 1), datetime(2028, 12, 31)),
)
def test_occurrences_follow_one_another_and_their_days_have_no_gap(
    cadence: ReportCadence, hour: int, zone: ZoneInfo, now: datetime
) -> None:
    moment = now.replace(tzinfo=zone)
    last = last_occurrence(cadence, hour, zone, moment)
    following = next_occurrence(cadence, hour, zone, moment)
    assert last.timestamp() <= moment.timestamp() < following.timestamp()
    assert last_occurrence(cadence, hour, zone, following) == following
    first_of_next, _ = reported_days(cadence, following)
    _, last_of_this = reported_days(cadence, last)
    assert first_of_next == last_of_this + timedelta(days=1)
    assert last_of_this < last.date()
