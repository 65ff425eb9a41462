"""Every figure that this visit knows: from the ERP, the provider, our own lines, the customer."""

import json
import re
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property, lru_cache
from itertools import combinations

from niochat.assistant.deeds import Deeds
from niochat.assistant.figures import (
    Figure,
    FigureKind,
    amount_of,
    figures_in,
    open_weekdays,
    relative_days,
)
from niochat.assistant.folding import fold
from niochat.assistant.prompt import rules_text
from niochat.assistant.readings import figures
from niochat.domain.message import Author

MOST_SUMMED = 12
"""Invoices whose sums are known: 4,096 of them."""
_HARMLESS = {
    (FigureKind.SHARE, Decimal(100)),
    (FigureKind.NUMBER, "0800"),
    (FigureKind.SPAN, (1, "mes")),
    (FigureKind.SPAN, (1, "dia")),
}

LINK = re.compile(
    r"\b(?:https?://|www\.)\S+|\b(?:[\w-]{1,63}\.){1,8}[a-z]{2,}/\S+|"
    r"\b(?:[\w-]{1,63}\.){1,8}(?:com|net|org|br|io|app|link|me|ly|info|xyz|site|online|store|top)\b\S*"
)
EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+")
_AROUND = ".,;:!?)(\"'»«>|"


_AFTERNOON = re.compile(r"\b(\d{1,2})(?: ?h(?:oras?)?)? da (?:noite|tarde)\b")


def _as_clock(found: re.Match[str]) -> str:
    """*9 da noite* as 21h."""
    hour = int(found[1])
    return f"{hour + 12}h" if hour < 12 else f"{hour}h"


