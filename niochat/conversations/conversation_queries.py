"""Queries of the agents' screens: conversations that a user may see, and their messages."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from niochat.adapters.postgres.database import Connection, Database, fetch_one
from niochat.adapters.postgres.queries import queries
from niochat.domain.errors import InvalidInputError, NotFoundError

_SQL = queries("conversation_queries")


@dataclass(frozen=True, slots=True)
class ConversationVisibility:
    """The conversations that a user may see. ``scope`` is own, team or all."""

    scope: str
    user: str
    teams: frozenset[str]


@dataclass(frozen=True, slots=True)
class ConversationListCursor:
    """A position in the list by latest change, whose items move to the top while a client pages
    through it.

    After the last page (``again``), the list continues with the conversations that have changed
    since the first page, in order of change. A conversation that stays in the list the whole time
    is thus returned at least once. Changes after ``since`` count as changed since the first page.
    ``horizon`` is the oldest transaction that was running when the first page was read, modulo
    2^32.
    """

    at: datetime
    id: UUID
    since: datetime
    horizon: str
    again: bool = False


@dataclass(frozen=True, slots=True)
class ConversationFilter:
    """A filter of conversations. ``None`` matches any value."""

    status: str | None = None
    team: str | None = None
    agent: str | None = None
    label: str | None = None
    limit: int = 50


MAX_IN_FLIGHT = timedelta(seconds=20)
"""How far before the latest visible change another change may lie that is not visible yet. No
statement takes longer than this.
"""
_LOWEST = UUID(int=0)


class ConversationQueries:
    """Reads for one tenant at a time, with that tenant's database role."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_waiting(
        self,
        tenant_id: UUID,
        visibility: ConversationVisibility,
        filters: ConversationFilter,
        after: tuple[datetime, UUID] | None,
    ) -> tuple[list[dict[str, Any]], tuple[datetime, UUID] | None]:
        """Returns a page of conversations whose customer waits for a person, longest wait first,
        and the position of the next page, or ``None`` after the last one.
        """
        place = after or (None, None)
        async with self._database.as_tenant(tenant_id) as connection:
            rows = await self._rows(connection, "waiting", tenant_id, visibility, filters, *place)
        items, more = rows[: filters.limit], len(rows) > filters.limit
        return items, (items[-1]["waiting_since"], items[-1]["id"]) if more else None

    async def list_page(
        self,
        tenant_id: UUID,
        visibility: ConversationVisibility,
        filters: ConversationFilter,
        walk: ConversationListCursor | None,
    ) -> tuple[list[dict[str, Any]], ConversationListCursor | None]:
        """Returns a page of conversations, latest change first, and the cursor of the next page, or
        ``None`` after the last one. Without a status in ``filters``, it lists unresolved ones.

        The last pages hold what has changed since the first page.
        """
        resolved = filters.status == "resolved"
        query, again = ("resolved", "resolved_again") if resolved else ("live", "live_again")
        items: list[dict[str, Any]] = []
        async with self._database.as_tenant(tenant_id) as connection:
            if walk is None or not walk.again:
                place = (None, None) if walk is None else (walk.at, walk.id)
                rows = await self._rows(connection, query, tenant_id, visibility, filters, *place)
                items = rows[: filters.limit]
                cursor = walk or _first_cursor(items)
                if len(rows) > filters.limit and cursor is not None:
                    last = items[-1]
                    return items, replace(cursor, at=last["changed_at"], id=last["id"])
                if walk is None:
                    return items, None  # the complete list, read in one statement
                walk = replace(walk, at=walk.since, id=_LOWEST, again=True)
            rows = await self._rows(
                connection,
                again,
                tenant_id,
                visibility,
                filters,
                walk.at,
                walk.id,
                walk.horizon,
            )
        room = filters.limit - len(items)
        if len(rows) <= room:
            return items + rows, None
        if room:
            walk = replace(walk, at=rows[room - 1]["changed_at"], id=rows[room - 1]["id"])
        return items + rows[:room], walk

    async def _rows(
        self,
        connection: Connection,
        query: str,
        tenant_id: UUID,
        visibility: ConversationVisibility,
        filters: ConversationFilter,
        at: datetime | None,
        last: UUID | None,
        *more: str,
    ) -> list[dict[str, Any]]:
        """Fetches one row more than a page holds, to see whether there is a next page."""
        rows = await connection.fetch(
            _SQL[query],
            tenant_id,
            visibility.scope,
            visibility.user,
            sorted(visibility.teams),
            filters.status,
            filters.team,
            filters.agent,
            filters.label,
            at,
            last,
            filters.limit + 1,
            *more,
        )
        return [dict(row) for row in rows]

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

    async def count_conversations(
        self, tenant_id: UUID, visibility: ConversationVisibility
    ) -> dict[str, int]:
        """Counts unresolved ones: ``mine``, ``unassigned``, ``with_assistant`` and ``all``."""
        async with self._database.as_tenant(tenant_id) as connection:
            row = await connection.fetchrow(
                _SQL["counts"],
                tenant_id,
                visibility.scope,
                visibility.user,
                sorted(visibility.teams),
            )
        return dict(row) if row is not None else {}

    async def get_conversation(self, tenant_id: UUID, conversation_id: UUID) -> dict[str, Any]:
        """Returns a conversation with its thread and channel, without a check of visibility. Raises
        ``NotFoundError``.
        """
        async with self._database.as_tenant(tenant_id) as connection:
            return await fetch_one(
                connection, _SQL["one"], tenant_id, conversation_id, what="conversation"
            )

    async def list_messages(
        self, tenant_id: UUID, conversation_id: UUID, before: int | None, limit: int
    ) -> list[dict[str, Any]]:
        """Returns messages of a conversation, newest first."""
        async with self._database.as_tenant(tenant_id) as connection:
            rows = await connection.fetch(
                _SQL["messages"], tenant_id, conversation_id, before, limit
            )
        return [dict(row) for row in rows]

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


def _first_cursor(rows: list[dict[str, Any]]) -> ConversationListCursor | None:
    if not rows:
        return None
    newest = rows[0]
    at = newest["changed_at"]
    return ConversationListCursor(at, newest["id"], at - MAX_IN_FLIGHT, newest["horizon"])
