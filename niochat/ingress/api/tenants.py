"""``/tenants``: providers, made, changed, suspended and entered by superusers."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import Field

from niochat.access.callers import Caller
from niochat.accounts.fields import Name, Timezone
from niochat.accounts.provider import Provider
from niochat.accounts.tenancy import Limits, TenantChange
from niochat.adapters.clock import agreed
from niochat.domain.permissions import PermissionAction
from niochat.domain.plan import DEFAULT_TIER, TenantTier
from niochat.ingress.api.doorway import Needs, access_changed, access_of, accounts_of, who_of
from niochat.ingress.api.once import ActingRoute
from niochat.ingress.api.shapes import Body, Cursor, Limit, Page, Shown, after, page

Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
MaySee = Annotated[Caller, Depends(Needs(PermissionAction.TENANTS_READ))]
MayWrite = Annotated[Caller, Depends(Needs(PermissionAction.TENANTS_WRITE))]
MayEnter = Annotated[Caller, Depends(Needs(PermissionAction.TENANTS_ENTER))]

router = APIRouter(tags=["tenants"], route_class=ActingRoute)


class TenantShown(Shown):
    """A provider."""

    id: UUID
    slug: str
    name: str
    status: str
    plan: str
    created_at: datetime


class Entering(Body):
    """How long the superuser acts in the tenant. Access ends by itself."""

    minutes: Annotated[int, Field(ge=1, le=240)] = 30


class Entered(Shown):
    """The tenant in which the caller acts as administrator, and until when."""

    tenant_id: UUID
    until: datetime


class LimitsShown(Shown):
    """The share of common resources that the tenant may use. A limit is null if the tenant has no
    assistant or no ERP.
    """

    turns_per_minute: int | None
    turns_at_once: int | None
    erp_calls_at_once: int | None
    erp_calls_per_minute: int | None
    session_idle_minutes: int


class TenantWhole(TenantShown):
    """A provider with its limits."""

    timezone: str
    limits: LimitsShown


class NewTenant(Body):
    """A new provider. It is created with one team and the default policy; add channels, an
    assistant and users afterwards.
    """

    slug: Slug
    name: Name
    timezone: Timezone = "America/Sao_Paulo"
    plan: TenantTier = DEFAULT_TIER


class LimitsBody(Body):
    """Changes to the limits. A field that is left out stays unchanged."""

    turns_per_minute: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    turns_at_once: Annotated[int, Field(ge=1, le=10_000)] | None = None
    erp_calls_at_once: Annotated[int, Field(ge=1, le=200)] | None = None
    erp_calls_per_minute: Annotated[int, Field(ge=1, le=100_000)] | None = None
    session_idle_minutes: Annotated[int, Field(ge=5, le=43_200)] | None = None


class TenantBody(Body):
    """Changes to a provider. A field that is left out stays unchanged."""

    name: Name | None = None
    timezone: Timezone | None = None
    plan: TenantTier | None = None
    limits: LimitsBody = LimitsBody()


@router.get("/tenants")
async def tenants(
    caller: MaySee, request: Request, limit: Limit = 50, cursor: Cursor = None
) -> Page[TenantShown]:
    """List all providers in the order of their creation."""
    rows = await access_of(request).tenants.list(after(cursor), limit + 1)
    items, following = page(rows, limit)
    return Page(items=[TenantShown.model_validate(each) for each in items], next_cursor=following)


@router.post("/tenants", status_code=201)
async def create_tenant(body: NewTenant, caller: MayWrite, request: Request) -> TenantWhole:
    """Create a provider. Enter the tenant to invite its first administrator."""
    accounts, who = accounts_of(request), who_of(request, caller)
    provider = Provider(
        slug=body.slug, name=body.name, timezone=body.timezone, plan=body.plan, suspended=False
    )
    made = await accounts.tenant_admin.create(provider, who)
    await accounts.announce_change(made)
    return await _whole(request, made)


@router.get("/tenants/{tenant_id}")
async def tenant(tenant_id: UUID, caller: MaySee, request: Request) -> TenantWhole:
    """Return one provider."""
    return await _whole(request, tenant_id)


@router.patch("/tenants/{tenant_id}")
async def change_tenant(
    tenant_id: UUID, body: TenantBody, caller: MayWrite, request: Request
) -> TenantWhole:
    """Change the name, time zone, plan or limits of a provider. Changes take effect within seconds."""
    limits = Limits(**body.limits.model_dump())
    change = TenantChange(body.name, body.timezone, body.plan, limits)
    await accounts_of(request).tenant_admin.change(tenant_id, change, who_of(request, caller))
    return await _told(request, tenant_id)


@router.post("/tenants/{tenant_id}/suspend")
async def suspend(tenant_id: UUID, caller: MayWrite, request: Request) -> TenantWhole:
    """Suspend a provider: sign-in is blocked and the assistant stops. Inbound messages are still
    stored.
    """
    await accounts_of(request).tenant_admin.stand(tenant_id, "suspended", who_of(request, caller))
    return await _told(request, tenant_id)


@router.post("/tenants/{tenant_id}/resume")
async def resume(tenant_id: UUID, caller: MayWrite, request: Request) -> TenantWhole:
    """Resume a suspended provider."""
    await accounts_of(request).tenant_admin.stand(tenant_id, "active", who_of(request, caller))
    return await _told(request, tenant_id)


@router.post("/tenants/{tenant_id}/enter")
async def enter(tenant_id: UUID, body: Entering, caller: MayEnter, request: Request) -> Entered:
    """Act in a tenant as administrator for a limited time. The access is recorded in the audit log
    of the tenant.
    """
    found = await access_of(request).tenants.find(tenant_id)
    until = agreed.now() + timedelta(minutes=body.minutes)
    assert caller.session_id is not None  # no key holds what is the platform's
    await access_of(request).sessions.act(
        caller.session_id, found["id"], until, who_of(request, caller)
    )
    return Entered(tenant_id=found["id"], until=until)


@router.post("/tenants/leave", status_code=204)
async def leave(caller: MayEnter, request: Request) -> None:
    """Stop acting in a tenant."""
    assert caller.session_id is not None
    await access_of(request).sessions.act(
        caller.session_id, None, agreed.now(), who_of(request, caller)
    )


async def _told(request: Request, tenant_id: UUID) -> TenantWhole:
    """After the commit: processes look again, sockets of who is out now are closed."""
    await accounts_of(request).announce_change(tenant_id)
    await access_changed(request, tenant_id)
    return await _whole(request, tenant_id)


async def _whole(request: Request, tenant_id: UUID) -> TenantWhole:
    row = await accounts_of(request).tenant_admin.find(tenant_id)
    idle = row["session_idle"] // timedelta(minutes=1)
    limits = LimitsShown.model_validate({**row, "session_idle_minutes": idle})
    return TenantWhole.model_validate({**row, "limits": limits})
