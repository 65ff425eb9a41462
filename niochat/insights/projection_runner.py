"""Advances one generation of one projection of one tenant: position and rows in one transaction."""

from collections.abc import Sequence
from uuid import UUID

import structlog

from niochat.adapters.postgres.database import Connection, Database
from niochat.domain.errors import NiochatError
from niochat.insights.projection import (
    LogEntry,
    PoisonedEventError,
    Projection,
    ProjectionScope,
)
from niochat.insights.projection_store import (
    LockedPosition,
    live_generation,
    lock_position,
    read_log,
    save_failure,
    save_position,
)

MAX_EVENTS_PER_BATCH = 2_000
_log = structlog.get_logger(__name__)


class ProjectionRunner:
    """Every process may advance a projection; the row of its position lets one do it at a time. A
    process that dies has written either the rows and the position, or neither.
    """

    def __init__(self, database: Database, limit: int = MAX_EVENTS_PER_BATCH) -> None:
        self._database = database
        self.limit = limit

    async def advance(
        self, projection: Projection, tenant_id: UUID, generation: int | None = None
    ) -> int:
        """Reads the next events of a generation, by default the live one; returns how many. 0 means
        that no event is left, another process reads, or the projection has stopped.

        An event that the projection or the database refuses stops the projection before it. Raises
        ``UnavailableError`` and ``ConflictError``; nothing has changed then.
        """
        limit = self.limit
        while True:
            try:
                return await self._advance(projection, tenant_id, generation, limit)
            except Exception as error:
                if isinstance(error, NiochatError) and error.retryable:
                    raise
                if limit == 1:
                    reason = f"{type(error).__name__}: {error}"
                    await self._stop(projection, tenant_id, generation, reason)
                    return 0
                # One of the events cannot be written: fewer at once lead to it.
                limit = max(limit // 8, 1)

    async def _advance(
        self, projection: Projection, tenant_id: UUID, generation: int | None, limit: int
    ) -> int:
        async with self._database.as_tenant(tenant_id) as connection:
            scope, position = await self._lock(connection, projection, tenant_id, generation)
            if position is None or not position.due:
                return 0
            batch = await read_log(connection, projection, tenant_id, position, limit)
            return await self.apply(connection, projection, scope, batch.entries, batch.events)

    async def apply(
        self,
        connection: Connection,
        projection: Projection,
        scope: ProjectionScope,
        entries: Sequence[LogEntry],
        events: int | None = None,
    ) -> int:
        """Writes the rows and the position in the caller's transaction; returns how many events
        were read, of which ``entries`` are left (``events``, by default as many). Events before a
        poisoned one are read.
        """
        if not entries:
            return 0
        try:
            await projection.apply(connection, scope, entries)
        except PoisonedEventError as error:
            if error.index:
                await projection.apply(connection, scope, entries[: error.index])
                last = entries[error.index - 1]
                await save_position(connection, scope, projection.name, last, error.index)
            poisoned = entries[error.index]
            await save_failure(connection, scope, projection.name, poisoned, error.reason)
            _log_stop(projection, scope, poisoned)
            return error.index
        read = len(entries) if events is None else events
        await save_position(connection, scope, projection.name, entries[-1], read)
        return read

    async def _stop(
        self, projection: Projection, tenant_id: UUID, generation: int | None, reason: str
    ) -> None:
        async with self._database.as_tenant(tenant_id) as connection:
            scope, position = await self._lock(connection, projection, tenant_id, generation)
            if position is None:
                return
            for entry in (await read_log(connection, projection, tenant_id, position, 1)).entries:
                await save_failure(connection, scope, projection.name, entry, reason)
                _log_stop(projection, scope, entry)

    async def _lock(
        self,
        connection: Connection,
        projection: Projection,
        tenant_id: UUID,
        generation: int | None,
    ) -> tuple[ProjectionScope, LockedPosition | None]:
        if generation is not None:
            scope = ProjectionScope(tenant_id, generation)
            return scope, await lock_position(connection, scope, projection.name)
        scope = ProjectionScope(tenant_id, await live_generation(connection, tenant_id, projection))
        position = await lock_position(connection, scope, projection.name)
        # A flip takes the same lock. If it came first, these rows are being deleted.
        live = await live_generation(connection, tenant_id, projection)
        return scope, position if live == scope.generation else None


def _log_stop(projection: Projection, scope: ProjectionScope, entry: LogEntry) -> None:
    _log.error(
        "projection_stopped",
        projection=projection.name,
        tenant=str(scope.tenant_id),
        generation=scope.generation,
        conversation=str(entry.conversation_id),
        version=entry.version,
    )
