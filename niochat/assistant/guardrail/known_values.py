"""Every figure that this visit knows: from the ERP, the provider, our own lines, the customer."""

import json
import re
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property, lru_cache
from itertools import combinations

from niochat.assistant.prompt.attachment_text import format_quotable_values
from niochat.assistant.prompt.system_prompt import rules_text
from niochat.assistant.text.quantities import (
    Quantity,
    QuantityKind,
    extract_quantities,
    extract_relative_days,
    extract_weekday_ranges,
    parse_amount,
)
from niochat.assistant.text.text_normalization import fold
from niochat.assistant.tool_history import ToolCallHistory
from niochat.domain.message import Author

MAX_SUMMED_INVOICES = 12
"""Invoices whose sums are known: 4,096 of them."""
_HARMLESS = {
    (QuantityKind.PERCENTAGE, Decimal(100)),
    (QuantityKind.NUMBER, "0800"),
    (QuantityKind.DURATION, (1, "mes")),
    (QuantityKind.DURATION, (1, "dia")),
}

LINK_PATTERN = re.compile(
    r"\b(?:https?://|www\.)\S+|\b(?:[\w-]{1,63}\.){1,8}[a-z]{2,}/\S+|"
    r"\b(?:[\w-]{1,63}\.){1,8}(?:com|net|org|br|io|app|link|me|ly|info|xyz|site|online|store|top)\b\S*"
)
EMAIL_PATTERN = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+")
_AROUND = ".,;:!?)(\"'»«>|"


_AFTERNOON = re.compile(r"\b(\d{1,2})(?: ?h(?:oras?)?)? da (?:noite|tarde)\b")


def _to_24_hours(found: re.Match[str]) -> str:
    """*9 da noite* as 21h."""
    hour = int(found[1])
    return f"{hour + 12}h" if hour < 12 else f"{hour}h"


