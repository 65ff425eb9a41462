"""Positions of projections in the log, and the events after them. One tenant at a time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from niochat.adapters.postgres.database import Connection
from niochat.adapters.postgres.queries import queries
from niochat.insights.projection import LogEntry, Projection, ProjectionScope

_SQL = queries("projections")
RETRY_STOPPED_S = 60.0
"""Pause before a stopped projection tries its event again: newer code may be able to read it."""

LogPlace = tuple[str, UUID, int]
"""A position in the log: transaction, conversation, version."""
LOG_START: LogPlace = ("0", UUID(int=0), 0)


@dataclass(frozen=True, slots=True)
class LockedPosition:
    """The position of a generation, which nobody else moves until the transaction ends."""

    place: LogPlace
    horizon: str
    """All transactions below it have ended, so no event can appear before it any more."""
    due: bool
    """Whether to read: a stopped projection pauses between two tries."""


def place_of(entry: LogEntry) -> LogPlace:
    """Returns the position of an event."""
    return entry.xid, entry.conversation_id, entry.version


def is_before(place: LogPlace, other: LogPlace) -> bool:
    """Whether ``place`` comes before ``other`` in the log."""
    return (int(place[0]), *place[1:]) < (int(other[0]), *other[1:])


async def live_generation(connection: Connection, tenant_id: UUID, projection: Projection) -> int:
    """Returns the generation that reports read, and creates the first one."""
    name = projection.name
    generation = await connection.fetchval(_SQL["live_generation"], tenant_id, name)
    if generation is None:
        await connection.execute(_SQL["create_projection"], tenant_id, name)
        await connection.execute(_SQL["create_position"], tenant_id, name, 1, projection.revision)
        generation = await connection.fetchval(_SQL["live_generation"], tenant_id, name)
    return int(generation)


async def lock_position(
    connection: Connection, scope: ProjectionScope, name: str
) -> LockedPosition | None:
    """Locks the position until the transaction ends; ``None`` if another process has it."""
    row = await connection.fetchrow(_SQL["lock_position"], scope.tenant_id, name, scope.generation)
    if row is None:
        return None
    place = (row["xid"], row["conversation_id"], row["version"])
    return LockedPosition(place, row["horizon"], row["due"])


async def wait_for_position(connection: Connection, scope: ProjectionScope, name: str) -> LogPlace:
    """The same, but waits for another process."""
    row: Any = await connection.fetchrow(
        _SQL["wait_for_position"], scope.tenant_id, name, scope.generation
    )
    return row["xid"], row["conversation_id"], row["version"]


@dataclass(frozen=True, slots=True)
class LogBatch:
    """Entries for a projection, and the number of events that led to them."""

    entries: list[LogEntry]
    events: int


async def read_log(
    connection: Connection,
    projection: Projection,
    tenant_id: UUID,
    position: LockedPosition,
    limit: int,
) -> LogBatch:
    """Returns the next ``limit`` events for the projection, oldest first."""
    statement = _SQL["read_log"] if projection.needs_others else _SQL["read_log_of_types"]
    rows = await connection.fetch(
        statement,
        tenant_id,
        *position.place,
        position.horizon,
        limit,
        _types(projection.reads),
    )
    entries = _entries(rows)
    if projection.needs_others:
        return LogBatch(entries, len(entries))
    return LogBatch(entries, rows[0]["events"] if rows else 0)


async def read_log_to(
    connection: Connection,
    tenant_id: UUID,
    after: LogPlace,
    upto: LogPlace,
    limit: int,
    reads: frozenset[str] | None,
) -> list[LogEntry]:
    """Returns the next events up to and including ``upto``, oldest first."""
    rows = await connection.fetch(
        _SQL["read_log_to"], tenant_id, *after, *upto, limit, _types(reads)
    )
    return _entries(rows)


def _types(reads: frozenset[str] | None) -> list[str] | None:
    return None if reads is None else sorted(reads)


async def save_position(
    connection: Connection, scope: ProjectionScope, name: str, last: LogEntry, events: int
) -> None:
    """Stores that so many events were read, up to ``last``."""
    await connection.execute(
        _SQL["save_position"], scope.tenant_id, name, scope.generation, *place_of(last), events
    )


async def save_failure(
    connection: Connection, scope: ProjectionScope, name: str, entry: LogEntry, reason: str
) -> None:
    """Stores the event before which the projection stops. The next events do not pass it."""
    await connection.execute(
        _SQL["save_failure"],
        scope.tenant_id,
        name,
        scope.generation,
        entry.conversation_id,
        entry.version,
        reason[:500],
        RETRY_STOPPED_S,
    )


def _entries(rows: Sequence[Any]) -> list[LogEntry]:
    return [
        LogEntry(
            row["xid"],
            row["conversation_id"],
            row["version"],
            row["thread_id"],
            row["type"],
            row["body"] or {},
            row["schema_version"],
            row["at"],
        )
        for row in rows
    ]


async def delete_by(
    connection: Connection, statements: Iterable[str], scope: ProjectionScope, limit: int
) -> int:
    """Runs statements that each delete up to ``limit`` rows of a generation; returns how many."""
    deleted = 0
    for statement in statements:
        done = await connection.execute(statement, scope.tenant_id, scope.generation, limit)
        deleted += int(done.split()[-1])
    return deleted
