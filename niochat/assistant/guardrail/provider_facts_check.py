"""Whether what a sentence says of the provider is what the provider told: fees, terms, address.
Sentences come folded and without marks of bold.
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
"""Code of a sentence with an address that nobody told."""
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
"""Digits of a postal code."""
_STEM = 4
"""Letters by which a word of a fee is found: *mudar* and *mudança*."""
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
    """What the provider told of one thing, and by which words a sentence is about it."""

    words: tuple[re.Pattern[str], ...]
    quantities: tuple[Quantity, ...]
    is_strict: bool = False
    """No other time than its own is said of it, not even one that can be worked out."""

    def values_of(self, kind: QuantityKind) -> set[Any]:
        return {figure.value for figure in self.quantities if figure.kind is kind}


def find_unsupported_fact(
    sentence: str,
    figures: Sequence[Quantity],
    known: KnownValues,
    history: ToolCallHistory,
    full_text: str,
) -> str | None:
    """The code of what the provider did not tell so; ``None``: nothing is wrong. ``whole``: the
    text that the sentence stands in.
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
    """Whether an amount is that of several fees together, or of one with an amount of the visit;
    the sentence names them.
    """
    if figure.kind is not QuantityKind.MONEY or not facts.fees:
        return False
    told = (fee for fee in facts.fees if fee.amount and _fee_patterns(fee))
    fees = [Decimal(str(fee.amount)) for fee in told if _fee_patterns(fee)[0].search(sentence)]
    several = (sum(some) for n in range(2, len(fees) + 1) for some in combinations(fees, n))
    return figure.value in {
        *several,
        *(fee + own for fee in fees for own in known.conversation_amounts),
    }


def is_due_day(sentence: str, figure: Quantity, facts: ProviderFacts) -> bool:
    """Whether a *dia 10* is one of the days on which an invoice may fall due, and said as such."""
    if figure.kind is not QuantityKind.DATE or not isinstance(figure.value, tuple):
        return False
    day, *rest = figure.value
    if any(rest) or day not in facts.billing.due_days:
        return False
    return _CHOICE.search(sentence) is not None and not _BILL.search(sentence)


def is_allowed_cep(
    sentence: str, figure: Quantity, known: KnownValues, facts: ProviderFacts
) -> bool:
    """Whether a number is a CEP of the coverage, or one that the customer asked for."""
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
    """A figure that was told, but of another fee or term than is spoken of. ``about``: what the
    sentence, the text and the customer are about; the first with such a figure counts.
    """
    of_kind = ([topic for topic in named if topic.values_of(figure.kind)] for named in about)
    told = next((named for named in of_kind if named), [])
    if any(figure.value in topic.values_of(figure.kind) for topic in told):
        return False
    if figure.kind is QuantityKind.DURATION:
        strict = any(topic.is_strict for topic in told) and not history.context.facts.unlocked
        if strict and not known.has_conversation_quantity(figure):
            return True
        if not told and about[0]:
            return False
    elsewhere = any(
        figure.value in topic.values_of(figure.kind)
        for topic in _topics(history.context.provider_facts)
    )
    return elsewhere and not known.has_quantity_outside_facts(figure)


def _topics_in(topics: Iterable[_ProviderTopic], sentence: str) -> list[_ProviderTopic]:
    """Those that the sentence is about: with *segunda visita*, not *visita* too. A name of three
    words is known by two of them, where no other is there as a whole.
    """
    count = {
        topic: sum(word.search(sentence) is not None for word in topic.words) for topic in topics
    }
    found = [topic for topic, there in count.items() if there == len(topic.words)]
    if not found:
        return [t for t, there in count.items() if there > 1 and there == len(t.words) - 1]
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
    """What is free of charge costs 0."""
    none = (Quantity(QuantityKind.MONEY, Decimal(0), ""),) if not fee.amount else ()
    return (*extract_quantities(fold(format_fee(fee))), *none)


@cache
def _stem_pattern(stem: str) -> re.Pattern[str]:
    return re.compile(rf"\b{re.escape(stem)}")


def _fee_patterns(fee: ProviderFee) -> tuple[re.Pattern[str], ...]:
    words = [word for word in re.findall(r"[a-z0-9]+", fold(fee.name)) if len(word) >= _STEM]
    return tuple(_stem_pattern(word[:_STEM]) for word in words if word != "taxa")


def _claims_unstated_free(sentence: str, facts: ProviderFacts) -> bool:
    """Called free of charge, and nobody said so."""
    if not facts.fees or not _FREE.search(sentence):
        return False
    named = [fee for fee in facts.fees if all(word.search(sentence) for word in _fee_patterns(fee))]
    if named:
        return not any(not fee.amount or _names_free_terms(sentence, fee.note) for fee in named)
    told = (f"{each.question} {each.answer}" for each in facts.more)
    free = any(_names_free_terms(sentence, each) for each in told)
    return _SERVICE.search(sentence) is not None and not free


def _names_free_terms(sentence: str, told: str) -> bool:
    """Whether what was told says free of charge, and the sentence says under which terms, or of
    what.
    """
    words = re.findall(r"[a-z]{4,}", _FREE.sub(" ", fold(told)))
    return bool(_FREE.search(fold(told))) and any(word in sentence for word in words)


def _has_unknown_address(sentence: str, known: KnownValues) -> bool:
    """An address of nobody: neither the provider's, nor the customer's."""
    told = _normalize_street(f"{known.text} {known.customer_text}")
    ours = _OURS.search(sentence) is not None
    for kind, name, number in _STREET.findall(sentence):
        street = f"{_KINDS.get(kind, kind)} {_normalize_street(name)}".strip()
        whole = f"{street} {number}".strip()
        if not (number or ours) or _contains_words(told, whole):
            continue
        # "Rua do Porto perto da praça": as much of the name as is a name.
        words = street.split()
        if number or not any(
            _contains_words(told, " ".join(words[:n])) for n in range(len(words), 2, -1)
        ):
            return True
    return ours and _names_unknown_place(sentence, told)


def _names_unknown_place(sentence: str, told: str) -> bool:
    """*A loja fica no shopping*, where nobody told of one."""
    there = set(told.split())
    for place in _LIES.findall(sentence):
        words = [word for word in re.findall(r"[a-z]{4,}", place) if word not in _COMMON]
        if any(word not in there for word in words):
            return True
    return False


def _contains_words(told: str, words: str) -> bool:
    return f" {words} " in f" {told} "


def _normalize_street(text: str) -> str:
    words = re.findall(r"[a-z0-9]+", text)
    return " ".join({"av": "avenida", "r": "rua"}.get(word, word) for word in words if word != "n")
