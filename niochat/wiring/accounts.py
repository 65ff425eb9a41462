"""Providers and what belongs to them, put together for the API."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from niochat.accounts.channel_sessions import ChannelSessions
from niochat.accounts.channels import Channels, Outside
from niochat.accounts.settings import TenantSettings
from niochat.accounts.tenancy import Tenancy
from niochat.adapters.postgres.database import Database
from niochat.domain.gateway import GatewayServer
from niochat.domain.sealing import Encryptor
from niochat.wiring.parts import Components

AnnounceTenantChange = Callable[[UUID], Awaitable[object]]
"""Tells all processes that a tenant is another one now; after the commit."""


@dataclass(frozen=True, slots=True)
class TenantServices:
    """The room's parts on one database."""

    tenant_admin: Tenancy
    channels: Channels
    channel_sessions: ChannelSessions
    settings: TenantSettings
    announce_change: AnnounceTenantChange


def build_tenant_services(
    database: Database, seals: Encryptor, gateway_access: Outside, announce: AnnounceTenantChange
) -> TenantServices:
    """Nothing is asked before it is used."""
    return TenantServices(
        tenant_admin=Tenancy(database, seals),
        channels=Channels(database, seals, gateway_access),
        channel_sessions=ChannelSessions(database, seals, gateway_access),
        settings=TenantSettings(database, seals, gateway_access.check),
        announce_change=announce,
    )


def build_gateway_access(parts: Components) -> Outside:
    """Ways to gateways, of a process."""
    settings, server = parts.settings, None
    if settings.gateway_url is not None and settings.gateway_admin_token is not None:
        token = settings.gateway_admin_token.get_secret_value()
        server = GatewayServer(settings.gateway_url, token)
    return Outside(
        parts.gateway, parts.gateway_admin, parts.ssrf_guard.check, server, settings.base_url
    )
