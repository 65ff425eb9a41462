"""Measures time within business hours, also across changes of the clock."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from niochat.domain.business_hours import END_OF_DAY, BusinessShift, ClosedDayCheck, is_open

_MILLISECOND = timedelta(milliseconds=1)
_DAY = timedelta(days=1)
MAX_DAYS_AHEAD = 400
"""Days within which a duration has to end."""


@dataclass(frozen=True, slots=True)
class MeasuredTime:
    """A duration in milliseconds, and the part of it within business hours."""

    total_ms: int = 0
    open_ms: int = 0

    def __add__(self, other: "MeasuredTime") -> "MeasuredTime":
        return MeasuredTime(self.total_ms + other.total_ms, self.open_ms + other.open_ms)


NO_TIME = MeasuredTime()


@dataclass(frozen=True, slots=True)
class BusinessCalendar:
    """A provider's business hours in its time zone. Without shifts it is always open."""

    zone: tzinfo
    shifts: Sequence[BusinessShift] = ()
    closed_on: ClosedDayCheck = lambda day: False
    _days: dict[date, list[tuple[datetime, datetime]]] = field(default_factory=dict)

    def measure(self, start: datetime, end: datetime) -> MeasuredTime:
        """Returns the time from ``start`` to ``end``; nothing if ``end`` is not later."""
        if end <= start:
            return MeasuredTime()
        total = (end - start) // _MILLISECOND
        if not self.shifts:
            return MeasuredTime(total, total)
        start, end = start.astimezone(UTC), end.astimezone(UTC)
        spent = timedelta()
        day, last = start.astimezone(self.zone).date(), end.astimezone(self.zone).date()
        while day <= last:
            for opens, closes in self._open_on(day):
                spent += max(min(end, closes) - max(start, opens), timedelta())
            day += _DAY
        return MeasuredTime(total, spent // _MILLISECOND)

    def reach(self, start: datetime, open_ms: int) -> datetime | None:
        """Returns when ``open_ms`` of business hours have passed since ``start``; ``None`` if they
        do not pass within ``MAX_DAYS_AHEAD``, for instance because the provider never opens.
        """
        rest = timedelta(milliseconds=open_ms)
        if not self.shifts:
            return start + rest
        start = start.astimezone(UTC)
        day = start.astimezone(self.zone).date()
        for _ in range(MAX_DAYS_AHEAD):
            for opens, closes in self._open_on(day):
                begins = max(opens, start)
                if begins + rest <= closes:
                    return begins + rest
                rest -= max(closes - begins, timedelta())
            day += _DAY
        return None

    def is_open(self, moment: datetime) -> bool:
        """Whether ``moment`` is within business hours."""
        return is_open(self.shifts, self.closed_on, moment.astimezone(self.zone))

    def _open_on(self, day: date) -> list[tuple[datetime, datetime]]:
        """Intervals of a local day in UTC. Overlapping shifts are joined, so nothing counts
        twice.
        """
        if day not in self._days:
            self._days[day] = [] if self.closed_on(day) else self._joined_shifts(day)
        return self._days[day]

    def _joined_shifts(self, day: date) -> list[tuple[datetime, datetime]]:
        joined: list[tuple[datetime, datetime]] = []
        for shift in sorted(self.shifts, key=lambda each: each.opens):
            if day.weekday() not in shift.days:
                continue
            opens = self._instant(day, shift.opens)
            closes = (
                self._instant(day + _DAY, time())
                if shift.closes == END_OF_DAY
                else self._instant(day, shift.closes)
            )
            if joined and opens <= joined[-1][1]:
                joined[-1] = (joined[-1][0], max(joined[-1][1], closes))
            else:
                joined.append((opens, closes))
        return joined

    def _instant(self, day: date, local: time) -> datetime:
        return datetime.combine(day, local, self.zone).astimezone(UTC)
