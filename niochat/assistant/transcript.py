"""What was said, as the model reads it. Customer text is data, whatever it says.

What is ours in it stands between ``⟦`` and ``⟧``. Nobody else can write those: in what people say
they become square brackets.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from openai.types.chat import ChatCompletionMessageParam

from niochat.domain.message import Author, Kind

MESSAGES = 40
"""Newest messages that a turn reads."""

PERSON = "⟦atendente⟧"
"""Before what a person of the provider said."""
_OWN_AUTHORS = frozenset({Author.ASSISTANT, Author.SYSTEM, Author.INTEGRATION, Author.AUTOMATIC})
_SENT = {
    Kind.IMAGE: "⟦imagem enviada ao cliente⟧",
    Kind.VIDEO: "⟦vídeo enviado ao cliente⟧",
    Kind.VOICE: "⟦áudio enviado ao cliente⟧",
    Kind.AUDIO: "⟦áudio enviado ao cliente⟧",
    Kind.DOCUMENT: "⟦arquivo enviado ao cliente⟧",
}
_RECEIVED = {
    Kind.IMAGE: "⟦imagem⟧",
    Kind.VIDEO: "⟦vídeo⟧",
    Kind.VOICE: "⟦áudio⟧",
    Kind.AUDIO: "⟦áudio⟧",
    Kind.DOCUMENT: "⟦arquivo⟧",
    Kind.STICKER: "⟦figurinha⟧",
    Kind.LOCATION: "⟦localização⟧",
    Kind.CONTACT: "⟦contato⟧",
    Kind.POLL: "⟦enquete⟧",
    Kind.POLL_VOTE: "⟦voto em enquete⟧",
    Kind.UNKNOWN: "⟦algo que não pode ser mostrado aqui⟧",
}
_SAID_BY_HAND = frozenset({Kind.TEXT, Kind.CHOICE})
_PIX_CODE = re.compile(r"000201\S[\s\S]{40,}6304[0-9A-Fa-f]{4}")
_DIGIT_LINE = re.compile(r"[\d. -]{44,70}")
_FOREIGN = str.maketrans("⟦⟧", "[]")


@dataclass(frozen=True, slots=True)
class Line:
    """One message as the model reads it."""

    author: Author
    text: str
    said: str = ""
    """What a customer wrote as a message of its own: no caption, no file."""


def read_lines(rows: Sequence[Sequence[str]]) -> list[Line]:
    """Lines of (author, kind, text)."""
    return [_line(Author(author), Kind(kind), text) for author, kind, text in rows]


def as_chat(lines: Sequence[Line]) -> list[ChatCompletionMessageParam]:
    """Roles as chat models know them; people of the provider speak as the assistant."""
    chat: list[ChatCompletionMessageParam] = []
    for line in lines:
        match line.author:
            case Author.CUSTOMER:
                chat.append({"role": "user", "content": line.text})
            case Author.AGENT | Author.PHONE:
                chat.append({"role": "assistant", "content": f"{PERSON} {line.text}"})
            case _:
                chat.append({"role": "assistant", "content": line.text})
    return chat


def system_note(name: str, text: str) -> ChatCompletionMessageParam:
    """What the server tells the model in the course of a turn.

    It has the customer's role, because many chat templates take a system message at the start
    only; the mark, which the customer cannot write, says whose it is.
    """
    return {"role": "user", "content": f"⟦{name}⟧ {text}"}


def _line(author: Author, kind: Kind, text: str) -> Line:
    if author in _OWN_AUTHORS:
        return Line(author, _own(kind, text))
    readable = text.translate(_FOREIGN)
    marked = " ".join(part for part in (_RECEIVED.get(kind), readable) if part)
    said = author is Author.CUSTOMER and kind in _SAID_BY_HAND
    return Line(author, marked, readable if said else "")


def _own(kind: Kind, text: str) -> str:
    """Ours, with what the model must not repeat as a short mark."""
    if kind in _SENT:
        return " ".join(part for part in (_SENT[kind], text) if part)
    if _PIX_CODE.fullmatch(text.strip()):
        return "⟦código PIX enviado ao cliente⟧"
    if _DIGIT_LINE.fullmatch(text.strip()):
        return "⟦linha digitável enviada ao cliente⟧"
    return text or "⟦mensagem⟧"
