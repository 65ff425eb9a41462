"""The transcript as the model reads it. Customer text is data, whatever it says.

Our own markers stand between ``⟦`` and ``⟧``. In other texts these characters become square
brackets, so that nobody can forge a marker.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from openai.types.chat import ChatCompletionMessageParam

from niochat.assistant.prompt.attachment_text import describe_attachment
from niochat.domain.message import Author, MessageKind

MAX_TRANSCRIPT_MESSAGES = 40
"""The number of newest messages that a turn reads."""

AGENT_MARKER = "⟦atendente⟧"
"""The prefix of messages that an agent wrote."""
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
class TranscriptLine:
    """One message as the model reads it."""

    author: Author
    text: str
    authored_text: str | None = field(default=None, compare=False)
    """What the author wrote or said, captions included, without the content of files; ``None``: all
    of ``text``.
    """
    statement: str = field(default="", compare=False)
    """What the customer stated: a text, a choice or a voice note; never a caption or a file."""
    file_facts: Mapping[str, Any] = field(default_factory=dict, compare=False)
    """What the customer's picture or PDF shows; unverified."""


def parse_transcript(rows: Sequence[Sequence[Any]]) -> list[TranscriptLine]:
    """Parse rows of (author, kind, text), optionally followed by a reading's (status,
    text, facts).
    """
    return [_parse_line(Author(row[0]), MessageKind(row[1]), *row[2:]) for row in rows]


def to_chat_messages(lines: Sequence[TranscriptLine]) -> list[ChatCompletionMessageParam]:
    """Convert lines to chat messages; agents speak with the assistant's role."""
    chat: list[ChatCompletionMessageParam] = []
    for line in lines:
        match line.author:
            case Author.CUSTOMER:
                chat.append({"role": "user", "content": line.text})
            case Author.AGENT | Author.PHONE:
                chat.append({"role": "assistant", "content": f"{AGENT_MARKER} {line.text}"})
            case _:
                chat.append({"role": "assistant", "content": line.text})
    return chat


def build_system_note(name: str, text: str) -> ChatCompletionMessageParam:
    """Build a message of the server to the model within a turn.

    It has the role of the user, because many chat templates accept a system message only at the
    start. The marker, which customers cannot write, shows that it comes from the server.
    """
    return {"role": "user", "content": f"⟦{name}⟧ {text}"}


def _parse_line(
    author: Author, kind: MessageKind, text: str, reading: object = None
) -> TranscriptLine:
    if author in _OWN_AUTHORS:
        return TranscriptLine(author, _mask_own_text(kind, text))
    typed = text.translate(_FOREIGN)
    attachment = describe_attachment(kind, reading)
    if attachment is None:
        marked = " ".join(part for part in (_RECEIVED.get(kind), typed) if part)
        is_statement = author is Author.CUSTOMER and kind in _SAID_BY_HAND
        return TranscriptLine(author, marked, statement=typed if is_statement else "")
    authored = " ".join(part for part in (attachment.statement, typed) if part)
    shown = " ".join(part for part in (attachment.marker, authored) if part)
    return TranscriptLine(author, shown, authored, attachment.statement, attachment.facts)


def _mask_own_text(kind: MessageKind, text: str) -> str:
    """Replace PIX codes, digit lines and files in our own messages by markers, so that the model
    cannot repeat them.
    """
    if kind in _SENT:
        return " ".join(part for part in (_SENT[kind], text) if part)
    if _PIX_CODE.fullmatch(text.strip()):
        return "⟦código PIX enviado ao cliente⟧"
    if _DIGIT_LINE.fullmatch(text.strip()):
        return "⟦linha digitável enviada ao cliente⟧"
    return text or "⟦mensagem⟧"
