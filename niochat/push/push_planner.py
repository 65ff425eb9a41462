"""Reads committed events and queues a notification for each browser of each person concerned.

The message path knows nothing of notifications. One reader at a time holds the row of the position;
it inserts the notifications and moves the position in one transaction, and a unique key allows each
notification once.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from niochat.adapters.postgres.database import Connection, Database
from niochat.adapters.postgres.queries import queries

_SQL = queries("push_sends")

NOTIFYING_EVENTS = (
    "message_received",
    "conversation_assigned",
    "conversation_transferred",
    "conversation_handed_off",
    "note_added",
)
"""Types of events that may notify somebody."""
SEND_DELAY_S = 3.0
"""Time before a notification is sent. Whoever has the conversation open marks it as read by then,
and a queue has assigned what it can.
"""
STALE_AFTER_S = 300.0
"""After such a break the reader goes on at the end of the log."""
MAX_EVENTS_PER_RUN = 500
_NO_CONVERSATION = UUID(int=0)

_Position = tuple[str, UUID, int]
"""Transaction, conversation, version."""


class PushPlanner:
    """Queues notifications. Every process may run it; only one works at a time."""

    def __init__(self, database: Database, delay_s: float = SEND_DELAY_S) -> None:
        self._database = database
        self._delay_s = delay_s

    async def run_once(self) -> bool:
        """Queue the notifications of the next events; returns whether more events are available.
        Without subscriptions it reads only that there are none. Raises ``UnavailableError``.
        """
        async with self._database.as_system() as connection:
            rows = await connection.fetch(_SQL["list_subscribed_tenants"])
        if not rows:
            return False
        async with self._database.system_transaction() as connection:
            row = await _lock_position(connection)
            if row is None:  # another process reads
                return False
            end: _Position = (row["horizon"], _NO_CONVERSATION, 0)
            has_more = False
            if not row["stale"]:
                start: _Position = (row["xid"], row["conversation_id"], row["version"])
                tenants = [each["tenant_id"] for each in rows]
                end, has_more = await self._enqueue(connection, start, end, tenants)
            await connection.execute(_SQL["save_position"], *end)
        return has_more

    async def _enqueue(
        self, connection: Connection, start: _Position, end: _Position, tenants: Sequence[UUID]
    ) -> tuple[_Position, bool]:
        """Queue the notifications of up to ``MAX_EVENTS_PER_RUN`` events; returns (end of what was
        read, whether there is more).
        """
        filters = (list(tenants), list(NOTIFYING_EVENTS))
        rows = await connection.fetch(
            _SQL["list_positions"], *start, *end, *filters, MAX_EVENTS_PER_RUN
        )
        has_more = len(rows) == MAX_EVENTS_PER_RUN
        if has_more:
            last = rows[-1]
            end = (last["xid"], last["conversation_id"], last["version"])
        if rows:
            await connection.execute(_SQL["enqueue"], *start, *end, *filters, self._delay_s)
        return end, has_more


async def _lock_position(connection: Connection) -> Any:
    row = await connection.fetchrow(_SQL["lock_position"], STALE_AFTER_S)
    if row is None:
        await connection.execute(_SQL["create_position"])
        row = await connection.fetchrow(_SQL["lock_position"], STALE_AFTER_S)
    return row
