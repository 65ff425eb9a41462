"""Database queries for operators: hosts, actors and conversations, without texts of messages."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from niochat.adapters.postgres.audit_log import record_change
from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.errors import NotFoundError, OperationRefusedError
from niochat.ports.audit import AuditActor, AuditActorKind, AuditEntry

_SQL = queries("operators")
_MIRROR = queries("mirror")

HOST_TIMEOUT_S = 10.0
"""A host that has not reported for this long counts as dead."""
MAX_ROWS = 50
"""Pending commands and sends of one conversation in a response."""


class OperatorRepository:
    """Queries across all tenants, with the system role."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_hosts(self) -> list[dict[str, Any]]:
        """Return the hosts by name. ``alive`` is true while the process reports."""
        return [
            {**row, "alive": row["seen_s"] < HOST_TIMEOUT_S}
            for row in await self._fetch(_SQL["hosts"])
        ]

    async def list_shards(self) -> list[dict[str, Any]]:
        """Return ``shard``, ``host`` (incarnation) and ``epoch`` of each shard."""
        return await self._fetch(_SQL["shards"])

    async def list_mirrors(self) -> list[dict[str, Any]]:
        """Return the mirrored tenants by slug: their positions, failures and refused rows."""
        return await self._fetch(_MIRROR["lag"])

    async def set_draining(self, name: str, draining: bool) -> bool:
        """Set or clear the drain mark. Return False if the host is unknown, or if no other host
        could own its shards.
        """
        async with self._database.as_system() as connection:
            return await connection.fetchval(_SQL["drain"], name, draining) is not None

    async def find_shard_owner(self, shard: int) -> str | None:
        """Return the incarnation that owns the shard; None without an owner."""
        async with self._database.as_system() as connection:
            owner: str | None = await connection.fetchval(_SQL["owner"], shard)
        return owner

    async def load_backlogs(self, threads: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
        """Return ``inbox`` and ``outbox`` (counts), ``timers``, ``paused_until`` and ``tenant_id``
        by thread. Unknown threads are left out.
        """
        rows = await self._fetch(_SQL["waiting"], list(threads)) if threads else []
        return {row.pop("thread_id"): row for row in rows}

    async def find_conversation(self, key: str, tenant: str | None) -> dict[str, Any]:
        """Find a conversation by protocol, id or thread. Raises ``NotFoundError``, and
        ``OperationRefusedError`` if two tenants have the protocol.
        """
        try:
            row_id: UUID | None = UUID(key)
        except ValueError:
            row_id = None
        rows = await self._fetch(_SQL["conversation"], key, row_id, tenant)
        if not rows:
            raise NotFoundError("No conversation has this protocol, id or thread.")
        if len(rows) > 1:
            raise OperationRefusedError(
                "Several tenants have this protocol. Add ?tenant=<slug>.", code="ambiguous"
            )
        return rows[0]

    async def load_activity(self, conversation: dict[str, Any]) -> dict[str, Any]:
        """Return its running turn, its oldest pending commands and its unsettled sends."""
        thread = conversation["thread_id"]
        turn = await self._fetch(
            _SQL["running_turn"], conversation["tenant_id"], conversation["id"]
        )
        return {
            "turn": turn[0] if turn else None,
            "pending": await self._fetch(_SQL["pending"], thread, MAX_ROWS),
            "sends": await self._fetch(_SQL["unsettled"], thread, MAX_ROWS),
        }

    async def has_team(self, tenant_id: UUID, team: str) -> bool:
        """Return whether the tenant has a team with this slug."""
        async with self._database.as_system() as connection:
            return bool(await connection.fetchval(_SQL["team"], tenant_id, team))

    async def write_audit_entry(
        self, tenant_id: UUID, address: str, action: str, thread: UUID, after: dict[str, Any]
    ) -> None:
        """Write an action of an operator to the audit log of the tenant that it concerns."""
        actor = AuditActor(AuditActorKind.OPERATOR, "operator", address)
        async with self._database.as_tenant(tenant_id) as connection:
            entry = AuditEntry(tenant_id, actor, action, f"thread:{thread}", None, after)
            await record_change(connection, entry)

    async def _fetch(self, query: str, *values: object) -> list[dict[str, Any]]:
        async with self._database.as_system() as connection:
            return [dict(row) for row in await connection.fetch(query, *values)]
