"""Compare what a sentence says about the provider (fees, terms, address) with the provider's facts.

Sentences are folded and without emphasis marks.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, lru_cache
from itertools import combinations
from typing import Any

from niochat.assistant.guardrail.coverage_check import COVERAGE_VIOLATION, contradicts_coverage
from niochat.assistant.guardrail.known_values import KnownValues
from niochat.assistant.prompt.provider_prompt import format_fee
from niochat.assistant.text.quantities import Quantity, QuantityKind, extract_quantities
from niochat.assistant.text.text_normalization import fold
from niochat.assistant.tool_history import ToolCallHistory
from niochat.domain.tenant.provider_facts import ProviderFacts, ProviderFee

ADDRESS_VIOLATION = "endereco_loja"
"""Violation code of a sentence with an address that is not in the facts."""
_FREE = re.compile(
    r"(?<!nao e )(?<!nao eh )(?<!nao sao )(?<!nao fica )(?<!nao sai )"
    r"\b(gratis|gratuit[oa]s?|gratuitamente|de graca|isent[oa]s?|cortesia|"
    r"sem (?:custo|taxa|cobranca)|nao (?:tem|ha|cobramos|cobra|paga) (?:nenhum[ao]? )?"
    r"(?:custo|taxa|valor|nada))\b"
)
_SERVICE = re.compile(
    r"\b(taxas?|instal\w+|visitas?|mudanca|adesao|troca|roteador|modem|ativacao)\b"
)
_TERMS = {
    "fine": re.compile(
        r"\bmulta|\brescis|\bantes do prazo|\bsa(?:ir|i|indo) antes|\bcancela\w+ antes"
    ),
    "fidelity": re.compile(r"\bfidelidade|\bpermanencia"),
    "unlock": re.compile(r"\bdesbloque|\bem confianca|\bliberacao"),
    "installation": re.compile(r"\binstala|\bativa[cr]"),
}
_CEP = 8
"""The number of digits of a postal code."""
_STEM = 4
"""The number of letters by which a word of a fee is recognized: *mudar* and *mudança*."""
_CHOICE = re.compile(r"\bvenc\w+|\bdatas?\b|\bdias?\b")
_BILL = re.compile(r"\b(faturas?|boletos?|contas?)\b.{0,30}\bvenc")

_STREET = re.compile(
    r"\b(rua|r\.|avenida|av\.?|travessa|tv\.|rodovia|rod\.|praca|alameda|estrada|ladeira|largo) "
    r"([a-z0-9][a-z0-9 .']*?)(?=,| -|\(|[;!?]|\.(?: |$)| n[o.]? ?\d| \d|$)"
    r"(?:,? ?(?:n[o.]{0,2} ?)?(\d{1,5})\b)?"
)
_KINDS = {"r.": "rua", "av": "avenida", "av.": "avenida", "tv.": "travessa", "rod.": "rodovia"}
_OURS = re.compile(
    r"\b(lojas?|escritorio|sede|unidade|matriz|filial|ficamos|estamos (?:na|no|em|localiz)|"
    r"nosso endereco|nos encontra)\b"
)
_LIES = re.compile(
    r"\b(?:fica|ficamos|localizad[oa]s?|estamos|endereco (?:e|eh)|funciona|"
    r"(?:temos|tem|ha) (?:um[a]? |outr[oa] )?(?:loja|unidade|filial|escritorio)s?(?: tambem)?) "
    r"(?:localizad[oa]s? )?(?:no|na|em|aqui n[oa]|perto d[oa]|ao lado d[oa]) ([^.;!?,]+)"
)
_COMMON = set(
    re.findall(
        r"\w+",
        "bairro cidade centro esquina andar loja sala numero aqui nossa nosso mesmo endereco para "
        "seguinte voce rua avenida com entre perto lado frente pode passar vir atende atendemos "
        "horario segunda terca quarta quinta sexta sabado domingo feira hoje amanha tambem onde "
        "aberta aberto fechada fechado",
    )
)
"""Words after *fica na* that name no place."""


@dataclass(frozen=True, slots=True)
class _ProviderTopic:
    """The quantities of one fee or term, and the patterns by which a sentence is about it."""

    words: tuple[re.Pattern[str], ...]
    quantities: tuple[Quantity, ...]
    is_strict: bool = False
    """Whether a duration other than the stated ones is rejected, even if it can be computed."""

    def values_of(self, kind: QuantityKind) -> set[Any]:
        return {figure.value for figure in self.quantities if figure.kind is kind}


def find_unsupported_fact(
    sentence: str,
    figures: Sequence[Quantity],
    known: KnownValues,
    history: ToolCallHistory,
    full_text: str,
) -> str | None:
    """Return the violation code of a statement that the facts do not support; ``None``: no
    violation.

    ``full_text``: the text that contains the sentence.
    """
    if sentence.rstrip().endswith("?"):
        return None
    facts = history.context.provider_facts
    texts = (sentence, full_text, known.customer_text)
    about = [_topics_in(_topics(facts), text) for text in texts] if figures else []
    for figure in figures:
        if _belongs_to_other_topic(figure, about, known, history):
            return str(figure.kind)
    if _claims_unstated_free(sentence, facts):
        return str(QuantityKind.MONEY)
    if _has_unknown_address(sentence, known):
        return ADDRESS_VIOLATION
    return COVERAGE_VIOLATION if contradicts_coverage(sentence, history) else None


def is_fee_sum(sentence: str, figure: Quantity, known: KnownValues, facts: ProviderFacts) -> bool:
    """Whether an amount is the sum of several fees, or of a fee and an amount of the conversation.

    The sentence must name the fees.
    """
    if figure.kind is not QuantityKind.MONEY or not facts.fees:
        return False
    known_fees = (fee for fee in facts.fees if fee.amount and _fee_patterns(fee))
    fees = [
        Decimal(str(fee.amount)) for fee in known_fees if _fee_patterns(fee)[0].search(sentence)
    ]
    several = (sum(some) for n in range(2, len(fees) + 1) for some in combinations(fees, n))
    return figure.value in {
        *several,
        *(fee + amount for fee in fees for amount in known.conversation_amounts),
    }


def is_due_day(sentence: str, figure: Quantity, facts: ProviderFacts) -> bool:
    """Whether *dia 10* is one of the due days that a customer may choose, and is offered as one."""
    if figure.kind is not QuantityKind.DATE or not isinstance(figure.value, tuple):
        return False
    day, *rest = figure.value
    if any(rest) or day not in facts.billing.due_days:
        return False
    return _CHOICE.search(sentence) is not None and not _BILL.search(sentence)


def is_allowed_cep(
    sentence: str, figure: Quantity, known: KnownValues, facts: ProviderFacts
) -> bool:
    """Whether a number is a CEP of the coverage, or a CEP that the customer asked about."""
    if figure.kind is not QuantityKind.NUMBER or len(str(figure.value)) != _CEP:
        return False
    if facts.coverage.covers_cep(str(figure.value)):
        return True
    return re.search(r"\bcep\b", sentence) is not None and known.has_customer_quantity(figure)


def _belongs_to_other_topic(
    figure: Quantity,
    about: Sequence[Sequence[_ProviderTopic]],
    known: KnownValues,
    history: ToolCallHistory,
) -> bool:
    """Whether a stated quantity belongs to another fee or term than the text is about.

    ``about``: the topics of the sentence, of the text and of the customer; the first that has
    quantities of this kind is compared.
    """
    of_kind = ([topic for topic in named if topic.values_of(figure.kind)] for named in about)
    relevant = next((named for named in of_kind if named), [])
    if any(figure.value in topic.values_of(figure.kind) for topic in relevant):
        return False
    if figure.kind is QuantityKind.DURATION:
        strict = any(topic.is_strict for topic in relevant) and not history.context.facts.unlocked
        if strict and not known.has_conversation_quantity(figure):
            return True
        if not relevant and about[0]:
            return False
    elsewhere = any(
        figure.value in topic.values_of(figure.kind)
        for topic in _topics(history.context.provider_facts)
    )
    return elsewhere and not known.has_quantity_outside_facts(figure)


def _topics_in(topics: Iterable[_ProviderTopic], sentence: str) -> list[_ProviderTopic]:
    """The topics of a sentence: *segunda visita* is not also about *visita*.

    If no name matches as a whole, two words of a name of three are enough.
    """
    counts = {
        topic: sum(word.search(sentence) is not None for word in topic.words) for topic in topics
    }
    found = [topic for topic, matches in counts.items() if matches == len(topic.words)]
    if not found:
        return [t for t, matches in counts.items() if matches > 1 and matches == len(t.words) - 1]
    return [
        topic for topic in found if not any(set(topic.words) < set(other.words) for other in found)
    ]


@lru_cache(maxsize=256)
def _topics(facts: ProviderFacts) -> tuple[_ProviderTopic, ...]:
    unlock = facts.unlock
    days = f"{unlock.days} dias {unlock.days * 24} horas" if unlock.days else ""
    months = facts.fidelity_months or 0
    terms = {
        "fine": facts.fine,
        "fidelity": f"{months} meses {f'{months // 12} anos' if months % 12 == 0 else ''}",
        "unlock": f"{days} {unlock.terms}",
        "installation": facts.installation,
    }
    fees = (_ProviderTopic(_fee_patterns(fee), _fee_quantities(fee)) for fee in facts.fees)
    others = (
        _ProviderTopic(
            (_TERMS[name],),
            tuple(extract_quantities(fold(text))),
            name in ("installation", "unlock"),
        )
        for name, text in terms.items()
    )
    return tuple(topic for topic in (*fees, *others) if topic.quantities and topic.words)


def _fee_quantities(fee: ProviderFee) -> tuple[Quantity, ...]:
    """The quantities of a fee; a fee without an amount costs 0."""
    none = (Quantity(QuantityKind.MONEY, Decimal(0), ""),) if not fee.amount else ()
    return (*extract_quantities(fold(format_fee(fee))), *none)


@cache
def _stem_pattern(stem: str) -> re.Pattern[str]:
    return re.compile(rf"\b{re.escape(stem)}")


def _fee_patterns(fee: ProviderFee) -> tuple[re.Pattern[str], ...]:
    words = [word for word in re.findall(r"[a-z0-9]+", fold(fee.name)) if len(word) >= _STEM]
    return tuple(_stem_pattern(word[:_STEM]) for word in words if word != "taxa")


def _claims_unstated_free(sentence: str, facts: ProviderFacts) -> bool:
    """Whether a service is called free of charge and no fact says so."""
    if not facts.fees or not _FREE.search(sentence):
        return False
    named = [fee for fee in facts.fees if all(word.search(sentence) for word in _fee_patterns(fee))]
    if named:
        return not any(not fee.amount or _names_free_terms(sentence, fee.note) for fee in named)
    answers = (f"{each.question} {each.answer}" for each in facts.more)
    is_stated = any(_names_free_terms(sentence, each) for each in answers)
    return _SERVICE.search(sentence) is not None and not is_stated


def _names_free_terms(sentence: str, fact: str) -> bool:
    """Whether a fact says that something is free, and the sentence names its terms or
    its subject.
    """
    words = re.findall(r"[a-z]{4,}", _FREE.sub(" ", fold(fact)))
    return bool(_FREE.search(fold(fact))) and any(word in sentence for word in words)


def _has_unknown_address(sentence: str, known: KnownValues) -> bool:
    """Whether the sentence has an address that is neither the provider's nor the customer's."""
    known_text = _normalize_street(f"{known.text} {known.customer_text}")
    about_shop = _OURS.search(sentence) is not None
    for kind, name, number in _STREET.findall(sentence):
        street = f"{_KINDS.get(kind, kind)} {_normalize_street(name)}".strip()
        address = f"{street} {number}".strip()
        if not (number or about_shop) or _contains_words(known_text, address):
            continue
        # "Rua do Porto perto da praça": compare the longest part that is a known name.
        words = street.split()
        if number or not any(
            _contains_words(known_text, " ".join(words[:n])) for n in range(len(words), 2, -1)
        ):
            return True
    return about_shop and _names_unknown_place(sentence, known_text)


def _names_unknown_place(sentence: str, known_text: str) -> bool:
    """*A loja fica no shopping*, although no text names one."""
    known_words = set(known_text.split())
    for place in _LIES.findall(sentence):
        words = [word for word in re.findall(r"[a-z]{4,}", place) if word not in _COMMON]
        if any(word not in known_words for word in words):
            return True
    return False


def _contains_words(text: str, words: str) -> bool:
    return f" {words} " in f" {text} "


def _normalize_street(text: str) -> str:
    words = re.findall(r"[a-z0-9]+", text)
    return " ".join({"av": "avenida", "r": "rua"}.get(word, word) for word in words if word != "n")
