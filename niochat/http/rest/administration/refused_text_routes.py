"""``/refused-texts``: texts of the assistant that the guardrail refused, for tuning the prompt."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request

from niochat.domain.permissions import PermissionAction
from niochat.http.api.pagination import (
    CursorPage,
    PageCursor,
    PageLimit,
    format_time_cursor,
    parse_time_cursor,
)
from niochat.http.api.schemas import ResponseModel
from niochat.http.rest.dependencies import PermissionDependency, audit_read
from niochat.http.rest.idempotent_route import IdempotentRoute
from niochat.http.rest.rest_services import services_for
from niochat.identity.authentication import Principal

MayReadSettings = Annotated[
    Principal, Depends(PermissionDependency(PermissionAction.SETTINGS_READ))
]

router = APIRouter(tags=["assistant"], route_class=IdempotentRoute)


class RefusedTextResponse(ResponseModel):
    """A text of the assistant that was not sent. ``sentence`` is the rejected sentence; ``code`` is
    the rule that rejected it. Document numbers are masked.
    """

    id: UUID
    refused_at: datetime
    code: str
    sentence: str
    text: str
    model: str
    prompt_version: str
    conversation_id: UUID
    protocol: str
    turn_id: UUID


@router.get("/refused-texts")
async def list_refused_texts(
    caller: MayReadSettings,
    request: Request,
    *,
    code: Annotated[str | None, Query(max_length=40)] = None,
    limit: PageLimit = 50,
    cursor: PageCursor = None,
) -> CursorPage[RefusedTextResponse]:
    """List texts of the assistant that were not sent, newest first. ``code`` selects one rule, such
    as ``valor`` or ``pagamento``.
    """
    tenant_id = caller.require(PermissionAction.SETTINGS_READ)
    rows = await services_for(request).conversation_queries.list_blocked_replies(
        tenant_id, code=code, after=parse_time_cursor(cursor), limit=limit + 1
    )
    shown = rows[:limit]
    following = None
    if len(rows) > limit:
        following = format_time_cursor(shown[-1]["refused_at"], shown[-1]["id"])
    await audit_read(request, caller, "refused_texts.read", "refused", {"shown": len(shown)})
    return CursorPage(
        items=[RefusedTextResponse.model_validate(row) for row in shown], next_cursor=following
    )
