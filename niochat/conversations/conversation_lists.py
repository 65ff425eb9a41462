"""Lists of conversations that a user may see: filtered, sorted, in pages, and their counts."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from niochat.adapters.postgres.database import Connection, Database
from niochat.adapters.postgres.queries import queries
from niochat.conversations.conversation_queries import ConversationVisibility
from niochat.domain.conversation.state import ConversationPriority, ConversationStatus

_SQL = queries("conversation_lists")

UNRESOLVED = tuple(
    str(status) for status in ConversationStatus if status is not ConversationStatus.RESOLVED
)
"""The statuses of a list without a filter by status."""
NO_AGENT = "none"
"""As an agent in a filter: conversations that no agent has."""
MAX_IN_FLIGHT = timedelta(seconds=20)
"""How far before the latest visible change another change may lie that is not visible yet. No
statement takes longer than this.
"""
_LOWEST = UUID(int=0)

ListPosition = tuple[datetime, UUID]
"""The time by which a list is sorted, and the id, of the last row of a page."""


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
    """A filter of conversations: one of the values of each field. An empty field matches any value,
    but without ``statuses`` only unresolved conversations match. ``agents`` may contain
    ``NO_AGENT``. ``unread`` matches conversations of the user with unread customer messages.
    """

    statuses: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    priorities: tuple[int, ...] = ()
    channels: tuple[UUID, ...] = ()
    unread: bool = False
    limit: int = 50


class ConversationLists:
    """Reads lists of one tenant at a time, with that tenant's database role."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_waiting(
        self,
        tenant_id: UUID,
        visibility: ConversationVisibility,
        filters: ConversationFilter,
        after: ListPosition | None,
    ) -> tuple[list[dict[str, Any]], ListPosition | None]:
        """Returns a page of conversations whose customer waits for a person, longest wait first,
        and the position of the next page, or ``None`` after the last one.
        """
        return await self._list_by(
            "waiting", "waiting_since", tenant_id, visibility, filters, after
        )

    async def list_due(
        self,
        tenant_id: UUID,
        visibility: ConversationVisibility,
        filters: ConversationFilter,
        after: ListPosition | None,
    ) -> tuple[list[dict[str, Any]], ListPosition | None]:
        """The same for conversations in which a promise of an SLA policy is due or breached, the
        one that is due next first.
        """
        return await self._list_by("due", "due_at", tenant_id, visibility, filters, after)

    async def list_opened(
        self,
        tenant_id: UUID,
        visibility: ConversationVisibility,
        filters: ConversationFilter,
        after: ListPosition | None,
    ) -> tuple[list[dict[str, Any]], ListPosition | None]:
        """The same for all conversations that match, latest opening first."""
        return await self._list_by("opened", "opened_at", tenant_id, visibility, filters, after)

    async def list_changed(
        self,
        tenant_id: UUID,
        visibility: ConversationVisibility,
        filters: ConversationFilter,
        walk: ConversationListCursor | None,
    ) -> tuple[list[dict[str, Any]], ConversationListCursor | None]:
        """Returns a page of conversations, latest change first, and the cursor of the next page, or
        ``None`` after the last one.

        The last pages hold what has changed since the first page.
        """
        items: list[dict[str, Any]] = []
        async with self._database.as_tenant(tenant_id) as connection:
            if walk is None or not walk.again:
                place = (None, None) if walk is None else (walk.at, walk.id)
                rows = await _rows(connection, "changed", tenant_id, visibility, filters, *place)
                items = rows[: filters.limit]
                cursor = walk or _first_cursor(items)
                if len(rows) > filters.limit and cursor is not None:
                    last = items[-1]
                    return items, replace(cursor, at=last["changed_at"], id=last["id"])
                if walk is None:
                    return items, None  # the complete list, read in one statement
                walk = replace(walk, at=walk.since, id=_LOWEST, again=True)
            place = (walk.at, walk.id)
            rows = await _rows(
                connection, "changed_again", tenant_id, visibility, filters, *place, walk.horizon
            )
        room = filters.limit - len(items)
        if len(rows) <= room:
            return items + rows, None
        if room:
            walk = replace(walk, at=rows[room - 1]["changed_at"], id=rows[room - 1]["id"])
        return items + rows[:room], walk

    async def count_conversations(
        self, tenant_id: UUID, visibility: ConversationVisibility
    ) -> dict[str, dict[str, int]]:
        """Counts unresolved conversations by the values of each filter: ``status``, ``team``,
        ``agent`` (with ``NO_AGENT``), ``priority`` (the number), ``label`` and ``channel`` (the
        id). ``mine`` has one value, the number of open conversations of the user.
        """
        async with self._database.as_tenant(tenant_id) as connection:
            rows = await connection.fetch(_SQL["counts"], tenant_id, *_visibility(visibility))
        counts: dict[str, dict[str, int]] = {}
        for row in rows:
            counts.setdefault(row["filter"], {})[row["value"]] = row["many"]
        return counts

    async def _list_by(
        self,
        query: str,
        column: str,
        tenant_id: UUID,
        visibility: ConversationVisibility,
        filters: ConversationFilter,
        after: ListPosition | None,
    ) -> tuple[list[dict[str, Any]], ListPosition | None]:
        place = after or (None, None)
        async with self._database.as_tenant(tenant_id) as connection:
            rows = await _rows(connection, query, tenant_id, visibility, filters, *place)
        items, more = rows[: filters.limit], len(rows) > filters.limit
        return items, (items[-1][column], items[-1]["id"]) if more else None


async def _rows(
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
        *_visibility(visibility),
        sorted(set(filters.statuses)) or list(UNRESOLVED),
        list(filters.teams) or None,
        list(filters.agents) or None,
        list(filters.labels) or None,
        list(filters.priorities) or None,
        list(filters.channels) or None,
        filters.unread,
        at,
        last,
        filters.limit + 1,
        *more,
    )
    return [dict(row) for row in rows]


def _visibility(visibility: ConversationVisibility) -> tuple[str, str, list[str]]:
    return visibility.scope, visibility.user, sorted(visibility.teams)


def _first_cursor(rows: list[dict[str, Any]]) -> ConversationListCursor | None:
    if not rows:
        return None
    newest = rows[0]
    at = newest["changed_at"]
    return ConversationListCursor(at, newest["id"], at - MAX_IN_FLIGHT, newest["horizon"])


def priority_names(counts: dict[str, int]) -> dict[str, int]:
    """Returns counts by the names of priorities instead of their numbers."""
    return {ConversationPriority(int(each)).name.lower(): many for each, many in counts.items()}
