"""When a scheduled report is sent, and which days it is about."""

from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo


class ReportCadence(StrEnum):
    """How often a report is sent. It is about the last complete day, week (Monday to Sunday) or
    month before.
    """

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


def last_occurrence(cadence: ReportCadence, hour: int, zone: ZoneInfo, now: datetime) -> datetime:
    """Returns the latest time at or before ``now`` at which the report is due, on its first day at
    the local ``hour``.
    """
    first = first_day(cadence, now.astimezone(zone).date())
    due = _local(first, hour, zone)
    return due if due <= now else _local(first_day(cadence, first - timedelta(days=1)), hour, zone)


def next_occurrence(cadence: ReportCadence, hour: int, zone: ZoneInfo, now: datetime) -> datetime:
    """Returns the first time after ``now`` at which the report is due."""
    first = first_day(cadence, now.astimezone(zone).date())
    due = _local(first, hour, zone)
    return due if due > now else _local(_following(cadence, first), hour, zone)


def reported_days(cadence: ReportCadence, occurrence: datetime) -> tuple[date, date]:
    """Returns the first and the last day of the report that is due at this local time."""
    last = first_day(cadence, occurrence.date()) - timedelta(days=1)
    return first_day(cadence, last), last


def first_day(cadence: ReportCadence, day: date) -> date:
    """Returns the first day of the day, week or month that ``day`` is in."""
    if cadence is ReportCadence.DAY:
        return day
    if cadence is ReportCadence.WEEK:
        return day - timedelta(days=day.weekday())
    return day.replace(day=1)


def _following(cadence: ReportCadence, first: date) -> date:
    if cadence is ReportCadence.MONTH:
        return (first + timedelta(days=31)).replace(day=1)
    return first + timedelta(days=1 if cadence is ReportCadence.DAY else 7)


def _local(day: date, hour: int, zone: ZoneInfo) -> datetime:
    """A local time; one that a change of the clock skips becomes the next one that exists."""
    return datetime.fromtimestamp(datetime.combine(day, time(hour), zone).timestamp(), zone)
