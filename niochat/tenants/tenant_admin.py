"""Creates, changes, suspends and resumes tenants, with an audit entry in the same transaction."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

from niochat.adapters.postgres.audit_log import record_change
from niochat.adapters.postgres.database import Connection, Database, fetch_one
from niochat.adapters.postgres.queries import queries
from niochat.domain.errors import OperationRefusedError
from niochat.domain.tenant.tier import TenantTier
from niochat.ports.audit import AuditActor, AuditEntry
from niochat.ports.encryption import Encryptor
from niochat.tenants.provider_file.provider_schema import ProviderConfig
from niochat.tenants.provider_sync.provider_sync import (
    apply_provider,
    parse_tenant_row,
    update_tenant,
)

_SQL = queries("tenants")

TenantStatus = Literal["active", "suspended"]


@dataclass(frozen=True, slots=True)
class TenantLimits:
    """How much a tenant may use; None leaves a limit as it is."""

    turns_per_minute: int | None = None
    turns_at_once: int | None = None
    erp_calls_at_once: int | None = None
    erp_calls_per_minute: int | None = None
    session_idle_minutes: int | None = None


@dataclass(frozen=True, slots=True)
class TenantChange:
    """Changes of a tenant; None leaves a field unchanged."""

    name: str | None = None
    timezone: str | None = None
    plan: TenantTier | None = None
    limits: TenantLimits = TenantLimits()


class TenantAdmin:
    """Administers tenants over system connections: the tenant role cannot change a
    tenant's status.
    """

    def __init__(self, database: Database, encryptor: Encryptor) -> None:
        self._database = database
        self._encryptor = encryptor

    async def find(self, tenant_id: UUID) -> dict[str, Any]:
        """Return one tenant with its limits. Raises ``NotFoundError``."""
        async with self._database.as_system() as connection:
            return await _find_tenant(connection, tenant_id)

    async def create(self, provider: ProviderConfig, actor: AuditActor) -> UUID:
        """Create a tenant as a provider file does, and return its id.

        Raises ``OperationRefusedError`` (``slug_taken``).
        """
        async with self._database.system_transaction() as connection:
            await connection.execute(_SQL["lock_providers"])
            if await connection.fetch(_SQL["lock_tenants"], [provider.slug]):
                raise OperationRefusedError(
                    "A provider already has this slug. Choose another slug.", code="slug_taken"
                )
            changes = await apply_provider(connection, self._encryptor, provider, None)
            tenant_id = changes[0].tenant_id
            created = {"slug": provider.slug, "plan": provider.plan.value}
            await _record_change(connection, tenant_id, actor, "tenants.create", None, created)
        return tenant_id

    async def change(self, tenant_id: UUID, change: TenantChange, actor: AuditActor) -> None:
        """Change a tenant.

        Raises ``NotFoundError``, ``OperationRefusedError`` (``no_assistant``, ``no_erp``) for
        limits of an assistant or ERP that the tenant does not have.
        """
        async with self._database.system_transaction() as connection:
            row, before = (
                await _lock_tenant(connection, tenant_id),
                await _find_tenant(connection, tenant_id),
            )
            stored = parse_tenant_row(row)
            changed = replace(
                stored,
                name=change.name or stored.name,
                timezone=change.timezone or stored.timezone,
                plan=stored.plan if change.plan is None else change.plan.value,
            )
            await _update_limits(connection, tenant_id, change.limits)
            if changed == stored and await _find_tenant(connection, tenant_id) == before:
                return
            await update_tenant(connection, row, changed)
            after = await _find_tenant(connection, tenant_id)
            await _record_change(connection, tenant_id, actor, "tenants.change", before, after)

    async def set_status(self, tenant_id: UUID, status: TenantStatus, actor: AuditActor) -> None:
        """Suspend or resume a tenant; no-op if it has this status. Raises ``NotFoundError``.

        A suspension queues a command to each pending conversation in the same transaction.
        """
        async with self._database.system_transaction() as connection:
            row = await _lock_tenant(connection, tenant_id)
            if row["status"] == status:
                return
            await update_tenant(connection, row, replace(parse_tenant_row(row), status=status))
            action = "tenants.suspend" if status == "suspended" else "tenants.resume"
            before, after = {"status": row["status"]}, {"status": status}
            await _record_change(connection, tenant_id, actor, action, before, after)


async def _lock_tenant(connection: Connection, tenant_id: UUID) -> dict[str, Any]:
    # The same lock order as in ``apply_providers``, so that the two cannot deadlock.
    await connection.execute(_SQL["lock_providers"])
    return await fetch_one(connection, _SQL["lock_tenant"], tenant_id, what="tenant")


async def _find_tenant(connection: Connection, tenant_id: UUID) -> dict[str, Any]:
    return await fetch_one(connection, _SQL["find_tenant_with_limits"], tenant_id, what="tenant")


async def _update_limits(connection: Connection, tenant_id: UUID, limits: TenantLimits) -> None:
    if limits.session_idle_minutes is not None:
        idle = timedelta(minutes=limits.session_idle_minutes)
        await connection.execute(_SQL["limit_session"], tenant_id, idle)
    for query, resource, values in (
        ("limit_assistant", "assistant", (limits.turns_per_minute, limits.turns_at_once)),
        ("limit_erp", "erp", (limits.erp_calls_at_once, limits.erp_calls_per_minute)),
    ):
        if values == (None, None):
            continue
        if await connection.fetchval(_SQL[query], tenant_id, *values) is None:
            raise OperationRefusedError(
                f"The provider has no {resource}. Configure it before you set its limits.",
                code=f"no_{resource}",
            )


async def _record_change(
    connection: Connection,
    tenant_id: UUID,
    actor: AuditActor,
    action: str,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any],
) -> None:
    changes = [None if row is None else _audit_fields(row) for row in (before, after)]
    await record_change(
        connection, AuditEntry(tenant_id, actor, action, f"tenant:{tenant_id}", *changes)
    )


def _audit_fields(row: Mapping[str, Any]) -> dict[str, object]:
    """Fields for the audit log: codes and numbers only."""
    names = {"slug", "status", "plan", "timezone", *asdict(TenantLimits())}
    fields = {name: value for name, value in row.items() if name in names}
    if "session_idle" in row:
        fields["session_idle_minutes"] = row["session_idle"] // timedelta(minutes=1)
    return fields
