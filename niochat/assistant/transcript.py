"""What was said, as the model reads it. Customer text is data, whatever it says.

What is ours in it stands between ``⟦`` and ``⟧``. Nobody else can write those: in what people say
they become square brackets.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from openai.types.chat import ChatCompletionMessageParam

from niochat.assistant.readings import told
from niochat.domain.message import Author, MessageKind

MESSAGES = 40
"""Newest messages that a turn reads."""

PERSON = "⟦atendente⟧"
"""Before what a person of the provider said."""
_OWN_AUTHORS = frozenset({Author.ASSISTANT, Author.SYSTEM, Author.INTEGRATION, Author.AUTOMATIC})
_SENT = {
    MessageKind.IMAGE: "⟦imagem enviada ao cliente⟧",
    MessageKind.VIDEO: "⟦vídeo enviado ao cliente⟧",
    MessageKind.VOICE: "⟦áudio enviado ao cliente⟧",
    MessageKind.AUDIO: "⟦áudio enviado ao cliente⟧",
    MessageKind.DOCUMENT: "⟦arquivo enviado ao cliente⟧",
}
_RECEIVED = {
    MessageKind.IMAGE: "⟦imagem⟧",
    MessageKind.VIDEO: "⟦vídeo⟧",
    MessageKind.VOICE: "⟦áudio⟧",
    MessageKind.AUDIO: "⟦áudio⟧",
    MessageKind.DOCUMENT: "⟦arquivo⟧",
    MessageKind.STICKER: "⟦figurinha⟧",
    MessageKind.LOCATION: "⟦localização⟧",
    MessageKind.CONTACT: "⟦contato⟧",
    MessageKind.POLL: "⟦enquete⟧",
    MessageKind.POLL_VOTE: "⟦voto em enquete⟧",
    MessageKind.UNKNOWN: "⟦algo que não pode ser mostrado aqui⟧",
}
_SAID_BY_HAND = frozenset({MessageKind.TEXT, MessageKind.CHOICE})
_PIX_CODE = re.compile(r"000201\S[\s\S]{40,}6304[0-9A-Fa-f]{4}")
_DIGIT_LINE = re.compile(r"[\d. -]{44,70}")
_FOREIGN = str.maketrans("⟦⟧", "[]")


@dataclass(frozen=True, slots=True)
class Line:
    """One message as the model reads it."""

    author: Author
    text: str
    words: str | None = field(default=None, compare=False)
    """What the author wrote or said, captions among it, without what files say; ``None``: all of
    ``text``.
    """
    said: str = field(default="", compare=False)
    """What the customer himself said: a text, a choice, a voice note; never a caption or a file."""
    facts: Mapping[str, Any] = field(default_factory=dict, compare=False)
    """What the customer's picture or PDF shows, which nobody has checked."""


def read_lines(rows: Sequence[Sequence[Any]]) -> list[Line]:
    """Lines of (author, kind, text), and (status, text, facts) of a reading where there is one."""
    return [_line(Author(row[0]), MessageKind(row[1]), *row[2:]) for row in rows]


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


def _line(author: Author, kind: MessageKind, text: str, reading: object = None) -> Line:
    if author in _OWN_AUTHORS:
        return Line(author, _own(kind, text))
    typed = text.translate(_FOREIGN)
    read = told(kind, reading)
    if read is None:
        marked = " ".join(part for part in (_RECEIVED.get(kind), typed) if part)
        said = author is Author.CUSTOMER and kind in _SAID_BY_HAND
        return Line(author, marked, said=typed if said else "")
    words = " ".join(part for part in (read.said, typed) if part)
    shown = " ".join(part for part in (read.marker, words) if part)
    return Line(author, shown, words, read.said, read.facts)


def _own(kind: MessageKind, text: str) -> str:
    """Ours, with what the model must not repeat as a short mark."""
    if kind in _SENT:
        return " ".join(part for part in (_SENT[kind], text) if part)
    if _PIX_CODE.fullmatch(text.strip()):
        return "⟦código PIX enviado ao cliente⟧"
    if _DIGIT_LINE.fullmatch(text.strip()):
        return "⟦linha digitável enviada ao cliente⟧"
    return text or "⟦mensagem⟧"
