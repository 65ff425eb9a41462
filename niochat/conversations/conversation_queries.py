"""What the desk looks at: conversations that somebody may see, and what was said in them."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from niochat.adapters.postgres.database import Connection, Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.errors import InvalidInputError, NotFoundError

_SQL = queries("conversation_queries")


@dataclass(frozen=True, slots=True)
class ConversationVisibility:
    """How far somebody sees: ``scope`` is own, team or all."""

    scope: str
    user: str
    teams: frozenset[str]


@dataclass(frozen=True, slots=True)
class ConversationListCursor:
    """How far somebody came in a list by change, whose items move to its beginning meanwhile.

    ``since``: what comes after the first page changed after it; ``horizon`` is the oldest
    transaction that had not ended when that was read, modulo 2^32. ``again``: the end was reached,
    and what has changed since comes in the order of its changes; so every conversation that is
    there all the while comes.
    """

    at: datetime
    id: UUID
    since: datetime
    horizon: str
    again: bool = False


@dataclass(frozen=True, slots=True)
class ConversationFilter:
    """Which conversations; None is any."""

    status: str | None = None
    team: str | None = None
    agent: str | None = None
    label: str | None = None
    limit: int = 50


MAX_IN_FLIGHT = timedelta(seconds=20)
"""Before the newest change that is seen, others may have begun that are not seen yet: no statement
takes longer.
"""
_LOWEST = UUID(int=0)


class ConversationQueries:
    """Reads for one tenant at a time, with that tenant's role."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_waiting(
        self,
        tenant_id: UUID,
        visibility: ConversationVisibility,
        filters: ConversationFilter,
        after: tuple[datetime, UUID] | None,
    ) -> tuple[list[dict[str, Any]], tuple[datetime, UUID] | None]:
        """A page of those whose customer waits for a person, longest first, and where it ended if
        there are more. Whoever begins to wait meanwhile comes at the end.
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
        """A page, newest change first, without a status of those that go on, and where it ended if
        there are more. The last pages are what has changed since the first one.
        """
        over = filters.status == "resolved"
        query, again = ("resolved", "resolved_again") if over else ("live", "live_again")
        found: list[dict[str, Any]] = []
        async with self._database.as_tenant(tenant_id) as connection:
            if walk is None or not walk.again:
                place = (None, None) if walk is None else (walk.at, walk.id)
                rows = await self._rows(connection, query, tenant_id, visibility, filters, *place)
                found = rows[: filters.limit]
                begun = walk or _first_cursor(found)
                if len(rows) > filters.limit and begun is not None:
                    last = found[-1]
                    return found, replace(begun, at=last["changed_at"], id=last["id"])
                if walk is None:
                    return found, None  # all of it, as it was at one moment
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
        room = filters.limit - len(found)
        if len(rows) <= room:
            return found + rows, None
        if room:
            walk = replace(walk, at=rows[room - 1]["changed_at"], id=rows[room - 1]["id"])
        return found + rows[:room], walk

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
        """One more than a page has, if there is."""
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
        """Texts of the assistant that did not leave, newest first."""
        at, last = after or (None, None)
        async with self._database.as_tenant(tenant_id) as connection:
            rows = await connection.fetch(_SQL["blocked_replies"], tenant_id, at, last, code, limit)
        return [dict(row) for row in rows]

    async def count_conversations(
        self, tenant_id: UUID, visibility: ConversationVisibility
    ) -> dict[str, int]:
        """``mine``, ``unassigned``, ``with_assistant``, ``all`` of those that go on."""
        seen = (visibility.scope, visibility.user, sorted(visibility.teams))
        async with self._database.as_tenant(tenant_id) as connection:
            row = await connection.fetchrow(_SQL["counts"], tenant_id, *seen)
        return dict(row) if row is not None else {}

    async def get_conversation(self, tenant_id: UUID, conversation_id: UUID) -> dict[str, Any]:
        """One of them, whoever may see it, with its thread and channel. Raises
        ``NotFoundError``.
        """
        async with self._database.as_tenant(tenant_id) as connection:
            row = await connection.fetchrow(_SQL["one"], tenant_id, conversation_id)
        if row is None:
            raise NotFoundError("The conversation does not exist.")
        return dict(row)

    async def list_messages(
        self, tenant_id: UUID, conversation_id: UUID, before: int | None, limit: int
    ) -> list[dict[str, Any]]:
        """What was said, the newest first."""
        async with self._database.as_tenant(tenant_id) as connection:
            rows = await connection.fetch(
                _SQL["messages"], tenant_id, conversation_id, before, limit
            )
        return [dict(row) for row in rows]

    async def get_message(
        self, tenant_id: UUID, conversation_id: UUID, message_id: UUID
    ) -> dict[str, Any]:
        """One thing said. Raises ``NotFoundError``."""
        async with self._database.as_tenant(tenant_id) as connection:
            row = await connection.fetchrow(_SQL["message"], tenant_id, conversation_id, message_id)
        if row is None:
            raise NotFoundError("The message does not exist in this conversation.")
        return dict(row)

    async def require_assignees(self, tenant_id: UUID, team: str | None, users: list[UUID]) -> None:
        """Raises ``InvalidInputError`` for a team there is not, or somebody who does not work
        here.
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
            named = ", ".join(sorted(str(each) for each in missing))
            raise InvalidInputError(f"Unknown or disabled users: {named}.", code="no_user")


def _first_cursor(rows: list[dict[str, Any]]) -> ConversationListCursor | None:
    if not rows:
        return None
    newest = rows[0]
    at = newest["changed_at"]
    return ConversationListCursor(at, newest["id"], at - MAX_IN_FLIGHT, newest["horizon"])
