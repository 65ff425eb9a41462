"""Assigns shards to hosts. Responsive owners release a shard before it moves; dead ones lose it."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

import structlog
from ray.exceptions import RayError

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.cluster.actor_fleet import ManagedActor
from niochat.runtime.fleet.shard_placement import place_shards

_SQL = queries("shard_placement")
_log = structlog.get_logger(__name__)

RECHECK_INTERVAL_S = 3.0
"""Interval of checks while the set of hosts is unchanged: an operator may drain a host, and
another supervisor may move shards.
"""
CALL_TIMEOUT_S = 8.0
"""Timeout of a call to a host; longer than a host waits for its sends when it releases shards."""


class ShardMap:
    """The table of shard owners. Concurrent moves by two supervisors are safe: each raises the
    epoch.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._assigned: dict[str, str] = {}
        """Hosts among which all shards were last distributed: incarnation by name."""
        self._recheck_at = 0.0

    async def load_owners(self) -> dict[int, str | None]:
        """Owner's incarnation by shard; ``None`` for a shard without owner."""
        async with self._database.as_system() as connection:
            rows = await connection.fetch(_SQL["shards"])
        return {row["shard"]: row["host"] for row in rows}

    async def rebalance(
        self, eligible: Mapping[str, ManagedActor], hosts: Sequence[ManagedActor]
    ) -> None:
        """Assign every shard to an ``eligible`` host (by name) with as few moves as possible.

        ``hosts`` are all hosts. The responsive ones release their moving shards first, and
        refresh their map afterwards.
        """
        if not eligible:
            return
        incarnations = {name: host.incarnation for name, host in eligible.items()}
        now = time.monotonic()
        if incarnations == self._assigned and now < self._recheck_at:
            return
        self._assigned, self._recheck_at = {}, now + RECHECK_INTERVAL_S
        staying = eligible_hosts(incarnations, await self._load_draining())
        targets = {shard: incarnations[name] for shard, name in place_shards(staying).items()}
        owners = await self.load_owners()
        moving = {shard: owner for shard, owner in owners.items() if owner != targets[shard]}
        if not moving:
            self._assigned = incarnations
            return
        responsive = [host for host in hosts if host.is_responsive]
        await self._release_shards(moving, responsive)
        async with self._database.as_system() as connection:
            await connection.fetch(
                _SQL["move_shards"], list(moving), [targets[shard] for shard in moving]
            )
        _log.info("shards_moved", shards=len(moving), hosts=staying)
        await asyncio.gather(*(_call_host(host, "refresh") for host in responsive))

    async def _load_draining(self) -> set[str]:
        async with self._database.as_system() as connection:
            return {row["incarnation"] for row in await connection.fetch(_SQL["draining"])}

    async def _release_shards(
        self, moving: Mapping[int, str | None], responsive: Sequence[ManagedActor]
    ) -> None:
        by_owner: dict[str | None, list[int]] = defaultdict(list)
        for shard, owner in moving.items():
            by_owner[owner].append(shard)
        owners = [host for host in responsive if host.incarnation in by_owner]
        await asyncio.gather(
            *(_call_host(host, "release", by_owner[host.incarnation]) for host in owners)
        )


def eligible_hosts(alive: Mapping[str, str], draining: Collection[str]) -> list[str]:
    """Sorted names of the hosts that no operator is draining; all names if all are being drained.

    ``alive`` maps names to incarnations; ``draining`` holds incarnations.
    """
    staying = [name for name, incarnation in alive.items() if incarnation not in draining]
    return sorted(staying or alive)


async def _call_host(host: ManagedActor, method: str, *arguments: object) -> None:
    try:
        async with asyncio.timeout(CALL_TIMEOUT_S):
            await getattr(host.handle, method).remote(*arguments)
    except (RayError, TimeoutError) as error:
        _log.warning("host_call_failed", host=host.name, method=method, error=repr(error))
