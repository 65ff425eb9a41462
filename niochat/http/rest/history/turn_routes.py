"""``/conversations/…/turns``: what the assistant did for its messages."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request

from niochat.domain.permissions import PermissionAction
from niochat.http.api.pagination import (
    CursorPage,
    PageCursor,
    PageLimit,
    format_time_cursor,
    parse_time_cursor,
)
from niochat.http.api.schemas import ResponseModel
from niochat.http.rest.conversation_access import AccessibleConversation
from niochat.http.rest.conversations.conversation_routes import ReadableConversation
from niochat.http.rest.history.tool_call_masking import present_tool_call
from niochat.http.rest.rest_services import services_for
from niochat.identity.authentication import Principal

MAX_TURN_IDS = 100
router = APIRouter(prefix="/conversations", tags=["messages"])


class ToolCallResponse(ResponseModel):
    """One call of a tool. ``tool`` is its name, such as ``consultar_faturas``. ``arguments`` and
    ``result`` are shortened; tax ids, passwords and payment codes are masked. ``error`` is the code
    of a failure. ``duration_s`` is null for calls that were stored by an earlier version.
    """

    tool: str
    arguments: dict[str, Any]
    result: dict[str, Any]
    ok: bool
    error: str | None
    started_at: datetime | None
    duration_s: float | None


class RefusedReplyResponse(ResponseModel):
    """A text of the turn that the guardrail refused: ``code`` is the rule, ``sentence`` the refused
    sentence.
    """

    code: str
    sentence: str
    text: str
    refused_at: datetime


class TurnResponse(ResponseModel):
    """A turn of the assistant. Messages of the turn have its ``id`` in ``details.turn``.

    ``code`` says why it failed or was cancelled, or why its text was replaced. ``started_version``
    is the number of the event that started it. ``tokens_cached`` is part of ``tokens_in``, and
    ``cached_share`` its share, from 0 to 1. ``cost`` is a decimal number in the currency of the
    assistant's prices (BRL); it and ``refused`` are null without the permission ``settings:read``.
    """

    id: UUID
    status: Literal["running", "answered", "failed", "cancelled"]
    code: str
    attempt: int
    started_version: int
    started_at: datetime
    finished_at: datetime | None
    duration_s: float | None
    model: str
    prompt_version: str
    model_calls: int
    tokens_in: int
    tokens_out: int
    tokens_cached: int
    cached_share: float
    cost: Decimal | None
    tool_calls: list[ToolCallResponse]
    refused: list[RefusedReplyResponse] | None


@router.get("/{conversation_id}/turns")
async def list_turns(
    conversation: ReadableConversation,
    turns: Annotated[
        list[UUID] | None,
        Query(max_length=MAX_TURN_IDS, description="Ids of turns, as in details.turn of messages."),
    ] = None,
    limit: PageLimit = 50,
    cursor: PageCursor = None,
) -> CursorPage[TurnResponse]:
    """List the assistant's turns in a conversation, newest first. With ``turns``, only these."""
    found = await services_for(conversation.request).turn_queries.list_turns(
        conversation.tenant_id, conversation.id, turns, parse_time_cursor(cursor), limit + 1
    )
    rows = found[:limit]
    await conversation.audit_read(turns=len(rows))
    following = None
    if len(found) > limit:
        following = format_time_cursor(rows[-1]["started_at"], rows[-1]["id"])
    items = await present_turns(conversation.request, conversation, rows)
    return CursorPage(items=items, next_cursor=following)


async def present_turns(
    request: Request, conversation: AccessibleConversation, rows: Sequence[dict[str, Any]]
) -> list[TurnResponse]:
    """Return turns as the caller may see them."""
    privileged = sees_cost(conversation.caller)
    refused: list[dict[str, Any]] = []
    if privileged and rows:
        refused = await services_for(request).turn_queries.list_rejected_replies(
            conversation.tenant_id, conversation.id, [row["id"] for row in rows]
        )
    return [
        _present_turn(row, [each for each in refused if each["turn_id"] == row["id"]], privileged)
        for row in rows
    ]


def sees_cost(caller: Principal) -> bool:
    """Whether the caller may see costs and refused texts."""
    return caller.may(PermissionAction.SETTINGS_READ)


def _present_turn(
    row: dict[str, Any], refused: Sequence[dict[str, Any]], privileged: bool
) -> TurnResponse:
    started, finished = row["started_at"], row["settled_at"]
    tokens_in = row["tokens_in"]
    return TurnResponse(
        id=row["id"],
        status=row["status"],
        code=row["code"],
        attempt=row["attempt"],
        started_version=row["upto_version"],
        started_at=started,
        finished_at=finished,
        duration_s=None if finished is None else (finished - started).total_seconds(),
        model=row["model"],
        prompt_version=row["prompt_version"],
        model_calls=row["model_calls"],
        tokens_in=tokens_in,
        tokens_out=row["tokens_out"],
        tokens_cached=row["tokens_cached"],
        cached_share=round(row["tokens_cached"] / tokens_in, 3) if tokens_in else 0.0,
        cost=row["cost"] if privileged else None,
        tool_calls=[
            ToolCallResponse.model_validate(present_tool_call(call)) for call in row["tool_results"]
        ],
        refused=[RefusedReplyResponse.model_validate(each) for each in refused]
        if privileged
        else None,
    )
