"""Syncs a tenant's teams, channels, assistant and ERP: rows are written only if they differ.

Secrets are compared by their plain values, because two seals of one secret differ. Secrets that are
sealed under an older key are sealed again under the current one.
"""

import secrets
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from niochat.adapters.postgres.database import Connection
from niochat.adapters.postgres.queries import queries
from niochat.domain.presence import DEFAULT_ASSIGNMENT_MODE
from niochat.ports.encryption import Encryptor
from niochat.tenants.provider_file.provider_schema import (
    AssistantConfig,
    ChannelConfig,
    ErpConfig,
    TeamConfig,
)
from niochat.tenants.provider_sync.sync_result import ProviderSyncOutcome
from niochat.tenants.tenant_secrets import SecretPurpose, TenantEncryptor

_SQL = queries("tenants")
_SECRET_BYTES = 32

Row = Mapping[str, Any]


ASSISTANT_POLICY_FIELDS = ("assistant_enabled", "hears", "sees")
"""Properties of the assistant that decisions need and that are stored in the tenant's policy."""


def assistant_policy(entry: AssistantConfig) -> dict[str, bool]:
    """Values of ``ASSISTANT_POLICY_FIELDS``; false values of optional fields are omitted."""
    optional_fields = {"hears": entry.transcription_model is not None, "sees": entry.sees}
    return {"assistant_enabled": entry.enabled, **{k: v for k, v in optional_fields.items() if v}}


async def sync_team(
    connection: Connection, tenant_id: UUID, team: TeamConfig, row: Row | None
) -> ProviderSyncOutcome:
    """Sync a team. ``row`` is the stored one; ``None`` for a new team."""
    stored = DEFAULT_ASSIGNMENT_MODE if row is None else row["assignment"]
    declared = {"name": team.name, "assignment": team.assignment or stored}
    if row is not None and all(row[column] == value for column, value in declared.items()):
        return ProviderSyncOutcome.UNCHANGED
    await connection.execute(_SQL["upsert_team"], tenant_id, team.slug, *declared.values())
    return ProviderSyncOutcome.CREATED if row is None else ProviderSyncOutcome.CHANGED


async def sync_channel(
    connection: Connection,
    vault: Encryptor,
    tenant_id: UUID,
    channel: ChannelConfig,
    row: Row | None,
) -> ProviderSyncOutcome:
    """Sync a channel. A new channel gets a webhook secret, which is never changed."""
    encryptor = TenantEncryptor(vault, tenant_id)
    if row is None:
        await create_channel(connection, encryptor, channel)
        return ProviderSyncOutcome.CREATED
    declared = {
        "name": channel.name,
        "kind": channel.kind,
        "base_url": channel.base_url,
        "token_hash": vault.fingerprint(channel.token.get_secret_value()),
        "token_sealed": encryptor.seal_if_changed(
            row["token_sealed"], channel.token, SecretPurpose.CHANNEL_TOKEN
        ),
        "secret_sealed": encryptor.reseal(row["secret_sealed"], SecretPurpose.CHANNEL_SECRET),
        "hmac_sealed": _seal_hmac_key(encryptor, channel, row["hmac_sealed"]),
    }
    if all(row[column] == value for column, value in declared.items()):
        return ProviderSyncOutcome.UNCHANGED
    await connection.execute(_SQL["update_channel"], tenant_id, channel.slug, *declared.values())
    return ProviderSyncOutcome.CHANGED


async def sync_assistant(
    connection: Connection,
    vault: Encryptor,
    tenant_id: UUID,
    entry: AssistantConfig,
    row: Row | None,
) -> ProviderSyncOutcome:
    """Sync the assistant's row. ``enabled`` is not part of it, but of the tenant's policy."""
    encryptor = TenantEncryptor(vault, tenant_id)
    stored, extra = (None, None) if row is None else (row["api_key_sealed"], row["extra_sealed"])
    declared = {
        "endpoint": entry.endpoint,
        "model": entry.model,
        "api_key_sealed": encryptor.seal_if_changed(
            stored, entry.api_key, SecretPurpose.ASSISTANT_KEY
        ),
        "persona": entry.persona.model_dump(mode="json", exclude_none=True),
        "facts": _declared_facts(entry, row),
        "stream": entry.stream,
        "max_steps": entry.max_steps,
        "max_tokens": entry.max_tokens,
        "max_seconds": entry.max_seconds,
        "turns_per_minute": entry.turns_per_minute,
        "turns_at_once": entry.turns_at_once,
        "price_in": entry.price_in,
        "price_out": entry.price_out,
        "temperature": entry.temperature,
        "seed": entry.seed,
        "parallel_tool_calls": entry.parallel_tool_calls,
        "dialect": sorted({form.value for form in entry.dialect}),
        "extra_sealed": _seal_extra(encryptor, entry, extra),
        "requests": {
            kind.value: each.model_dump(mode="json", exclude_none=True)
            for kind, each in entry.requests.items()
        },
        "transcription_model": entry.transcription_model or "",
        "transcription_endpoint": entry.transcription_endpoint or "",
        "transcription_key_sealed": _seal_transcription_key(encryptor, entry, row),
        "transcription_price": entry.transcription_price,
        "sees": entry.sees,
        "vision_model": entry.vision_model or "",
    }
    if row is not None and all(row[column] == value for column, value in declared.items()):
        return ProviderSyncOutcome.UNCHANGED
    await connection.execute(_SQL["upsert_assistant"], tenant_id, *declared.values())
    return ProviderSyncOutcome.CREATED if row is None else ProviderSyncOutcome.CHANGED


