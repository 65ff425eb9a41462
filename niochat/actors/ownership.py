"""Which shards this host process owns, and in which epoch. PostgreSQL decides, this remembers."""

from uuid import UUID

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.ids import shard_of

_SQL = queries("placement")


class Ownership:
    """Shards of one incarnation. Being wrong costs a refused write, never a wrong one."""

    def __init__(self, database: Database, incarnation: str) -> None:
        self._database = database
        self.incarnation = incarnation
        self._epochs: dict[int, int] = {}
        self._releasing: set[int] = set()

    @property
    def shards(self) -> list[int]:
        """What is owned and not about to leave."""
        return [shard for shard in self._epochs if shard not in self._releasing]

    def epoch_of(self, key: UUID) -> int | None:
        """Epoch of the key's shard; ``None`` when it is not ours, or not any more."""
        shard = shard_of(key)
        return None if shard in self._releasing else self._epochs.get(shard)

    async def refresh(self) -> set[int]:
        """Read what is ours; the shards that were and are no more."""
        async with self._database.path() as connection:
            rows = await connection.fetch(_SQL["owned"], self.incarnation)
        now = {row["shard"]: row["epoch"] for row in rows}
        lost = {shard for shard, epoch in self._epochs.items() if now.get(shard) != epoch}
        self._epochs = now
        self._releasing &= set(now)
        return lost

    def release(self, shards: set[int]) -> None:
        """Start nothing new for these: they are about to move."""
        self._releasing |= shards

    async def announce(self, name: str, node: str, pid: int) -> None:
        """Say that this process lives."""
        async with self._database.path() as connection:
            await connection.execute(_SQL["announce"], name, self.incarnation, node, pid)
