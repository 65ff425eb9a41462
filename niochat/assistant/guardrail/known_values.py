"""All quantities known in a conversation: from the ERP, the provider, our own messages and the
customer.
"""

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
"""The number of invoices whose sums are known: 12 invoices have 4,096 subsets."""
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
    """Convert *9 da noite* to 21h."""
    hour = int(found[1])
    return f"{hour + 12}h" if hour < 12 else f"{hour}h"


class KnownValues:
    """The quantities, links and e-mail addresses that a reply may repeat.

    ``persona_text``: the tenant's own texts, such as names, addresses and hours.
    ``provider_facts``: the tenant's facts, whose amounts are not added to others; see
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
        """Everything that the server sent or read in this conversation, folded."""
        context = self._history.context
        own_texts = [
            line.text for line in context.snapshot.transcript if line.author is not Author.CUSTOMER
        ]
        results = [_to_json(record.result) for record in self._history.records]
        facts = [context.facts.ticket, context.facts.unlocked, context.snapshot.request.protocol]
        contracts = [f"{c.id} {c.plan} {c.address}" for c in context.facts.contracts]
        conversation_text = fold(" | ".join([*own_texts, *results, *facts, *contracts]))
        return f"{conversation_text} | {_folded(self._provider_text)}"

    @cached_property
    def digits(self) -> str:
        """``text`` without separators, for the comparison of numbers."""
        return _strip_separators(self.text)

    @cached_property
    def customer_text(self) -> str:
        """The customer's texts and the quotable values of the customer's files, folded."""
        snapshot = self._history.context.snapshot
        shown = [format_quotable_values(each) for each in snapshot.file_facts]
        return fold(" | ".join([*snapshot.customer_texts, *shown]))

    @cached_property
    def customer_digits(self) -> str:
        """``customer_text`` without separators."""
        return _strip_separators(self.customer_text)

    def has_quantity(self, figure: Quantity) -> bool:
        """Whether the server knows a quantity or can compute it from known ones."""
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
                # Whole numbers are compared: four digits occur within many protocols.
                return str(figure.value) in self._numbers
            case _:
                return False

    def has_customer_quantity(self, figure: Quantity) -> bool:
        """Whether the customer wrote the quantity."""
        quantities = self._customer_quantities
        if figure.kind is QuantityKind.DATE:
            return any(
                _is_same_day(figure.value, f.value) for f in quantities if f.kind is figure.kind
            )
        if figure.kind is QuantityKind.NUMBER:
            return str(figure.value) in self.customer_digits
        return any(f.kind is figure.kind and f.value == figure.value for f in quantities)

    def has_date(self, value: object) -> bool:
        """Whether a (day, month, year) is a known date; 0 stands for a part that is not stated."""
        return any(_is_same_day(value, known) for known in self._dates)

    def has_day(self, word: str, day: date) -> bool:
        """Whether *tomorrow* or *Friday* is a day that was named before."""
        if word in self.text or self.has_date((day.day, day.month, day.year)):
            return True
        return day.weekday() in extract_weekday_ranges(self.text)

    def has_conversation_quantity(self, figure: Quantity) -> bool:
        """Whether this conversation has the quantity, regardless of the provider's texts."""
        return any(
            f.kind is figure.kind and f.value == figure.value for f in self._conversation_quantities
        )

    def has_quantity_outside_facts(self, figure: Quantity) -> bool:
        """Whether a source other than the provider's facts has the quantity, or it follows from
        one.
        """
        if figure.kind is QuantityKind.MONEY and figure.value in self._sums:
            return True
        constants = _constant_quantities(self._persona_text)
        return self.has_conversation_quantity(figure) or any(
            f.kind is figure.kind and f.value == figure.value for f in constants
        )

    @property
    def conversation_amounts(self) -> set[Decimal]:
        """The amounts in this conversation."""
        money = (f.value for f in self._conversation_quantities if f.kind is QuantityKind.MONEY)
        return {amount for amount in money if isinstance(amount, Decimal)}

    @cached_property
    def links(self) -> set[str]:
        """The normalized links that a reply may contain; see :func:`normalize_link`."""
        return {normalize_link(each) for each in LINK_PATTERN.findall(self.text)}

    @cached_property
    def emails(self) -> set[str]:
        """The e-mail addresses that a reply may contain."""
        return {each.strip(_AROUND) for each in EMAIL_PATTERN.findall(self.text)}

    @cached_property
    def _quantities(self) -> list[Quantity]:
        return [*self._conversation_quantities, *_constant_quantities(self._provider_text)]

    @cached_property
    def _conversation_quantities(self) -> list[Quantity]:
        snapshot = self._history.context.snapshot
        now = f" | {snapshot.now:%d/%m/%Y %H:%M}"
        returns_at = snapshot.staff_availability.returns_at
        returns = f" | {returns_at:%d/%m/%Y %H:%M} {returns_at:%H}h" if returns_at else ""
        conversation_text = self.text.removesuffix(_folded(self._provider_text))
        return extract_quantities(conversation_text + fold(f"{now}{returns}"))

    @cached_property
    def _numbers(self) -> set[str]:
        return set(re.findall(r"\d+", self.text)) | {
            str(v) for v in self._values_of(QuantityKind.NUMBER)
        }

    @cached_property
    def _customer_quantities(self) -> list[Quantity]:
        text = self.customer_text
        return [*extract_quantities(text), *extract_quantities(_AFTERNOON.sub(_to_24_hours, text))]

    def _values_of(self, kind: QuantityKind) -> set[object]:
        return {each.value for each in self._quantities if each.kind is kind}

    @cached_property
    def _dates(self) -> set[tuple[int, ...]]:
        named = {(d.day, d.month, d.year) for _, d in extract_relative_days(self.text, self.today)}
        yesterday = self.today - timedelta(days=1)
        stated = {value for value in self._values_of(QuantityKind.DATE) if isinstance(value, tuple)}
        return named | stated | {(yesterday.day, yesterday.month, yesterday.year)}

    @cached_property
    def _sums(self) -> set[Decimal]:
        """Sums of invoices, and sums and differences of any two amounts, the total
        owed included.
        """
        listed = self._history.open_invoices or []
        owed = [a for each in listed if (a := _parse_amount(each.get("valor"))) is not None]
        sums = {
            sum(some, Decimal(0))
            for count in range(2, min(len(owed), MAX_SUMMED_INVOICES) + 1)
            for some in combinations(owed[:MAX_SUMMED_INVOICES], count)
        }
        stated = {
            f.value
            for f in _constant_quantities(self._persona_text)
            if f.kind is QuantityKind.MONEY
        }
        amounts = self.conversation_amounts | {a for a in stated if isinstance(a, Decimal)}
        whole = {sum(owed, Decimal(0))} if owed else set()
        pairs = list(combinations(amounts | whole, 2))
        return sums | {a + b for a, b in pairs} | {abs(a - b) for a, b in pairs}

    @cached_property
    def _durations(self) -> set[tuple[int, str]]:
        """The days from today to each known date, and between any two known dates."""
        days = [d for value in self._dates if (d := _to_date(value)) is not None]
        distances = {abs((a - b).days) for a, b in combinations([*days, self.today], 2)}
        return {(each, "dia") for each in distances}

    @cached_property
    def _plan_names(self) -> str:
        """The names of plans, in which a speed may stand without its unit."""
        plans = [str(each.get("nome", "")) for each in self._history.listed_plans]
        own = [contract.plan for contract in self._history.context.facts.contracts]
        return fold(" | ".join([*plans, *own])).replace("_", " ") + " "


def normalize_link(written: str) -> str:
    """Remove scheme, ``www`` and punctuation from a link, so that two links can be compared."""
    bare = re.sub(r"^(?:https?://)?(?:www\.)?", "", written.strip(_AROUND))
    return bare.rstrip("/")


@lru_cache(maxsize=256)  # a tenant's text is the same in every turn
def _folded(text: str) -> str:
    return fold(text)


@lru_cache(maxsize=256)
def _constant_quantities(text: str) -> tuple[Quantity, ...]:
    """The quantities in the provider's text and in the rules that all assistants have."""
    return tuple(extract_quantities(f"{fold(text)} | {fold(rules_text())}"))


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
