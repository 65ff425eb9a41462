"""Understands a customer who asks for no more messages: PARAR, SAIR, "não quero mais receber".

Only fixed wordings count. "Parar" alone is one; "minha internet parou" or "vai parar de funcionar
de novo" is a matter for the assistant.
"""

import re
import unicodedata
from enum import StrEnum

MAX_OPT_OUT_LENGTH = 400
"""Characters of a message in which a wording is searched."""


class OptOutWording(StrEnum):
    """How a message asks for no more messages."""

    WHOLE = "whole"
    """It says nothing else, so nobody needs to answer it."""
    PART = "part"
    """It says something else too, which needs an answer like any message."""


_POLITE = frozenset(
    (
        *("oi", "ola", "bom", "boa", "dia", "tarde", "noite", "por", "favor", "pfv", "pf", "pls"),
        *("obrigado", "obrigada", "obg", "grato", "grata", "valeu", "please", "thanks", "ok"),
        *("ja", "agora", "gentileza", "isso", "ai"),
    )
)
"""Words that may stand beside a wording and say nothing of their own."""
_THINGS = r"(?:mensage(?:m|ns?)|msgs?|avisos?|propagandas?|promocoes|ofertas|contatos?|isso)"
_SUFFIX = (
    rf"(?: (?:essas?|esses?|estas?|mais|suas?|de|as|os|nenhuma?|qualquer|{_THINGS}|"
    r"voces|aqui|no|pelo|whats|whatsapp|zap|me|para|pra|mim|meu|numero|daqui|da|empresa))*"
)
_SEND = r"(?:mandar|mande|mandem|manda|enviar|envie|enviem|envia|escrever|escreva|escrevam)"
_WORDS = (
    r"(?:parar|pare|parem|sair|saia|stop|unsubscribe|descadastrar|descadastre|descadastra|remover|"
    r"remova|desinscrever|cancelar inscricao|opt out|optout)"
)
_STRONG = re.compile(
    rf"\b(?:nao (?:quero|desejo|gostaria de|aceito|autorizo) (?:mais )?"
    rf"(?:receber|recebe|que (?:me )?{_SEND})(?: mais)?(?:{_SUFFIX} {_THINGS}|(?= ?$))"
    rf"|nao (?:quero|desejo) (?:mais )?{_THINGS}"
    rf"|nao (?:me )?{_SEND}(?: mais| nada)+(?: {_THINGS})?"
    rf"|(?:pare|parem|para|parar|podem? parar) (?:de )?(?:me )?(?:ficar )?"
    rf"(?:{_SEND}|mandando|enviando)(?: me)?(?:{_SUFFIX} {_THINGS}|(?= ?$))"
    rf"|(?:me )?(?:tira|tire|tirem|remove|remova|removam|exclua|excluam|descadastr\w+)(?: me)?"
    rf"(?: o)?(?: meu)?(?: numero| contato)? (?:da|dessa|desta) lista)\b"
)
_WHOLE = re.compile(
    rf"(?:quero |favor |queria )?{_WORDS}(?: {_WORDS})*"
    rf"(?: (?:as|de|da|com|das|com as|com essas|de receber)?(?: ?(?:{_THINGS}|lista)))?"
    rf"|me (?:tira|tire|remove|remova|exclua)(?: daqui| da lista)?"
    rf"|nao (?:quero|desejo) (?:mais )?receber(?: mais)?(?: nada)?"
    rf"|nao me {_SEND}(?: mais)?(?: nada)?"
)


def read_opt_out(text: str) -> OptOutWording | None:
    """Returns how ``text`` asks for no more messages, or ``None`` if it does not."""
    if len(text) > MAX_OPT_OUT_LENGTH:
        return None
    words = _plain(text).split()
    said = " ".join(word for word in words if word not in _POLITE)
    if _WHOLE.fullmatch(said):
        return OptOutWording.WHOLE
    found = _STRONG.search(said)
    if found is None:
        return None
    rest = (said[: found.start()] + said[found.end() :]).split()
    return OptOutWording.WHOLE if _says_nothing(rest) else OptOutWording.PART


def _says_nothing(words: list[str]) -> bool:
    return all(re.fullmatch(_SUFFIX, f" {word}") for word in words)


def _plain(text: str) -> str:
    """Lower case without accents, emojis and punctuation."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    kept = (each for each in decomposed if not unicodedata.combining(each))
    return re.sub(r"[^a-z0-9]+", " ", "".join(kept)).strip()