def _declared_facts(entry: AssistantConfig, row: Row | None) -> dict[str, Any]:
    """The declared facts; if omitted, the stored ones, because they are also edited
    over the API.
    """
    if entry.facts is not None:
        return entry.facts.to_row()
    return {} if row is None else dict(row["facts"])


def _seal_extra(
    encryptor: TenantEncryptor, entry: AssistantConfig, stored: bytes | None
) -> bytes | None:
    declared = entry.extra_secret()
    return (
        None
        if declared is None
        else encryptor.seal_if_changed(stored, declared, SecretPurpose.ASSISTANT_EXTRA)
    )


def _seal_transcription_key(
    encryptor: TenantEncryptor, entry: AssistantConfig, row: Row | None
) -> bytes | None:
    if entry.transcription_api_key is None:
        return None
    stored = None if row is None else row["transcription_key_sealed"]
    return encryptor.seal_if_changed(
        stored, entry.transcription_api_key, SecretPurpose.TRANSCRIPTION_KEY
    )


async def sync_erp(
    connection: Connection, vault: Encryptor, tenant_id: UUID, entry: ErpConfig, row: Row | None
) -> ProviderSyncOutcome:
    """Sync the ERP's row. Probed capabilities are deleted if address, app or token change."""
    encryptor = TenantEncryptor(vault, tenant_id)
    stored = row["token_sealed"] if row is not None else None
    declared = {
        "kind": entry.kind,
        "base_url": entry.base_url,
        "app": entry.app or "",
        "token_sealed": encryptor.seal_if_changed(stored, entry.token, SecretPurpose.ERP_TOKEN),
        "ticket_kinds": {kind.value: code for kind, code in entry.ticket_kinds.items()},
        "calls_at_once": entry.calls_at_once,
        "per_minute": entry.per_minute,
        "timeout_s": entry.timeout_s,
    }
    if row is not None and all(row[column] == value for column, value in declared.items()):
        return ProviderSyncOutcome.UNCHANGED
    same_access = row is not None and _same_access(encryptor, entry, row)
    await connection.execute(_SQL["upsert_erp"], tenant_id, *declared.values(), same_access)
    return ProviderSyncOutcome.CREATED if row is None else ProviderSyncOutcome.CHANGED


def _same_access(encryptor: TenantEncryptor, entry: ErpConfig, row: Row) -> bool:
    """Whether kind, address, app and token are the stored ones, so that the probe is
    still valid.
    """
    access = (entry.kind, entry.base_url, entry.app or "")
    return access == (row["kind"], row["base_url"], row["app"]) and encryptor.matches(
        row["token_sealed"], entry.token, SecretPurpose.ERP_TOKEN
    )


async def create_channel(
    connection: Connection, encryptor: TenantEncryptor, channel: ChannelConfig
) -> tuple[UUID, str]:
    """Create a channel; return its id and the secret of its webhook URL."""
    token = channel.token.get_secret_value()
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    channel_id: UUID = await connection.fetchval(
        _SQL["create_channel"],
        encryptor.tenant_id,
        channel.slug,
        channel.name,
        channel.kind,
        channel.base_url,
        encryptor.vault.fingerprint(token),
        encryptor.seal(token, SecretPurpose.CHANNEL_TOKEN),
        encryptor.vault.fingerprint(secret),
        encryptor.seal(secret, SecretPurpose.CHANNEL_SECRET),
        _seal_hmac_key(encryptor, channel, None),
    )
    return channel_id, secret


def _seal_hmac_key(
    encryptor: TenantEncryptor, channel: ChannelConfig, stored: bytes | None
) -> bytes | None:
    """If omitted, the stored key stays, so that an old file does not disable signatures."""
    if channel.hmac_key is not None:
        return encryptor.seal_if_changed(stored, channel.hmac_key, SecretPurpose.CHANNEL_HMAC)
    if stored is None or "hmac_key" in channel.model_fields_set:
        return None
    return encryptor.reseal(stored, SecretPurpose.CHANNEL_HMAC)
