"""Check whether the customer's quoted words can select the contract that the model selected."""

import re
from collections.abc import Sequence

from niochat.assistant.text.text_normalization import fold
from niochat.ports.erp import Contract

_SPOKEN = tuple(
    re.compile(rf"\b{ordinal}[oa]\b(?! via| feira|-)|\b({cardinal})\b(?! \w)")
    for ordinal, cardinal in (
        ("primeir", "um"),
        ("segund", "dois"),
        ("terceir", "tres"),
        ("quart", "quatro"),
        ("quint", "cinco"),
        ("sext", "seis"),
        ("setim", "sete"),
        ("oitav", "oito"),
    )
)
_NOT = re.compile(r"\b(?:nao|nem)\b[^,;.]*")
_NUMBER = re.compile(r"(?<![\d/.,-])\d{1,9}(?![\d/,-]|\.\d)")
_DENIES = re.compile(
    r"\bnao (e|eh|sou|esta|ta|sao|confirm\w+|reconhec\w+|bate\w*|conhec\w+|tenho|confere)\b"
    r"|\b(errad[oa]s?|incorret[oa]s?|engano)\b"
)
_NO = re.compile(r"\W*(nao|n|nops?|negativo|nenhum[a]?|nem)\b")
_ALL = re.compile(r"\b(d?os dois|d?as duas|ambos|ambas|d?os tres|todos|todas|cada um)\b")
_ONLY_YES = re.compile(
    r"(\W*\b(sim|s|isso|isso mesmo|ok|okay|certo|claro|correto|confirmo|exato|uhum|aham|pode|ser|"
    r"ta|esta|estao|tudo|beleza|blz|positivo|perfeito|mesmo|obrigad[oa]|por favor)\b\W*)+"
)


def is_confirmation(message: str) -> bool:
    """Whether a message can confirm the one contract that was shown."""
    folded = fold(message)
    return not (_NO.match(folded) or _DENIES.search(folded))


def can_mean_contract(words: str, message: str, option: int, contracts: Sequence[Contract]) -> bool:
    """Whether the quoted words can mean the contract with this number.

    ``message``: the message that contains ``words``. Contracts in a negation do not count.
    """
    if _ALL.search(fold(words)) and not _NO.match(fold(message)):
        return True  # all contracts, one after the other
    quoted, whole = (_NOT.sub(" ", fold(each)) for each in (words, message))
    if not quoted.strip(" ,;.") or _ONLY_YES.fullmatch(quoted):
        return False
    named = [found for each in (quoted, whole) if (found := _contracts_named(each, contracts))]
    if option in _contracts_named(fold(message), contracts) - _contracts_named(whole, contracts):
        return False  # the contract is named in a negation only
    if named:
        return all(option in each for each in named)
    # The customer described the contract; trust the model's understanding unless the message
    # refuses all.
    return not _NO.match(fold(message))


def is_corrected_later(later: Sequence[str], option: int, contracts: Sequence[Contract]) -> bool:
    """Whether a message after the quoted one names another contract."""
    named = (_contracts_named(_NOT.sub(" ", fold(each)), contracts) for each in later)
    return any(each and option not in each for each in named)


def _contracts_named(folded: str, contracts: Sequence[Contract]) -> set[int]:
    """The numbers of the contracts that the text names by number, place or plan."""
    count = len(contracts)
    numbers = {int(each) for each in _NUMBER.findall(folded)}
    ids = {n for n, each in enumerate(contracts, 1) if each.id in _NUMBER.findall(folded)}
    listed = {n for n in numbers if 1 <= n <= count}
    spoken = {n for n, word in enumerate(_SPOKEN[:count], 1) if word.search(folded)}
    if re.search(r"\bultim[oa]\b", folded):
        spoken.add(count)
    return ids or listed or spoken or _contracts_by_words(folded, contracts)


def _contracts_by_words(folded: str, contracts: Sequence[Contract]) -> set[int]:
    """Contracts found by words of address or plan that not all contracts share."""
    words = [_significant_words(f"{each.address} {each.plan}") for each in contracts]
    text_words = _significant_words(folded)
    shared = set.intersection(*words) if words else set()
    return {n for n, each in enumerate(words, 1) if text_words & (each - shared)}


def _significant_words(text: str) -> set[str]:
    return {each for each in re.findall(r"[a-z]{4,}|\d{2,}", fold(text)) if each not in _COMMON}


_COMMON = frozenset(
    {
        "rua",
        "avenida",
        "casa",
        "bairro",
        "contrato",
        "endereco",
        "numero",
        "mega",
        "fibra",
        "plano",
        "internet",
        "quero",
        "esse",
        "este",
        "essa",
        "esta",
        "aquele",
        "mesmo",
        "favor",
    }
)
