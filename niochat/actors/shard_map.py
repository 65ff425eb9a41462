"""Which host owns which shard: moved with the consent of who answers, taken from who does not."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

import structlog
from ray.exceptions import RayError

from niochat.actors.roster import Host
from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.runtime.placement import place

_SQL = queries("placement")
_log = structlog.get_logger(__name__)

LOOK_AGAIN_S = 3.0
"""While nobody came or went: for what an operator drains, and what another supervisor moved."""
CALL_S = 8.0
"""For a host to let go of shards: longer than it waits for its sends."""


class ShardMap:
    """The table of owners. Two who move at once are harmless: each move raises the epoch."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._given: dict[str, str] = {}
        """To whom all shards were given, incarnation by name."""
        self._look_at = 0.0

    async def owners(self) -> dict[int, str | None]:
        """Incarnation by shard."""
        async with self._database.path() as connection:
            rows = await connection.fetch(_SQL["shards"])
        return {row["shard"]: row["host"] for row in rows}

    async def give(self, able: Mapping[str, Host], hosts: Sequence[Host]) -> None:
        """Every shard to one of ``able`` (by name), as few moves as possible. ``hosts`` are
        all there are: those that answer let go first, and learn of it afterwards.
        """
        if not able:
            return
        incarnations = {name: host.incarnation for name, host in able.items()}
        now = time.monotonic()
        if incarnations == self._given and now < self._look_at:
            return
        self._given, self._look_at = {}, now + LOOK_AGAIN_S
        staying = carriers(incarnations, await self._draining())
        wanted = {shard: incarnations[name] for shard, name in place(staying).items()}
        owners = await self.owners()
        moving = {shard: owner for shard, owner in owners.items() if owner != wanted[shard]}
        if not moving:
            self._given = incarnations
            return
        answering = [host for host in hosts if host.answers]
        await self._release(moving, answering)
        async with self._database.path() as connection:
            await connection.fetch(_SQL["move"], list(moving), [wanted[shard] for shard in moving])
        _log.info("shards_moved", shards=len(moving), hosts=staying)
        await asyncio.gather(*(_call(host, "refresh") for host in answering))

    async def _draining(self) -> set[str]:
        async with self._database.path() as connection:
            return {row["incarnation"] for row in await connection.fetch(_SQL["draining"])}

    async def _release(self, moving: Mapping[int, str | None], answering: Sequence[Host]) -> None:
        leaving: dict[str | None, list[int]] = defaultdict(list)
        for shard, owner in moving.items():
            leaving[owner].append(shard)
        owners = [host for host in answering if host.incarnation in leaving]
        await asyncio.gather(
            *(_call(host, "release", leaving[host.incarnation]) for host in owners)
        )


def carriers(live: Mapping[str, str], draining: Collection[str]) -> list[str]:
    """Names of those (incarnation by name) that no operator is draining; all when all are."""
    staying = [name for name, incarnation in live.items() if incarnation not in draining]
    return sorted(staying or live)


async def _call(host: Host, method: str, *arguments: object) -> None:
    try:
        async with asyncio.timeout(CALL_S):
            await getattr(host.handle, method).remote(*arguments)
    except (RayError, TimeoutError) as error:
        _log.warning("host_call_failed", host=host.name, call=method, error=repr(error))
