"""What was forgotten: a lost poke, a dead owner, a timer nobody heard cost time only."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries

_SQL = queries("sweep")

FORGOTTEN_AFTER_S = 2.0
"""Age at which a pending row is taken for forgotten."""
LIMIT = 500


@dataclass(frozen=True, slots=True)
class OrphanedTurn:
    """A turn whose watcher is gone."""

    thread_id: UUID
    turn_id: UUID
    attempt: int


class Sweeper:
    """Looks over the shards of one host incarnation."""

    def __init__(self, database: Database, host: str) -> None:
        self._database = database
        self._host = host

    async def forgotten(self, shards: Sequence[int]) -> list[UUID]:
        """Threads with pending rows or due timers."""
        async with self._database.path() as connection:
            rows = await connection.fetch(_SQL["forgotten"], list(shards), FORGOTTEN_AFTER_S, LIMIT)
        return [row["thread_id"] for row in rows]

    async def unsent(self, shards: Sequence[int]) -> list[UUID]:
        """Threads with sends that are due, or whose sender is gone."""
        async with self._database.path() as connection:
            rows = await connection.fetch(_SQL["unsent"], list(shards), 0.5, LIMIT, self._host)
        return [row["thread_id"] for row in rows]

    async def orphaned_turns(self, shards: Sequence[int], too_long_s: float) -> list[OrphanedTurn]:
        """Turns that another incarnation started, or that run longer than any may."""
        async with self._database.path() as connection:
            rows = await connection.fetch(
                _SQL["orphaned_turns"], list(shards), self._host, too_long_s, LIMIT
            )
        return [OrphanedTurn(row["thread_id"], row["id"], row["attempt"]) for row in rows]

    async def tenants(self) -> list[UUID]:
        """Active tenants."""
        async with self._database.path() as connection:
            rows = await connection.fetch(_SQL["tenants"])
        return [row["tenant_id"] for row in rows]
