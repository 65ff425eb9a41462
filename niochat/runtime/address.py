"""Where a virtual actor lives: its kind and its key; the key's shard decides the host."""

from dataclasses import dataclass
from uuid import UUID

from niochat.domain.ids import shard_of


@dataclass(frozen=True, slots=True)
class ActorAddress:
    """Of one virtual actor. ``kind`` names its behaviour."""

    kind: str
    key: UUID

    @property
    def shard(self) -> int:
        """0 to 1023."""
        return shard_of(self.key)
