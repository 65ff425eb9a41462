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

from niochat.assistant.coverage_claims import PLACE, covers_wrongly
from niochat.assistant.deeds import Deeds
from niochat.assistant.figures import Figure, FigureKind, figures_in
from niochat.assistant.folding import fold
from niochat.assistant.known import Known
from niochat.assistant.provider_facts import fee_text
from niochat.domain.provider_facts import ProviderFacts, ProviderFee

STREET = "endereco_loja"
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
class _Topic:
    """What the provider told of one thing, and by which words a sentence is about it."""

    words: tuple[re.Pattern[str], ...]
    figures: tuple[Figure, ...]
    strict: bool = False
    """No other time than its own is said of it, not even one that can be worked out."""

    def values(self, kind: FigureKind) -> set[Any]:
        return {figure.value for figure in self.figures if figure.kind is kind}


def untold(
    sentence: str, figures: Sequence[Figure], known: Known, deeds: Deeds, whole: str
) -> str | None:
    """The code of what the provider did not tell so; ``None``: nothing is wrong. ``whole``: the
    text that the sentence stands in.
    """
    if sentence.rstrip().endswith("?"):
        return None
    facts = deeds.case.provider
    texts = (sentence, whole, known.customers_text)
    about = [_named(_topics(facts), text) for text in texts] if figures else []
    for figure in figures:
        if _of_another(figure, about, known, deeds):
            return str(figure.kind)
    if _is_free(sentence, facts):
        return str(FigureKind.MONEY)
    if _elsewhere(sentence, known):
        return STREET
    return PLACE if covers_wrongly(sentence, deeds) else None


def is_sum(sentence: str, figure: Figure, known: Known, facts: ProviderFacts) -> bool:
    """Whether an amount is that of several fees together, or of one with an amount of the visit;
    the sentence names them.
    """
    if figure.kind is not FigureKind.MONEY or not facts.fees:
        return False
    told = (fee for fee in facts.fees if fee.amount and _words(fee))
    fees = [Decimal(str(fee.amount)) for fee in told if _words(fee)[0].search(sentence)]
    several = (sum(some) for n in range(2, len(fees) + 1) for some in combinations(fees, n))
    return figure.value in {*several, *(fee + own for fee in fees for own in known.visit_amounts)}


def is_due_day(sentence: str, figure: Figure, facts: ProviderFacts) -> bool:
    """Whether a *dia 10* is one of the days on which an invoice may fall due, and said as such."""
    if figure.kind is not FigureKind.DATE or not isinstance(figure.value, tuple):
        return False
    day, *rest = figure.value
    if any(rest) or day not in facts.billing.due_days:
        return False
    return _CHOICE.search(sentence) is not None and not _BILL.search(sentence)


def may_name(sentence: str, figure: Figure, known: Known, facts: ProviderFacts) -> bool:
    """Whether a number is a CEP of the coverage, or one that the customer asked for."""
    if figure.kind is not FigureKind.NUMBER or len(str(figure.value)) != _CEP:
        return False
    if facts.coverage.covers_cep(str(figure.value)):
        return True
    return re.search(r"\bcep\b", sentence) is not None and known.customer_has(figure)


def _of_another(
    figure: Figure, about: Sequence[Sequence[_Topic]], known: Known, deeds: Deeds
) -> bool:
    """A figure that was told, but of another fee or term than is spoken of. ``about``: what the
    sentence, the text and the customer are about; the first with such a figure counts.
    """
    of_kind = ([topic for topic in named if topic.values(figure.kind)] for named in about)
    told = next((named for named in of_kind if named), [])
    if any(figure.value in topic.values(figure.kind) for topic in told):
        return False
    if figure.kind is FigureKind.SPAN:
        strict = any(topic.strict for topic in told) and not deeds.case.facts.unlocked
        if strict and not known.visit_has(figure):
            return True
        if not told and about[0]:
            return False
    elsewhere = any(
        figure.value in topic.values(figure.kind) for topic in _topics(deeds.case.provider)
    )
    return elsewhere and not known.told_otherwise(figure)


