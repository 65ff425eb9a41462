"""Read markers: up to which message each user has read a conversation."""

from typing import Any
from uuid import UUID

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries

_SQL = queries("read_markers")


class ReadMarkerStore:
    """Reads and sets markers of one tenant at a time, with that tenant's database role."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def mark_read(
        self, tenant_id: UUID, user_id: UUID, conversation_id: UUID, upto: int
    ) -> bool:
        """Marks a conversation as read up to this version; returns whether the marker moved."""
        async with self._database.as_tenant(tenant_id) as connection:
            marked = await connection.fetchval(
                _SQL["mark_read"], tenant_id, user_id, conversation_id, upto
            )
        return marked is not None

    async def list_unread(self, tenant_id: UUID, user_id: UUID) -> list[dict[str, Any]]:
        """Returns ``conversation_id`` and ``unread`` of the user's conversations with unread
        messages.
        """
        async with self._database.as_tenant(tenant_id) as connection:
            rows = await connection.fetch(_SQL["count_unread"], tenant_id, user_id)
        return [dict(row) for row in rows]
