"""The event log for screens: each event with the current rows of its conversation and message."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from niochat.adapters.postgres.database import Connection, Database
from niochat.adapters.postgres.queries import queries
from niochat.live.log_position import LogPosition
from niochat.runtime.batcher import Batcher

_SQL = queries("event_log")

MAX_EVENTS_PER_READ = 500
"""Events that one query returns at most."""
MAX_RANGES_PER_READ = 32
"""Log ranges that one query reads at most."""
MAX_PREVIEW = 140
"""Characters of a conversation's last message; the view ``shown_conversations`` cuts there too."""


@dataclass(frozen=True, slots=True, eq=False)
class LoggedEvent:
    """One event with the current rows of its conversation and message, which may be newer than the
    event. A client that applies the newest row of each has the state that a refetch would return.
    """

    position: LogPosition
    tenant_id: UUID
    type: str
    at: datetime
    conversation: Mapping[str, Any]
    message: Mapping[str, Any] | None
    body: Mapping[str, Any] = field(default_factory=dict)
    """The event as stored: ids, codes and numbers."""


@dataclass(frozen=True, slots=True)
class EventLogPage:
    """The events of one read. The next read begins at ``end``; ``has_more`` says that more events
    are available now.
    """

    events: Sequence[LoggedEvent]
    end: LogPosition
    has_more: bool


@dataclass(frozen=True, slots=True)
class LogRange:
    """A part of a tenant's log, after ``start`` and up to ``end``."""

    tenant_id: UUID
    start: LogPosition
    end: LogPosition


class EventLog:
    """Reads the log of all tenants. The hub decides which screens may see an event."""

    def __init__(self, database: Database, limit: int = MAX_EVENTS_PER_READ) -> None:
        self._database = database
        self._limit = limit
        self._range_batcher: Batcher[LogRange, EventLogPage] = Batcher(
            self._read_ranges, limit=MAX_RANGES_PER_READ, retry_individually_if=lambda error: False
        )

    async def load_end(self) -> LogPosition:
        """Returns the current end of the log."""
        async with self._database.as_system() as connection:
            return LogPosition(await _load_horizon(connection))

    async def read_after(
        self, position: LogPosition, tenants: Iterable[UUID], upto: LogPosition | None = None
    ) -> EventLogPage:
        """Returns the next events of these tenants, up to ``upto`` or the end of the log. Raises
        ``UnavailableError``.
        """
        async with self._database.as_system() as connection:
            end = LogPosition(await _load_horizon(connection)) if upto is None else upto
            rows = await connection.fetch(
                _SQL["list_events_after"],
                *_position_columns(position),
                *_position_columns(end),
                list(tenants),
                self._limit,
            )
            events = await _load_events(connection, rows)
        if len(rows) == self._limit:
            return EventLogPage(events, events[-1].position, has_more=True)
        return EventLogPage(events, max(position, end), has_more=False)

    async def read_missed(
        self, position: LogPosition, tenant_id: UUID, upto: LogPosition
    ) -> EventLogPage:
        """Returns the next events of one tenant, up to ``upto``. Concurrent reads share one query,
        because all screens reconnect at once after an interruption. Raises ``UnavailableError``.
        """
        return await self._range_batcher.submit(LogRange(tenant_id, position, upto))

    async def _read_ranges(
        self, ranges: Sequence["LogRange"]
    ) -> Sequence[EventLogPage | Exception]:
        distinct = list(dict.fromkeys(ranges))
        tenants = [each.tenant_id for each in distinct]
        after = zip(*(_position_columns(each.start) for each in distinct), strict=True)
        upto = zip(*(_position_columns(each.end) for each in distinct), strict=True)
        async with self._database.as_system() as connection:
            rows = await connection.fetch(
                _SQL["list_events_in_ranges"],
                tenants,
                *map(list, after),
                *map(list, upto),
                self._limit,
            )
            events = await _load_events(connection, rows)
        by_range: dict[LogRange, list[LoggedEvent]] = {each: [] for each in distinct}
        # One object for an event that is in several ranges, so that it is encoded once.
        by_position: dict[LogPosition, LoggedEvent] = {}
        for row, event in zip(rows, events, strict=True):
            shared = by_position.setdefault(event.position, event)
            by_range[distinct[row["number"] - 1]].append(shared)
        return [self._read_result(by_range[each], each.end) for each in ranges]

    def _read_result(self, events: Sequence[LoggedEvent], upto: LogPosition) -> EventLogPage:
        if len(events) == self._limit:
            return EventLogPage(events, events[-1].position, has_more=True)
        return EventLogPage(events, upto, has_more=False)