def _named(topics: Iterable[_Topic], sentence: str) -> list[_Topic]:
    """Those that the sentence is about: with *segunda visita*, not *visita* too. A name of three
    words is known by two of them, where no other is there as a whole.
    """
    count = {topic: sum(word.search(sentence) is not None for word in topic.words)
             for topic in topics}  # fmt: skip
    found = [topic for topic, there in count.items() if there == len(topic.words)]
    if not found:
        return [t for t, there in count.items() if there > 1 and there == len(t.words) - 1]
    return [
        topic for topic in found if not any(set(topic.words) < set(other.words) for other in found)
    ]


@lru_cache(maxsize=256)
def _topics(facts: ProviderFacts) -> tuple[_Topic, ...]:
    unlock = facts.unlock
    days = f"{unlock.days} dias {unlock.days * 24} horas" if unlock.days else ""
    months = facts.fidelity_months or 0
    terms = {
        "fine": facts.fine,
        "fidelity": f"{months} meses {f'{months // 12} anos' if months % 12 == 0 else ''}",
        "unlock": f"{days} {unlock.terms}",
        "installation": facts.installation,
    }
    fees = (_Topic(_words(fee), _figures_of(fee)) for fee in facts.fees)
    others = (
        _Topic((_TERMS[name],), tuple(figures_in(fold(text))), name in ("installation", "unlock"))
        for name, text in terms.items()
    )
    return tuple(topic for topic in (*fees, *others) if topic.figures and topic.words)


def _figures_of(fee: ProviderFee) -> tuple[Figure, ...]:
    """What is free of charge costs 0."""
    none = (Figure(FigureKind.MONEY, Decimal(0), ""),) if not fee.amount else ()
    return (*figures_in(fold(fee_text(fee))), *none)


@cache
def _word(stem: str) -> re.Pattern[str]:
    return re.compile(rf"\b{re.escape(stem)}")


def _words(fee: ProviderFee) -> tuple[re.Pattern[str], ...]:
    words = [word for word in re.findall(r"[a-z0-9]+", fold(fee.name)) if len(word) >= _STEM]
    return tuple(_word(word[:_STEM]) for word in words if word != "taxa")


def _is_free(sentence: str, facts: ProviderFacts) -> bool:
    """Called free of charge, and nobody said so."""
    if not facts.fees or not _FREE.search(sentence):
        return False
    named = [fee for fee in facts.fees if all(word.search(sentence) for word in _words(fee))]
    if named:
        return not any(not fee.amount or _on_terms(sentence, fee.note) for fee in named)
    told = (f"{each.question} {each.answer}" for each in facts.more)
    free = any(_on_terms(sentence, each) for each in told)
    return _SERVICE.search(sentence) is not None and not free


def _on_terms(sentence: str, told: str) -> bool:
    """Whether what was told says free of charge, and the sentence says under which terms, or of
    what.
    """
    words = re.findall(r"[a-z]{4,}", _FREE.sub(" ", fold(told)))
    return bool(_FREE.search(fold(told))) and any(word in sentence for word in words)


def _elsewhere(sentence: str, known: Known) -> bool:
    """An address of nobody: neither the provider's, nor the customer's."""
    told = _plain(f"{known.text} {known.customers_text}")
    ours = _OURS.search(sentence) is not None
    for kind, name, number in _STREET.findall(sentence):
        street = f"{_KINDS.get(kind, kind)} {_plain(name)}".strip()
        whole = f"{street} {number}".strip()
        if not (number or ours) or _has(told, whole):
            continue
        # "Rua do Porto perto da praça": as much of the name as is a name.
        words = street.split()
        if number or not any(_has(told, " ".join(words[:n])) for n in range(len(words), 2, -1)):
            return True
    return ours and _lies_elsewhere(sentence, told)


def _lies_elsewhere(sentence: str, told: str) -> bool:
    """*A loja fica no shopping*, where nobody told of one."""
    there = set(told.split())
    for place in _LIES.findall(sentence):
        words = [word for word in re.findall(r"[a-z]{4,}", place) if word not in _COMMON]
        if any(word not in there for word in words):
            return True
    return False


def _has(told: str, words: str) -> bool:
    return f" {words} " in f" {told} "


def _plain(text: str) -> str:
    words = re.findall(r"[a-z0-9]+", text)
    return " ".join({"av": "avenida", "r": "rua"}.get(word, word) for word in words if word != "n")
