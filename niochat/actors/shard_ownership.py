"""Which shards this host process owns, and in which epoch. PostgreSQL decides, this remembers."""

import time
from collections.abc import Callable
from uuid import UUID

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.ids import shard_of

_SQL = queries("shard_placement")


RELEASE_TIMEOUT_S = 20.0
"""A shard that did not move within it is kept: whoever wanted to move it is gone."""


class ShardOwnership:
    """Shards of one incarnation. Being wrong costs a refused write, never a wrong one."""

    def __init__(
        self,
        database: Database,
        incarnation: str,
        on_shards_lost: Callable[[set[int]], None] = lambda shards: None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``lost`` hears of the shards that were ours and are no more, whoever found it out."""
        self._database = database
        self._on_shards_lost = on_shards_lost
        self.incarnation = incarnation
        self._clock = clock
        self._epochs: dict[int, int] = {}
        self._releasing: dict[int, float] = {}
        self._announced = False

    @property
    def active_shards(self) -> list[int]:
        """What is owned and not about to leave."""
        leaving = {shard for shard in self._releasing if self._is_releasing(shard)}
        return [shard for shard in self._epochs if shard not in leaving]

    @property
    def active_shard_count(self) -> int:
        """How many these are; asked for each turn, so it walks only what is about to leave."""
        leaving = sum(
            shard in self._epochs for shard in self._releasing if self._is_releasing(shard)
        )
        return len(self._epochs) - leaving

    def active_epoch(self, key: UUID) -> int | None:
        """Epoch of the key's shard; ``None``: it is not ours, or nothing new may start for it."""
        shard = shard_of(key)
        return None if self._is_releasing(shard) else self._epochs.get(shard)

    def held_epoch(self, key: UUID) -> int | None:
        """The same, also while the shard is about to leave: what was begun has to be settled."""
        return self._epochs.get(shard_of(key))

    async def refresh(self) -> None:
        """Read what is ours."""
        async with self._database.as_system() as connection:
            rows = await connection.fetch(_SQL["owned_shards"], self.incarnation)
        now = {row["shard"]: row["epoch"] for row in rows}
        lost = {shard for shard, epoch in self._epochs.items() if now.get(shard) != epoch}
        self._epochs = now
        for shard in lost:
            self._releasing.pop(shard, None)
        if lost:
            self._on_shards_lost(lost)

    def begin_release(self, shards: set[int]) -> None:
        """Start nothing new for these: they are about to move."""
        until = self._clock() + RELEASE_TIMEOUT_S
        self._releasing.update(dict.fromkeys(shards, until))

    def _is_releasing(self, shard: int) -> bool:
        until = self._releasing.get(shard)
        return until is not None and until > self._clock()

    async def register_host(self, name: str, node: str, pid: int) -> None:
        """Say that this process lives. Unheard once another one has announced itself later."""
        who = (name, self.incarnation, node, pid)
        async with self._database.as_system() as connection:
            await connection.execute(_SQL["upsert_host"], *who, not self._announced)
        self._announced = True
