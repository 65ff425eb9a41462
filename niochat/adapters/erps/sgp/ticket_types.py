"""The provider's codes of what a service order is about, in both directions.

``ocorrenciatipo`` is each installation's own (SGP reference 3.2); two categories may share one.
"""

from collections.abc import Mapping

from niochat.ports.erp import TicketCategory

_DEFAULT_CODES = {
    TicketCategory.NO_CONNECTION: "1",
    TicketCategory.NO_LIGHT: "1",
    TicketCategory.SLOW: "2",
    TicketCategory.EQUIPMENT: "5",
    TicketCategory.OTHER: "5",
}


def ticket_type_for(category: TicketCategory, kinds: Mapping[str, str]) -> str:
    """The code to open an order with; ``kinds`` are the provider's, by category."""
    return kinds.get(category) or _DEFAULT_CODES[category]


def categories_for(code: str, kinds: Mapping[str, str]) -> frozenset[TicketCategory]:
    """What an order with this code may be about; empty: a code that nothing here opens."""
    return frozenset(each for each in TicketCategory if ticket_type_for(each, kinds) == code)
