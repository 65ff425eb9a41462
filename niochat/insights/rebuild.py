"""Builds a projection anew beside the one that serves, and lets reports read it once it has caught
up.
"""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID

from niochat.adapters.postgres.database import Connection, Database
from niochat.adapters.postgres.queries import queries
from niochat.insights.projection import Projection, ProjectionScope
from niochat.insights.projection_runner import MAX_EVENTS_PER_BATCH, ProjectionRunner
from niochat.insights.projection_store import (
    is_before,
    live_generation,
    lock_position,
    read_log_to,
    wait_for_position,
)

_SQL = queries("projections")
MAX_ROWS_PER_DELETION = 2_000
FLIP_RETRY_S = 0.2
"""Pause before the next try to catch up with a live generation that moves on."""

RebuildProgress = Callable[[int, int], None]
"""Called with the events that were read and those that there are."""


class ProjectionStoppedError(Exception):
    """The new generation cannot read an event; the old one goes on serving."""


class ProjectionRebuilder:
    """Whatever dies here leaves the old generation serving; the next run continues the new one."""

    def __init__(self, database: Database, runner: ProjectionRunner | None = None) -> None:
        self._database = database
        self._runner = runner or ProjectionRunner(database)

    async def rebuild(
        self,
        projection: Projection,
        tenant_id: UUID,
        progress: RebuildProgress = lambda done, total: None,
    ) -> int:
        """Builds, flips and removes what is old; returns the generation that serves now. Raises
        ``ProjectionStoppedError``, ``UnavailableError``.
        """
        generation = await self.build(projection, tenant_id, progress)
        while not await self._flip(projection, tenant_id, generation):
            await asyncio.sleep(FLIP_RETRY_S)
            while await self._runner.advance(projection, tenant_id, generation):
                pass
        await self.remove_old(projection, tenant_id)
        return generation

    async def build(
        self,
        projection: Projection,
        tenant_id: UUID,
        progress: RebuildProgress = lambda done, total: None,
    ) -> int:
        """Reads the log into the newest generation, a new one if that serves; returns it."""
        generation, total, done = await self._begin(projection, tenant_id)
        while True:
            count = await self._runner.advance(projection, tenant_id, generation)
            if not count:
                break
            done += count
            progress(done, max(done, total))
        return generation

    async def replace_outdated(self, projection: Projection, tenant_id: UUID, batches: int) -> int:
        """Builds a part of the generation that replaces one of older code, and lets it serve when
        nothing is missing; returns how many events were read. Several processes may do it at once:
        they build the same generation. Raises ``ProjectionStoppedError``, ``UnavailableError``.
        """
        async with self._database.as_tenant(tenant_id) as connection:
            generation = await self._outdated_by(connection, projection, tenant_id)
        total = 0
        if generation is not None:
            for _ in range(batches):
                count = await self._runner.advance(projection, tenant_id, generation)
                if not count:
                    break
                total += count
            else:
                return total
            if not await self._flip(projection, tenant_id, generation):
                return total
        await self.remove_old(projection, tenant_id)
        return total

    async def _outdated_by(
        self, connection: Connection, projection: Projection, tenant_id: UUID
    ) -> int | None:
        """The generation that replaces the live one, which others cannot flip meanwhile; ``None``
        if that is of this code or a newer one.
        """
        live: Any = await connection.fetchrow(
            _SQL["lock_live_generation"], tenant_id, projection.name
        )
        if live is None or live["revision"] >= projection.revision:
            return None
        return await self._newest(connection, projection, tenant_id, live["generation"])

    async def _newest(
        self, connection: Connection, projection: Projection, tenant_id: UUID, live: int
    ) -> int:
        """The generation that is being built, or a new one. What code of another revision began
        stays behind, and is removed with the old ones.
        """
        newest: Any = await connection.fetchrow(
            _SQL["newest_generation"], tenant_id, projection.name
        )
        if newest["generation"] > live and newest["revision"] == projection.revision:
            return int(newest["generation"])
        generation = max(int(newest["generation"]), live) + 1
        await connection.execute(
            _SQL["create_position"], tenant_id, projection.name, generation, projection.revision
        )
        return generation

    async def _begin(self, projection: Projection, tenant_id: UUID) -> tuple[int, int, int]:
        async with self._database.as_tenant(tenant_id) as connection:
            await live_generation(connection, tenant_id, projection)
            live: Any = await connection.fetchrow(
                _SQL["lock_live_generation"], tenant_id, projection.name
            )
            generation = await self._newest(connection, projection, tenant_id, live["generation"])
            done = await connection.fetchval(
                _SQL["events_read"], tenant_id, projection.name, generation
            )
            return generation, await connection.fetchval(_SQL["count_events"], tenant_id), done

    async def _flip(self, projection: Projection, tenant_id: UUID, generation: int) -> bool:
        """Reads what is missing up to the position of the live generation and flips, while nobody
        moves that position. Returns false if more is missing than one transaction reads.
        """
        async with self._database.as_tenant(tenant_id) as connection:
            row: Any = await connection.fetchrow(
                _SQL["lock_live_generation"], tenant_id, projection.name
            )
            live = row["generation"]
            if live >= generation:
                return True
            scope = ProjectionScope(tenant_id, generation)
            upto = await wait_for_position(
                connection, ProjectionScope(tenant_id, live), projection.name
            )
            position = await lock_position(connection, scope, projection.name)
            if position is None:  # another process builds it, too
                return False
            if is_before(position.place, upto):
                entries = await read_log_to(
                    connection,
                    tenant_id,
                    position.place,
                    upto,
                    MAX_EVENTS_PER_BATCH,
                    projection.reads,
                )
                count = await self._runner.apply(connection, projection, scope, entries)
                if count < len(entries):
                    raise ProjectionStoppedError(projection.name)
                if count == MAX_EVENTS_PER_BATCH:
                    return False
            await connection.execute(_SQL["flip"], tenant_id, projection.name, generation)
            return True

    async def remove_old(self, projection: Projection, tenant_id: UUID) -> None:
        """Deletes the rows of generations that served before, a part in each transaction."""
        async with self._database.as_tenant(tenant_id) as connection:
            rows = await connection.fetch(_SQL["old_generations"], tenant_id, projection.name)
        for row in rows:
            scope = ProjectionScope(tenant_id, row["generation"])
            deleted = 1
            while deleted:
                async with self._database.as_tenant(tenant_id) as connection:
                    deleted = await projection.delete_some(connection, scope, MAX_ROWS_PER_DELETION)
            async with self._database.as_tenant(tenant_id) as connection:
                await connection.execute(
                    _SQL["delete_position"], tenant_id, projection.name, scope.generation
                )
