"""What a customer's file says: the words of a voice note, what a picture or a PDF shows.

A transcript is the customer's own words. What stands in a picture or a PDF is data that somebody
else may have written: it is shown, and nothing is decided by it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from niochat.domain.message import MessageKind
from niochat.domain.text_validation import truncate_text

MAX_VOICE_SECONDS = 600
"""Of a voice note that is transcribed."""
MAX_TRANSCRIPT_LENGTH = 8_000
"""Characters; ten minutes of quick speech have as many."""


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
    """What came of reading a file. ``code`` says why nothing did; empty: all is well.

    ``text``: the words of a voice note. ``facts``: of a picture or PDF, JSON with a ``kind``.
    ``seconds``: of a voice note. ``cost`` in the currency of the assistant's prices.
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
    """It failed, and another try may help."""


@dataclass(frozen=True, slots=True)
class FileReadingRequest:
    """A file that is here. ``seconds``: of a voice note, as its sender's phone says; 0: unknown."""

    tenant_id: UUID
    file_id: UUID
    sort: ReadableFileKind
    mimetype: str
    seconds: float = 0.0


def format_transcript(text: str) -> str:
    """A voice note's words as they are kept: one line, without control characters, bounded."""
    printable = "".join(each if each.isprintable() else " " for each in text)
    return truncate_text(" ".join(printable.split()), MAX_TRANSCRIPT_LENGTH)
