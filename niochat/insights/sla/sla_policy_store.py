"""The SLA policies of all tenants."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from niochat.adapters.postgres.audit_log import record_change
from niochat.adapters.postgres.database import Connection, Database, fetch_one
from niochat.adapters.postgres.queries import queries
from niochat.domain.errors import InvalidInputError, OperationRefusedError, StaleVersionError
from niochat.domain.sla.sla_policy import SlaPolicy
from niochat.ports.audit import AuditActor, AuditEntry

_SQL = queries("sla_policies")

MAX_POLICIES = 50
"""Maximum number of policies of a tenant."""


@dataclass(frozen=True, slots=True)
class SlaPolicyContent:
    """A whole policy, and its place in the order: the lowest position is tried first."""

    policy: SlaPolicy
    position: int = 0
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class SlaPolicyEditor:
    """Who changes policies of which tenant."""

    tenant_id: UUID
    actor: AuditActor


class SlaPolicyStore:
    """Reads and changes policies. Each change asks for all running clocks to be computed again."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_policies(self, tenant_id: UUID) -> list[dict[str, Any]]:
        """All policies in the order in which they are tried."""
        async with self._database.as_tenant(tenant_id) as connection:
            return [dict(row) for row in await connection.fetch(_SQL["list"], tenant_id)]

    async def find(self, tenant_id: UUID, policy_id: UUID) -> dict[str, Any]:
        """One policy. Raises ``NotFoundError``."""
        async with self._database.as_tenant(tenant_id) as connection:
            return await _find(connection, tenant_id, policy_id)

    async def create(self, editor: SlaPolicyEditor, content: SlaPolicyContent) -> dict[str, Any]:
        """Creates a policy. Raises ``InvalidInputError`` (``no_team``) and
        ``OperationRefusedError`` (``too_many_policies``).
        """
        tenant_id = editor.tenant_id
        async with self._database.as_tenant(tenant_id) as connection:
            await _check_teams(connection, tenant_id, content.policy.teams)
            await connection.execute(_SQL["lock_tenant"], tenant_id)
            if await connection.fetchval(_SQL["count"], tenant_id) >= MAX_POLICIES:
                raise OperationRefusedError(
                    f"The limit of {MAX_POLICIES} SLA policies is reached. Delete one first.",
                    code="too_many_policies",
                )
            await connection.execute(_SQL["raise_revision"], tenant_id)
            await connection.execute(_SQL["follow_log"], tenant_id)
            policy_id = await connection.fetchval(_SQL["create"], tenant_id, *_columns(content))
            await _record(connection, editor, "sla_policies.create", policy_id, None, content)
            return await _find(connection, tenant_id, policy_id)

    async def replace(
        self,
        editor: SlaPolicyEditor,
        policy_id: UUID,
        content: SlaPolicyContent,
        versions: frozenset[str] | None,
    ) -> dict[str, Any]:
        """Replaces a policy if its version is one of ``versions`` (None: any). Raises as ``create``
        does, ``NotFoundError`` and ``StaleVersionError``.
        """
        tenant_id = editor.tenant_id
        async with self._database.as_tenant(tenant_id) as connection:
            old = await _lock(connection, tenant_id, policy_id, versions)
            await _check_teams(connection, tenant_id, content.policy.teams)
            await connection.execute(_SQL["replace"], tenant_id, policy_id, *_columns(content))
            await connection.execute(_SQL["raise_revision"], tenant_id)
            await _record(
                connection, editor, "sla_policies.change", policy_id, old["name"], content
            )
            return await _find(connection, tenant_id, policy_id)

    async def delete(
        self, editor: SlaPolicyEditor, policy_id: UUID, versions: frozenset[str] | None
    ) -> None:
        """Deletes a policy; what was decided under it stays. Raises ``NotFoundError`` and
        ``StaleVersionError``.
        """
        tenant_id = editor.tenant_id
        async with self._database.as_tenant(tenant_id) as connection:
            old = await _lock(connection, tenant_id, policy_id, versions)
            await connection.execute(_SQL["delete"], tenant_id, policy_id)
            await connection.execute(_SQL["raise_revision"], tenant_id)
            await _record(connection, editor, "sla_policies.delete", policy_id, old["name"], None)


def _columns(content: SlaPolicyContent) -> tuple[object, ...]:
    policy = content.policy
    return (
        policy.name,
        content.enabled,
        content.position,
        list(policy.teams),
        list(policy.priorities),
        list(policy.labels),
        policy.first_answer_s,
        policy.next_answer_s,
        policy.resolution_s,
        policy.business_hours,
        policy.warn_percent,
    )


async def _find(connection: Connection, tenant_id: UUID, policy_id: UUID) -> dict[str, Any]:
    return await fetch_one(connection, _SQL["find"], tenant_id, policy_id, what="SLA policy")


async def _lock(
    connection: Connection, tenant_id: UUID, policy_id: UUID, versions: frozenset[str] | None
) -> dict[str, Any]:
    row = await _find(connection, tenant_id, policy_id)
    if versions is not None and str(row["version"]) not in versions:
        raise StaleVersionError(
            "The SLA policy was changed meanwhile. Load it again, then repeat the change."
        )
    return row


async def _check_teams(connection: Connection, tenant_id: UUID, teams: tuple[str, ...]) -> None:
    unknown = await connection.fetch(_SQL["unknown_teams"], tenant_id, list(teams))
    if unknown:
        raise InvalidInputError(
            f"The team {unknown[0]['team']!r} does not exist. GET /api/v1/colleagues lists all"
            " teams.",
            code="no_team",
        )


async def _record(
    connection: Connection,
    editor: SlaPolicyEditor,
    action: str,
    policy_id: UUID,
    before: str | None,
    after: SlaPolicyContent | None,
) -> None:
    old = None if before is None else {"name": before}
    new = None if after is None else {"name": after.policy.name, "enabled": after.enabled}
    await record_change(
        connection,
        AuditEntry(editor.tenant_id, editor.actor, action, f"sla_policy:{policy_id}", old, new),
    )