def _position_columns(position: LogPosition) -> tuple[str, UUID, int]:
    return str(position.xid), position.conversation, position.version


async def _load_horizon(connection: Connection) -> int:
    return int(await connection.fetchval(_SQL["log_horizon"]))


async def _load_events(connection: Connection, rows: Sequence[Any]) -> list[LoggedEvent]:
    if not rows:
        return []
    conversations = await _load_rows(
        connection, "conversations", {(row["tenant_id"], row["conversation_id"]) for row in rows}
    )
    with_message = [row for row in rows if "message" in row["body"]]
    message_keys = {(row["tenant_id"], UUID(row["body"]["message"])) for row in with_message}
    messages = await _load_rows(connection, "messages", message_keys)
    await _add_last_messages(connection, rows, conversations, messages)
    return [
        LoggedEvent(
            LogPosition(int(row["xid"]), row["conversation_id"], row["version"]),
            row["tenant_id"],
            row["type"],
            row["at"],
            conversations[row["conversation_id"]],
            messages.get(UUID(row["body"]["message"])) if "message" in row["body"] else None,
            row["body"],
        )
        for row in rows
    ]


async def _load_rows(
    connection: Connection, query: str, keys: set[tuple[UUID, UUID]]
) -> dict[UUID, dict[str, Any]]:
    if not keys:
        return {}
    tenants, ids = zip(*sorted(keys), strict=True)
    rows = await connection.fetch(_SQL[query], list(tenants), list(ids))
    return {row["id"]: dict(row) for row in rows}


async def _add_last_messages(
    connection: Connection,
    rows: Sequence[Any],
    conversations: dict[UUID, dict[str, Any]],
    messages: Mapping[UUID, dict[str, Any]],
) -> None:
    """Adds ``last_message`` to the conversations. It is read only where the messages of the events
    do not tell it: for most events the message is new, and its row is here already.
    """
    known = known_last_messages(rows, conversations, messages)
    unknown = {(c["tenant_id"], c["id"]) for c in conversations.values() if c["id"] not in known}
    stored = await _load_rows(connection, "last_messages", unknown)
    for conversation in conversations.values():
        key = conversation["id"]
        if key in known:
            conversation["last_message"] = message_preview(known[key])
        else:
            conversation["last_message"] = stored[key]["last_message"] if key in stored else None


def known_last_messages(
    rows: Sequence[Any],
    conversations: Mapping[UUID, dict[str, Any]],
    messages: Mapping[UUID, dict[str, Any]],
) -> dict[UUID, dict[str, Any]]:
    """Returns the newest message of each conversation for which the events prove it: no later event
    of the conversation is missing, so none of these has added another message.
    """
    versions: dict[UUID, set[int]] = {}
    newest: dict[UUID, dict[str, Any]] = {}
    for row in rows:
        versions.setdefault(row["conversation_id"], set()).add(row["version"])
    for message in messages.values():
        key, version = message["conversation_id"], message["version"]
        if key in conversations and (key not in newest or newest[key]["version"] < version):
            newest[key] = message
    return {
        key: message
        for key, message in newest.items()
        if versions[key].issuperset(
            range(message["version"] + 1, conversations[key]["version"] + 1)
        )
    }


def message_preview(message: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the row of a message as ``last_message`` of its conversation shows it."""
    deleted = message["deleted_at"] is not None
    return {
        "id": message["id"],
        "version": message["version"],
        "author": message["author"],
        "kind": message["kind"],
        "text": "" if deleted else message["text"][:MAX_PREVIEW],
        "sent_at": message["sent_at"],
        "status": message["status"],
        "deleted": deleted,
    }
