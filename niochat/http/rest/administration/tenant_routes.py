"""``/tenants``: creating, changing, suspending and entering tenants, for superusers."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import Field

from niochat.adapters.clock import database_clock
from niochat.domain.permissions import PermissionAction
from niochat.domain.tenant.tier import DEFAULT_TIER, TenantTier
from niochat.http.api.pagination import (
    CursorPage,
    PageCursor,
    PageLimit,
    parse_id_cursor,
    split_page,
)
from niochat.http.api.schemas import RequestModel, ResponseModel, Slug
from niochat.http.rest.dependencies import (
    PermissionDependency,
    announce_access_change,
    audit_actor_for,
    identity_services_for,
    tenant_services_for,
)
from niochat.http.rest.idempotent_route import IdempotentRoute
from niochat.identity.authentication import Principal
from niochat.tenants.provider_file.field_types import ShortName, Timezone
from niochat.tenants.provider_file.provider_schema import ProviderConfig
from niochat.tenants.tenant_admin import TenantChange, TenantLimits

MayRead = Annotated[Principal, Depends(PermissionDependency(PermissionAction.TENANTS_READ))]
MayWrite = Annotated[Principal, Depends(PermissionDependency(PermissionAction.TENANTS_WRITE))]
MayEnter = Annotated[Principal, Depends(PermissionDependency(PermissionAction.TENANTS_ENTER))]

router = APIRouter(tags=["tenants"], route_class=IdempotentRoute)


class TenantResponse(ResponseModel):
    """A provider."""

    id: UUID
    slug: str
    name: str
    status: str
    plan: str
    created_at: datetime


class EnterTenantRequest(RequestModel):
    """How long the superuser acts in the tenant. Access ends by itself."""

    minutes: Annotated[int, Field(ge=1, le=240)] = 30


class EnteredTenantResponse(ResponseModel):
    """The tenant in which the caller acts as administrator, and until when."""

    tenant_id: UUID
    until: datetime


class TenantLimitsResponse(ResponseModel):
    """The share of common resources that the tenant may use. A limit is null if the tenant has no
    assistant or no ERP.
    """

    turns_per_minute: int | None
    turns_at_once: int | None
    erp_calls_at_once: int | None
    erp_calls_per_minute: int | None
    session_idle_minutes: int


class TenantDetailResponse(TenantResponse):
    """A provider with its limits."""

    timezone: str
    limits: TenantLimitsResponse


class CreateTenantRequest(RequestModel):
    """A new provider. It is created with one team and the default policy; add channels, an
    assistant and users afterwards.
    """

    slug: Slug
    name: ShortName
    timezone: Timezone = "America/Sao_Paulo"
    plan: TenantTier = DEFAULT_TIER


class UpdateTenantLimitsRequest(RequestModel):
    """Changes to the limits. A field that is left out stays unchanged."""

    turns_per_minute: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    turns_at_once: Annotated[int, Field(ge=1, le=10_000)] | None = None
    erp_calls_at_once: Annotated[int, Field(ge=1, le=200)] | None = None
    erp_calls_per_minute: Annotated[int, Field(ge=1, le=100_000)] | None = None
    session_idle_minutes: Annotated[int, Field(ge=5, le=43_200)] | None = None


class UpdateTenantRequest(RequestModel):
    """Changes to a provider. A field that is left out stays unchanged."""

    name: ShortName | None = None
    timezone: Timezone | None = None
    plan: TenantTier | None = None
    limits: UpdateTenantLimitsRequest = UpdateTenantLimitsRequest()


@router.get("/tenants")
async def list_tenants(
    caller: MayRead, request: Request, limit: PageLimit = 50, cursor: PageCursor = None
) -> CursorPage[TenantResponse]:
    """List all providers in the order of their creation."""
    rows = await identity_services_for(request).tenants.list(parse_id_cursor(cursor), limit + 1)
    items, following = split_page(rows, limit)
    return CursorPage(
        items=[TenantResponse.model_validate(each) for each in items], next_cursor=following
    )


@router.post("/tenants", status_code=201)
async def create_tenant(
    body: CreateTenantRequest, caller: MayWrite, request: Request
) -> TenantDetailResponse:
    """Create a provider. Enter the tenant to invite its first administrator."""
    tenant_services = tenant_services_for(request)
    provider = ProviderConfig(
        slug=body.slug, name=body.name, timezone=body.timezone, plan=body.plan, suspended=False
    )
    tenant_id = await tenant_services.tenant_admin.create(
        provider, audit_actor_for(request, caller)
    )
    await tenant_services.announce_change(tenant_id)
    return await _load_tenant_detail(request, tenant_id)


@router.get("/tenants/{tenant_id}")
async def get_tenant(tenant_id: UUID, caller: MayRead, request: Request) -> TenantDetailResponse:
    """Return one provider."""
    return await _load_tenant_detail(request, tenant_id)


@router.patch("/tenants/{tenant_id}")
async def update_tenant(
    tenant_id: UUID, body: UpdateTenantRequest, caller: MayWrite, request: Request
) -> TenantDetailResponse:
    """Change the name, time zone, plan or limits of a provider. Changes take effect within
    seconds.
    """
    limits = TenantLimits(**body.limits.model_dump())
    change = TenantChange(body.name, body.timezone, body.plan, limits)
    await tenant_services_for(request).tenant_admin.change(
        tenant_id, change, audit_actor_for(request, caller)
    )
    return await _announce_change(request, tenant_id)


@router.post("/tenants/{tenant_id}/suspend")
async def suspend_tenant(
    tenant_id: UUID, caller: MayWrite, request: Request
) -> TenantDetailResponse:
    """Suspend a provider: sign-in is blocked and the assistant stops. Inbound messages are still
    stored.
    """
    await tenant_services_for(request).tenant_admin.set_status(
        tenant_id, "suspended", audit_actor_for(request, caller)
    )
    return await _announce_change(request, tenant_id)


@router.post("/tenants/{tenant_id}/resume")
async def resume_tenant(
    tenant_id: UUID, caller: MayWrite, request: Request
) -> TenantDetailResponse:
    """Resume a suspended provider."""
    await tenant_services_for(request).tenant_admin.set_status(
        tenant_id, "active", audit_actor_for(request, caller)
    )
    return await _announce_change(request, tenant_id)


@router.post("/tenants/{tenant_id}/enter")
async def enter_tenant(
    tenant_id: UUID, body: EnterTenantRequest, caller: MayEnter, request: Request
) -> EnteredTenantResponse:
    """Act in a tenant as administrator for a limited time. The access is recorded in the audit log
    of the tenant.
    """
    tenant = await identity_services_for(request).tenants.find(tenant_id)
    until = database_clock.now() + timedelta(minutes=body.minutes)
    assert caller.session_id is not None  # API keys cannot have permissions of the platform
    await identity_services_for(request).sessions.set_acting_tenant(
        caller.session_id, tenant["id"], until, audit_actor_for(request, caller)
    )
    return EnteredTenantResponse(tenant_id=tenant["id"], until=until)


@router.post("/tenants/leave", status_code=204)
async def leave_tenant(caller: MayEnter, request: Request) -> None:
    """Stop acting in a tenant."""
    assert caller.session_id is not None
    await identity_services_for(request).sessions.set_acting_tenant(
        caller.session_id, None, database_clock.now(), audit_actor_for(request, caller)
    )


async def _announce_change(request: Request, tenant_id: UUID) -> TenantDetailResponse:
    """Tell processes to reload the tenant, and sockets to check their access; after the commit."""
    await tenant_services_for(request).announce_change(tenant_id)
    await announce_access_change(request, tenant_id)
    return await _load_tenant_detail(request, tenant_id)


async def _load_tenant_detail(request: Request, tenant_id: UUID) -> TenantDetailResponse:
    row = await tenant_services_for(request).tenant_admin.find(tenant_id)
    idle = row["session_idle"] // timedelta(minutes=1)
    limits = TenantLimitsResponse.model_validate({**row, "session_idle_minutes": idle})
    return TenantDetailResponse.model_validate({**row, "limits": limits})