class KnownValues:
    """``told`` is what the tenant itself told of its own: names, addresses, hours. ``facts`` are
    its facts, whose amounts are not added to others: see
    :mod:`~niochat.assistant.guardrail.provider_facts_check`.
    """

    def __init__(
        self, history: ToolCallHistory, persona_text: str, provider_facts: str = ""
    ) -> None:
        self._history = history
        self._persona_text = persona_text
        self._provider_text = (
            f"{persona_text} | {provider_facts}" if provider_facts else persona_text
        )
        self.today: date = history.context.snapshot.now.date()

    @cached_property
    def text(self) -> str:
        """All that the server itself has shown or read in this visit, folded."""
        case = self._history.context
        ours = [
            line.text for line in case.snapshot.transcript if line.author is not Author.CUSTOMER
        ]
        results = [_to_json(deed.result) for deed in self._history.records]
        facts = [case.facts.ticket, case.facts.unlocked, case.snapshot.request.protocol]
        contracts = [f"{c.id} {c.plan} {c.address}" for c in case.facts.contracts]
        visits_own = fold(" | ".join([*ours, *results, *facts, *contracts]))
        return f"{visits_own} | {_folded(self._provider_text)}"

    @cached_property
    def digits(self) -> str:
        """The same as numbers are compared: without what parts them."""
        return _strip_separators(self.text)

    @cached_property
    def customer_text(self) -> str:
        """What the customer wrote, and the figures in their files, folded: for quoting them."""
        visit = self._history.context.snapshot
        shown = [format_quotable_values(each) for each in visit.file_facts]
        return fold(" | ".join([*visit.customer_texts, *shown]))

    @cached_property
    def customer_digits(self) -> str:
        """The same as numbers are compared."""
        return _strip_separators(self.customer_text)

    def has_quantity(self, figure: Quantity) -> bool:
        """Whether the server knows a figure, or can work it out from what it knows."""
        if (figure.kind, figure.value) in _HARMLESS or figure.value in self._values_of(figure.kind):
            return True
        match figure.kind:
            case QuantityKind.MONEY:
                return figure.value in self._sums
            case QuantityKind.DATE:
                return self.has_date(figure.value)
            case QuantityKind.DURATION:
                return figure.value in self._durations
            case QuantityKind.SPEED:
                return any(
                    f"{_format_number(figure.value)}{unit}" in self._plan_names for unit in "m "
                )
            case QuantityKind.NUMBER:
                # As a whole: four digits stand in many a protocol.
                return str(figure.value) in self._numbers
            case _:
                return False

    def has_customer_quantity(self, figure: Quantity) -> bool:
        """Whether the customer wrote it."""
        said = self._customer_quantities
        if figure.kind is QuantityKind.DATE:
            return any(_is_same_day(figure.value, f.value) for f in said if f.kind is figure.kind)
        if figure.kind is QuantityKind.NUMBER:
            return str(figure.value) in self.customer_digits
        return any(f.kind is figure.kind and f.value == figure.value for f in said)

    def has_date(self, value: object) -> bool:
        """Whether a (day, month, year), 0 where it is not said, is one that is known."""
        return any(_is_same_day(value, known) for known in self._dates)

    def has_day(self, word: str, day: date) -> bool:
        """Whether *tomorrow* or *Friday* is a day that somebody named."""
        if word in self.text or self.has_date((day.day, day.month, day.year)):
            return True
        return day.weekday() in extract_weekday_ranges(self.text)

    def has_conversation_quantity(self, figure: Quantity) -> bool:
        """Whether it is known by this visit, whatever the provider told."""
        return any(
            f.kind is figure.kind and f.value == figure.value for f in self._conversation_quantities
        )

    def has_quantity_outside_facts(self, figure: Quantity) -> bool:
        """Whether somebody but the provider's facts tells it, or it can be worked out from that."""
        if figure.kind is QuantityKind.MONEY and figure.value in self._sums:
            return True
        own = _constant_quantities(self._persona_text)
        return self.has_conversation_quantity(figure) or any(
            f.kind is figure.kind and f.value == figure.value for f in own
        )

    @property
    def conversation_amounts(self) -> set[Decimal]:
        """Amounts that are known by this visit."""
        money = (f.value for f in self._conversation_quantities if f.kind is QuantityKind.MONEY)
        return {amount for amount in money if isinstance(amount, Decimal)}

    @cached_property
    def links(self) -> set[str]:
        """Addresses that may leave, see :func:`normalize_link`."""
        return {normalize_link(each) for each in LINK_PATTERN.findall(self.text)}

    @cached_property
    def emails(self) -> set[str]:
        """The same of e-mail."""
        return {each.strip(_AROUND) for each in EMAIL_PATTERN.findall(self.text)}

    @cached_property
    def _quantities(self) -> list[Quantity]:
        return [*self._conversation_quantities, *_constant_quantities(self._provider_text)]

    @cached_property
    def _conversation_quantities(self) -> list[Quantity]:
        visit = self._history.context.snapshot
        now = f" | {visit.now:%d/%m/%Y %H:%M}"
        back = visit.staff_availability.returns_at
        returns = f" | {back:%d/%m/%Y %H:%M} {back:%H}h" if back else ""
        visits_own = self.text.removesuffix(_folded(self._provider_text))
        return extract_quantities(visits_own + fold(f"{now}{returns}"))

    @cached_property
    def _numbers(self) -> set[str]:
        return set(re.findall(r"\d+", self.text)) | {
            str(v) for v in self._values_of(QuantityKind.NUMBER)
        }

    @cached_property
    def _customer_quantities(self) -> list[Quantity]:
        said = self.customer_text
        return [*extract_quantities(said), *extract_quantities(_AFTERNOON.sub(_to_24_hours, said))]

    def _values_of(self, kind: QuantityKind) -> set[object]:
        return {each.value for each in self._quantities if each.kind is kind}

    @cached_property
    def _dates(self) -> set[tuple[int, ...]]:
        named = {(d.day, d.month, d.year) for _, d in extract_relative_days(self.text, self.today)}
        yesterday = self.today - timedelta(days=1)
        told = {value for value in self._values_of(QuantityKind.DATE) if isinstance(value, tuple)}
        return named | told | {(yesterday.day, yesterday.month, yesterday.year)}

    @cached_property
    def _sums(self) -> set[Decimal]:
        """Sums of invoices; sums and differences of any two amounts, those sums among them."""
        listed = self._history.open_invoices or []
        owed = [a for each in listed if (a := _parse_amount(each.get("valor"))) is not None]
        sums = {
            sum(some, Decimal(0))
            for count in range(2, min(len(owed), MAX_SUMMED_INVOICES) + 1)
            for some in combinations(owed[:MAX_SUMMED_INVOICES], count)
        }
        told = {
            f.value
            for f in _constant_quantities(self._persona_text)
            if f.kind is QuantityKind.MONEY
        }
        amounts = self.conversation_amounts | {a for a in told if isinstance(a, Decimal)}
        whole = {sum(owed, Decimal(0))} if owed else set()
        pairs = list(combinations(amounts | whole, 2))
        return sums | {a + b for a, b in pairs} | {abs(a - b) for a, b in pairs}

    @cached_property
    def _durations(self) -> set[tuple[int, str]]:
        """Days from today to a known date, and between two of them."""
        days = [d for value in self._dates if (d := _to_date(value)) is not None]
        apart = {abs((a - b).days) for a, b in combinations([*days, self.today], 2)}
        return {(each, "dia") for each in apart}

    @cached_property
    def _plan_names(self) -> str:
        """Names of plans, where a speed may stand without its unit."""
        plans = [str(each.get("nome", "")) for each in self._history.listed_plans]
        mine = [contract.plan for contract in self._history.context.facts.contracts]
        return fold(" | ".join([*plans, *mine])).replace("_", " ") + " "


def normalize_link(written: str) -> str:
    """An address as two are compared: without what dresses it."""
    bare = re.sub(r"^(?:https?://)?(?:www\.)?", "", written.strip(_AROUND))
    return bare.rstrip("/")


@lru_cache(maxsize=256)  # a tenant's own, the same in every turn
def _folded(told: str) -> str:
    return fold(told)


@lru_cache(maxsize=256)
def _constant_quantities(told: str) -> tuple[Quantity, ...]:
    """What the provider told, and the rules that every assistant has."""
    return tuple(extract_quantities(f"{fold(told)} | {fold(rules_text())}"))


def _to_json(result: object) -> str:
    return json.dumps(result, ensure_ascii=False, default=str)


def _strip_separators(text: str) -> str:
    return "".join(each for each in text if each not in " .-()")


def _parse_amount(value: object) -> Decimal | None:
    return parse_amount(str(value).replace("R$", "").strip())


def _format_number(value: object) -> str:
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _is_same_day(one: object, other: object) -> bool:
    if not (isinstance(one, tuple) and isinstance(other, tuple)):
        return False
    return all(not a or not b or a == b for a, b in zip(one, other, strict=True))


def _to_date(value: Iterable[int]) -> date | None:
    day, month, year = value
    try:
        return date(year, month, day)
    except ValueError:
        return None
