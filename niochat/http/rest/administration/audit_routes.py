"""``/audit``: the audit log of the tenant."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request

from niochat.domain.permissions import PermissionAction
from niochat.http.api.pagination import (
    CursorPage,
    PageCursor,
    PageLimit,
    format_number_cursor,
    parse_number_cursor,
)
from niochat.http.api.schemas import ResponseModel
from niochat.http.rest.dependencies import PermissionDependency, audit_read, identity_services_for
from niochat.http.rest.idempotent_route import IdempotentRoute
from niochat.identity.authentication import Principal

MayReadAudit = Annotated[Principal, Depends(PermissionDependency(PermissionAction.AUDIT_READ))]

router = APIRouter(tags=["audit"], route_class=IdempotentRoute)


class AuditEntryResponse(ResponseModel):
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
async def list_audit_entries(
    caller: MayReadAudit,
    request: Request,
    *,
    who: Annotated[str | None, Query(max_length=64)] = None,
    target: Annotated[str | None, Query(max_length=100)] = None,
    limit: PageLimit = 50,
    cursor: PageCursor = None,
) -> CursorPage[AuditEntryResponse]:
    """List audit entries, newest first. Filter by actor (``who``) or by target (``target``, such as
    ``user:<id>``). Entries that are written while pages are read are not on later pages; start
    again without a cursor.
    """
    rows = await identity_services_for(request).audit_log.list_entries(
        caller.require(PermissionAction.AUDIT_READ),
        before=parse_number_cursor(cursor),
        who=who,
        target=target,
        limit=limit + 1,
    )
    following = format_number_cursor(rows[limit - 1]["id"]) if len(rows) > limit else None
    await audit_read(request, caller, "audit.read", "audit", {"shown": len(rows[:limit])})
    items = [AuditEntryResponse.model_validate(row) for row in rows[:limit]]
    return CursorPage(items=items, next_cursor=following)
