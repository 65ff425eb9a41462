"""Pages of lists: query parameters, the page model, and opaque cursors."""

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel

from niochat.domain.errors import InvalidInputError

Item = TypeVar("Item")


class CursorPage(BaseModel, Generic[Item]):
    """One page of a list. Send ``next_cursor`` as ``cursor`` to get the next page; it is null on
    the last page.
    """

    items: list[Item]
    next_cursor: str | None = None


PageLimit = Annotated[
    int, Query(ge=1, le=200, description="The maximum number of items on the page.")
]
PageCursor = Annotated[
    str | None, Query(max_length=200, description="next_cursor of the previous page.")
]


def split_page(
    rows: Sequence[dict[str, Any]], limit: int
) -> tuple[list[dict[str, Any]], str | None]:
    """Split up to ``limit + 1`` rows into the items of the page and the cursor of the next page
    (None: this is the last one).
    """
    items = list(rows[:limit])
    return items, encode_cursor(items[-1]["id"]) if len(rows) > limit else None


def parse_id_cursor(cursor: str | None) -> UUID | None:
    """Return the id in a cursor. Raises ``InvalidInputError`` (``bad_cursor``)."""
    (row_id,) = decode_cursor(cursor, UUID) or (None,)
    return row_id


def parse_time_cursor(cursor: str | None) -> tuple[datetime, UUID] | None:
    """Return the time and the id in a cursor. Raises ``InvalidInputError`` (``bad_cursor``)."""
    parts = decode_cursor(cursor, datetime.fromisoformat, UUID)
    return None if parts is None else (parts[0], parts[1])


def format_time_cursor(time: datetime, row_id: UUID) -> str:
    """Return the cursor after an item of a list that is ordered by time."""
    return encode_cursor(time.isoformat(), row_id)


def parse_number_cursor(cursor: str | None) -> int | None:
    """Return the number in a cursor. Raises ``InvalidInputError`` (``bad_cursor``)."""
    (number,) = decode_cursor(cursor, parse_cursor_number) or (None,)
    return number


def format_number_cursor(number: int) -> str:
    """Return the cursor after an item of a numbered list."""
    return encode_cursor(number)


def parse_cursor_number(text: str) -> int:
    """Parse a number inside a cursor. Raises ``ValueError``."""
    number = int(text)
    if not 0 <= number < 2**63:
        raise ValueError(text)
    return number


def encode_cursor(*parts: object) -> str:
    """Return a cursor. The text of a part must not contain spaces."""
    text = " ".join(str(part) for part in parts)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(cursor: str | None, *parsers: Callable[[str], Any]) -> list[Any] | None:
    """Return the parts given to ``encode_cursor``, each parsed by its parser. Raises
    ``InvalidInputError`` (``bad_cursor``).
    """
    if cursor is None:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        parts = base64.b64decode(padded, b"-_", validate=True).decode().split(" ")
        return [parse(part) for parse, part in zip(parsers, parts, strict=True)]
    except (ValueError, binascii.Error):
        raise InvalidInputError(
            "The cursor is invalid. Leave it out to start with the first page.", code="bad_cursor"
        ) from None
