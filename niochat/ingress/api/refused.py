"""``/refused``: what the assistant wanted to say and was not let, for whoever tunes its prompt."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request

from niochat.access.callers import Caller
from niochat.domain.permissions import PermissionAction
from niochat.ingress.api.doorway import Needs, note_look
from niochat.ingress.api.once import ActingRoute
from niochat.ingress.api.rooms import rooms_of
from niochat.ingress.api.shapes import Cursor, Limit, Page, Shown, moment_cursor, moment_of

MaySeeSettings = Annotated[Caller, Depends(Needs(PermissionAction.SETTINGS_READ))]

router = APIRouter(tags=["assistant"], route_class=ActingRoute)


class RefusedShown(Shown):
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
async def refused(
    caller: MaySeeSettings, request: Request, *,
    code: Annotated[str | None, Query(max_length=40)] = None,
    limit: Limit = 50, cursor: Cursor = None,
) -> Page[RefusedShown]:  # fmt: skip
    """List texts of the assistant that were not sent, newest first. ``code`` selects one rule, such
    as ``valor`` or ``pagamento``.
    """
    tenant_id = caller.need(PermissionAction.SETTINGS_READ)
    rows = await rooms_of(request).desk_views.list_blocked_replies(
        tenant_id, code=code, after=moment_of(cursor), limit=limit + 1
    )
    shown = rows[:limit]
    following = None
    if len(rows) > limit:
        following = moment_cursor(shown[-1]["refused_at"], shown[-1]["id"])
    await note_look(request, caller, "refused_texts.read", "refused", {"shown": len(shown)})
    return Page(items=[RefusedShown.model_validate(row) for row in shown], next_cursor=following)
