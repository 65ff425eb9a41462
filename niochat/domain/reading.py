"""What a customer's file says: the words of a voice note, what a picture or a PDF shows.

A transcript is the customer's own words. What stands in a picture or a PDF is data that somebody
else may have written: it is shown, and nothing is decided by it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from niochat.domain.message import Kind
from niochat.domain.plain import cut

MOST_SECONDS = 600
"""Of a voice note that is transcribed."""
LONGEST_TRANSCRIPT = 8_000
"""Characters; ten minutes of quick speech have as many."""


class Sort(StrEnum):
    """How a file is read."""

    VOICE = "voice"
    PICTURE = "picture"
    DOCUMENT = "document"


SORTS: Mapping[Kind, Sort] = {
    Kind.VOICE: Sort.VOICE,
    Kind.AUDIO: Sort.VOICE,
    Kind.IMAGE: Sort.PICTURE,
    Kind.DOCUMENT: Sort.DOCUMENT,
}


@dataclass(frozen=True, slots=True)
class Reading:
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
class ReadingRequest:
    """A file that is here. ``seconds``: of a voice note, as its sender's phone says; 0: unknown."""

    tenant_id: UUID
    file_id: UUID
    sort: Sort
    mimetype: str
    seconds: float = 0.0


def transcript_of(text: str) -> str:
    """A voice note's words as they are kept: one line, without control characters, bounded."""
    printable = "".join(each if each.isprintable() else " " for each in text)
    return cut(" ".join(printable.split()), LONGEST_TRANSCRIPT)
