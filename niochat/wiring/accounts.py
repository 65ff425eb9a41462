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
from niochat.wiring.parts import Parts

Announce = Callable[[UUID], Awaitable[object]]
"""Tells all processes that a tenant is another one now; after the commit."""


@dataclass(frozen=True, slots=True)
class Accounts:
    """The room's parts on one database."""

    tenancy: Tenancy
    channels: Channels
    sessions: ChannelSessions
    settings: TenantSettings
    announce: Announce


def open_accounts(
    database: Database, seals: Encryptor, outside: Outside, announce: Announce
) -> Accounts:
    """Nothing is asked before it is used."""
    return Accounts(
        tenancy=Tenancy(database, seals),
        channels=Channels(database, seals, outside),
        sessions=ChannelSessions(database, seals, outside),
        settings=TenantSettings(database, seals, outside.check),
        announce=announce,
    )


def outside_of(parts: Parts) -> Outside:
    """Ways to gateways, of a process."""
    settings, server = parts.settings, None
    if settings.gateway_url is not None and settings.gateway_admin_token is not None:
        token = settings.gateway_admin_token.get_secret_value()
        server = GatewayServer(settings.gateway_url, token)
    return Outside(
        parts.gateway, parts.administration, parts.guard.check, server, settings.base_url
    )
