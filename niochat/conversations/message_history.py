"""Pages of a conversation's messages in both directions, with the activities between them."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from niochat.adapters.postgres.database import Connection, Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.errors import NotFoundError

_SQL = queries("message_history")

MAX_ACTIVITIES = 500
"""Activities of one page. Of more, the newest are returned."""
_LAST_VERSION = 2**63 - 1


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """A page of messages, newest first. ``older`` is the version before which the next older page
    ends, ``newer`` the version at which the next newer page begins; ``None`` if no message lies
    there. ``activities`` are the events of the page's span: from its oldest message, or from the
    beginning of the conversation if no message is older, up to the next newer message.
    """

    messages: list[dict[str, Any]]
    activities: list[dict[str, Any]]
    older: int | None
    newer: int | None


class MessageHistory:
    """Reads the messages of one tenant at a time, with that tenant's database role. ``activities``
    are the types of events that screens show between messages.
    """

    def __init__(self, database: Database, activities: tuple[str, ...]) -> None:
        self._database = database
        self._activities = list(activities)

    async def load_before(
        self, tenant_id: UUID, conversation_id: UUID, version: int | None, limit: int
    ) -> HistoryPage:
        """Returns the messages before a version; without one, the newest messages."""
        async with self._database.as_tenant(tenant_id) as connection:
            key = (tenant_id, conversation_id)
            rows = await _fetch(connection, "older", *key, version, limit + 1)
            return await self._page(connection, key, rows[:limit], len(rows) > limit, version)

    async def load_from(
        self, tenant_id: UUID, conversation_id: UUID, version: int, limit: int
    ) -> HistoryPage:
        """Returns the messages from a version on, the oldest of them, newest first."""
        async with self._database.as_tenant(tenant_id) as connection:
            key = (tenant_id, conversation_id)
            rows = await _fetch(connection, "newer", *key, version, limit + 1)
            newer = rows[limit]["version"] if len(rows) > limit else None
            first = rows[0]["version"] if rows else version
            older = await _fetch(connection, "older", *key, first, 1)
            return await self._page(connection, key, rows[:limit][::-1], bool(older), newer)

    async def load_around(
        self, tenant_id: UUID, conversation_id: UUID, message_id: UUID, limit: int
    ) -> HistoryPage:
        """Returns a page with the message in its middle. Raises ``NotFoundError``."""
        async with self._database.as_tenant(tenant_id) as connection:
            key = (tenant_id, conversation_id)
            place = await connection.fetchval(_SQL["place"], *key, message_id)
            if place is None:
                raise NotFoundError("The message does not exist in this conversation.")
            older = await _fetch(connection, "older", *key, place, limit // 2 + 1)
            from_here = max(limit - limit // 2, 1)
            newer = await _fetch(connection, "newer", *key, place, from_here + 1)
            following = newer[from_here]["version"] if len(newer) > from_here else None
            rows = newer[:from_here][::-1] + older[: limit // 2]
            more = len(older) > limit // 2
            return await self._page(connection, key, rows, more, following)

    async def list_versions(self, tenant_id: UUID, message_id: UUID) -> list[dict[str, Any]]:
        """Returns the texts of a message that edits replaced, oldest first."""
        async with self._database.as_tenant(tenant_id) as connection:
            return await _fetch(connection, "versions", tenant_id, message_id)

    async def _page(
        self,
        connection: Connection,
        key: tuple[UUID, UUID],
        messages: list[dict[str, Any]],
        more: bool,
        newer: int | None,
    ) -> HistoryPage:
        older = messages[-1]["version"] if more and messages else None
        span = (older or 0, _LAST_VERSION if newer is None else newer)
        activities = await _fetch(
            connection, "activities", *key, *span, self._activities, MAX_ACTIVITIES
        )
        return HistoryPage(messages, activities, older, newer)


async def _fetch(connection: Connection, query: str, *values: object) -> list[dict[str, Any]]:
    return [dict(row) for row in await connection.fetch(_SQL[query], *values)]
