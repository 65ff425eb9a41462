"""Periods of reports in the provider's time zone, and the periods before them."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from niochat.domain.errors import InvalidInputError
from niochat.insights.reports.metric_catalog import ReportGrouping

MAX_PERIOD = timedelta(days=800)
MAX_HOURS_PERIOD = timedelta(days=63)
"""The longest period with a row for each hour."""
DEFAULT_DAYS = 7
PeriodBound = date | datetime
"""A local day, or a moment with an offset."""


class ReportInputError(InvalidInputError):
    """A parameter of a report is wrong; ``field`` names it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True)
class ReportPeriod:
    """From ``since`` up to but not including ``until``, both in the provider's time zone."""

    since: datetime
    until: datetime

    @property
    def zone(self) -> ZoneInfo:
        """The provider's time zone."""
        assert isinstance(self.since.tzinfo, ZoneInfo)
        return self.since.tzinfo

    @property
    def days(self) -> int | None:
        """The number of local days; ``None`` if the period has parts of days."""
        if any(each.time() != time() for each in (self.since, self.until)):
            return None
        return (self.until.date() - self.since.date()).days

    def previous(self) -> "ReportPeriod":
        """Returns the period of the same length that ends where this one begins. Whole days stay
        whole days, also when one of them has 23 or 25 hours.
        """
        if self.days is not None:
            since = local_midnight(self.since.date() - timedelta(days=self.days), self.zone)
        else:
            length = _elapsed(self.since, self.until)
            since = _shift(self.since, -length)
        return ReportPeriod(since, self.since)

    def shift_hour(self, moment: datetime) -> datetime:
        """Returns the hour of this period that is compared with ``moment`` of the previous one."""
        local = moment.astimezone(self.zone)
        if self.days is not None:
            return _local(local.replace(tzinfo=None) + timedelta(days=self.days), self.zone)
        return _shift(local, _elapsed(self.since, self.until))

    def shift_day(self, day: date) -> date:
        """Returns the same for a local day."""
        days = self.days
        if days is None:
            days = round(_elapsed(self.since, self.until) / timedelta(days=1))
        return day + timedelta(days=days)


def resolve_period(
    since: PeriodBound | None,
    until: PeriodBound | None,
    grouping: ReportGrouping,
    zone: ZoneInfo,
    now: datetime,
) -> ReportPeriod:
    """Returns the period. A day as ``until`` belongs to it as a whole; without bounds the period is
    the last seven days with today. Raises ``ReportInputError``.
    """
    today = now.astimezone(zone).date()
    end = _bound(until if until is not None else today, zone, is_end=True)
    if since is None:
        since = (end - timedelta(microseconds=1)).date() - timedelta(days=DEFAULT_DAYS - 1)
    period = ReportPeriod(_bound(since, zone, is_end=False), end)
    length = _elapsed(period.since, period.until)
    if length <= timedelta():
        raise ReportInputError("to", "to must be later than from.")
    if length > MAX_PERIOD:
        raise ReportInputError("from", f"A period has at most {MAX_PERIOD.days} days.")
    if grouping is ReportGrouping.HOUR and length > MAX_HOURS_PERIOD:
        raise ReportInputError(
            "group_by", f"Rows for hours are limited to {MAX_HOURS_PERIOD.days} days."
        )
    return period


def _bound(bound: PeriodBound, zone: ZoneInfo, *, is_end: bool) -> datetime:
    try:
        if isinstance(bound, datetime):
            return bound.astimezone(zone)
        return local_midnight(bound + timedelta(days=1) if is_end else bound, zone)
    except OverflowError:
        raise ReportInputError("to" if is_end else "from", "The time is out of range.") from None


def local_midnight(day: date, zone: ZoneInfo) -> datetime:
    """Returns the start of a local day."""
    return _local(datetime.combine(day, time()), zone)


def _local(naive: datetime, zone: ZoneInfo) -> datetime:
    """A local time; one that a change of the clock skips becomes the next one that exists."""
    return datetime.fromtimestamp(naive.replace(tzinfo=zone).timestamp(), zone)


def _shift(moment: datetime, by: timedelta) -> datetime:
    return datetime.fromtimestamp(moment.timestamp() + by.total_seconds(), moment.tzinfo)


def _elapsed(since: datetime, until: datetime) -> timedelta:
    """Elapsed time: Python subtracts times of one zone by their local values."""
    return timedelta(seconds=until.timestamp() - since.timestamp())
