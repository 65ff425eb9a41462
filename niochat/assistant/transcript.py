"""What was said, as the model reads it. Customer text is data, whatever it says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from openai.types.chat import ChatCompletionMessageParam

from niochat.assistant.readings import told
from niochat.domain.message import Author, Kind

MESSAGES = 40
"""Newest messages that a turn reads."""

_PLACEHOLDERS = {
    Kind.IMAGE: "[o cliente enviou uma imagem]",
    Kind.VIDEO: "[o cliente enviou um vídeo]",
    Kind.VOICE: "[o cliente enviou um áudio]",
    Kind.AUDIO: "[o cliente enviou um áudio]",
    Kind.DOCUMENT: "[o cliente enviou um documento]",
    Kind.STICKER: "[o cliente enviou uma figurinha]",
    Kind.LOCATION: "[o cliente enviou uma localização]",
    Kind.CONTACT: "[o cliente enviou um contato]",
    Kind.POLL: "[o cliente enviou uma enquete]",
    Kind.POLL_VOTE: "[o cliente votou em uma enquete]",
    Kind.UNKNOWN: "[o cliente enviou algo que não pode ser mostrado aqui]",
}
_TYPED = (Kind.TEXT, Kind.CHOICE)


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
    return [_line(*row) for row in rows]


def _line(author: str, kind: str, text: str, reading: object = None) -> Line:
    read = told(Kind(kind), reading)
    typed = text if Kind(kind) in _TYPED else ""
    if read is None:
        return Line(Author(author), spoken(kind, text), said=typed)
    words = " ".join(part for part in (read.said, text) if part)
    shown = " ".join(part for part in (read.marker, words) if part)
    return Line(Author(author), shown, words, read.said or typed, read.facts)


def spoken(kind: str, text: str) -> str:
    """The text, with a placeholder for what is not text."""
    placeholder = _PLACEHOLDERS.get(Kind(kind))
    return " ".join(part for part in (placeholder, text) if part)


def as_chat(lines: list[Line]) -> list[ChatCompletionMessageParam]:
    """Roles as chat models know them; people of the provider speak as the assistant."""
    chat: list[ChatCompletionMessageParam] = []
    for line in lines:
        match line.author:
            case Author.CUSTOMER:
                chat.append({"role": "user", "content": line.text})
            case Author.AGENT | Author.PHONE:
                chat.append({"role": "assistant", "content": f"[atendente humano] {line.text}"})
            case Author.ASSISTANT | Author.SYSTEM | Author.INTEGRATION | Author.AUTOMATIC:
                chat.append({"role": "assistant", "content": line.text})
    return chat
