"""``/tenants`` for superusers, and ``/audit``: who did what."""

from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field

from niochat.access.callers import Caller
from niochat.adapters import clock
from niochat.domain.permissions import Action
from niochat.ingress.api.doorway import Needs, access_of, who_of
from niochat.ingress.api.once import ActingRoute
from niochat.ingress.api.shapes import (
    Body,
    Cursor,
    Limit,
    Page,
    Shown,
    after,
    number_cursor,
    number_of,
    page,
)

MaySeeTenants = Annotated[Caller, Depends(Needs(Action.TENANTS_READ))]
MayEnter = Annotated[Caller, Depends(Needs(Action.TENANTS_ENTER))]
MaySeeAudit = Annotated[Caller, Depends(Needs(Action.AUDIT_READ))]

router = APIRouter(tags=["platform"], route_class=ActingRoute)


class TenantShown(Shown):
    """A provider."""

    id: UUID
    slug: str
    name: str
    status: str
    plan: str
    created_at: datetime


class Entering(Body):
    """For how long; it ends by itself."""

    minutes: Annotated[int, Field(ge=1, le=240)] = 30


class Entered(Shown):
    """Until then one acts as the tenant's administrator."""

    tenant_id: UUID
    until: datetime


class AuditShown(Shown):
    """One thing that somebody did or looked at."""

    id: int
    at: datetime
    who_kind: str
    who: str
    action: str
    target: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    address: str


@router.get("/tenants")
async def tenants(
    caller: MaySeeTenants, request: Request, limit: Limit = 50, cursor: Cursor = None
) -> Page[TenantShown]:
    """All of them, in the order in which they came."""
    rows = await access_of(request).tenants.list(after(cursor), limit + 1)
    items, following = page(rows, limit)
    return Page(items=[TenantShown.model_validate(each) for each in items], next_cursor=following)


@router.post("/tenants/{tenant_id}/enter")
async def enter(tenant_id: UUID, body: Entering, caller: MayEnter, request: Request) -> Entered:
    """Act in a tenant for a while; it is in the tenant's audit log."""
    found = await access_of(request).tenants.find(tenant_id)
    until = clock.now() + timedelta(minutes=body.minutes)
    assert caller.session_id is not None  # no key holds what is the platform's
    await access_of(request).sessions.act(
        caller.session_id, found["id"], until, who_of(request, caller)
    )
    return Entered(tenant_id=found["id"], until=until)


@router.post("/tenants/leave", status_code=204)
async def leave(caller: MayEnter, request: Request) -> None:
    """Act in no tenant any more."""
    assert caller.session_id is not None
    await access_of(request).sessions.act(
        caller.session_id, None, clock.now(), who_of(request, caller)
    )


@router.get("/audit")
async def audit(
    caller: MaySeeAudit, request: Request, *,
    who: Annotated[str | None, Query(max_length=64)] = None,
    target: Annotated[str | None, Query(max_length=100)] = None,
    limit: Limit = 50, cursor: Cursor = None,
) -> Page[AuditShown]:  # fmt: skip
    """The newest first; of one person (``who``) or one thing (``target``, as ``user:<id>``)."""
    rows = await access_of(request).audit.list(
        caller.need(Action.AUDIT_READ), before=number_of(cursor), who=who, target=target,
        limit=limit + 1,
    )  # fmt: skip
    following = number_cursor(rows[limit - 1]["id"]) if len(rows) > limit else None
    items = [AuditShown.model_validate(row) for row in rows[:limit]]
    return Page(items=items, next_cursor=following)
