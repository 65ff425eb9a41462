"""Shapes that all routes share: strict bodies, pages with a cursor, problems."""

import base64
import binascii
from collections.abc import Sequence
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from niochat.domain.errors import Invalid

Item = TypeVar("Item")


class Body(BaseModel):
    """What somebody sends: a field there is not is an error, not ignored."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Shown(BaseModel):
    """What we answer."""

    model_config = ConfigDict(from_attributes=True)


class Page(BaseModel, Generic[Item]):
    """``next_cursor`` is the ``cursor`` of the next page, null on the last one."""

    items: list[Item]
    next_cursor: str | None = None


class Problem(BaseModel):
    """RFC 9457. ``code`` is stable; ``title`` says what to change."""

    type: str = "about:blank"
    title: str
    status: int
    code: str
    errors: list[dict[str, Any]] | None = Field(None, description="Which fields, and why.")


Limit = Annotated[int, Query(ge=1, le=200, description="Items of one page.")]
Cursor = Annotated[str | None, Query(max_length=200, description="next_cursor of the page before.")]


def after(cursor: str | None) -> UUID | None:
    """The id that a cursor stands for. Raises ``Invalid`` (``bad_cursor``)."""
    if cursor is None:
        return None
    try:
        return UUID(bytes=base64.urlsafe_b64decode(cursor + "=="))
    except (ValueError, binascii.Error):
        raise Invalid(
            "the cursor is not one of ours: leave it out to begin anew", code="bad_cursor"
        ) from None


def page(rows: Sequence[dict[str, Any]], limit: int) -> tuple[list[dict[str, Any]], str | None]:
    """Of one row more than ``limit``: the items, and the cursor if there are more."""
    items = list(rows[:limit])
    if len(rows) <= limit:
        return items, None
    last: UUID = items[-1]["id"]
    return items, base64.urlsafe_b64encode(last.bytes).decode().rstrip("=")
