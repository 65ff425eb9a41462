"""A tenant's teams, channels, assistant and ERP: written when they differ, left alone otherwise.

Secrets are compared by their opened value, since two seals of one secret differ. What an older
key sealed is sealed again with the current one.
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
from niochat.tenants.provider_sync.sync_result import SyncOutcome
from niochat.tenants.tenant_secrets import SecretPurpose, TenantEncryptor

_SQL = queries("tenants")
_SECRET_BYTES = 32

Row = Mapping[str, Any]


ASSISTANT_POLICY_FIELDS = ("assistant_enabled", "hears", "sees")
"""What decisions need to know of an assistant: it stands in the tenant's policy."""


def assistant_policy(entry: AssistantConfig) -> dict[str, bool]:
    """The same, as the policy keeps it; what is off by default is left out."""
    senses = {"hears": entry.transcription_model is not None, "sees": entry.sees}
    return {"assistant_enabled": entry.enabled, **{k: v for k, v in senses.items() if v}}


async def sync_team(
    connection: Connection, tenant_id: UUID, team: TeamConfig, row: Row | None
) -> SyncOutcome:
    """``row``: the stored one, ``None`` for a new team."""
    stored = DEFAULT_ASSIGNMENT_MODE if row is None else row["assignment"]
    wanted = {"name": team.name, "assignment": team.assignment or stored}
    if row is not None and all(row[column] == value for column, value in wanted.items()):
        return SyncOutcome.UNCHANGED
    await connection.execute(_SQL["upsert_team"], tenant_id, team.slug, *wanted.values())
    return SyncOutcome.CREATED if row is None else SyncOutcome.CHANGED


async def sync_channel(
    connection: Connection,
    vault: Encryptor,
    tenant_id: UUID,
    channel: ChannelConfig,
    row: Row | None,
) -> SyncOutcome:
    """A new channel gets its webhook secret here, and keeps it."""
    seals = TenantEncryptor(vault, tenant_id)
    if row is None:
        await create_channel(connection, seals, channel)
        return SyncOutcome.CREATED
    wanted = {
        "name": channel.name,
        "kind": channel.kind,
        "base_url": channel.base_url,
        "token_hash": vault.fingerprint(channel.token.get_secret_value()),
        "token_sealed": seals.seal_if_changed(
            row["token_sealed"], channel.token, SecretPurpose.CHANNEL_TOKEN
        ),
        "secret_sealed": seals.reseal(row["secret_sealed"], SecretPurpose.CHANNEL_SECRET),
        "hmac_sealed": _seal_hmac_key(seals, channel, row["hmac_sealed"]),
    }
    if all(row[column] == value for column, value in wanted.items()):
        return SyncOutcome.UNCHANGED
    await connection.execute(_SQL["update_channel"], tenant_id, channel.slug, *wanted.values())
    return SyncOutcome.CHANGED


async def sync_assistant(
    connection: Connection,
    vault: Encryptor,
    tenant_id: UUID,
    entry: AssistantConfig,
    row: Row | None,
) -> SyncOutcome:
    """The assistant's row; ``enabled`` is part of the tenant's policy and not of it."""
    seals = TenantEncryptor(vault, tenant_id)
    stored, extra = (None, None) if row is None else (row["api_key_sealed"], row["extra_sealed"])
    wanted = {
        "endpoint": entry.endpoint,
        "model": entry.model,
        "api_key_sealed": seals.seal_if_changed(stored, entry.api_key, SecretPurpose.ASSISTANT_KEY),
        "persona": entry.persona.model_dump(mode="json", exclude_none=True),
        "facts": _wanted_facts(entry, row),
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
        "extra_sealed": _seal_extra(seals, entry, extra),
        "requests": {
            kind.value: each.model_dump(mode="json", exclude_none=True)
            for kind, each in entry.requests.items()
        },
        "transcription_model": entry.transcription_model or "",
        "transcription_endpoint": entry.transcription_endpoint or "",
        "transcription_key_sealed": _seal_transcription_key(seals, entry, row),
        "transcription_price": entry.transcription_price,
        "sees": entry.sees,
        "vision_model": entry.vision_model or "",
    }
    if row is not None and all(row[column] == value for column, value in wanted.items()):
        return SyncOutcome.UNCHANGED
    await connection.execute(_SQL["upsert_assistant"], tenant_id, *wanted.values())
    return SyncOutcome.CREATED if row is None else SyncOutcome.CHANGED


