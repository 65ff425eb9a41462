"""Which of two amounts is the larger, where a text says so: *R$ 4,60 mais cara que a primeira*."""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from niochat.assistant.deeds import Deeds
from niochat.assistant.figures import MONTHS, FigureKind, amount_of, figures_in
from niochat.assistant.folding import fold

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


Amounts = set[Decimal]


def wrong_way(bare: str, deeds: Deeds) -> bool:
    """Whether a sentence calls the smaller of two known amounts the larger, or the other way."""
    for found in (_SAYS.search(bare), _ROSE.search(bare)):
        if found is not None and not _NOT.search(bare[: found.start()]):
            return _is_wrong(bare, found, deeds)
    return False


def _is_wrong(bare: str, found: re.Match[str], deeds: Deeds) -> bool:
    known = _all_known(deeds)
    sign = 1 if found["more"] else -1
    told = amount_of(found["d"] or found["db"]) if found["d"] or found["db"] else None
    this = _meant(bare[: found.start()], deeds, known)
    that = _meant(bare[found.end() :], deeds, known)
    if not this and (not that or _BEFORE.search(bare[found.end() :])):
        return _stated(deeds, told, sign) is False
    apart = [(a - b) * sign for a in this or known for b in that or known if a != b]
    if told is not None:
        return told not in apart and any(told == -each for each in apart)
    return bool(this and that and apart) and all(each < 0 for each in apart)


def _stated(deeds: Deeds, told: Decimal | None, sign: int) -> bool | None:
    """Whether the comparison that was read says the same; ``None``: none was, or of another sum."""
    for deed in deeds.of("explicar_fatura"):
        said = str(deed.result.get("diferenca", ""))
        amounts = [f.value for f in figures_in(fold(said)) if f.kind is FigureKind.MONEY]
        if told is not None and told not in amounts:
            return None
        return (" a mais" in said) == (sign > 0) if amounts else None
    return None


def _meant(part: str, deeds: Deeds, known: Amounts) -> Amounts:
    """Amounts of what a part of the sentence speaks of; empty: it names nothing that is known."""
    figures = figures_in(part)
    found = {f.value for f in figures if f.kind is FigureKind.MONEY and f.value in known}
    invoices = deeds.invoices or []
    for place, each in enumerate(invoices):
        ordinal = _ORDINALS[place] if place < len(_ORDINALS) else "$^"
        if re.search(
            rf"\b(?:{ordinal}|(?:fatura|numero|a) {place + 1}(?![.,/]\d))\b", part
        ) or _due_in(each, part):
            found |= _of(each.get("valor"))
    for plan in deeds.plans:
        if _speeds(str(plan.get("nome", ""))) & _speeds(part):
            found |= _of(plan.get("preco"))
    if _BEFORE.search(part):
        found |= _earlier(deeds)
    elif _MY_PLAN.search(part):
        found |= _mine(deeds)
    return {each for each in found if isinstance(each, Decimal)}


def _all_known(deeds: Deeds) -> Amounts:
    amounts = [each.get("valor") for each in deeds.invoices or ()]
    amounts += [each.get("preco") for each in deeds.plans]
    found = {a for each in amounts for a in _of(each)} | _earlier(deeds)
    for deed in deeds.of("explicar_fatura"):
        found |= _of(deed.result.get("valor"))
    return found


def _earlier(deeds: Deeds) -> Amounts:
    """Of the invoice before the one that was explained; else of those that are paid."""
    for deed in deeds.of("explicar_fatura"):
        rows = deed.result.get("anteriores") or []
        return _of(rows[0].get("valor")) if rows else set()
    for deed in deeds.of("consultar_pagamento"):
        return {a for each in deed.result.get("pagas", ()) for a in _of(each.get("valor"))}
    return set()


def _mine(deeds: Deeds) -> Amounts:
    """The price of the contract's plan, where the list has that very name."""
    mine = {fold(c.plan) for c in deeds.case.facts.contracts if c.id == deeds.case.facts.contract}
    return {a for p in deeds.plans if fold(str(p.get("nome", ""))) in mine
            for a in _of(p.get("preco"))}  # fmt: skip


def _due_in(invoice: Mapping[str, Any], part: str) -> bool:
    due = next((f.value for f in figures_in(str(invoice.get("vencimento", "")))
                if f.kind is FigureKind.DATE), None)  # fmt: skip
    if not isinstance(due, tuple):
        return False
    days = [f.value for f in figures_in(part) if f.kind is FigureKind.DATE]
    if any(isinstance(each, tuple) and _same(each, due) for each in days):
        return True
    return re.search(rf"\b(?:de|em) {MONTHS[int(due[1]) - 1]}\b", part) is not None and not days


def _same(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    return all(not a or not b or a == b for a, b in zip(one, other, strict=True))


def _speeds(text: str) -> set[Any]:
    figures: Iterable[Any] = figures_in(fold(text.replace("_", " ")))
    return {f.value for f in figures if f.kind is FigureKind.SPEED}


def _of(value: object) -> Amounts:
    amount = amount_of(str(value).replace("R$", "").strip())
    return set() if amount is None else {amount}
