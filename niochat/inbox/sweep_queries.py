"""Queries of the recovery sweep. They find work whose poke was lost, whose owner died or whose
timer did not fire, so that such failures cost only time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries

_SQL = queries("inbox_sweep")

PENDING_AFTER_S = 2.0
"""Age at which a pending row counts as overlooked."""
MAX_THREADS_PER_SWEEP = 500
"""Threads that one query returns."""
MAX_ROWS_SCANNED = 100_000
"""Rows that the fair query scans. It runs if a plain query reaches its limit, because one tenant
could then hide the others.
"""


@dataclass(frozen=True, slots=True)
class PendingThread:
    """A thread with pending inbox rows or due timers."""

    thread_id: UUID
    tenant_id: UUID


@dataclass(frozen=True, slots=True)
class UnsentThread:
    """A thread with sends that are due or orphaned."""

    thread_id: UUID
    tenant_id: UUID
    channel_id: UUID


@dataclass(frozen=True, slots=True)
class OrphanedTurn:
    """A turn that another host incarnation started and no longer watches."""

    thread_id: UUID
    turn_id: UUID
    attempt: int


@dataclass(frozen=True, slots=True)
class UnwatchedTurn(OrphanedTurn):
    """A turn of this host that is not in its memory, with all values needed to run it."""

    tenant_id: UUID
    conversation_id: UUID
    upto_version: int
    protocol: str


class SweepQueries:
    """Queries the shards of one host incarnation, fairly between tenants."""

    def __init__(self, database: Database, host: str) -> None:
        self._database = database
        self._host = host

    async def find_pending_threads(self, shards: Sequence[int]) -> list[PendingThread]:
        """Returns threads with pending rows or due timers, at most ``MAX_THREADS_PER_SWEEP`` of
        each.
        """
        async with self._database.as_system() as connection:
            values = [list(shards), PENDING_AFTER_S, MAX_THREADS_PER_SWEEP]
            rows = await connection.fetch(_SQL["pending_threads"], *values)
            if sum(row["rows"] for row in rows) >= MAX_THREADS_PER_SWEEP:
                rows = await connection.fetch(
                    _SQL["pending_threads_fair"], *values, MAX_ROWS_SCANNED
                )
        return [PendingThread(row["thread_id"], row["tenant_id"]) for row in rows]

    async def find_unsent_threads(self, shards: Sequence[int]) -> list[UnsentThread]:
        """Returns threads with sends that are due, or whose sender is gone."""
        async with self._database.as_system() as connection:
            values = [list(shards), 0.5, MAX_THREADS_PER_SWEEP, self._host]
            rows = await connection.fetch(_SQL["unsent_threads"], *values)
            if sum(row["rows"] for row in rows) >= MAX_THREADS_PER_SWEEP:
                rows = await connection.fetch(_SQL["unsent_threads_fair"], *values)
        return [UnsentThread(row["thread_id"], row["tenant_id"], row["channel_id"]) for row in rows]

    async def find_orphaned_turns(self, shards: Sequence[int]) -> list[OrphanedTurn]:
        """Returns running turns that another host incarnation started."""
        async with self._database.as_system() as connection:
            rows = await connection.fetch(
                _SQL["orphaned_turns"], list(shards), self._host, MAX_THREADS_PER_SWEEP
            )
        return [OrphanedTurn(row["thread_id"], row["id"], row["attempt"]) for row in rows]

    async def find_unwatched_turns(
        self,
        shards: Sequence[int],
        known: Sequence[UUID],
        older_s: float,
        limit: int = MAX_THREADS_PER_SWEEP,
    ) -> list[UnwatchedTurn]:
        """Returns turns of this host that have run for more than ``older_s`` seconds and are not in
        ``known``.
        """
        async with self._database.as_system() as connection:
            rows = await connection.fetch(
                _SQL["unwatched_turns"],
                *(list(shards), self._host, list(known), older_s, limit),
            )
        return [
            UnwatchedTurn(
                row["thread_id"],
                row["id"],
                row["attempt"],
                row["tenant_id"],
                row["conversation_id"],
                row["upto_version"],
                row["protocol"],
            )
            for row in rows
        ]

    async def list_active_tenants(self) -> list[UUID]:
        """Returns the active tenants."""
        async with self._database.as_system() as connection:
            rows = await connection.fetch(_SQL["active_tenants"])
        return [row["tenant_id"] for row in rows]
