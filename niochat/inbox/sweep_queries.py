"""What was forgotten: a lost poke, a dead owner, a timer nobody heard cost time only."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries

_SQL = queries("inbox_sweep")

PENDING_AFTER_S = 2.0
"""Age at which a pending row is taken for forgotten."""
MAX_THREADS_PER_SWEEP = 500
"""Threads in one look."""
MAX_ROWS_SCANNED = 100_000
"""Rows that are looked through where the limit was not enough, so that nobody hides the others."""


@dataclass(frozen=True, slots=True)
class PendingThread:
    """A thread with something to do, and whose it is."""

    thread_id: UUID
    tenant_id: UUID


@dataclass(frozen=True, slots=True)
class UnsentThread:
    """A thread with something to send."""

    thread_id: UUID
    tenant_id: UUID
    channel_id: UUID


@dataclass(frozen=True, slots=True)
class OrphanedTurn:
    """A turn whose watcher is gone."""

    thread_id: UUID
    turn_id: UUID
    attempt: int


@dataclass(frozen=True, slots=True)
class UnwatchedTurn(OrphanedTurn):
    """A turn of this very host that its memory does not know, with all that running it takes."""

    tenant_id: UUID
    conversation_id: UUID
    upto_version: int
    protocol: str


class SweepQueries:
    """Looks over the shards of one host incarnation, fairly between tenants."""

    def __init__(self, database: Database, host: str) -> None:
        self._database = database
        self._host = host

    async def find_pending_threads(self, shards: Sequence[int]) -> list[PendingThread]:
        """Threads with pending rows or due timers; at most ``LIMIT`` and as many timers."""
        async with self._database.as_system() as connection:
            values = [list(shards), PENDING_AFTER_S, MAX_THREADS_PER_SWEEP]
            rows = await connection.fetch(_SQL["pending_threads"], *values)
            if sum(row["rows"] for row in rows) >= MAX_THREADS_PER_SWEEP:
                rows = await connection.fetch(
                    _SQL["pending_threads_fair"], *values, MAX_ROWS_SCANNED
                )
        return [PendingThread(row["thread_id"], row["tenant_id"]) for row in rows]

    async def find_unsent_threads(self, shards: Sequence[int]) -> list[UnsentThread]:
        """Threads with sends that are due, or whose sender is gone."""
        async with self._database.as_system() as connection:
            values = [list(shards), 0.5, MAX_THREADS_PER_SWEEP, self._host]
            rows = await connection.fetch(_SQL["unsent_threads"], *values)
            if sum(row["rows"] for row in rows) >= MAX_THREADS_PER_SWEEP:
                rows = await connection.fetch(_SQL["unsent_threads_fair"], *values)
        return [UnsentThread(row["thread_id"], row["tenant_id"], row["channel_id"]) for row in rows]

    async def find_orphaned_turns(self, shards: Sequence[int]) -> list[OrphanedTurn]:
        """Turns that another incarnation started."""
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
        """Turns of this host that run for longer than ``older_s`` and are not ``known``."""
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
        """Active tenants."""
        async with self._database.as_system() as connection:
            rows = await connection.fetch(_SQL["active_tenants"])
        return [row["tenant_id"] for row in rows]
