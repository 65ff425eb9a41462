"""Channels made over the API: an instance on the installation's gateway, or one there is already.

What a gateway was asked for and whether we stored it cannot be one transaction. An instance bears
a mark that only this channel has, is looked for before one is made, and one process at a time does
it: a lost answer or a process that died leaves one instance, which the next try finds.
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
from niochat.adapters.postgres.database import Connection, Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.errors import (
    InvalidInputError,
    NiochatError,
    NotFoundError,
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
"""Channels of one tenant."""
MAX_CONCURRENT_CREATIONS = 3
"""Channels that one process makes at a time: each holds a connection while its gateway answers."""


@dataclass(frozen=True, slots=True)
class GatewayAccess:
    """Ways to gateways. ``server`` is the installation's own; ``check`` raises for an address that
    a tenant may not use; ``base_url`` is where gateways reach us.
    """

    gateway: WhatsAppGateway
    admin: GatewayAdmin
    check_address: Callable[[str], Awaitable[None]]
    server: GatewayServer | None
    base_url: str


@dataclass(frozen=True, slots=True)
class NewChannel:
    """``base_url`` and ``token`` of an existing instance of a gateway of this ``kind``; without
    them an instance is created on the gateway of the installation.
    """

    slug: str
    name: str
    kind: str | None = None
    base_url: str | None = None
    token: str | None = field(default=None, repr=False)


class ChannelProvisioner:
    """Of one tenant at a time."""

    def __init__(self, database: Database, seals: Encryptor, outside: GatewayAccess) -> None:
        self._database = database
        self._seals = seals
        self._outside = outside
        self._making = 0

    async def list(self, tenant_id: UUID) -> list[dict[str, Any]]:
        """By slug, without anything secret."""
        async with self._database.as_tenant(tenant_id) as connection:
            rows = await connection.fetch(_SQL["list"], tenant_id, None)
        return [dict(row) for row in rows]

    async def find(self, tenant_id: UUID, channel_id: UUID) -> dict[str, Any]:
        """One of them. Raises ``NotFoundError``."""
        async with self._database.as_tenant(tenant_id) as connection:
            row = await connection.fetchrow(_SQL["list"], tenant_id, channel_id)
        if row is None:
            raise NotFoundError("The channel does not exist.")
        return dict(row)

    async def create(self, tenant_id: UUID, new: NewChannel, who: AuditActor) -> tuple[UUID, bool]:
        """Its id, and whether its gateway knows by now where to post. Raises ``Refused`` for a slug
        or an instance that is another channel's, and where the installation has no gateway;
        ``InvalidInputError``, ``UnavailableError``.
        """
        async with self._creation_lock(tenant_id, new.slug):
            tenant = await self._require_free_slug(tenant_id, new.slug)
            line, status = await self._obtain_instance(tenant_id, tenant, new)
            made, secret = await self._store(tenant_id, _channel_config(new, line), status, who)
        url = build_webhook_url(self._outside.base_url, line.kind, made, secret)
        try:
            await self._outside.gateway.set_webhook(line, url)
        except NiochatError as error:
            _log.warning("webhook_not_set", channel=str(made), code=error.code)
            return made, False
        return made, True

    @asynccontextmanager
    async def _creation_lock(self, tenant_id: UUID, slug: str) -> AsyncIterator[None]:
        if self._making >= MAX_CONCURRENT_CREATIONS:
            raise UnavailableError(
                "Too many channels are being created. Repeat the request later.", code="crowded"
            )
        self._making += 1
        try:
            async with self._database.system_session() as connection:
                if not await connection.fetchval(_SQL["lock_creation"], tenant_id, slug):
                    raise OperationRefusedError("The channel is being created.", code="in_progress")
                yield
        finally:
            self._making -= 1

    async def _require_free_slug(self, tenant_id: UUID, slug: str) -> str:
        """The tenant's slug, if the channel's is free."""
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
        """The way to it, and its state."""
        if new.base_url is not None and new.token is not None:
            kind = GATEWAYS.require(new.kind or DEFAULT_GATEWAY_KIND).kind
            return await self._check_existing_instance(
                GatewayCredentials(new.base_url, new.token, kind)
            )
        server = self._outside.server
        if server is None:
            raise OperationRefusedError(
                "The installation has no gateway of its own. Send base_url and token of an "
                "instance, or"
                " ask the operator to set NIOCHAT_GATEWAY_URL and NIOCHAT_GATEWAY_ADMIN_TOKEN.",
                code="no_gateway",
            )
        if new.kind not in (None, server.kind):
            raise OperationRefusedError(
                f"The installation's own gateway is of the kind {server.kind}. Send base_url and "
                "token of an instance, or leave out kind.",
                code="no_gateway",
            )
        # A dot is in no slug: no two channels share a name.
        found = await self._find_or_create_instance(
            server, f"{tenant}.{new.slug}", f"niochat:{tenant_id}:{new.slug}"
        )
        return GatewayCredentials(server.base_url, found.token, server.kind), found.status

    async def _check_existing_instance(
        self, line: GatewayCredentials
    ) -> tuple[GatewayCredentials, str | None]:
        await self._outside.check_address(line.base_url)
        try:
            return line, (await self._outside.gateway.fetch_status(line)).status
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
            return await self._outside.admin.create_instance(server, name, mark)
        except UnavailableError:
            found = await self._find_own_instance(
                server, name, mark
            )  # only its answer may have been lost
            if found is None:
                raise
            return found

    async def _find_own_instance(
        self, server: GatewayServer, name: str, mark: str
    ) -> GatewayInstance | None:
        """By the mark; a server that keeps none shows the name alone."""
        try:
            found = await self._outside.admin.list_instances(server)
        except OperationRefusedError as error:
            raise UnavailableError(
                "The gateway rejects NIOCHAT_GATEWAY_ADMIN_TOKEN. Contact the operator.",
                code=error.code,
            ) from error
        ours = (e for e in found if e.mark == mark or (not e.mark and e.name == name))
        return next((each for each in ours if each.token), None)

    async def _store(
        self, tenant_id: UUID, entry: ChannelConfig, status: str | None, who: AuditActor
    ) -> tuple[UUID, str]:
        async with self._database.system_transaction() as connection:
            await connection.execute(_TENANTS["lock_providers"])
            row = await connection.fetchrow(_TENANTS["lock_tenant"], tenant_id)
            if row is None:
                raise NotFoundError("The tenant does not exist.")
            if entry.slug in {
                e["slug"] for e in await connection.fetch(_SQL["list_slugs"], tenant_id)
            }:
                raise OperationRefusedError(
                    "A channel already has this slug. Choose another slug.", code="slug_taken"
                )
            made, secret = await create_channel(
                connection, TenantEncryptor(self._seals, tenant_id), entry
            )
            await _refuse_shared_instance(connection, tenant_id)
            if status is not None:
                await connection.execute(_INBOX["connection_changed"], made, status, "")
            held = dict(row)
            await update_tenant(connection, held, parse_tenant_row(held))
            after = {"slug": entry.slug, "status": status}
            await record_change(
                connection,
                AuditEntry(tenant_id, who, "channels.create", f"channel:{made}", None, after),
            )
        return made, secret


def _channel_config(new: NewChannel, line: GatewayCredentials) -> ChannelConfig:
    try:
        return ChannelConfig.model_validate(
            {
                "slug": new.slug,
                "name": new.name,
                "kind": line.kind,
                "base_url": line.base_url,
                "token": line.token,
            }
        )
    except ValidationError:
        pass  # its errors hold what was wrong, which may be the token
    raise UnavailableError("The gateway returned an unusable token.", code="gateway")


async def _refuse_shared_instance(connection: Connection, tenant_id: UUID) -> None:
    """Without a word about whose it is."""
    if await connection.fetch(_TENANTS["list_shared_instances"], [tenant_id]):
        raise OperationRefusedError(
            "The gateway instance already belongs to a channel. Each channel needs its own "
            "instance.",
            code="shared_instance",
        )
