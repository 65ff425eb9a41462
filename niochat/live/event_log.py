"""The log of events as screens need it: each with its conversation and message as they are now."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from niochat.adapters.postgres.database import Connection, Database
from niochat.adapters.postgres.queries import queries
from niochat.live.log_position import LogPosition
from niochat.runtime.batcher import Batcher

_SQL = queries("event_log")

MAX_EVENTS_PER_READ = 500
"""Events in one look."""
MAX_RANGES_PER_READ = 32
"""Read together."""


@dataclass(frozen=True, slots=True, eq=False)
class LoggedEvent:
    """One event, read once. ``conversation`` and ``message`` are rows as they are now, perhaps
    newer than the event: who applies the newest of each has what a refetch would show.
    """

    position: LogPosition
    tenant_id: UUID
    type: str
    at: datetime
    conversation: Mapping[str, Any]
    message: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class LogReadResult:
    """What was found, and from where to look the next time. ``more``: there is more at once."""

    events: Sequence[LoggedEvent]
    end: LogPosition
    has_more: bool


@dataclass(frozen=True, slots=True)
class LogRange:
    """A tenant's part of the log, behind ``position`` and up to ``upto``."""

    tenant_id: UUID
    start: LogPosition
    end: LogPosition


class EventLog:
    """Reads of all tenants with the path's role; who may see what is decided by the hub."""

    def __init__(self, database: Database, limit: int = MAX_EVENTS_PER_READ) -> None:
        self._database = database
        self._limit = limit
        self._range_batcher: Batcher[LogRange, LogReadResult] = Batcher(
            self._read_ranges, limit=MAX_RANGES_PER_READ, retry_individually_if=lambda error: False
        )

    async def load_end(self) -> LogPosition:
        """Where the log ends now."""
        async with self._database.as_system() as connection:
            return LogPosition(await _load_horizon(connection))

    async def read_after(
        self, position: LogPosition, tenants: Iterable[UUID], upto: LogPosition | None = None
    ) -> LogReadResult:
        """The next events of these tenants, not beyond ``upto``. Raises ``UnavailableError``."""
        async with self._database.as_system() as connection:
            end = LogPosition(await _load_horizon(connection)) if upto is None else upto
            rows = await connection.fetch(
                _SQL["list_events_after"],
                *_position_columns(position),
                *_position_columns(end),
                list(tenants),
                self._limit,
            )
            happened = await _load_events(connection, rows)
        if len(rows) == self._limit:
            return LogReadResult(happened, happened[-1].position, has_more=True)
        return LogReadResult(happened, max(position, end), has_more=False)

    async def read_missed(
        self, position: LogPosition, tenant_id: UUID, upto: LogPosition
    ) -> LogReadResult:
        """The next events of one tenant, not beyond ``upto``. Readers who come at the same time
        read together: after a cut all screens come again at once. Raises ``UnavailableError``.
        """
        return await self._range_batcher.submit(LogRange(tenant_id, position, upto))

    async def _read_ranges(
        self, stretches: Sequence["LogRange"]
    ) -> Sequence[LogReadResult | Exception]:
        wanted = list(dict.fromkeys(stretches))
        tenants = [each.tenant_id for each in wanted]
        after = zip(*(_position_columns(each.start) for each in wanted), strict=True)
        upto = zip(*(_position_columns(each.end) for each in wanted), strict=True)
        async with self._database.as_system() as connection:
            rows = await connection.fetch(
                _SQL["list_events_in_ranges"],
                tenants,
                *map(list, after),
                *map(list, upto),
                self._limit,
            )
            happened = await _load_events(connection, rows)
        found: dict[LogRange, list[LoggedEvent]] = {each: [] for each in wanted}
        known: dict[
            LogPosition, LoggedEvent
        ] = {}  # one object for an event, so that it is encoded once
        for row, each in zip(rows, happened, strict=True):
            found[wanted[row["number"] - 1]].append(known.setdefault(each.position, each))
        return [self._read_result(found[each], each.end) for each in stretches]

    def _read_result(self, happened: Sequence[LoggedEvent], upto: LogPosition) -> LogReadResult:
        if len(happened) == self._limit:
            return LogReadResult(happened, happened[-1].position, has_more=True)
        return LogReadResult(happened, upto, has_more=False)


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
    of_messages = [row for row in rows if "message" in row["body"]]
    named = {(row["tenant_id"], UUID(row["body"]["message"])) for row in of_messages}
    messages = await _load_rows(connection, "messages", named)
    return [
        LoggedEvent(
            LogPosition(int(row["xid"]), row["conversation_id"], row["version"]),
            row["tenant_id"],
            row["type"],
            row["at"],
            conversations[row["conversation_id"]],
            messages.get(UUID(row["body"]["message"])) if "message" in row["body"] else None,
        )
        for row in rows
    ]


async def _load_rows(
    connection: Connection, query: str, wanted: set[tuple[UUID, UUID]]
) -> dict[UUID, dict[str, Any]]:
    if not wanted:
        return {}
    tenants, ids = zip(*sorted(wanted), strict=True)
    rows = await connection.fetch(_SQL[query], list(tenants), list(ids))
    return {row["id"]: dict(row) for row in rows}
