"""The content of a customer's file: the transcript of a voice note, or facts from a picture or PDF.

A transcript is the customer's own words. The content of a picture or PDF may come from somebody
else, so it is only shown and no decision depends on it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from niochat.domain.message import MessageKind
from niochat.domain.text_validation import truncate_text

MAX_VOICE_SECONDS = 600
"""Longest voice note that is transcribed."""
MAX_TRANSCRIPT_LENGTH = 8_000
"""Characters, about ten minutes of fast speech."""


class ReadableFileKind(StrEnum):
    """How a file is read."""

    VOICE = "voice"
    PICTURE = "picture"
    DOCUMENT = "document"


READABLE_KINDS: Mapping[MessageKind, ReadableFileKind] = {
    MessageKind.VOICE: ReadableFileKind.VOICE,
    MessageKind.AUDIO: ReadableFileKind.VOICE,
    MessageKind.IMAGE: ReadableFileKind.PICTURE,
    MessageKind.DOCUMENT: ReadableFileKind.DOCUMENT,
}


@dataclass(frozen=True, slots=True)
class FileReading:
    """The result of reading a file. ``code`` says why reading failed and is empty on success.

    ``text`` is the transcript of a voice note and ``seconds`` its length. ``facts`` describes a
    picture or PDF as JSON with a ``kind``. ``cost`` is in the currency of the assistant's prices.
    """

    text: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)
    code: str = ""
    detail: str = ""
    model: str = ""
    seconds: float = 0.0
    tokens_in: int = 0
    tokens_out: int = 0
    cost: Decimal = Decimal(0)
    again: bool = False
    """Reading failed, and another attempt may succeed."""


@dataclass(frozen=True, slots=True)
class FileReadingRequest:
    """A stored file to read. ``seconds`` is the length of a voice note as reported by the sender's
    phone; 0 means unknown.
    """

    tenant_id: UUID
    file_id: UUID
    sort: ReadableFileKind
    mimetype: str
    seconds: float = 0.0


def format_transcript(text: str) -> str:
    """Returns a transcript on one line, without control characters, cut to
    ``MAX_TRANSCRIPT_LENGTH``.
    """
    printable = "".join(each if each.isprintable() else " " for each in text)
    return truncate_text(" ".join(printable.split()), MAX_TRANSCRIPT_LENGTH)
