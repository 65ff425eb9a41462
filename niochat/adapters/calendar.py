"""Public holidays by the ``holidays`` package, and with them whether people are there."""

from datetime import date, datetime
from functools import cache

from niochat.domain.errors import Invalid
from niochat.domain.hours import returns_at, somebody_there
from niochat.domain.policy import Policy, Presence


def presence(policy: Policy, local: datetime) -> Presence:
    """Whether a person of the tenant can answer at ``local``, the tenant's own time."""
    if not policy.hours:
        return Presence()

    def closed_on(day: date) -> bool:
        return day in policy.closed_days or day in public_holidays(policy.holidays, day.year)

    if somebody_there(policy.hours, closed_on, local):
        return Presence()
    return Presence(False, returns_at(policy.hours, closed_on, local))


@cache
def public_holidays(place: str, year: int) -> frozenset[date]:
    """Of a country (``BR``) or a part of it (``BR-PE``); empty for an empty place.

    Raises ``Invalid`` for a place that is not known.
    """
    if not place:
        return frozenset()
    import holidays  # 7 MB in every process that has it: only for who keeps holidays

    country, _, part = place.partition("-")
    try:
        return frozenset(holidays.country_holidays(country, subdiv=part or None, years=year))
    except NotImplementedError:
        raise Invalid(
            f"no holidays are known for {place!r}: write a country such as BR, or BR-PE",
            code="bad_holidays",
        ) from None
