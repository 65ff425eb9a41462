"""Queries of the agents' screens: conversations that a user may see, and their messages."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from niochat.adapters.postgres.database import Database, fetch_one
from niochat.adapters.postgres.queries import queries
from niochat.domain.errors import InvalidInputError, NotFoundError

_SQL = queries("conversation_queries")


@dataclass(frozen=True, slots=True)
class ConversationVisibility:
    """The conversations that a user may see. ``scope`` is own, team or all."""

    scope: str
    user: str
    teams: frozenset[str]


class ConversationQueries:
    """Reads for one tenant at a time, with that tenant's database role."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_blocked_replies(
        self,
        tenant_id: UUID,
        *,
        code: str | None = None,
        after: tuple[datetime, UUID] | None = None,
        limit: int = 50,
    ) -> list[dict[str, Any]]:
        """Returns texts of the assistant that the guardrail blocked, newest first."""
        at, last = after or (None, None)
        async with self._database.as_tenant(tenant_id) as connection:
            rows = await connection.fetch(_SQL["blocked_replies"], tenant_id, at, last, code, limit)
        return [dict(row) for row in rows]

    async def get_conversation(self, tenant_id: UUID, conversation_id: UUID) -> dict[str, Any]:
        """Returns a conversation with its thread and channel, without a check of visibility. Raises
        ``NotFoundError``.
        """
        async with self._database.as_tenant(tenant_id) as connection:
            return await fetch_one(
                connection, _SQL["one"], tenant_id, conversation_id, what="conversation"
            )

    async def find_conversation(self, tenant_id: UUID, protocol: str) -> UUID:
        """Returns the id of the conversation that the protocol number names, without a check of
        visibility. Raises ``NotFoundError``.
        """
        async with self._database.as_tenant(tenant_id) as connection:
            found = await connection.fetchval(_SQL["by_protocol"], tenant_id, protocol)
        if found is None:
            raise NotFoundError("The conversation does not exist.")
        return UUID(str(found))

    async def has_message(self, tenant_id: UUID, message_id: UUID) -> bool:
        """Returns whether the message is stored, in whichever conversation."""
        async with self._database.as_tenant(tenant_id) as connection:
            return bool(await connection.fetchval(_SQL["message_exists"], tenant_id, message_id))

    async def get_message(
        self, tenant_id: UUID, conversation_id: UUID, message_id: UUID
    ) -> dict[str, Any]:
        """Returns a message. Raises ``NotFoundError``."""
        async with self._database.as_tenant(tenant_id) as connection:
            row = await connection.fetchrow(_SQL["message"], tenant_id, conversation_id, message_id)
        if row is None:
            raise NotFoundError("The message does not exist in this conversation.")
        return dict(row)

    async def require_assignees(self, tenant_id: UUID, team: str | None, users: list[UUID]) -> None:
        """Raises ``InvalidInputError`` if the team does not exist or a user is unknown or
        disabled.
        """
        async with self._database.as_tenant(tenant_id) as connection:
            row: Any = await connection.fetchrow(_SQL["known"], tenant_id, team, users)
        if team is not None and not row["teams"]:
            raise InvalidInputError(
                f"The team {team} does not exist. GET /api/v1/teams lists all teams.",
                code="no_team",
            )
        missing = set(users) - set(row["users"])
        if missing:
            ids = ", ".join(sorted(str(each) for each in missing))
            raise InvalidInputError(f"Unknown or disabled users: {ids}.", code="no_user")
