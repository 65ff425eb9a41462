"""When customers write: by weekday and hour, as at a Brazilian internet provider."""

from datetime import date, datetime, time, timedelta
from random import Random

WEEKDAY_FACTORS = (1.22, 1.1, 1.04, 1.02, 1.06, 0.82, 0.46)
"""From Monday; the mean of a usual week is about 0.96."""
HOUR_WEIGHTS = (
    4, 2, 1, 1, 1, 2, 7, 22, 52, 84, 90, 70,
    44, 46, 56, 58, 54, 60, 80, 92, 86, 56, 28, 11,
)  # fmt: skip  # two rows of twelve hours show the curve
"""From midnight. The peaks are 9 to 11 and 18 to 21 o'clock."""
OUTAGE_PERIOD_DAYS = 15
"""One weekday of each such period has an outage."""
OUTAGE_START, OUTAGE_END = time(14, 0), time(18, 0)
OUTAGE_SHARE = 0.9
"""Conversations about the outage as a share of those of the usual day."""


def has_outage(day: date, seed: int) -> bool:
    """Whether ``day`` is the outage of its period."""
    period, number = divmod(day.toordinal(), OUTAGE_PERIOD_DAYS)
    first = date.fromordinal(period * OUTAGE_PERIOD_DAYS)
    days = [first + timedelta(days=n) for n in range(OUTAGE_PERIOD_DAYS)]
    weekdays = [n for n, each in enumerate(days) if each.weekday() < 5]
    return number == Random(f"{seed}:outage:{period}").choice(weekdays)


def arrival_times(day: date, per_day: int, random: Random) -> list[time]:
    """Returns the local times at which usual conversations of ``day`` begin, in order. Their number
    varies around ``per_day`` times the factor of the weekday, and is at least 1.
    """
    expected = per_day * WEEKDAY_FACTORS[day.weekday()] * random.uniform(0.9, 1.1)
    hours = random.choices(range(24), HOUR_WEIGHTS, k=max(round(expected), 1))
    return sorted(_within_hour(hour, random) for hour in hours)


def outage_times(day: date, per_day: int, random: Random) -> list[time]:
    """Returns the local times at which customers write about the outage: most at its start."""
    begins = datetime.combine(day, OUTAGE_START)
    minutes = (OUTAGE_END.hour - OUTAGE_START.hour) * 60
    later = (
        min(random.expovariate(1 / 50), minutes - 1) for _ in range(round(per_day * OUTAGE_SHARE))
    )
    return sorted((begins + timedelta(minutes=each)).time() for each in later)


def _within_hour(hour: int, random: Random) -> time:
    return time(hour, random.randrange(60), random.randrange(60), random.randrange(1_000_000))
