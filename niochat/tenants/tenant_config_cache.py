"""Cached look-ups of channels, assistants and ERPs, and uncached lists of tenants and channels."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from niochat.adapters.models.openai.completion_types import ModelEndpoint, ModelOptions
from niochat.adapters.models.openai.endpoint_quirks import EndpointQuirk
from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.adapters.ttl_cache import TtlCache
from niochat.domain.errors import NotFoundError
from niochat.domain.tenant.tier import weight_for_tier
from niochat.ports.encryption import Encryptor
from niochat.ports.erp import ErpAccount, ErpCapability
from niochat.ports.gateway import GatewayCredentials
from niochat.tenants.config_records import (
    AssistantRecord,
    ChannelAddress,
    ChannelRecord,
    ErpRecord,
    TenantRecord,
)
from niochat.tenants.provider_file.facts_schema import parse_facts
from niochat.tenants.tenant_secrets import SecretPurpose

_SQL = queries("tenants")

TTL_S = 5.0
"""Maximum age of a cached entry, in case its invalidation was missed."""
MAX_ENTRIES = 10_000


class TenantConfigCache:
    """Cache for one process and event loop.

    Methods raise ``UnavailableError`` when the database is unavailable.
    """

    def __init__(
        self, database: Database, vault: Encryptor, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._vault = vault
        self._channels: TtlCache[UUID, ChannelRecord | None] = TtlCache(
            self._load_channel, ttl_s=TTL_S, limit=MAX_ENTRIES, clock=clock
        )
        self._assistants: TtlCache[UUID, AssistantRecord | None] = TtlCache(
            self._load_assistant, ttl_s=TTL_S, limit=MAX_ENTRIES, clock=clock
        )
        self._erps: TtlCache[UUID, ErpRecord | None] = TtlCache(
            self._load_erp, ttl_s=TTL_S, limit=MAX_ENTRIES, clock=clock
        )

    async def channel(self, channel_id: UUID) -> ChannelRecord | None:
        """Channel by id, of any tenant; ``None`` if it does not exist. Both results are cached."""
        return await self._channels.get(channel_id)

    async def assistant(self, tenant_id: UUID) -> AssistantRecord:
        """The tenant's assistant, cached. Raises ``NotFoundError`` if it has none."""
        record = await self._assistants.get(tenant_id)
        if record is None:
            raise NotFoundError("The provider has no assistant.", code="no_assistant")
        return record

    async def erp(self, tenant_id: UUID) -> ErpRecord | None:
        """The tenant's ERP; ``None`` if it has none. Both results are cached."""
        return await self._erps.get(tenant_id)

    async def save_capabilities(
        self, tenant_id: UUID, capabilities: frozenset[ErpCapability]
    ) -> None:
        """Store the capabilities found by a probe; no-op for a tenant without ERP.

        This process sees them at the next look-up, other processes within ``TTL_S``.
        """
        async with self._database.as_tenant(tenant_id) as connection:
            await connection.execute(_SQL["save_capabilities"], tenant_id, sorted(capabilities))
        self._erps.invalidate(lambda key, _: key == tenant_id)

    async def list_tenants(self) -> list[TenantRecord]:
        """All tenants by slug, read from the database."""
        async with self._database.as_system() as connection:
            rows = await connection.fetch(_SQL["list_tenants"])
        return [TenantRecord(**dict(row)) for row in rows]

    async def list_channels(self) -> list[ChannelAddress]:
        """All channels with the secrets of their webhook URLs, read from the database."""
        async with self._database.as_system() as connection:
            rows = await connection.fetch(_SQL["list_channels"])
        return [self._channel_address(ChannelRecord(**dict(row))) for row in rows]

    def gateway_credentials(
        self, kind: str, base_url: str, token_sealed: bytes, tenant_id: UUID
    ) -> GatewayCredentials:
        """Credentials of a channel's gateway with the plain token.

        Raises the errors of :meth:`Encryptor.open`.
        """
        purpose = SecretPurpose.CHANNEL_TOKEN
        return GatewayCredentials(
            base_url, self._vault.open(token_sealed, tenant_id=tenant_id, purpose=purpose), kind
        )

    def hmac_key(self, channel: ChannelRecord) -> str | None:
        """The key with which webhooks must be signed; ``None`` if no signature is required."""
        if channel.hmac_sealed is None:
            return None
        return self._vault.open(
            channel.hmac_sealed, tenant_id=channel.tenant_id, purpose=SecretPurpose.CHANNEL_HMAC
        )

    def invalidate(self, tenant_id: UUID) -> None:
        """Drop the entries of a tenant, and those of channels that were not found."""
        self._channels.invalidate(
            lambda _, channel: channel is None or channel.tenant_id == tenant_id
        )
        self._assistants.invalidate(lambda key, _: key == tenant_id)
        self._erps.invalidate(lambda key, _: key == tenant_id)

    def invalidate_all(self) -> None:
        """Drop all entries, because invalidations may have been missed."""
        self._channels.invalidate(lambda *_: True)
        self._assistants.invalidate(lambda *_: True)
        self._erps.invalidate(lambda *_: True)

    def _channel_address(self, channel: ChannelRecord) -> ChannelAddress:
        secret = self._vault.open(
            channel.secret_sealed, tenant_id=channel.tenant_id, purpose=SecretPurpose.CHANNEL_SECRET
        )
        return ChannelAddress(channel, secret)

    async def _load_channel(self, channel_id: UUID) -> ChannelRecord | None:
        async with self._database.as_system() as connection:
            row = await connection.fetchrow(_SQL["find_channel"], channel_id)
        return ChannelRecord(**dict(row)) if row is not None else None

    async def _load_assistant(self, tenant_id: UUID) -> AssistantRecord | None:
        async with self._database.as_tenant(tenant_id) as connection:
            row = await connection.fetchrow(_SQL["find_assistant"], tenant_id)
        if row is None:
            return None
        fields: dict[str, Any] = dict(row)
        sealed = fields.pop("api_key_sealed")
        purpose = SecretPurpose.ASSISTANT_KEY
        key = self._vault.open(sealed, tenant_id=tenant_id, purpose=purpose)
        options = self._model_options(tenant_id, fields)
        main_endpoint = ModelEndpoint(fields["endpoint"], key, fields["model"], options)
        hearing, seeing = (
            self._transcription_endpoint(tenant_id, fields, main_endpoint),
            _vision_endpoint(fields, main_endpoint),
        )
        return AssistantRecord(
            api_key=key,
            options=options,
            facts=parse_facts(fields.pop("facts")),
            hearing=hearing,
            seeing=seeing,
            hearing_price=fields.pop("transcription_price"),
            **fields,
        )

    def _transcription_endpoint(
        self, tenant_id: UUID, fields: dict[str, Any], main_endpoint: ModelEndpoint
    ) -> ModelEndpoint | None:
        """Remove the transcription fields from the row, and build their endpoint.

        The assistant's own key and headers are sent to its own endpoint only.
        """
        url = fields.pop("transcription_endpoint") or main_endpoint.url
        model, sealed = fields.pop("transcription_model"), fields.pop("transcription_key_sealed")
        options = main_endpoint.options if url == main_endpoint.url else ModelOptions()
        key = main_endpoint.key if url == main_endpoint.url else ""
        if sealed is not None:
            purpose = SecretPurpose.TRANSCRIPTION_KEY
            key = self._vault.open(sealed, tenant_id=tenant_id, purpose=purpose)
        return ModelEndpoint(url, key, model, options) if model and key else None

    def _model_options(self, tenant_id: UUID, fields: dict[str, Any]) -> ModelOptions:
        """Remove the option fields from the row, and build the options."""
        sealed = fields.pop("extra_sealed")
        purpose = SecretPurpose.ASSISTANT_EXTRA
        opened = self._vault.open(sealed, tenant_id=tenant_id, purpose=purpose) if sealed else "{}"
        extra = json.loads(opened)
        return ModelOptions(
            temperature=fields.pop("temperature"),
            seed=fields.pop("seed"),
            parallel_tool_calls=fields.pop("parallel_tool_calls"),
            extra_headers=extra.get("headers", {}),
            extra_body=extra.get("body", {}),
            quirks=_parse_quirks(fields.pop("dialect")),
        )

    async def _load_erp(self, tenant_id: UUID) -> ErpRecord | None:
        async with self._database.as_tenant(tenant_id) as connection:
            row = await connection.fetchrow(_SQL["find_erp"], tenant_id)
        if row is None:
            return None
        token = self._vault.open(
            row["token_sealed"], tenant_id=tenant_id, purpose=SecretPurpose.ERP_TOKEN
        )
        return ErpRecord(
            ErpAccount(row["base_url"], row["app"], token, row["ticket_kinds"], row["kind"]),
            calls_at_once=row["calls_at_once"],
            per_minute=row["per_minute"],
            timeout_s=row["timeout_s"],
            capabilities=_parse_capabilities(row["capabilities"]),
            probed_at=row["probed_at"],
            weight=weight_for_tier(row["plan"]),
        )


def _vision_endpoint(fields: dict[str, Any], main_endpoint: ModelEndpoint) -> ModelEndpoint | None:
    """Remove the vision fields from the row, and build their endpoint."""
    model = fields.pop("vision_model") or main_endpoint.model
    return replace(main_endpoint, model=model) if fields.pop("sees") else None


def _parse_quirks(stored: Sequence[str]) -> frozenset[EndpointQuirk]:
    """Known quirks of the stored ones; a newer version may have stored others."""
    return frozenset(quirk for quirk in EndpointQuirk if quirk in stored)


def _parse_capabilities(stored: Sequence[str] | None) -> frozenset[ErpCapability] | None:
    """Known capabilities of the stored ones; a newer version may have stored others."""
    if stored is None:
        return None
    return frozenset(capability for capability in ErpCapability if capability in stored)
