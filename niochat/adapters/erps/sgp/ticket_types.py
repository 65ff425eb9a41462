"""Maps categories of service orders to the provider's codes, and codes to categories.

Each installation has its own ``ocorrenciatipo`` (SGP reference 3.2); categories may share one.
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
    """The code for opening a service order; ``kinds`` are the provider's codes by category."""
    return kinds.get(category) or _DEFAULT_CODES[category]


def categories_for(code: str, kinds: Mapping[str, str]) -> frozenset[TicketCategory]:
    """The categories that are opened with this code; empty if there are none."""
    return frozenset(each for each in TicketCategory if ticket_type_for(each, kinds) == code)
