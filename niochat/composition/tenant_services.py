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
"""Notifies all processes, after the commit, that a tenant has changed."""


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
    encryptor: Encryptor,
    gateway_access: GatewayAccess,
    announce: AnnounceTenantChange,
) -> TenantServices:
    """Build the services; nothing connects yet."""
    return TenantServices(
        tenant_admin=TenantAdmin(database, encryptor),
        channels=ChannelProvisioner(database, encryptor, gateway_access),
        channel_sessions=ChannelSessionService(database, encryptor, gateway_access),
        settings=TenantSettingsService(database, encryptor, gateway_access.check_address),
        announce_change=announce,
    )


def build_gateway_access(components: Components) -> GatewayAccess:
    """Build the access to gateways, with the address at which gateways reach us."""
    settings, server = components.settings, None
    if settings.gateway_url is not None and settings.gateway_admin_token is not None:
        token = settings.gateway_admin_token.get_secret_value()
        server = GatewayServer(settings.gateway_url, token, DEFAULT_GATEWAY_KIND)
    return GatewayAccess(
        components.gateway,
        components.gateway_admin,
        components.ssrf_guard.check_url,
        server,
        settings.base_url,
    )
