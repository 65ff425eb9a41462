"""Places shards on hosts by rendezvous hashing, so that few shards move when hosts change."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from types import MappingProxyType

from niochat.domain.ids import SHARDS


def place_shards(hosts: Sequence[str]) -> Mapping[int, str]:
    """The host name of each shard; the order of ``hosts`` does not matter. Empty without hosts."""
    return _place_shards(frozenset(hosts))


@lru_cache(maxsize=4)
def _place_shards(hosts: frozenset[str]) -> Mapping[int, str]:
    """Cached, because it is called every second and takes a thousand digests for each host."""
    if not hosts:
        return {}
    placed = {
        shard: max(hosts, key=lambda host: _rendezvous_weight(shard, host))
        for shard in range(SHARDS)
    }
    return MappingProxyType(placed)


def _rendezvous_weight(shard: int, host: str) -> bytes:
    return blake2b(f"{shard}:{host}".encode(), digest_size=8).digest()
