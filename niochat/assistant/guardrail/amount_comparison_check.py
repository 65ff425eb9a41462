"""Check which of two amounts a text calls the larger: *R$ 4,60 mais cara que a primeira*."""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from niochat.assistant.text.quantities import MONTHS, QuantityKind, extract_quantities, parse_amount
from niochat.assistant.text.text_normalization import fold
from niochat.assistant.tool_history import ToolCallHistory

_AMOUNT = (
    r"(?:r\$ ?(?P<{0}>\d[\d.,]*\d|\d)|(?P<{0}b>\d[\d.]*,\d{{2}}|\d[\d.]*(?= reais\b))(?: reais)?)"
)
_MORE = r"(?:a mais|mais car[oa]s?|acima|maior(?:es)?)"
_LESS = r"(?:a menos|mais barat[oa]s?|mais em conta|abaixo|menor(?:es)?)"
_SAYS = re.compile(
    rf"(?:{_AMOUNT.format('d')} )?(?:reais )?\b(?:(?P<more>{_MORE})|(?P<less>{_LESS}))\b"
)
_ROSE = re.compile(
    r"\b(?:(?P<more>aumentou|subiu|encareceu)|(?P<less>diminuiu|baixou|caiu|reduziu))"
    rf"(?: em)? {_AMOUNT.format('d')}"
)
_NOT = re.compile(r"\b(nao|nem|se|quanto)\b")
_ORDINALS = ("primeir[ao]", "segunda|segundo", "terceir[ao]", "quart[ao]", "quint[ao]", "sext[ao]")
_BEFORE = re.compile(
    r"\b(anterior(?:es)?|passad[oa]|antes|que (?:voce )?(?:pagou|pagava)|ultima paga)\b"
)
_MY_PLAN = re.compile(r"\bo (?:plano|valor) de hoje|\bo seu\b|\bseu plano\b|\batual\b")


AmountSet = set[Decimal]


def is_reversed_comparison(bare: str, history: ToolCallHistory) -> bool:
    """Whether a sentence calls the smaller of two known amounts the larger, or the reverse."""
    for found in (_SAYS.search(bare), _ROSE.search(bare)):
        if found is not None and not _NOT.search(bare[: found.start()]):
            return _is_reversed(bare, found, history)
    return False


def _is_reversed(bare: str, found: re.Match[str], history: ToolCallHistory) -> bool:
    known = _all_amounts(history)
    sign = 1 if found["more"] else -1
    stated = parse_amount(found["d"] or found["db"]) if found["d"] or found["db"] else None
    left_amounts = _amounts_meant(bare[: found.start()], history, known)
    right_amounts = _amounts_meant(bare[found.end() :], history, known)
    if not left_amounts and (not right_amounts or _BEFORE.search(bare[found.end() :])):
        return _agrees_with_explanation(history, stated, sign) is False
    differences = [
        (a - b) * sign for a in left_amounts or known for b in right_amounts or known if a != b
    ]
    if stated is not None:
        return stated not in differences and any(stated == -each for each in differences)
    return bool(left_amounts and right_amounts and differences) and all(
        each < 0 for each in differences
    )


def _agrees_with_explanation(
    history: ToolCallHistory, stated: Decimal | None, sign: int
) -> bool | None:
    """Whether the invoice explanation of this conversation has the same sign as the statement.

    ``None``: no invoice was explained, or the explanation is about another difference.
    """
    for record in history.records_of("explicar_fatura"):
        explanation = str(record.result.get("diferenca", ""))
        amounts = [
            f.value for f in extract_quantities(fold(explanation)) if f.kind is QuantityKind.MONEY
        ]
        if stated is not None and stated not in amounts:
            return None
        return (" a mais" in explanation) == (sign > 0) if amounts else None
    return None


def _amounts_meant(part: str, history: ToolCallHistory, known: AmountSet) -> AmountSet:
    """The known amounts that a part of the sentence refers to; empty: the part refers to none."""
    figures = extract_quantities(part)
    amounts = {f.value for f in figures if f.kind is QuantityKind.MONEY and f.value in known}
    invoices = history.open_invoices or []
    for index, each in enumerate(invoices):
        ordinal = _ORDINALS[index] if index < len(_ORDINALS) else "$^"
        if re.search(
            rf"\b(?:{ordinal}|(?:fatura|numero|a) {index + 1}(?![.,/]\d))\b", part
        ) or _is_due_in(each, part):
            amounts |= _parse_amounts(each.get("valor"))
    for plan in history.listed_plans:
        if _extract_speeds(str(plan.get("nome", ""))) & _extract_speeds(part):
            amounts |= _parse_amounts(plan.get("preco"))
    if _BEFORE.search(part):
        amounts |= _earlier_amounts(history)
    elif _MY_PLAN.search(part):
        amounts |= _current_plan_amounts(history)
    return {each for each in amounts if isinstance(each, Decimal)}


def _all_amounts(history: ToolCallHistory) -> AmountSet:
    amounts = [each.get("valor") for each in history.open_invoices or ()]
    amounts += [each.get("preco") for each in history.listed_plans]
    known = {a for each in amounts for a in _parse_amounts(each)} | _earlier_amounts(history)
    for record in history.records_of("explicar_fatura"):
        known |= _parse_amounts(record.result.get("valor"))
    return known


def _earlier_amounts(history: ToolCallHistory) -> AmountSet:
    """The amounts of the invoice before the explained one, or else of the paid invoices."""
    for record in history.records_of("explicar_fatura"):
        rows = record.result.get("anteriores") or []
        return _parse_amounts(rows[0].get("valor")) if rows else set()
    for record in history.records_of("consultar_pagamento"):
        return {
            a for each in record.result.get("pagas", ()) for a in _parse_amounts(each.get("valor"))
        }
    return set()


def _current_plan_amounts(history: ToolCallHistory) -> AmountSet:
    """The price of the contract's plan, if the plan list has a plan of exactly that name."""
    plan_names = {
        fold(c.plan)
        for c in history.context.facts.contracts
        if c.id == history.context.facts.contract
    }
    return {
        a
        for p in history.listed_plans
        if fold(str(p.get("nome", ""))) in plan_names
        for a in _parse_amounts(p.get("preco"))
    }


def _is_due_in(invoice: Mapping[str, Any], part: str) -> bool:
    due = next(
        (
            f.value
            for f in extract_quantities(str(invoice.get("vencimento", "")))
            if f.kind is QuantityKind.DATE
        ),
        None,
    )
    if not isinstance(due, tuple):
        return False
    days = [f.value for f in extract_quantities(part) if f.kind is QuantityKind.DATE]
    if any(isinstance(each, tuple) and _is_same_day(each, due) for each in days):
        return True
    return re.search(rf"\b(?:de|em) {MONTHS[int(due[1]) - 1]}\b", part) is not None and not days


def _is_same_day(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    return all(not a or not b or a == b for a, b in zip(one, other, strict=True))


def _extract_speeds(text: str) -> set[Any]:
    figures: Iterable[Any] = extract_quantities(fold(text.replace("_", " ")))
    return {f.value for f in figures if f.kind is QuantityKind.SPEED}


def _parse_amounts(value: object) -> AmountSet:
    amount = parse_amount(str(value).replace("R$", "").strip())
    return set() if amount is None else {amount}
