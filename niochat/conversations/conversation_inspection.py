"""Inspection of conversations for operators: lists, timelines and counts of problems."""

from typing import Any
from uuid import UUID

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.phone import phone_search_prefixes

_SQL = queries("conversation_inspection")


class ConversationInspector:
    """Reads for one tenant at a time, with that tenant's database role."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_conversations(
        self, tenant_id: UUID, *, status: str | None = None, limit: int = 50
    ) -> list[dict[str, Any]]:
        """Returns conversations, latest change first."""
        async with self._database.as_tenant(tenant_id) as connection:
            rows = await connection.fetch(_SQL["conversations"], tenant_id, status, limit)
        return [dict(row) for row in rows]

    async def find_conversation(self, tenant_id: UUID, term: str) -> dict[str, Any] | None:
        """Finds a conversation by protocol number, by id, or by the customer's phone. For a phone
        it is the newest one, an unresolved one first.
        """
        async with self._database.as_tenant(tenant_id) as connection:
            row = await connection.fetchrow(
                _SQL["find"], tenant_id, term, phone_search_prefixes(term)
            )
        return dict(row) if row is not None else None

    async def load_timeline(self, tenant_id: UUID, conversation_id: UUID) -> dict[str, list[Any]]:
        """Returns ``messages``, ``events``, ``turns``, ``writes`` (to the ERP) and ``sends`` of a
        conversation, oldest first.
        """
        async with self._database.as_tenant(tenant_id) as connection:
            return {
                part: [
                    dict(row)
                    for row in await connection.fetch(_SQL[part], tenant_id, conversation_id)
                ]
                for part in ("messages", "events", "turns", "writes", "sends")
            }

    async def count_problems(self, tenant_id: UUID) -> tuple[int, int]:
        """Counts dead letters, and sends that are uncertain or were given up, of the last seven
        days.
        """
        async with self._database.as_tenant(tenant_id) as connection:
            row = await connection.fetchrow(_SQL["problem_counts"], tenant_id)
        return (row["parked"], row["uncertain"]) if row is not None else (0, 0)

    async def count_automatic_messages(self, tenant_id: UUID) -> dict[str, int]:
        """Counts the automatic greetings and away messages of the last seven days by channel slug.
        Channels without any are left out.
        """
        async with self._database.as_tenant(tenant_id) as connection:
            rows = await connection.fetch(_SQL["automatic_message_counts"], tenant_id)
        return {row["slug"]: row["messages"] for row in rows}
