"""Creates channels over the API, with a new or an existing gateway instance.

The request to the gateway and the insert of the channel cannot be one transaction. So a new
instance gets a mark that is unique to the channel, an instance with this mark is looked up before
one is created, and a lock lets one process at a time do this. If a response is lost or the process
dies, one instance without channel remains, and the next attempt finds it.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import structlog
from pydantic import ValidationError

from niochat.adapters.gateways.registry import DEFAULT_GATEWAY_KIND, GATEWAYS
from niochat.adapters.postgres.audit_log import record_change
from niochat.adapters.postgres.database import Connection, Database, fetch_one
from niochat.adapters.postgres.queries import queries
from niochat.domain.errors import (
    InvalidInputError,
    NiochatError,
    OperationRefusedError,
    UnavailableError,
)
from niochat.ports.audit import AuditActor, AuditEntry
from niochat.ports.encryption import Encryptor
from niochat.ports.gateway import (
    GatewayAdmin,
    GatewayCredentials,
    GatewayInstance,
    GatewayServer,
    WhatsAppGateway,
)
from niochat.tenants.config_records import build_webhook_url
from niochat.tenants.provider_file.provider_schema import ChannelConfig
from niochat.tenants.provider_sync.provider_sync import parse_tenant_row, update_tenant
from niochat.tenants.provider_sync.resource_sync import create_channel
from niochat.tenants.tenant_secrets import TenantEncryptor

_SQL = queries("channels")
_TENANTS = queries("tenants")
_INBOX = queries("inbox")
_log = structlog.get_logger(__name__)

MAX_CHANNELS = 50
"""Maximum number of channels of a tenant."""
MAX_CONCURRENT_CREATIONS = 3
"""Channels that one process creates concurrently. Each holds a database connection meanwhile."""


@dataclass(frozen=True, slots=True)
class GatewayAccess:
    """Clients and addresses of gateways.

    ``server`` is the gateway server of the installation, if any. ``check_address`` raises for an
    address that tenants may not use. ``base_url`` is the URL at which gateways reach us.
    """

    gateway: WhatsAppGateway
    admin: GatewayAdmin
    check_address: Callable[[str], Awaitable[None]]
    server: GatewayServer | None
    base_url: str


@dataclass(frozen=True, slots=True)
class NewChannel:
    """A channel to be created.

    ``base_url`` and ``token`` are those of an existing instance of a gateway of this ``kind``;
    without them a new instance is created on the installation's own gateway.
    """

    slug: str
    name: str
    kind: str | None = None
    base_url: str | None = None
    token: str | None = field(default=None, repr=False)


class ChannelProvisioner:
    """Lists and creates the channels of a tenant."""

    def __init__(self, database: Database, encryptor: Encryptor, access: GatewayAccess) -> None:
        self._database = database
        self._encryptor = encryptor
        self._access = access
        self._creation_count = 0

    async def list(self, tenant_id: UUID) -> list[dict[str, Any]]:
        """List channels by slug, without secrets."""
        async with self._database.as_tenant(tenant_id) as connection:
            rows = await connection.fetch(_SQL["list"], tenant_id, None)
        return [dict(row) for row in rows]

    async def find(self, tenant_id: UUID, channel_id: UUID) -> dict[str, Any]:
        """Return one channel without secrets. Raises ``NotFoundError``."""
        async with self._database.as_tenant(tenant_id) as connection:
            return await fetch_one(connection, _SQL["list"], tenant_id, channel_id, what="channel")

    async def create(
        self, tenant_id: UUID, new: NewChannel, actor: AuditActor
    ) -> tuple[UUID, bool]:
        """Create a channel; return its id and whether its webhook is registered at the gateway.

        Raises ``OperationRefusedError`` if the slug or the instance belongs to another channel, or
        the installation has no gateway server; ``InvalidInputError`` if no gateway answers at
        ``base_url``; ``UnavailableError`` if a gateway or the database does not answer.
        """
        async with self._creation_lock(tenant_id, new.slug):
            tenant = await self._require_free_slug(tenant_id, new.slug)
            credentials, status = await self._obtain_instance(tenant_id, tenant, new)
            channel_id, secret = await self._store(
                tenant_id, _channel_config(new, credentials), status, actor
            )
        url = build_webhook_url(self._access.base_url, credentials.kind, channel_id, secret)
        try:
            await self._access.gateway.set_webhook(credentials, url)
        except NiochatError as error:
            _log.warning("webhook_not_set", channel=str(channel_id), code=error.code)
            return channel_id, False
        return channel_id, True

    @asynccontextmanager
    async def _creation_lock(self, tenant_id: UUID, slug: str) -> AsyncIterator[None]:
        if self._creation_count >= MAX_CONCURRENT_CREATIONS:
            raise UnavailableError(
                "Too many channels are being created. Repeat the request later.", code="crowded"
            )
        self._creation_count += 1
        try:
            async with self._database.system_session() as connection:
                if not await connection.fetchval(_SQL["lock_creation"], tenant_id, slug):
                    raise OperationRefusedError("The channel is being created.", code="in_progress")
                yield
        finally:
            self._creation_count -= 1

    async def _require_free_slug(self, tenant_id: UUID, slug: str) -> str:
        """Return the tenant's slug. Raises ``OperationRefusedError`` if the channel's slug is
        taken.
        """
        async with self._database.as_tenant(tenant_id) as connection:
            taken = {row["slug"] for row in await connection.fetch(_SQL["list_slugs"], tenant_id)}
            tenant: str = await connection.fetchval(_SQL["tenant_slug"], tenant_id)
        if slug in taken:
            raise OperationRefusedError(
                "A channel already has this slug. Choose another slug.", code="slug_taken"
            )
        if len(taken) >= MAX_CHANNELS:
            raise OperationRefusedError(
                f"The limit of {MAX_CHANNELS} channels is reached.", code="too_many_channels"
            )
        return tenant

    async def _obtain_instance(
        self, tenant_id: UUID, tenant: str, new: NewChannel
    ) -> tuple[GatewayCredentials, str | None]:
        """Return the credentials of the instance, and its status."""
        if new.base_url is not None and new.token is not None:
            kind = GATEWAYS.require(new.kind or DEFAULT_GATEWAY_KIND).kind
            return await self._check_existing_instance(
                GatewayCredentials(new.base_url, new.token, kind)
            )
        server = self._access.server
        if server is None:
            raise OperationRefusedError(
                "The installation has no gateway of its own. Send base_url and token of an "
                "instance, or ask the operator to set NIOCHAT_GATEWAY_URL and "
                "NIOCHAT_GATEWAY_ADMIN_TOKEN.",
                code="no_gateway",
            )
        if new.kind not in (None, server.kind):
            raise OperationRefusedError(
                f"The installation's own gateway is of the kind {server.kind}. Send base_url and "
                "token of an instance, or leave out kind.",
                code="no_gateway",
            )
        # Slugs contain no dot, so no two channels share a name.
        instance = await self._find_or_create_instance(
            server, f"{tenant}.{new.slug}", f"niochat:{tenant_id}:{new.slug}"
        )
        return GatewayCredentials(server.base_url, instance.token, server.kind), instance.status

    async def _check_existing_instance(
        self, credentials: GatewayCredentials
    ) -> tuple[GatewayCredentials, str | None]:
        await self._access.check_address(credentials.base_url)
        try:
            return credentials, (await self._access.gateway.fetch_status(credentials)).status
        except UnavailableError as error:
            if error.code != "unauthorized":
                raise InvalidInputError(
                    f"No gateway answers at base_url. Check the address: {error}",
                    code="gateway_unreachable",
                ) from error
        raise OperationRefusedError(
            "The gateway rejects the token. Copy the token of the instance.", code="gateway_token"
        )

    async def _find_or_create_instance(
        self, server: GatewayServer, name: str, mark: str
    ) -> GatewayInstance:
        found = await self._find_own_instance(server, name, mark)
        if found is not None:
            return found
        try:
            return await self._access.admin.create_instance(server, name, mark)
        except UnavailableError:
            # The instance may have been created although the response was lost.
            found = await self._find_own_instance(server, name, mark)
            if found is None:
                raise
            return found

    async def _find_own_instance(
        self, server: GatewayServer, name: str, mark: str
    ) -> GatewayInstance | None:
        """Find the instance by its mark, or by its name if the server stores no marks."""
        try:
            instances = await self._access.admin.list_instances(server)
        except OperationRefusedError as error:
            raise UnavailableError(
                "The gateway rejects NIOCHAT_GATEWAY_ADMIN_TOKEN. Contact the operator.",
                code=error.code,
            ) from error
        own = (e for e in instances if e.mark == mark or (not e.mark and e.name == name))
        return next((each for each in own if each.token), None)

    async def _store(
        self, tenant_id: UUID, entry: ChannelConfig, status: str | None, actor: AuditActor
    ) -> tuple[UUID, str]:
        async with self._database.system_transaction() as connection:
            await connection.execute(_TENANTS["lock_providers"])
            row = await fetch_one(connection, _TENANTS["lock_tenant"], tenant_id, what="tenant")
            if entry.slug in {
                e["slug"] for e in await connection.fetch(_SQL["list_slugs"], tenant_id)
            }:
                raise OperationRefusedError(
                    "A channel already has this slug. Choose another slug.", code="slug_taken"
                )
            channel_id, secret = await create_channel(
                connection, TenantEncryptor(self._encryptor, tenant_id), entry
            )
            await _refuse_shared_instance(connection, tenant_id)
            if status is not None:
                await connection.execute(_INBOX["connection_changed"], channel_id, status, "")
            tenant = dict(row)
            await update_tenant(connection, tenant, parse_tenant_row(tenant))
            after = {"slug": entry.slug, "status": status}
            await record_change(
                connection,
                AuditEntry(
                    tenant_id, actor, "channels.create", f"channel:{channel_id}", None, after
                ),
            )
        return channel_id, secret


def _channel_config(new: NewChannel, credentials: GatewayCredentials) -> ChannelConfig:
    try:
        return ChannelConfig.model_validate(
            {
                "slug": new.slug,
                "name": new.name,
                "kind": credentials.kind,
                "base_url": credentials.base_url,
                "token": credentials.token,
            }
        )
    except ValidationError:
        pass  # its message contains the invalid value, which may be the token
    raise UnavailableError("The gateway returned an unusable token.", code="gateway")


async def _refuse_shared_instance(connection: Connection, tenant_id: UUID) -> None:
    """The error does not reveal which channel has the instance: it may be another tenant's."""
    if await connection.fetch(_TENANTS["list_shared_instances"], [tenant_id]):
        raise OperationRefusedError(
            "The gateway instance already belongs to a channel. Each channel needs its own "
            "instance.",
            code="shared_instance",
        )
