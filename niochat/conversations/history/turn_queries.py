"""Queries of the assistant's turns in a conversation."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries

_SQL = queries("turn_queries")


class TurnQueries:
    """Reads for one tenant at a time, with that tenant's database role."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_turns(
        self,
        tenant_id: UUID,
        conversation_id: UUID,
        ids: Sequence[UUID] | None = None,
        after: tuple[datetime, UUID] | None = None,
        limit: int = 50,
    ) -> list[dict[str, Any]]:
        """Returns turns of a conversation, newest first; with ``ids``, only these."""
        at, last = after or (None, None)
        async with self._database.as_tenant(tenant_id) as connection:
            rows = await connection.fetch(
                _SQL["turns"], tenant_id, conversation_id, ids, at, last, limit
            )
        return [dict(row) for row in rows]

    async def list_rejected_replies(
        self, tenant_id: UUID, conversation_id: UUID, turns: Sequence[UUID]
    ) -> list[dict[str, Any]]:
        """Returns the texts of these turns that the guardrail refused, oldest first."""
        async with self._database.as_tenant(tenant_id) as connection:
            rows = await connection.fetch(
                _SQL["rejected_replies"], tenant_id, conversation_id, list(turns)
            )
        return [dict(row) for row in rows]
