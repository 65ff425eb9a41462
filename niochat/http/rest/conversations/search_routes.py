"""``/search``: full-text search in messages."""

import re
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request

from niochat.conversations.message_search import MessageSearchRequest, parse_search_words
from niochat.domain.conversation.state import ConversationStatus
from niochat.domain.permissions import PermissionAction
from niochat.domain.text_validation import truncate_text
from niochat.http.api.pagination import (
    CursorPage,
    PageCursor,
    PageLimit,
    format_time_cursor,
    parse_time_cursor,
)
from niochat.http.api.schemas import ResponseModel
from niochat.http.rest.conversation_access import READ_ACTION, visibility_for
from niochat.http.rest.dependencies import (
    PermissionDependency,
    audit_read,
)
from niochat.http.rest.rest_services import services_for
from niochat.identity.authentication import Principal
from niochat.live.frames import LiveMessage

MayRead = Annotated[Principal, Depends(PermissionDependency(PermissionAction.CONVERSATIONS_READ))]
SearchWords = Annotated[
    str,
    Query(
        min_length=1,
        max_length=200,
        description="Words that the message must contain, in any order. Accents, word endings and "
        "typing errors are ignored.",
    ),
]
SNIPPET_CONTEXT = 60
"""Characters of a snippet before the first hit."""
MAX_SNIPPET = 200

router = APIRouter(prefix="/search", tags=["search"])


class SnippetPart(ResponseModel):
    """A part of a snippet, as plain text. ``hit`` is true if the part matches a search word."""

    text: str
    hit: bool


class MessageSearchHit(ResponseModel):
    """A matching message, its conversation and a snippet of its text. A snippet that is cut begins
    or ends with an ellipsis. Show the hit among its neighbours with
    ``GET /conversations/{conversation_id}/messages?around=`` and the id of the message.
    """

    message: LiveMessage
    conversation_id: UUID
    protocol: str
    status: ConversationStatus
    team: str | None
    agent: str | None
    channel_id: UUID
    contact_id: UUID
    contact: str | None
    snippet: list[SnippetPart]


@router.get("/messages")
async def search_messages(
    caller: MayRead,
    request: Request,
    q: SearchWords,
    limit: PageLimit = 50,
    cursor: PageCursor = None,
) -> CursorPage[MessageSearchHit]:
    """Search messages and notes that the caller may see. All words must match; newest first. A page
    can be short or empty and still have a ``next_cursor``. Messages that arrive while pages are
    read are not on later pages; start again without a cursor.
    """
    tenant_id = caller.require(PermissionAction.CONVERSATIONS_READ)
    search = services_for(request).message_search
    page = await search.search_page(
        tenant_id,
        visibility_for(caller),
        MessageSearchRequest(parse_search_words(q), parse_time_cursor(cursor), limit),
    )
    await audit_read(request, caller, READ_ACTION, "search", {"shown": len(page.rows)})
    following = None if page.next_position is None else format_time_cursor(*page.next_position)
    return CursorPage(items=[_search_hit_from_row(row) for row in page.rows], next_cursor=following)


def _search_hit_from_row(row: dict[str, Any]) -> MessageSearchHit:
    return MessageSearchHit(
        message=LiveMessage.model_validate(row),
        conversation_id=row["conversation_id"],
        protocol=row["protocol"],
        status=row["conversation_status"],
        team=row["team"],
        agent=row["agent"],
        channel_id=row["channel_id"],
        contact_id=row["contact_id"],
        contact=row["contact"],
        snippet=build_snippet(row["text"], row["hits"]),
    )


def build_snippet(text: str, words: list[str]) -> list[SnippetPart]:
    """Return the part of ``text`` around the first of ``words``, split into hits and the rest."""
    if not words:
        return [SnippetPart(text=truncate_text(text, MAX_SNIPPET), hit=False)]
    longest_first = "|".join(re.escape(each) for each in sorted(words, key=len, reverse=True))
    pattern = re.compile(rf"(?<![^\W_])({longest_first})(?![^\W_])")
    first = pattern.search(text)
    begin = max(first.start() - SNIPPET_CONTEXT, 0) if first is not None else 0
    end = min(begin + MAX_SNIPPET, len(text))
    pieces = pattern.split(text[begin:end])
    pieces[0] = ("…" if begin else "") + pieces[0]
    pieces[-1] += "…" if end < len(text) else ""
    return [SnippetPart(text=piece, hit=n % 2 == 1) for n, piece in enumerate(pieces) if piece]
