"""Look-ups of tenants, channels, assistants and ERPs, cached for seconds."""

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
"""A change is seen after this at the latest, also when nobody announced it."""
MAX_ENTRIES = 10_000


class TenantConfigCache:
    """One per process and event loop. Raises ``UnavailableError`` when the database is away."""

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
        """The channel of any tenant; ``None`` when there is none. Cached, both of them."""
        return await self._channels.get(channel_id)

    async def assistant(self, tenant_id: UUID) -> AssistantRecord:
        """The tenant's assistant. Cached. Raises ``NotFoundError`` when it has none."""
        found = await self._assistants.get(tenant_id)
        if found is None:
            raise NotFoundError("The provider has no assistant.", code="no_assistant")
        return found

    async def erp(self, tenant_id: UUID) -> ErpRecord | None:
        """The tenant's ERP; ``None`` when it has none. Cached, both of them."""
        return await self._erps.get(tenant_id)

    async def save_capabilities(self, tenant_id: UUID, found: frozenset[ErpCapability]) -> None:
        """Keep what a probe of the tenant's ERP found just now; nothing for one without ERP.

        The next question here sees it, other processes within ``TTL_S``.
        """
        async with self._database.as_tenant(tenant_id) as connection:
            await connection.execute(_SQL["save_capabilities"], tenant_id, sorted(found))
        self._erps.invalidate(lambda key, _: key == tenant_id)

    async def list_tenants(self) -> list[TenantRecord]:
        """All tenants by slug, as they are now."""
        async with self._database.as_system() as connection:
            rows = await connection.fetch(_SQL["list_tenants"])
        return [TenantRecord(**dict(row)) for row in rows]

    async def list_channels(self) -> list[ChannelAddress]:
        """All channels with their webhook addresses, as they are now; for the operator."""
        async with self._database.as_system() as connection:
            rows = await connection.fetch(_SQL["list_channels"])
        return [self._channel_address(ChannelRecord(**dict(row))) for row in rows]

    def gateway_credentials(
        self, kind: str, base_url: str, token_sealed: bytes, tenant_id: UUID
    ) -> GatewayCredentials:
        """How to reach a channel's gateway, its token opened. Raises what the vault raises."""
        purpose = SecretPurpose.CHANNEL_TOKEN
        return GatewayCredentials(
            base_url, self._vault.open(token_sealed, tenant_id=tenant_id, purpose=purpose), kind
        )

    def hmac_key(self, channel: ChannelRecord) -> str | None:
        """The key that webhooks must be signed with; ``None``: they need not be."""
        if channel.hmac_sealed is None:
            return None
        return self._vault.open(
            channel.hmac_sealed, tenant_id=channel.tenant_id, purpose=SecretPurpose.CHANNEL_HMAC
        )

    def invalidate(self, tenant_id: UUID) -> None:
        """The tenant changed: look again at the next question. Unknown channels go as well."""
        self._channels.invalidate(lambda _, found: found is None or found.tenant_id == tenant_id)
        self._assistants.invalidate(lambda key, _: key == tenant_id)
        self._erps.invalidate(lambda key, _: key == tenant_id)

    def invalidate_all(self) -> None:
        """Anything may have changed: announcements were missed."""
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
        found: dict[str, Any] = dict(row)
        sealed = found.pop("api_key_sealed")
        purpose = SecretPurpose.ASSISTANT_KEY
        key = self._vault.open(sealed, tenant_id=tenant_id, purpose=purpose)
        options = self._model_options(tenant_id, found)
        own = ModelEndpoint(found["endpoint"], key, found["model"], options)
        hearing, seeing = (
            self._transcription_endpoint(tenant_id, found, own),
            _vision_endpoint(found, own),
        )
        return AssistantRecord(
            api_key=key,
            options=options,
            facts=parse_facts(found.pop("facts")),
            hearing=hearing,
            seeing=seeing,
            hearing_price=found.pop("transcription_price"),
            **found,
        )

    def _transcription_endpoint(
        self, tenant_id: UUID, found: dict[str, Any], own: ModelEndpoint
    ) -> ModelEndpoint | None:
        """Taken out of an assistant's row. Its own key and headers go to its own end point only."""
        url = found.pop("transcription_endpoint") or own.url
        model, sealed = found.pop("transcription_model"), found.pop("transcription_key_sealed")
        options = own.options if url == own.url else ModelOptions()
        key = own.key if url == own.url else ""
        if sealed is not None:
            purpose = SecretPurpose.TRANSCRIPTION_KEY
            key = self._vault.open(sealed, tenant_id=tenant_id, purpose=purpose)
        return ModelEndpoint(url, key, model, options) if model and key else None

    def _model_options(self, tenant_id: UUID, found: dict[str, Any]) -> ModelOptions:
        """Taken out of an assistant's row."""
        sealed = found.pop("extra_sealed")
        purpose = SecretPurpose.ASSISTANT_EXTRA
        opened = self._vault.open(sealed, tenant_id=tenant_id, purpose=purpose) if sealed else "{}"
        extra = json.loads(opened)
        return ModelOptions(
            temperature=found.pop("temperature"),
            seed=found.pop("seed"),
            parallel_tool_calls=found.pop("parallel_tool_calls"),
            extra_headers=extra.get("headers", {}),
            extra_body=extra.get("body", {}),
            quirks=_forms(found.pop("dialect")),
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


def _vision_endpoint(found: dict[str, Any], own: ModelEndpoint) -> ModelEndpoint | None:
    """Taken out of an assistant's row."""
    model = found.pop("vision_model") or own.model
    return replace(own, model=model) if found.pop("sees") else None


def _forms(stored: Sequence[str]) -> frozenset[EndpointQuirk]:
    """The same of forms."""
    return frozenset(form for form in EndpointQuirk if form in stored)


def _parse_capabilities(stored: Sequence[str] | None) -> frozenset[ErpCapability] | None:
    """A newer version may have stored names that mean nothing here."""
    if stored is None:
        return None
    return frozenset(capability for capability in ErpCapability if capability in stored)
