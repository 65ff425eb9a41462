"""The address of a virtual actor: its kind and its key. The shard of the key decides the host."""

from dataclasses import dataclass
from uuid import UUID

from niochat.domain.ids import shard_of


@dataclass(frozen=True, slots=True)
class ActorAddress:
    """The address of one virtual actor. ``kind`` names its behaviour."""

    kind: str
    key: UUID

    @property
    def shard(self) -> int:
        """The shard of the key, 0 to 1023."""
        return shard_of(self.key)
