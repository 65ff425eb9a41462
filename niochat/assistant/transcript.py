"""What was said, as the model reads it. Customer text is data, whatever it says."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from openai.types.chat import ChatCompletionMessageParam

from niochat.adapters.postgres.database import Connection
from niochat.adapters.postgres.queries import queries
from niochat.assistant.report import TurnRequest
from niochat.domain.message import Author, Kind

_SQL = queries("assistant")
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


@dataclass(frozen=True, slots=True)
class Line:
    """One message as the model reads it."""

    author: Author
    text: str


async def read_transcript(connection: Connection, request: TurnRequest) -> list[Line]:
    """The conversation up to the event that the turn began with."""
    rows = await connection.fetch(
        _SQL["transcript"], request.tenant_id, request.conversation_id, request.upto_version,
        MESSAGES,
    )  # fmt: skip
    return [Line(Author(row["author"]), spoken(dict(row))) for row in rows]


def spoken(row: Mapping[str, Any]) -> str:
    """The text, with a placeholder for what is not text."""
    placeholder = _PLACEHOLDERS.get(Kind(row["kind"]))
    return " ".join(part for part in (placeholder, row["text"]) if part)


def as_chat(lines: list[Line]) -> list[ChatCompletionMessageParam]:
    """Roles as chat models know them; people of the provider speak as the assistant."""
    chat: list[ChatCompletionMessageParam] = []
    for line in lines:
        match line.author:
            case Author.CUSTOMER:
                chat.append({"role": "user", "content": line.text})
            case Author.AGENT | Author.PHONE:
                chat.append({"role": "assistant", "content": f"[atendente humano] {line.text}"})
            case Author.ASSISTANT | Author.SYSTEM | Author.INTEGRATION:
                chat.append({"role": "assistant", "content": line.text})
    return chat
