"""Shapes that all routes share: strict bodies, pages with a cursor, problems."""

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from niochat.domain.errors import InvalidInputError

Item = TypeVar("Item")


class RequestModel(BaseModel):
    """What somebody sends: a field there is not is an error, not ignored."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class ResponseModel(BaseModel):
    """What we answer."""

    model_config = ConfigDict(from_attributes=True)


class CursorPage(BaseModel, Generic[Item]):
    """One page of a list. Send ``next_cursor`` as ``cursor`` to get the next page; it is null on
    the last page.
    """

    items: list[Item]
    next_cursor: str | None = None


class ProblemDetails(BaseModel):
    """An error as problem details (RFC 9457). ``code`` is stable; ``title`` says what to do."""

    type: str = "about:blank"
    title: str
    status: int
    code: str
    errors: list[dict[str, Any]] | None = Field(
        None, description="The invalid fields, each with the reason."
    )


PageLimit = Annotated[
    int, Query(ge=1, le=200, description="The maximum number of items on the page.")
]
PageCursor = Annotated[
    str | None, Query(max_length=200, description="next_cursor of the previous page.")
]


def parse_id_cursor(cursor: str | None) -> UUID | None:
    """The id that a cursor stands for. Raises ``InvalidInputError`` (``bad_cursor``)."""
    (found,) = decode_cursor(cursor, UUID) or (None,)
    return found


def split_page(
    rows: Sequence[dict[str, Any]], limit: int
) -> tuple[list[dict[str, Any]], str | None]:
    """Of one row more than ``limit``: the items, and the cursor if there are more."""
    items = list(rows[:limit])
    return items, encode_cursor(items[-1]["id"]) if len(rows) > limit else None


def parse_time_cursor(cursor: str | None) -> tuple[datetime, UUID] | None:
    """The moment and the id that a cursor stands for. Raises ``InvalidInputError``
    (``bad_cursor``).
    """
    found = decode_cursor(cursor, datetime.fromisoformat, UUID)
    return None if found is None else (found[0], found[1])


def format_time_cursor(moment: datetime, row_id: UUID) -> str:
    """The cursor after an item of a list by time."""
    return encode_cursor(moment.isoformat(), row_id)


def parse_number_cursor(cursor: str | None) -> int | None:
    """The number that a cursor stands for. Raises ``InvalidInputError`` (``bad_cursor``)."""
    (found,) = decode_cursor(cursor, parse_cursor_number) or (None,)
    return found


def format_number_cursor(item: int) -> str:
    """The cursor after an item of a numbered list."""
    return encode_cursor(item)


def parse_cursor_number(text: str) -> int:
    """Of a cursor's part. Raises ``ValueError``."""
    found = int(text)
    if not 0 <= found < 2**63:
        raise ValueError(text)
    return found


def encode_cursor(*parts: object) -> str:
    """A cursor of parts without spaces."""
    text = " ".join(str(part) for part in parts)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(cursor: str | None, *readers: Callable[[str], Any]) -> list[Any] | None:
    """What ``encoded`` was given, each part by its reader. Raises ``InvalidInputError``
    (``bad_cursor``).
    """
    if cursor is None:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        parts = base64.b64decode(padded, b"-_", validate=True).decode().split(" ")
        return [read(part) for read, part in zip(readers, parts, strict=True)]
    except (ValueError, binascii.Error):
        raise InvalidInputError(
            "The cursor is invalid. Leave it out to start with the first page.", code="bad_cursor"
        ) from None
