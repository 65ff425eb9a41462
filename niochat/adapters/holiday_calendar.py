"""Public holidays from the ``holidays`` package, and the availability of staff at a time."""

from datetime import date, datetime
from functools import cache

from niochat.domain.business_hours import is_open, next_opening
from niochat.domain.conversation.policy import ConversationPolicy, StaffAvailability
from niochat.domain.errors import InvalidInputError


def staff_availability(policy: ConversationPolicy, local: datetime) -> StaffAvailability:
    """Whether staff of the tenant can answer at ``local``, the tenant's local time."""
    if not policy.hours:
        return StaffAvailability()

    def closed_on(day: date) -> bool:
        return day in policy.closed_days or day in public_holidays(policy.holidays, day.year)

    if is_open(policy.hours, closed_on, local):
        return StaffAvailability()
    return StaffAvailability(False, next_opening(policy.hours, closed_on, local))


@cache
def public_holidays(place: str, year: int) -> frozenset[date]:
    """The holidays of a country (``BR``) or a part of it (``BR-PE``); empty for an empty place.

    Raises ``InvalidInputError`` for an unknown place.
    """
    if not place:
        return frozenset()
    import holidays  # 7 MB of memory: imported only where a tenant observes holidays

    country, _, part = place.partition("-")
    try:
        return frozenset(holidays.country_holidays(country, subdiv=part or None, years=year))
    except NotImplementedError:
        raise InvalidInputError(
            f"no holidays are known for {place!r}: write a country such as BR, or BR-PE",
            code="bad_holidays",
        ) from None
