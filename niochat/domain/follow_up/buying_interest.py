"""What the assistant's tools say about a customer's interest in a plan, and its monthly price."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any


class BuyingInterest(StrEnum):
    """How a customer showed interest in buying, the weakest first."""

    COVERAGE = "coverage"
    """Asked whether an address can be connected, and it can, or nobody knows."""
    PLANS = "plans"
    """Asked for the plans."""
    REGISTERED = "registered"
    """Chose a plan, and the interest was registered."""


TOOLS_WITH_INTEREST: Mapping[str, BuyingInterest] = {
    "verificar_cobertura": BuyingInterest.COVERAGE,
    "listar_planos": BuyingInterest.PLANS,
    "registrar_interesse": BuyingInterest.REGISTERED,
}
_STRENGTH = {each: number for number, each in enumerate(BuyingInterest)}
CHANGE_REQUEST_TOOL = "registrar_solicitacao"
"""Who moves asks for coverage and plans too, but buys nothing."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A finished call of one of the assistant's tools, as stored with its turn."""

    tool: str
    arguments: Mapping[str, Any]
    result: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ShownInterest:
    """The strongest interest of a conversation. ``value`` is the plan's price per month; ``None``
    if no plan was chosen or its price is not known.
    """

    interest: BuyingInterest
    plan: str = ""
    value: Decimal | None = None


def find_interest(calls: Iterable[ToolCall]) -> ShownInterest | None:
    """Returns the interest that the tools of a conversation, oldest first, tell; ``None`` if there
    is none, or the customer asked for a change of a contract.
    """
    found: BuyingInterest | None = None
    listed: dict[int, tuple[str, Decimal | None]] = {}
    plan: tuple[str, Decimal | None] = ("", None)
    for call in calls:
        if call.result.get("ok") is not True:
            continue
        if call.tool == CHANGE_REQUEST_TOOL:
            return None
        interest = _interest_of(call)
        if interest is None:
            continue
        if interest is BuyingInterest.PLANS:
            listed = _listed_plans(call.result)
        elif interest is BuyingInterest.REGISTERED:
            plan = listed.get(_number(call.arguments), plan)
        if found is None or _STRENGTH[interest] > _STRENGTH[found]:
            found = interest
    return None if found is None else ShownInterest(found, *plan)


def _interest_of(call: ToolCall) -> BuyingInterest | None:
    if call.tool == "verificar_cobertura" and call.result.get("cobertura") == "nao":
        return None
    return TOOLS_WITH_INTEREST.get(call.tool)


def _number(arguments: Mapping[str, Any]) -> int:
    number = arguments.get("plano")
    return number if isinstance(number, int) else 0


def _listed_plans(result: Mapping[str, Any]) -> dict[int, tuple[str, Decimal | None]]:
    plans = result.get("planos")
    rows = [each for each in plans if isinstance(each, Mapping)] if isinstance(plans, list) else []
    return {
        row["opcao"]: (str(row.get("nome", "")), _price(row.get("preco")))
        for row in rows
        if isinstance(row.get("opcao"), int)
    }


def _price(text: object) -> Decimal | None:
    """Reads ``R$ 1.234,56``."""
    digits = re.sub(r"[^\d,]", "", str(text or "")).replace(",", ".")
    try:
        return Decimal(digits)
    except InvalidOperation:
        return None