def _wanted_facts(entry: AssistantConfig, row: Row | None) -> dict[str, Any]:
    """Left out: what is stored stays, since desks change it too."""
    if entry.facts is not None:
        return entry.facts.to_row()
    return {} if row is None else dict(row["facts"])


def _seal_extra(
    seals: TenantEncryptor, entry: AssistantConfig, stored: bytes | None
) -> bytes | None:
    wanted = entry.extra_secret()
    return (
        None
        if wanted is None
        else seals.seal_if_changed(stored, wanted, SecretPurpose.ASSISTANT_EXTRA)
    )


def _seal_transcription_key(
    seals: TenantEncryptor, entry: AssistantConfig, row: Row | None
) -> bytes | None:
    if entry.transcription_api_key is None:
        return None
    stored = None if row is None else row["transcription_key_sealed"]
    return seals.seal_if_changed(
        stored, entry.transcription_api_key, SecretPurpose.TRANSCRIPTION_KEY
    )


async def sync_erp(
    connection: Connection, vault: Encryptor, tenant_id: UUID, entry: ErpConfig, row: Row | None
) -> SyncOutcome:
    """The ERP's row. What a probe found is forgotten with the address, app or token it used."""
    seals = TenantEncryptor(vault, tenant_id)
    stored = row["token_sealed"] if row is not None else None
    wanted = {
        "kind": entry.kind,
        "base_url": entry.base_url,
        "app": entry.app or "",
        "token_sealed": seals.seal_if_changed(stored, entry.token, SecretPurpose.ERP_TOKEN),
        "ticket_kinds": {kind.value: code for kind, code in entry.ticket_kinds.items()},
        "calls_at_once": entry.calls_at_once,
        "per_minute": entry.per_minute,
        "timeout_s": entry.timeout_s,
    }
    if row is not None and all(row[column] == value for column, value in wanted.items()):
        return SyncOutcome.UNCHANGED
    same = row is not None and _same_access(seals, entry, row)
    await connection.execute(_SQL["upsert_erp"], tenant_id, *wanted.values(), same)
    return SyncOutcome.CREATED if row is None else SyncOutcome.CHANGED


def _same_access(seals: TenantEncryptor, entry: ErpConfig, row: Row) -> bool:
    """Whether what was probed is still what is asked."""
    place = (entry.kind, entry.base_url, entry.app or "")
    return place == (row["kind"], row["base_url"], row["app"]) and seals.matches(
        row["token_sealed"], entry.token, SecretPurpose.ERP_TOKEN
    )


async def create_channel(
    connection: Connection, seals: TenantEncryptor, channel: ChannelConfig
) -> tuple[UUID, str]:
    """A new channel's id, and the secret of its webhook's address."""
    token = channel.token.get_secret_value()
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    made: UUID = await connection.fetchval(
        _SQL["create_channel"],
        seals.tenant_id,
        channel.slug,
        channel.name,
        channel.kind,
        channel.base_url,
        seals.vault.fingerprint(token),
        seals.seal(token, SecretPurpose.CHANNEL_TOKEN),
        seals.vault.fingerprint(secret),
        seals.seal(secret, SecretPurpose.CHANNEL_SECRET),
        _seal_hmac_key(seals, channel, None),
    )
    return made, secret


def _seal_hmac_key(
    seals: TenantEncryptor, channel: ChannelConfig, stored: bytes | None
) -> bytes | None:
    """Left out: what is stored stays, so that an old file does not open the door."""
    if channel.hmac_key is not None:
        return seals.seal_if_changed(stored, channel.hmac_key, SecretPurpose.CHANNEL_HMAC)
    if stored is None or "hmac_key" in channel.model_fields_set:
        return None
    return seals.reseal(stored, SecretPurpose.CHANNEL_HMAC)
