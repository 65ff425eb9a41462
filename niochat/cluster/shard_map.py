"""Which host owns which shard: moved with the consent of who answers, taken from who does not."""

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
"""While nobody came or went: for what an operator drains, and what another supervisor moved."""
CALL_TIMEOUT_S = 8.0
"""For a host to let go of shards: longer than it waits for its sends."""


class ShardMap:
    """The table of owners. Two who move at once are harmless: each move raises the epoch."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._assigned: dict[str, str] = {}
        """To whom all shards were given, incarnation by name."""
        self._recheck_at = 0.0

    async def load_owners(self) -> dict[int, str | None]:
        """Incarnation by shard."""
        async with self._database.as_system() as connection:
            rows = await connection.fetch(_SQL["shards"])
        return {row["shard"]: row["host"] for row in rows}

    async def rebalance(
        self, eligible: Mapping[str, ManagedActor], hosts: Sequence[ManagedActor]
    ) -> None:
        """Every shard to one of ``able`` (by name), as few moves as possible. ``hosts`` are
        all there are: those that answer let go first, and learn of it afterwards.
        """
        if not eligible:
            return
        incarnations = {name: host.incarnation for name, host in eligible.items()}
        now = time.monotonic()
        if incarnations == self._assigned and now < self._recheck_at:
            return
        self._assigned, self._recheck_at = {}, now + RECHECK_INTERVAL_S
        staying = eligible_hosts(incarnations, await self._load_draining())
        wanted = {shard: incarnations[name] for shard, name in place_shards(staying).items()}
        owners = await self.load_owners()
        moving = {shard: owner for shard, owner in owners.items() if owner != wanted[shard]}
        if not moving:
            self._assigned = incarnations
            return
        answering = [host for host in hosts if host.is_responsive]
        await self._release_shards(moving, answering)
        async with self._database.as_system() as connection:
            await connection.fetch(
                _SQL["move_shards"], list(moving), [wanted[shard] for shard in moving]
            )
        _log.info("shards_moved", shards=len(moving), hosts=staying)
        await asyncio.gather(*(_call_host(host, "refresh") for host in answering))

    async def _load_draining(self) -> set[str]:
        async with self._database.as_system() as connection:
            return {row["incarnation"] for row in await connection.fetch(_SQL["draining"])}

    async def _release_shards(
        self, moving: Mapping[int, str | None], answering: Sequence[ManagedActor]
    ) -> None:
        leaving: dict[str | None, list[int]] = defaultdict(list)
        for shard, owner in moving.items():
            leaving[owner].append(shard)
        owners = [host for host in answering if host.incarnation in leaving]
        await asyncio.gather(
            *(_call_host(host, "release", leaving[host.incarnation]) for host in owners)
        )


def eligible_hosts(alive: Mapping[str, str], draining: Collection[str]) -> list[str]:
    """Names of those (incarnation by name) that no operator is draining; all when all are."""
    staying = [name for name, incarnation in alive.items() if incarnation not in draining]
    return sorted(staying or alive)


async def _call_host(host: ManagedActor, method: str, *arguments: object) -> None:
    try:
        async with asyncio.timeout(CALL_TIMEOUT_S):
            await getattr(host.handle, method).remote(*arguments)
    except (RayError, TimeoutError) as error:
        _log.warning("host_call_failed", host=host.name, call=method, error=repr(error))
