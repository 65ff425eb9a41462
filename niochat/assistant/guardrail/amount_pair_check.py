"""Check pairs of values: a plan and its price, an invoice's amount and its due date."""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from niochat.assistant.guardrail.amount_comparison_check import is_reversed_comparison
from niochat.assistant.text.quantities import (
    MONTHS,
    Quantity,
    QuantityKind,
    extract_quantities,
    parse_amount,
)
from niochat.assistant.text.text_normalization import fold
from niochat.assistant.tool_history import ToolCallHistory

_PAYMENT = re.compile(r"\b(pag[oa]s?|quitad[oa]s?|baixad[oa]s?|pagamento)\b")
"""Amount and date are then those of a payment, which its own claim rule checks."""
_OVERDUE = re.compile(r"\bvencida (?:e|custa|no valor|esta em|da|ficou em|de)\b")


def find_mismatch(bare: str, figures: Iterable[Quantity], history: ToolCallHistory) -> str | None:
    """Return a violation code if a sentence pairs two known values that do not belong together.

    Only sentences with exactly one amount are checked; ``None``: no mismatch was found.
    """
    by_kind: dict[QuantityKind, list[Any]] = {}
    for figure in figures:
        by_kind.setdefault(figure.kind, []).append(figure.value)
    amounts = by_kind.get(QuantityKind.MONEY, [])
    if is_reversed_comparison(bare, history):
        return "valor"
    if len(amounts) != 1 or _PAYMENT.search(bare):
        return None
    months = [(0, MONTHS.index(name) + 1, 0) for name in MONTHS if f"de {name}" in bare]
    dates, speeds = by_kind.get(QuantityKind.DATE, months), by_kind.get(QuantityKind.SPEED, [])
    if len(dates) == 1 and not _is_due_on(amounts[0], dates[0], history.open_invoices or []):
        return "valor"
    if _OVERDUE.search(bare) and not _is_overdue(amounts[0], history.open_invoices or []):
        return "valor"
    if len(speeds) == 1 and not _is_sold_for(amounts[0], speeds[0], history.listed_plans):
        return "valor"
    return None


def _is_overdue(amount: Decimal, invoices: list[Mapping[str, Any]]) -> bool:
    """Whether the amount can be that of an overdue invoice.

    True also if no invoice is overdue or none has this amount, because other checks cover these
    cases.
    """
    listed = [(_parse_amount(each.get("valor")), each.get("situacao")) for each in invoices]
    overdue = [known for known, situation in listed if situation == "vencida"]
    return not overdue or amount in overdue or amount not in [known for known, _ in listed]


def _is_due_on(amount: Decimal, day: tuple[int, ...], invoices: list[Mapping[str, Any]]) -> bool:
    due = [(_parse_amount(each.get("valor")), str(each.get("vencimento", ""))) for each in invoices]
    on_day = [known for known, when in due if _is_day(when, day)]
    if not on_day or amount not in [known for known, _ in due]:
        return True
    return amount in on_day


def _is_sold_for(amount: Decimal, speed: Decimal, plans: list[Mapping[str, Any]]) -> bool:
    prices = [
        (_extract_speeds(str(each.get("nome", ""))), _parse_amount(each.get("preco")))
        for each in plans
    ]
    of_speed = [price for speeds, price in prices if speed in speeds]
    if not of_speed or amount not in [price for _, price in prices]:
        return True
    return amount in of_speed


def _extract_speeds(name: str) -> list[Any]:
    figures = extract_quantities(fold(name.replace("_", " ")))
    return [figure.value for figure in figures if figure.kind is QuantityKind.SPEED]


def _is_day(written: str, day: tuple[int, ...]) -> bool:
    found = [f.value for f in extract_quantities(written) if f.kind is QuantityKind.DATE]
    return any(
        isinstance(each, tuple)
        and all(not a or not b or a == b for a, b in zip(each, day, strict=True))
        for each in found
    )


def _parse_amount(value: object) -> Decimal | None:
    return parse_amount(str(value).replace("R$", "").strip())
