"""The invented customers of the demo's history. Their ids follow from the tenant and a number, so
that a later run finds the customers of an earlier one.
"""

from collections.abc import Sequence
from datetime import date
from random import Random
from uuid import UUID, uuid5

from niochat.cli.demo_history.scripts.person_names import FIRST_NAMES, LAST_NAMES
from niochat.domain.ids import ContactId, ThreadId

MAX_CUSTOMERS = 8_000
"""Customers of one provider's history."""
RETURN_PERIOD_DAYS = 4
"""A customer writes only on each fourth day, so that a conversation that lasts until the next day
has ended before the customer's next one. Returns on the same day are planned as such.
"""
AREA_CODE = "80"
"""Anatel has assigned this area code to no place, so the numbers cannot exist."""


def customer_thread_id(tenant_id: UUID, number: int) -> ThreadId:
    """Id of the customer's only thread."""
    return ThreadId(uuid5(tenant_id, f"demo-history:thread:{number}"))


def customer_contact_id(tenant_id: UUID, number: int) -> ContactId:
    """Id of the customer's contact."""
    return ContactId(uuid5(tenant_id, f"demo-history:contact:{number}"))


def customer_phone(number: int) -> str:
    """The customer's number, digits with country code. It cannot exist."""
    return f"55{AREA_CODE}9{80_000_000 + number * 7_654_321 % 20_000_000:08d}"


def customer_name(number: int) -> str:
    """The customer's full name; two customers may have the same."""
    random = Random(f"customer:{number}")
    return " ".join(
        (random.choice(FIRST_NAMES), random.choice(LAST_NAMES), random.choice(LAST_NAMES))
    )


def available_customers(day: date, per_day: int, busy: frozenset[int]) -> Sequence[int]:
    """Numbers of the customers who may write on ``day``: about three times as many as needed.
    ``busy`` customers have a conversation that is not resolved.
    """
    first = day.toordinal() % RETURN_PERIOD_DAYS
    pool = min(max(per_day * 3, 40) * RETURN_PERIOD_DAYS, MAX_CUSTOMERS)
    return [number for number in range(first, pool, RETURN_PERIOD_DAYS) if number not in busy]
