"""Check that the customer wrote what a model takes for a request or an agreement.

The model understands the words and quotes them. The code checks that the quote stands in a message
of the customer, and that no message says the opposite.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from niochat.assistant.text.text_normalization import fold

_WORD = re.compile(r"[^\W_]+")
_ELLIPSIS = re.compile(r"\.{3}|…|\(\.\.\.\)|\n")
_REFUSES = re.compile(
    r"\bnao (quero|vou querer)(?! (pagar|boleto|pix|ficar|esperar|mais esperar))\b"
    r"|\bnao precis\w+(?! (de |do |da )?(boleto|pix|fatura|segunda via))"
    r"|\bnao (desbloque\w*|liber\w*|faz|faca|fac?am|abr\w+|mand\w+|envi\w+|mud\w+|troc\w+|"
    r"registr\w+|autorizo|aceito|concordo|confirmo|pode|obrigad[oa]|agora|hoje|ainda)\b"
    r"|\b(agora|hoje|ainda|por enquanto|por ora|melhor) nao\b|\bacho que nao\b"
    r"|\bdeixa (pra|para) (la|depois)\b|\bdeixa (quieto|assim|isso)\b"
    r"|\b(nem pensar|de jeito nenhum|negativo|outra hora|esquece|desist\w+)\b"
    r"|\bcancela\w*\b(?! (o |a |meu |minha |esse |essa )?(chamado|visita|agendamento))"
    r"|\b(depois|mais tarde) eu (vejo|peco|falo|decido|te|aviso)\b"
)
_NO = re.compile(r"\W*(nao|n|nops?|nem|nunca|jamais)\b")
_YES = re.compile(
    r"\b(sim|s|pode\w*|quero|queria|faz|faca|favor|pfv?r?|liber\w+|desbloque\w+|mand\w+|envi\w+|"
    r"abr\w+|claro|isso|aceito|confirmo|ok|okay|blz|beleza|bora|certo|preciso|gostaria|uhum|aham|"
    r"positivo|perfeito|combinado|fechado|vamos|vai|ta|tudo bem|com certeza)\b"
)
_EMPTY = re.compile(
    r"\W*((oi+e?|ola|opa|alo|bom dia|boa tarde|boa noite|e ai|hum+|hein|ue|"
    r"que|como|quanto|quando|qual|quem|por que|porque)\W*)+"
)


@dataclass(frozen=True, slots=True)
class QuotedCustomerText:
    """A message of the customer that contains the quoted words. ``later``: the
    messages after it.
    """

    message: str
    later: tuple[str, ...]

    @property
    def is_withdrawn(self) -> bool:
        """Whether this message or a later one withdraws the request.

        A mere *no* in a later message does not count, because it may answer another question.
        """
        later = any(_REFUSES.search(fold(each)) for each in self.later)
        return later or is_refusal(self.message)


def find_quote(messages: Sequence[str], words: str) -> QuotedCustomerText | None:
    """Find the newest message that contains all quoted words; ``None``: no message does.

    Case, accents and punctuation are ignored. An ellipsis in the quote may skip text.
    """
    parts = [part for part in _ELLIPSIS.split(words) if part.strip()]
    if not parts:
        return None
    for index in range(len(messages) - 1, -1, -1):
        if all(_contains_words(part, messages[index]) for part in parts):
            return QuotedCustomerText(messages[index], tuple(messages[index + 1 :]))
    return None


def is_refusal(message: str) -> bool:
    """Whether a message refuses what was asked or offered."""
    folded = fold(message)
    return bool(_REFUSES.search(folded)) or bool(_NO.match(folded) and not _YES.search(folded))


def is_agreement(messages: Sequence[str], words: str) -> bool:
    """Whether ``words``, quoted from one of ``messages``, can be a yes to the question
    before them.
    """
    quote = find_quote(messages, words)
    if quote is None or any(is_refusal(each) for each in (quote.message, *quote.later)):
        return False
    folded = fold(words)
    asks = "?" in words and not _YES.search(folded)
    return not asks and not _EMPTY.fullmatch(folded)


def _contains_words(part: str, message: str) -> bool:
    quoted, written = _WORD.findall(fold(part)), _WORD.findall(fold(message))
    if not quoted:  # an emoji
        return part.strip() in message
    size = len(quoted)
    return any(written[at : at + size] == quoted for at in range(len(written) - size + 1))
