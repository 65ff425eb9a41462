"""The provider's codes of what a service order is about, in both directions.

``ocorrenciatipo`` is each installation's own (SGP reference 3.2); two categories may share one.
"""

from collections.abc import Mapping

from niochat.domain.erp import TicketCategory

_USUAL = {
    TicketCategory.NO_CONNECTION: "1",
    TicketCategory.NO_LIGHT: "1",
    TicketCategory.SLOW: "2",
    TicketCategory.EQUIPMENT: "5",
    TicketCategory.OTHER: "5",
}


def kind_of(category: TicketCategory, kinds: Mapping[str, str]) -> str:
    """The code to open an order with; ``kinds`` are the provider's, by category."""
    return kinds.get(category) or _USUAL[category]


def categories_of(code: str, kinds: Mapping[str, str]) -> frozenset[TicketCategory]:
    """What an order with this code may be about; empty: a code that nothing here opens."""
    return frozenset(each for each in TicketCategory if kind_of(each, kinds) == code)
