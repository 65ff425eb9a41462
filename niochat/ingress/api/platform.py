"""``/audit``: who did what."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request

from niochat.access.callers import Caller
from niochat.domain.permissions import PermissionAction
from niochat.ingress.api.doorway import Needs, access_of, note_look
from niochat.ingress.api.once import ActingRoute
from niochat.ingress.api.shapes import Cursor, Limit, Page, Shown, number_cursor, number_of

MaySeeAudit = Annotated[Caller, Depends(Needs(PermissionAction.AUDIT_READ))]

router = APIRouter(tags=["audit"], route_class=ActingRoute)


class AuditShown(Shown):
    """An entry of the audit log: an action, or access to personal data."""

    id: int
    at: datetime
    who_kind: str
    who: str
    action: str
    target: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    address: str


@router.get("/audit")
async def audit(
    caller: MaySeeAudit, request: Request, *,
    who: Annotated[str | None, Query(max_length=64)] = None,
    target: Annotated[str | None, Query(max_length=100)] = None,
    limit: Limit = 50, cursor: Cursor = None,
) -> Page[AuditShown]:  # fmt: skip
    """List audit entries, newest first. Filter by actor (``who``) or by target (``target``, such as
    ``user:<id>``). Entries that are written while pages are read are not on later pages; start
    again without a cursor.
    """
    rows = await access_of(request).audit_log.list(
        caller.need(PermissionAction.AUDIT_READ), before=number_of(cursor), who=who, target=target,
        limit=limit + 1,
    )  # fmt: skip
    following = number_cursor(rows[limit - 1]["id"]) if len(rows) > limit else None
    await note_look(request, caller, "audit.read", "audit", {"shown": len(rows[:limit])})
    items = [AuditShown.model_validate(row) for row in rows[:limit]]
    return Page(items=items, next_cursor=following)
