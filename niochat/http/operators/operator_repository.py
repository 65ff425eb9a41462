"""What the database knows of hosts, actors and conversations; never what was said."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from niochat.adapters.postgres.audit_log import record_change
from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.errors import NotFoundError, OperationRefusedError
from niochat.ports.audit import AuditActor, AuditActorKind, AuditEntry

_SQL = queries("operators")

HOST_TIMEOUT_S = 10.0
"""A host that did not say for so long that it lives counts as gone."""
MAX_ROWS = 50
"""Pending rows and sends of one conversation that are shown."""


class OperatorRepository:
    """Reads as the path's role, of all tenants."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_hosts(self) -> list[dict[str, Any]]:
        """By name; ``alive`` says whether its process still announces itself."""
        return [
            {**row, "alive": row["seen_s"] < HOST_TIMEOUT_S}
            for row in await self._fetch(_SQL["hosts"])
        ]

    async def list_shards(self) -> list[dict[str, Any]]:
        """``shard``, ``host`` (incarnation) and ``epoch`` of each."""
        return await self._fetch(_SQL["shards"])

    async def set_draining(self, name: str, wanted: bool) -> bool:
        """Whether the host is as wanted now: not when it is unknown, or the last with shards."""
        async with self._database.as_system() as connection:
            return await connection.fetchval(_SQL["drain"], name, wanted) is not None

    async def find_shard_owner(self, shard: int) -> str | None:
        """The incarnation that has it."""
        async with self._database.as_system() as connection:
            found: str | None = await connection.fetchval(_SQL["owner"], shard)
        return found

    async def load_backlogs(self, threads: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
        """Counts of ``inbox`` and ``outbox``, ``timers``, ``paused_until`` by known thread."""
        rows = await self._fetch(_SQL["waiting"], list(threads)) if threads else []
        return {row.pop("thread_id"): row for row in rows}

    async def find_conversation(self, wanted: str, tenant: str | None) -> dict[str, Any]:
        """By id, protocol, or thread. Raises ``NotFoundError``, and ``Refused`` when two tenants
        do.
        """
        try:
            key: UUID | None = UUID(wanted)
        except ValueError:
            key = None
        found = await self._fetch(_SQL["conversation"], wanted, key, tenant)
        if not found:
            raise NotFoundError("No conversation has this protocol, id or thread.")
        if len(found) > 1:
            raise OperationRefusedError(
                "Several tenants have this protocol. Add ?tenant=<slug>.", code="ambiguous"
            )
        return found[0]

    async def load_activity(self, conversation: dict[str, Any]) -> dict[str, Any]:
        """Its running turn, its oldest pending rows and its unsettled sends."""
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
        """Whether the tenant has a team of that slug."""
        async with self._database.as_system() as connection:
            return bool(await connection.fetchval(_SQL["team"], tenant_id, team))

    async def write_audit_entry(
        self, tenant_id: UUID, address: str, action: str, thread: UUID, after: dict[str, Any]
    ) -> None:
        """What an operator did is in the log of the tenant it was done to."""
        who = AuditActor(AuditActorKind.OPERATOR, "operator", address)
        async with self._database.as_tenant(tenant_id) as connection:
            entry = AuditEntry(tenant_id, who, action, f"thread:{thread}", None, after)
            await record_change(connection, entry)

    async def _fetch(self, query: str, *values: object) -> list[dict[str, Any]]:
        async with self._database.as_system() as connection:
            return [dict(row) for row in await connection.fetch(query, *values)]
