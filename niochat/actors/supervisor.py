"""Starts hosts, gives them shards, and takes the shards of a host that does not answer.

Ray restarts what died; it does not notice what is paused. So every host is pinged once a
second; the epoch of a shard grows with each change of owner, and from that commit on the old
owner's writes are refused, whether it knows or not.
"""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import ray
import structlog
from ray import serve
from ray.exceptions import RayError

from niochat import telemetry
from niochat.actors import host_actor
from niochat.adapters.postgres.queries import queries
from niochat.config import Settings
from niochat.domain.errors import NiochatError
from niochat.runtime.placement import place
from niochat.wiring.parts import Parts, open_parts

_SQL = queries("placement")
_log = structlog.get_logger(__name__)

PING_S = 1.0
MISSES = 5
FORGET_EVERY_S = 3600.0


@dataclass(slots=True)
class Host:
    """One host actor as the supervisor sees it."""

    name: str
    handle: Any = None
    incarnation: str | None = None
    misses: int = 0


class Supervisor:
    """One loop; a second supervisor waits for the first one's lock in PostgreSQL."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._hosts = [Host(f"host-{n}") for n in range(parts.settings.hosts)]
        self._forget_at = 0.0

    async def run_for_ever(self) -> None:
        """Supervise; errors are logged and the loop goes on."""
        while True:
            try:
                async with self._parts.database.path_session() as connection:
                    await connection.execute(_SQL["lead"], timeout=3600)
                    while True:
                        await connection.execute("SELECT 1")  # the lock is lost with it
                        await self._tick()
                        await asyncio.sleep(PING_S)
            except (NiochatError, RayError) as error:
                _log.warning("supervision_put_off", error=repr(error))
            except Exception as error:  # noqa: BLE001 - supervision must outlive any error
                _log.error("supervision_failed", exc_info=error)
            await asyncio.sleep(PING_S)

    async def _tick(self) -> None:
        await asyncio.gather(*(self._ping(host) for host in self._hosts))
        for host in self._hosts:
            if host.misses and host.misses % MISSES == 0:
                await self._end(host)
        live = {
            host.name: host.incarnation
            for host in self._hosts
            if host.incarnation is not None and host.misses < MISSES
        }
        await self._place(live)
        await self._forget()

    async def _ping(self, host: Host) -> None:
        try:
            if host.handle is None:
                host.handle = await asyncio.to_thread(host_actor.create, host.name)
            async with asyncio.timeout(30 if host.incarnation is None else PING_S):
                incarnation = await host.handle.ping.remote()
        except TimeoutError:
            host.misses += 1
            _log.warning("host_missed_ping", host=host.name, misses=host.misses)
        except (RayError, ValueError) as error:
            # Ray says it is gone: its incarnation is over, a new one will answer.
            _log.warning("host_gone", host=host.name, error=repr(error)[:300])
            host.incarnation, host.misses = None, 0
            host.handle = None
        else:
            if incarnation != host.incarnation:
                _log.info("host_joined", host=host.name, incarnation=incarnation)
            host.incarnation, host.misses = incarnation, 0

    async def _end(self, host: Host) -> None:
        _log.error("host_given_up", host=host.name, incarnation=host.incarnation)
        if host.handle is not None:
            await asyncio.to_thread(ray.kill, host.handle, no_restart=False)

    async def _place(self, live: Mapping[str, str]) -> None:
        """Give every shard to a living host; what moves for balance is let go first."""
        if not live:
            return
        async with self._parts.database.path() as connection:
            rows = await connection.fetch(_SQL["shards"])
            draining = {row["incarnation"] for row in await connection.fetch(_SQL["draining"])}
        wanted = place(carriers(live, draining))
        moving = {r["shard"]: r["host"] for r in rows if r["host"] != live[wanted[r["shard"]]]}
        if not moving:
            return
        leaving: dict[str, list[int]] = defaultdict(list)
        for shard, owner in moving.items():
            leaving[owner or ""].append(shard)
        alive = [h for h in self._hosts if h.incarnation in live.values()]
        await asyncio.gather(
            *(self._call(h, "release", leaving[h.incarnation or ""]) for h in alive
              if h.incarnation in leaving)
        )  # fmt: skip
        async with self._parts.database.path() as connection:
            await connection.fetch(
                _SQL["move"], list(moving), [live[wanted[shard]] for shard in moving]
            )
        _log.info("shards_moved", shards=len(moving), hosts=sorted(live))
        await asyncio.gather(*(self._call(host, "refresh") for host in alive))

    async def _call(self, host: Host, method: str, *arguments: object) -> None:
        try:
            async with asyncio.timeout(8):
                await getattr(host.handle, method).remote(*arguments)
        except (RayError, TimeoutError) as error:
            _log.warning("host_call_failed", host=host.name, call=method, error=repr(error))

    async def _forget(self) -> None:
        now = asyncio.get_running_loop().time()
        if now >= self._forget_at:
            self._forget_at = now + FORGET_EVERY_S
            await self._parts.inbox.forget()


def carriers(live: Mapping[str, str], draining: Collection[str]) -> list[str]:
    """Names of the hosts that carry shards: those that are not draining, all when all are."""
    staying = [name for name, incarnation in live.items() if incarnation not in draining]
    return sorted(staying or live)


class SupervisorReplica:
    """The process that supervises; Serve restarts it, and hosts live on without it."""

    def __init__(self) -> None:
        self._settings = Settings.read()
        telemetry.set_up_logs(self._settings.log, json=True)
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def check_health(self) -> None:
        """Serve asks regularly; a replica that does not supervise is replaced."""
        if self._task.done():
            raise RuntimeError("the supervision ended")

    async def _run(self) -> None:
        parts = await open_parts(self._settings)
        await Supervisor(parts).run_for_ever()


supervisor = serve.deployment(
    name="Supervisor",
    num_replicas=1,
    max_ongoing_requests=20,
    health_check_period_s=10,
    graceful_shutdown_timeout_s=2,
    ray_actor_options={"num_cpus": 0.05},
)(SupervisorReplica).bind()