class Known:
    """``told`` is what the tenant itself told of its own: names, addresses, hours. ``facts`` are
    its facts, whose amounts are not added to others: see :mod:`~niochat.assistant.guardrail.provider_facts_check`.
    """

    def __init__(self, deeds: Deeds, told: str, facts: str = "") -> None:
        self._deeds = deeds
        self._own = told
        self._told = f"{told} | {facts}" if facts else told
        self.today: date = deeds.case.visit.now.date()

    @cached_property
    def text(self) -> str:
        """All that the server itself has shown or read in this visit, folded."""
        case = self._deeds.case
        ours = [line.text for line in case.visit.lines if line.author is not Author.CUSTOMER]
        results = [_plain(deed.result) for deed in self._deeds.all]
        facts = [case.facts.ticket, case.facts.unlocked, case.visit.request.protocol]
        contracts = [f"{c.id} {c.plan} {c.address}" for c in case.facts.contracts]
        visits_own = fold(" | ".join([*ours, *results, *facts, *contracts]))
        return f"{visits_own} | {_folded(self._told)}"

    @cached_property
    def digits(self) -> str:
        """The same as numbers are compared: without what parts them."""
        return _joined(self.text)

    @cached_property
    def customers_text(self) -> str:
        """What the customer wrote, and the figures in their files, folded: for quoting them."""
        visit = self._deeds.case.visit
        shown = [figures(each) for each in visit.shown_by_files]
        return fold(" | ".join([*visit.customer_texts, *shown]))

    @cached_property
    def customers_digits(self) -> str:
        """The same as numbers are compared."""
        return _joined(self.customers_text)

    def has(self, figure: Figure) -> bool:
        """Whether the server knows a figure, or can work it out from what it knows."""
        if (figure.kind, figure.value) in _HARMLESS or figure.value in self._of(figure.kind):
            return True
        match figure.kind:
            case FigureKind.MONEY:
                return figure.value in self._sums
            case FigureKind.DATE:
                return self.has_date(figure.value)
            case FigureKind.SPAN:
                return figure.value in self._spans
            case FigureKind.SPEED:
                return any(f"{_short(figure.value)}{unit}" in self._names for unit in "m ")
            case FigureKind.NUMBER:
                # As a whole: four digits stand in many a protocol.
                return str(figure.value) in self._numbers
            case _:
                return False

    def customer_has(self, figure: Figure) -> bool:
        """Whether the customer wrote it."""
        said = self._customers
        if figure.kind is FigureKind.DATE:
            return any(_same_day(figure.value, f.value) for f in said if f.kind is figure.kind)
        if figure.kind is FigureKind.NUMBER:
            return str(figure.value) in self.customers_digits
        return any(f.kind is figure.kind and f.value == figure.value for f in said)

    def has_date(self, value: object) -> bool:
        """Whether a (day, month, year), 0 where it is not said, is one that is known."""
        return any(_same_day(value, known) for known in self._dates)

    def has_day(self, word: str, day: date) -> bool:
        """Whether *tomorrow* or *Friday* is a day that somebody named."""
        if word in self.text or self.has_date((day.day, day.month, day.year)):
            return True
        return day.weekday() in open_weekdays(self.text)

    def visit_has(self, figure: Figure) -> bool:
        """Whether it is known by this visit, whatever the provider told."""
        return any(f.kind is figure.kind and f.value == figure.value for f in self._visits_figures)

    def told_otherwise(self, figure: Figure) -> bool:
        """Whether somebody but the provider's facts tells it, or it can be worked out from that."""
        if figure.kind is FigureKind.MONEY and figure.value in self._sums:
            return True
        own = _constant_figures(self._own)
        return self.visit_has(figure) or any(
            f.kind is figure.kind and f.value == figure.value for f in own
        )

    @property
    def visit_amounts(self) -> set[Decimal]:
        """Amounts that are known by this visit."""
        money = (f.value for f in self._visits_figures if f.kind is FigureKind.MONEY)
        return {amount for amount in money if isinstance(amount, Decimal)}

    @cached_property
    def links(self) -> set[str]:
        """Addresses that may leave, see :func:`as_link`."""
        return {as_link(each) for each in LINK.findall(self.text)}

    @cached_property
    def emails(self) -> set[str]:
        """The same of e-mail."""
        return {each.strip(_AROUND) for each in EMAIL.findall(self.text)}

    @cached_property
    def _figures(self) -> list[Figure]:
        return [*self._visits_figures, *_constant_figures(self._told)]

    @cached_property
    def _visits_figures(self) -> list[Figure]:
        visit = self._deeds.case.visit
        now = f" | {visit.now:%d/%m/%Y %H:%M}"
        back = visit.people.returns_at
        returns = f" | {back:%d/%m/%Y %H:%M} {back:%H}h" if back else ""
        visits_own = self.text.removesuffix(_folded(self._told))
        return figures_in(visits_own + fold(f"{now}{returns}"))

    @cached_property
    def _numbers(self) -> set[str]:
        return set(re.findall(r"\d+", self.text)) | {str(v) for v in self._of(FigureKind.NUMBER)}

    @cached_property
    def _customers(self) -> list[Figure]:
        said = self.customers_text
        return [*figures_in(said), *figures_in(_AFTERNOON.sub(_as_clock, said))]

    def _of(self, kind: FigureKind) -> set[object]:
        return {each.value for each in self._figures if each.kind is kind}

    @cached_property
    def _dates(self) -> set[tuple[int, ...]]:
        named = {(d.day, d.month, d.year) for _, d in relative_days(self.text, self.today)}
        yesterday = self.today - timedelta(days=1)
        told = {value for value in self._of(FigureKind.DATE) if isinstance(value, tuple)}
        return named | told | {(yesterday.day, yesterday.month, yesterday.year)}

    @cached_property
    def _sums(self) -> set[Decimal]:
        """Sums of invoices; sums and differences of any two amounts, those sums among them."""
        listed = self._deeds.invoices or []
        owed = [a for each in listed if (a := _amount(each.get("valor"))) is not None]
        sums = {
            sum(some, Decimal(0))
            for count in range(2, min(len(owed), MOST_SUMMED) + 1)
            for some in combinations(owed[:MOST_SUMMED], count)
        }
        told = {f.value for f in _constant_figures(self._own) if f.kind is FigureKind.MONEY}
        amounts = self.visit_amounts | {a for a in told if isinstance(a, Decimal)}
        whole = {sum(owed, Decimal(0))} if owed else set()
        pairs = list(combinations(amounts | whole, 2))
        return sums | {a + b for a, b in pairs} | {abs(a - b) for a, b in pairs}

    @cached_property
    def _spans(self) -> set[tuple[int, str]]:
        """Days from today to a known date, and between two of them."""
        days = [d for value in self._dates if (d := _day(value)) is not None]
        apart = {abs((a - b).days) for a, b in combinations([*days, self.today], 2)}
        return {(each, "dia") for each in apart}

    @cached_property
    def _names(self) -> str:
        """Names of plans, where a speed may stand without its unit."""
        plans = [str(each.get("nome", "")) for each in self._deeds.plans]
        mine = [contract.plan for contract in self._deeds.case.facts.contracts]
        return fold(" | ".join([*plans, *mine])).replace("_", " ") + " "


def as_link(written: str) -> str:
    """An address as two are compared: without what dresses it."""
    bare = re.sub(r"^(?:https?://)?(?:www\.)?", "", written.strip(_AROUND))
    return bare.rstrip("/")


@lru_cache(maxsize=256)  # a tenant's own, the same in every turn
def _folded(told: str) -> str:
    return fold(told)


@lru_cache(maxsize=256)
def _constant_figures(told: str) -> tuple[Figure, ...]:
    """What the provider told, and the rules that every assistant has."""
    return tuple(figures_in(f"{fold(told)} | {fold(rules_text())}"))


def _plain(result: object) -> str:
    return json.dumps(result, ensure_ascii=False, default=str)


def _joined(text: str) -> str:
    return "".join(each for each in text if each not in " .-()")


def _amount(value: object) -> Decimal | None:
    return amount_of(str(value).replace("R$", "").strip())


def _short(value: object) -> str:
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _same_day(one: object, other: object) -> bool:
    if not (isinstance(one, tuple) and isinstance(other, tuple)):
        return False
    return all(not a or not b or a == b for a, b in zip(one, other, strict=True))


def _day(value: Iterable[int]) -> date | None:
    day, month, year = value
    try:
        return date(year, month, day)
    except ValueError:
        return None
