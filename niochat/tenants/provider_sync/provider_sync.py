"""Applies provider files: brings the database to the declared state, atomically and
idempotently.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from niochat.adapters.postgres.database import Connection, Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.errors import OperationRefusedError
from niochat.ports.encryption import Encryptor
from niochat.tenants.provider_file.provider_schema import ProviderConfig
from niochat.tenants.provider_sync.resource_sync import (
    ASSISTANT_POLICY_FIELDS,
    assistant_policy,
    sync_assistant,
    sync_channel,
    sync_erp,
    sync_team,
)
from niochat.tenants.provider_sync.supabase_sync import sync_supabase
from niochat.tenants.provider_sync.sync_result import ProviderSyncOutcome, ProviderSyncResult

_SQL = queries("tenants")
_INBOX = queries("inbox")


@dataclass(frozen=True, slots=True)
class TenantRow:
    """The columns of a tenant's row that a provider file declares."""

    name: str
    status: str
    timezone: str
    policy: Mapping[str, object]
    plan: str


async def apply_providers(
    database: Database, vault: Encryptor, providers: Sequence[ProviderConfig]
) -> list[ProviderSyncResult]:
    """Create or change what ``providers`` declare, in one transaction; return the outcomes.

    Resources that are not declared are not deleted. A tenant with any change gets the next
    ``config_version``. If a tenant becomes suspended, a command for each pending conversation is
    queued in the same transaction. Raises ``OperationRefusedError`` if two channels share a gateway
    instance, ``UnreadableDataError`` if the key of a stored secret is missing,
    ``UnavailableError``.
    """
    async with database.system_transaction() as connection:
        await connection.execute(_SQL["lock_providers"])
        slugs = [provider.slug for provider in providers]
        stored = {
            row["slug"]: dict(row) for row in await connection.fetch(_SQL["lock_tenants"], slugs)
        }
        results: list[ProviderSyncResult] = []
        for provider in providers:
            results += await apply_provider(connection, vault, provider, stored.get(provider.slug))
        await _refuse_shared_instances(connection, list({result.tenant_id for result in results}))
    return results


async def apply_provider(
    connection: Connection,
    vault: Encryptor,
    provider: ProviderConfig,
    row: Mapping[str, Any] | None,
) -> list[ProviderSyncResult]:
    """Apply one provider in the caller's transaction. ``row`` is the locked tenant; None: new."""
    settings = _declared_row(provider, row)
    if row is None:
        tenant_id: UUID = await connection.fetchval(
            _SQL["create_tenant"],
            *(
                provider.slug,
                settings.name,
                settings.status,
                settings.timezone,
                settings.policy,
                settings.plan,
            ),
        )
        outcome = ProviderSyncOutcome.CREATED
    else:
        tenant_id = row["tenant_id"]
        outcome = (
            ProviderSyncOutcome.UNCHANGED
            if settings == parse_tenant_row(row)
            else ProviderSyncOutcome.CHANGED
        )
    provider_result = ProviderSyncResult(provider.slug, "provider", outcome, tenant_id)
    results = [provider_result, *await _sync_resources(connection, vault, provider, tenant_id)]
    if row is not None and any(
        result.outcome != ProviderSyncOutcome.UNCHANGED for result in results
    ):
        await update_tenant(connection, row, settings)
    return results


async def _sync_resources(
    connection: Connection, vault: Encryptor, provider: ProviderConfig, tenant_id: UUID
) -> list[ProviderSyncResult]:
    outcomes = {
        **await _sync_teams(connection, provider, tenant_id),
        **await _sync_channels(connection, vault, provider, tenant_id),
        **await _sync_assistant(connection, vault, provider, tenant_id),
        **await _sync_erp(connection, vault, provider, tenant_id),
        **await _sync_supabase(connection, vault, provider, tenant_id),
    }
    return [
        ProviderSyncResult(provider.slug, name, outcome, tenant_id)
        for name, outcome in outcomes.items()
    ]


