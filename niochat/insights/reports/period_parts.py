"""Splits periods into whole buckets of roll-ups and the ragged ends, which are read from rows.

A conversation lies in a bucket by its opening, so the parts together have each conversation once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from niochat.insights.reports.report_period import ReportPeriod, local_midnight


@dataclass(frozen=True, slots=True)
class PeriodPart:
    """A part of a period. ``grain`` is the roll-up whose buckets it consists of; ``None``: rows."""

    grain: str | None
    since: datetime
    until: datetime


def split_period(period: ReportPeriod, *, days: bool = True) -> list[PeriodPart]:
    """Returns the parts in their order, with the largest roll-ups that fit."""
    since, until = period.since, period.until
    if days:
        first = _next_midnight(since)
        last = local_midnight(until.date(), period.zone)
        if _is_before(first, last):
            return [
                *_split_hours(since, first),
                PeriodPart("day", first, last),
                *_split_hours(last, until),
            ]
    return list(_split_hours(since, until))


def split_weeks(period: ReportPeriod) -> list[PeriodPart]:
    """Returns whole local weeks, and the rows before and after them."""
    since, until = period.since, period.until
    first = _next_midnight(since)
    first = local_midnight(first.date() + timedelta(days=-first.weekday() % 7), period.zone)
    last = local_midnight(until.date() - timedelta(days=until.weekday()), period.zone)
    if not _is_before(first, last):
        return list(_rows(since, until))
    return [*_rows(since, first), PeriodPart("week", first, last), *_rows(last, until)]


def _split_hours(since: datetime, until: datetime) -> Iterator[PeriodPart]:
    first, last = _next_hour(since), _hour(until)
    if not _is_before(first, last) or not _is_hour(first):
        yield from _rows(since, until)
        return
    yield from _rows(since, first)
    yield PeriodPart("hour", first, last)
    yield from _rows(last, until)


def _rows(since: datetime, until: datetime) -> Iterator[PeriodPart]:
    if _is_before(since, until):
        yield PeriodPart(None, since, until)


def _next_midnight(moment: datetime) -> datetime:
    zone = ReportPeriod(moment, moment).zone
    midnight = local_midnight(moment.date(), zone)
    if _is_before(midnight, moment):
        midnight = local_midnight(moment.date() + timedelta(days=1), zone)
    return midnight


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _is_hour(moment: datetime) -> bool:
    return _hour(moment).timestamp() == moment.timestamp()


def _next_hour(moment: datetime) -> datetime:
    """The next start of a local hour; after a change of the clock by half an hour perhaps none."""
    if _is_hour(moment):
        return moment
    return datetime.fromtimestamp(_hour(moment).timestamp() + 3600, moment.tzinfo)


def _is_before(one: datetime, other: datetime) -> bool:
    """Python compares times of one zone by their local values, also when a clock was set back."""
    return one.timestamp() < other.timestamp()
