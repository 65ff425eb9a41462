"""Who has read what: up to which message, for each person."""

from typing import Any
from uuid import UUID

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries

_SQL = queries("read_markers")


class ReadMarkerStore:
    """Marks of one tenant at a time, with that tenant's role."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def mark_read(
        self, tenant_id: UUID, user_id: UUID, conversation_id: UUID, upto: int
    ) -> bool:
        """Read up to this version; whether that was news."""
        async with self._database.as_tenant(tenant_id) as connection:
            marked = await connection.fetchval(
                _SQL["mark_read"], tenant_id, user_id, conversation_id, upto
            )
        return marked is not None

    async def list_unread(self, tenant_id: UUID, user_id: UUID) -> list[dict[str, Any]]:
        """``conversation_id`` and ``unread`` of somebody's conversations that have any."""
        async with self._database.as_tenant(tenant_id) as connection:
            rows = await connection.fetch(_SQL["count_unread"], tenant_id, user_id)
        return [dict(row) for row in rows]