async def _sync_teams(
    connection: Connection, provider: ProviderConfig, tenant_id: UUID
) -> dict[str, ProviderSyncOutcome]:
    rows = await connection.fetch(_SQL["list_teams"], tenant_id)
    stored = {row["slug"]: dict(row) for row in rows}
    return {
        f"team {team.slug}": await sync_team(connection, tenant_id, team, stored.get(team.slug))
        for team in provider.teams
    }


async def _sync_channels(
    connection: Connection, vault: Encryptor, provider: ProviderConfig, tenant_id: UUID
) -> dict[str, ProviderSyncOutcome]:
    rows = await connection.fetch(_SQL["list_tenant_channels"], tenant_id)
    stored = {row["slug"]: dict(row) for row in rows}
    return {
        f"channel {channel.slug}": await sync_channel(
            connection, vault, tenant_id, channel, stored.get(channel.slug)
        )
        for channel in provider.channels
    }


async def _sync_assistant(
    connection: Connection, vault: Encryptor, provider: ProviderConfig, tenant_id: UUID
) -> dict[str, ProviderSyncOutcome]:
    if provider.assistant is None:
        return {}
    row = await connection.fetchrow(_SQL["find_assistant"], tenant_id)
    stored = dict(row) if row is not None else None
    outcome = await sync_assistant(connection, vault, tenant_id, provider.assistant, stored)
    return {"assistant": outcome}


async def _sync_erp(
    connection: Connection, vault: Encryptor, provider: ProviderConfig, tenant_id: UUID
) -> dict[str, ProviderSyncOutcome]:
    if provider.erp is None:
        return {}
    row = await connection.fetchrow(_SQL["find_erp"], tenant_id)
    stored = dict(row) if row is not None else None
    return {"erp": await sync_erp(connection, vault, tenant_id, provider.erp, stored)}


async def _sync_supabase(
    connection: Connection, vault: Encryptor, provider: ProviderConfig, tenant_id: UUID
) -> dict[str, ProviderSyncOutcome]:
    if "supabase" not in provider.model_fields_set:
        return {}
    return {"supabase": await sync_supabase(connection, vault, tenant_id, provider.supabase)}


def _declared_row(provider: ProviderConfig, row: Mapping[str, Any] | None) -> TenantRow:
    """The row as declared; values that the file omits are taken from the stored row."""
    policy = provider.policy.to_row()
    if provider.assistant is not None:
        policy |= assistant_policy(provider.assistant)
    elif row is None:
        policy["assistant_enabled"] = False
    else:
        policy |= {
            name: row["policy"][name] for name in ASSISTANT_POLICY_FIELDS if name in row["policy"]
        }
    status = "suspended" if provider.suspended else "active"
    if provider.suspended is None and row is not None:
        status = row["status"]
    return TenantRow(provider.name, status, provider.timezone, policy, provider.plan.value)


def parse_tenant_row(row: Mapping[str, Any]) -> TenantRow:
    """Convert a stored row into a ``TenantRow``."""
    return TenantRow(row["name"], row["status"], row["timezone"], row["policy"], row["plan"])


async def update_tenant(connection: Connection, row: Mapping[str, Any], settings: TenantRow) -> int:
    """Update the tenant and return its new ``config_version``.

    If the tenant becomes suspended, a command for each pending conversation is queued.
    """
    tenant_id: UUID = row["tenant_id"]
    version: int = await connection.fetchval(
        _SQL["update_tenant"],
        *(
            tenant_id,
            settings.name,
            settings.status,
            settings.timezone,
            settings.policy,
            settings.plan,
        ),
    )
    if settings.status == "suspended" and row["status"] != "suspended":
        await connection.execute(_INBOX["suspend_pending"], tenant_id, version)
    return version


async def _refuse_shared_instances(connection: Connection, tenants: list[UUID]) -> None:
    rows = await connection.fetch(_SQL["list_shared_instances"], tenants)
    if not rows:
        return
    listed = "; ".join(
        f"{row['tenant']}/{row['channel']} and {row['other_tenant']}/{row['other']}" for row in rows
    )
    raise OperationRefusedError(
        f"A gateway instance belongs to one channel, but these share one: {listed}. Give each its "
        "own token. Channels are identified by their slugs: do not change them. Nothing changed.",
        code="shared_instance",
    )
