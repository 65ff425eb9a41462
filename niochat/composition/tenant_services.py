"""Builds the services for providers, their channels and settings."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from niochat.adapters.gateways.registry import DEFAULT_GATEWAY_KIND
from niochat.adapters.postgres.database import Database
from niochat.composition.components import Components
from niochat.ports.encryption import Encryptor
from niochat.ports.gateway import GatewayServer
from niochat.tenants.channel_provisioning import ChannelProvisioner, GatewayAccess
from niochat.tenants.channel_sessions import ChannelSessionService
from niochat.tenants.tenant_admin import TenantAdmin
from niochat.tenants.tenant_settings import TenantSettingsService

AnnounceTenantChange = Callable[[UUID], Awaitable[object]]
"""Tells all processes, after the commit, that a tenant has changed."""


@dataclass(frozen=True, slots=True)
class TenantServices:
    """The tenant services on one database."""

    tenant_admin: TenantAdmin
    channels: ChannelProvisioner
    channel_sessions: ChannelSessionService
    settings: TenantSettingsService
    announce_change: AnnounceTenantChange


def build_tenant_services(
    database: Database,
    seals: Encryptor,
    gateway_access: GatewayAccess,
    announce: AnnounceTenantChange,
) -> TenantServices:
    """Build the services; nothing connects yet."""
    return TenantServices(
        tenant_admin=TenantAdmin(database, seals),
        channels=ChannelProvisioner(database, seals, gateway_access),
        channel_sessions=ChannelSessionService(database, seals, gateway_access),
        settings=TenantSettingsService(database, seals, gateway_access.check_address),
        announce_change=announce,
    )


def build_gateway_access(parts: Components) -> GatewayAccess:
    """How this process reaches gateways, and gateways reach us."""
    settings, server = parts.settings, None
    if settings.gateway_url is not None and settings.gateway_admin_token is not None:
        token = settings.gateway_admin_token.get_secret_value()
        server = GatewayServer(settings.gateway_url, token, DEFAULT_GATEWAY_KIND)
    return GatewayAccess(
        parts.gateway, parts.gateway_admin, parts.ssrf_guard.check_url, server, settings.base_url
    )
