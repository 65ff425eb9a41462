"""Parts of a period follow each other, and no bucket of a roll-up lies in two of them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from niochat.insights.measure_rows import local_buckets
from niochat.insights.reports.period_parts import PeriodPart, split_period, split_weeks
from niochat.insights.reports.report_period import ReportPeriod

ZONES = (
    "America/New_York",
    "America/Sao_Paulo",  # clocks changed at midnight until 2019
    "Australia/Lord_Howe",  # by half an hour
    "America/Havana",  # back to midnight
    "Asia/Kathmandu",  # 5:45
)
SEASONS = [
    datetime(2018, 2, 17, tzinfo=UTC),
    datetime(2018, 11, 3, tzinfo=UTC),
    datetime(2025, 3, 8, tzinfo=UTC),
    datetime(2025, 4, 5, tzinfo=UTC),
    datetime(2025, 10, 4, tzinfo=UTC),
    datetime(2025, 11, 1, tzinfo=UTC),
]
MOMENTS = st.builds(
    lambda start, seconds: start + timedelta(seconds=seconds),
    st.sampled_from(SEASONS),
    st.one_of(st.integers(0, 3 * 96).map(lambda n: n * 900), st.integers(0, 3 * 86_400)),
)
GRAINS = ("hour", "day", "week")


def bounds(part: PeriodPart) -> tuple[float, float]:
    return part.since.timestamp(), part.until.timestamp()


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(ZONES), MOMENTS, st.integers(1, 40 * 86_400), st.data())
def test_each_conversation_is_in_the_part_of_its_bucket(
    name: str, since: datetime, seconds: int, data: st.DataObject
) -> None:
    zone = ZoneInfo(name)
    until = since + timedelta(seconds=seconds)
    period = ReportPeriod(since.astimezone(zone), until.astimezone(zone))
    opened = since + timedelta(seconds=data.draw(st.integers(0, seconds - 1)))
    outside = data.draw(st.sampled_from([since - timedelta(seconds=1), until]))

    for parts in (split_period(period), split_period(period, days=False), split_weeks(period)):
        ends = [bounds(part) for part in parts]
        assert [ends[0][0], ends[-1][1]] == [since.timestamp(), until.timestamp()]
        assert [end for _, end in ends[:-1]] == [start for start, _ in ends[1:]]
        assert sum(_counts(part, opened, zone) for part in parts) == 1
        assert sum(_counts(part, outside, zone) for part in parts) == 0


def _counts(part: PeriodPart, opened: datetime, zone: ZoneInfo) -> bool:
    """Whether the part counts a conversation that was opened then."""
    since, until = bounds(part)
    if part.grain is None:
        return since <= opened.timestamp() < until
    bucket = local_buckets(opened, zone)[GRAINS.index(part.grain)]
    return since <= bucket.timestamp() < until


def test_most_of_a_long_period_comes_from_days() -> None:
    zone = ZoneInfo("America/New_York")
    period = ReportPeriod(
        datetime(2025, 1, 1, 10, 20, tzinfo=zone), datetime(2025, 12, 31, 5, 0, 1, tzinfo=zone)
    )

    assert [part.grain for part in split_period(period)] == [None, "hour", "day", "hour", None]
    assert [part.grain for part in split_weeks(period)] == [None, "week", None]
