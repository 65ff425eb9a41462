"""The shards that this host owns, with their epochs. PostgreSQL decides; this is a cached copy."""

import time
from collections.abc import Callable
from uuid import UUID

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.ids import shard_of

_SQL = queries("shard_placement")


RELEASE_TIMEOUT_S = 20.0
"""A shard that has not moved within this time is used again, because the process that wanted to
move it is gone.
"""


class ShardOwnership:
    """The shards of one incarnation. A stale copy leads to a refused write, not to a wrong one."""

    def __init__(
        self,
        database: Database,
        incarnation: str,
        on_shards_lost: Callable[[set[int]], None] = lambda shards: None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``on_shards_lost`` is called with shards that this host does not own any more."""
        self._database = database
        self._on_shards_lost = on_shards_lost
        self.incarnation = incarnation
        self._clock = clock
        self._epochs: dict[int, int] = {}
        self._releasing: dict[int, float] = {}
        self._announced = False

    @property
    def active_shards(self) -> list[int]:
        """The owned shards without those that are being released."""
        releasing = {shard for shard in self._releasing if self._is_releasing(shard)}
        return [shard for shard in self._epochs if shard not in releasing]

    @property
    def active_shard_count(self) -> int:
        """The number of active shards. It is read for each turn, so it counts only the shards that
        are being released.
        """
        releasing = sum(
            shard in self._epochs for shard in self._releasing if self._is_releasing(shard)
        )
        return len(self._epochs) - releasing

    def active_epoch(self, key: UUID) -> int | None:
        """Returns the epoch of the key's shard; ``None`` if this host does not own it or releases
        it, so that nothing new may start.
        """
        shard = shard_of(key)
        return None if self._is_releasing(shard) else self._epochs.get(shard)

    def held_epoch(self, key: UUID) -> int | None:
        """Returns the epoch also while the shard is being released, because started work must be
        settled.
        """
        return self._epochs.get(shard_of(key))

    async def refresh(self) -> None:
        """Reads the owned shards from the database."""
        async with self._database.as_system() as connection:
            rows = await connection.fetch(_SQL["owned_shards"], self.incarnation)
        epochs = {row["shard"]: row["epoch"] for row in rows}
        lost = {shard for shard, epoch in self._epochs.items() if epochs.get(shard) != epoch}
        self._epochs = epochs
        for shard in lost:
            self._releasing.pop(shard, None)
        if lost:
            self._on_shards_lost(lost)

    def begin_release(self, shards: set[int]) -> None:
        """Marks shards that are about to move: nothing new starts for them."""
        until = self._clock() + RELEASE_TIMEOUT_S
        self._releasing.update(dict.fromkeys(shards, until))

    def _is_releasing(self, shard: int) -> bool:
        until = self._releasing.get(shard)
        return until is not None and until > self._clock()

    async def register_host(self, name: str, node: str, pid: int) -> None:
        """Registers this process as alive. It has no effect once a later process has registered
        under the same name.
        """
        host = (name, self.incarnation, node, pid)
        async with self._database.as_system() as connection:
            await connection.execute(_SQL["upsert_host"], *host, not self._announced)
        self._announced = True
