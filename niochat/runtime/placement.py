"""Which host a shard belongs to: rendezvous hashing, so that few shards move when hosts change."""

from collections.abc import Sequence
from hashlib import blake2b

from niochat.domain.ids import SHARDS


def place(hosts: Sequence[str]) -> dict[int, str]:
    """Host name of every shard; the order of ``hosts`` does not matter. Empty without hosts."""
    if not hosts:
        return {}
    return {shard: max(hosts, key=lambda host: _weight(shard, host)) for shard in range(SHARDS)}


def _weight(shard: int, host: str) -> bytes:
    return blake2b(f"{shard}:{host}".encode(), digest_size=8).digest()
