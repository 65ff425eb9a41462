"""What people look at: lists of conversations, and one of them from end to end."""

from typing import Any
from uuid import UUID

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.phone import phone_search_prefixes

_SQL = queries("conversation_inspection")


class ConversationInspector:
    """Reads for one tenant at a time, with that tenant's role."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_conversations(
        self, tenant_id: UUID, *, status: str | None = None, limit: int = 50
    ) -> list[dict[str, Any]]:
        """Conversations, newest change first."""
        async with self._database.as_tenant(tenant_id) as connection:
            rows = await connection.fetch(_SQL["conversations"], tenant_id, status, limit)
        return [dict(row) for row in rows]

    async def find_conversation(self, tenant_id: UUID, term: str) -> dict[str, Any] | None:
        """A conversation by protocol, id, or the customer's phone (its newest one)."""
        async with self._database.as_tenant(tenant_id) as connection:
            row = await connection.fetchrow(
                _SQL["find"], tenant_id, term, phone_search_prefixes(term)
            )
        return dict(row) if row is not None else None

    async def load_timeline(self, tenant_id: UUID, conversation_id: UUID) -> dict[str, list[Any]]:
        """``messages``, ``events``, ``turns``, ``writes`` (ERP) and ``sends``, oldest first."""
        async with self._database.as_tenant(tenant_id) as connection:
            return {
                part: [
                    dict(row)
                    for row in await connection.fetch(_SQL[part], tenant_id, conversation_id)
                ]
                for part in ("messages", "events", "turns", "writes", "sends")
            }

    async def count_problems(self, tenant_id: UUID) -> tuple[int, int]:
        """Parked inbox rows, and sends that are uncertain or were given up, of seven days."""
        async with self._database.as_tenant(tenant_id) as connection:
            row = await connection.fetchrow(_SQL["problem_counts"], tenant_id)
        return (row["parked"], row["uncertain"]) if row is not None else (0, 0)

    async def count_automatic_messages(self, tenant_id: UUID) -> dict[str, int]:
        """How many greetings and away messages each channel's phone sent by itself in seven days,
        by the channel's slug; channels without any are left out.
        """
        async with self._database.as_tenant(tenant_id) as connection:
            rows = await connection.fetch(_SQL["automatic_message_counts"], tenant_id)
        return {row["slug"]: row["messages"] for row in rows}
