"""Keeps enough hosts, gives them shards, and takes the shards of a host that does not answer.

Ray restarts what died; it does not notice what is paused, cut off, or of an older release. So
every host is pinged once a second; the epoch of a shard grows with each change of owner, and
from that commit on the old owner's writes are refused, whether it knows or not.
"""

import asyncio
import math

import ray
import structlog
from ray import serve
from ray.exceptions import RayError

from niochat import telemetry
from niochat.actors import host_actor
from niochat.actors.cluster_nodes import ClusterNodes, Part, actor_options, replicas
from niochat.actors.pool_keeper import CALLS_OF_MEMBER, PoolKeeper
from niochat.actors.pools import pools
from niochat.actors.release import release_of
from niochat.actors.roster import MISSES, PING_S, Host, Roster
from niochat.actors.shard_map import ShardMap
from niochat.adapters.postgres.queries import queries
from niochat.config import Settings, cores
from niochat.domain.errors import NiochatError
from niochat.runtime.scaling import Limits, Scale, rescale
from niochat.runtime.staffing import Change, Hire, Retire, staff
from niochat.runtime.tasks import Owner
from niochat.wiring.parts import Parts, open_parts

_SQL = queries("placement")
_log = structlog.get_logger(__name__)

FORGET_EVERY_S = 3600.0
CUT_OFF_S = 6.0
"""Neither the cluster's server nor a host of another node answered: we are the ones cut off."""
STEP_DOWN_S = 20.0
"""Then somebody else may lead; a standby takes the lock within five seconds."""


class CutOff(Exception):
    """This process cannot see the rest of the cluster."""


class Supervisor:
    """One loop; a second supervisor waits for the first one's lock in PostgreSQL."""

    def __init__(self, parts: Parts, nodes: ClusterNodes, node: str) -> None:
        """``node`` is the id of the node that this process runs on."""
        settings = parts.settings
        self._parts = parts
        self._nodes = nodes
        self._node = node
        self._release = release_of(settings.release)
        self._owner = Owner("supervisor")
        self._roster = Roster(self._owner, settings.release, host_actor.KIND, host_actor.create)
        self._shards = ShardMap(parts.database)
        most = max(settings.max_hosts or 0, settings.hosts)
        self._limits = Limits(
            settings.hosts, most, lag_ms=settings.host_lag_ms, idle_s=settings.host_idle_s
        )
        self._scale = Scale(0)
        self._forget_at = 0.0

    async def run_for_ever(self) -> None:
        """Supervise; errors are logged and the loop goes on."""
        self._owner.start(self._nodes.watch_for_ever())
        while True:
            try:
                await self._lead()
            except CutOff:
                _log.error("supervisor_stepped_down", node=self._node)
                await asyncio.sleep(STEP_DOWN_S)
            except (NiochatError, RayError) as error:
                _log.warning("supervision_put_off", error=repr(error))
            except Exception as error:  # noqa: BLE001 - supervision must outlive any error
                _log.error("supervision_failed", exc_info=error)
            await asyncio.sleep(PING_S)

    async def _lead(self) -> None:
        """Returns at once while another one leads."""
        async with self._parts.database.path_session() as connection:
            if not await connection.fetchval(_SQL["lead"], timeout=5):
                return
            await self._roster.discover()
            self._scale = Scale(len(self._roster))
            _log.info("supervisor_leads", hosts=len(self._roster), release=self._release)
            keeping = [self._owner.start(each.keep_for_ever()) for each in self._pool_keepers()]
            try:
                while True:
                    await connection.execute("SELECT 1", timeout=5)  # the lock is lost with it
                    await self._tick()
                    await asyncio.sleep(PING_S)
            finally:
                for each in keeping:
                    each.cancel()

    def _pool_keepers(self) -> list[PoolKeeper]:
        settings = self._parts.settings
        limits = Limits(
            replicas(), most_members(settings), lag_ms=math.inf,
            depth=CALLS_OF_MEMBER, idle_s=settings.host_idle_s,
        )  # fmt: skip
        return [
            PoolKeeper(
                pool, limits, self._release, self._owner,
                nodes=lambda: self._nodes.carriers(Part.POOLS), named=settings.release,
            )
            for pool in pools(settings.pools)
        ]  # fmt: skip

    async def _tick(self) -> None:
        await self._roster.ping_all()
        if self._cut_off():
            if self._nodes.silent_s >= CUT_OFF_S:
                raise CutOff
            return  # whose shards to move is not ours to say
        await self._hear()
        for host in self._roster:
            if host.misses >= MISSES:
                self._roster.give_up(host)
        await self._shards.give(self._carriers(), list(self._roster))
        self._rescale()
        await self._staff()
        await self._forget()

    def _cut_off(self) -> bool:
        """No host of another node answers, though there are some, nor the cluster's server."""
        others = [host for host in self._roster if host.vitals and host.vitals.node != self._node]
        silent = all(host.misses for host in others)
        return bool(others) and silent and self._nodes.silent_s > CUT_OFF_S / 2

    async def _hear(self) -> None:
        async with self._parts.database.path() as connection:
            rows = await connection.fetch(_SQL["heard"])
        self._roster.hear(row["incarnation"] for row in rows)

    def _carriers(self) -> dict[str, Host]:
        """Living hosts by name, without those that leave if the others are enough."""
        living = [host for host in self._roster if host.lives]
        staying = [host for host in living if not host.leaving]
        return {host.name: host for host in (staying if self._enough(staying) else living)}

    def _enough(self, staying: list[Host]) -> bool:
        return len(staying) >= min(self._wanted(), self._limits.most)

    def _rescale(self) -> None:
        loads = [h.vitals.load for h in self._roster if h.vitals and h.lives and not h.leaving]
        before = self._scale.hosts
        now = asyncio.get_running_loop().time()
        self._scale = rescale(self._scale, loads, self._limits, now)
        if self._scale.hosts != before:
            _log.info("hosts_rescaled", before=before, now=self._scale.hosts)

    def _wanted(self) -> int:
        """The scale, and one host for each node as far as the limits allow."""
        for_nodes = min(len(self._nodes.carriers(Part.HOSTS)), self._limits.most)
        return max(self._scale.hosts, for_nodes)

    async def _staff(self) -> None:
        change = self._change()
        while isinstance(change, Hire):
            self._roster.hire(change.number, change.node)
            change = self._change()
        if isinstance(change, Retire):
            self._roster.retire(change.number, change.why)
        await self._dismiss()

    def _change(self) -> Change | None:
        seats = [host.seat() for host in self._roster]
        return staff(seats, self._wanted(), self._nodes.carriers(Part.HOSTS), self._release)

    async def _dismiss(self) -> None:
        """End those who leave and own nothing any more."""
        leaving = [host for host in self._roster if host.leaving]
        if not leaving:
            return
        owners = set((await self._shards.owners()).values())
        for host in leaving:
            if not host.incarnation or host.incarnation not in owners:
                async with self._parts.database.path() as connection:
                    await connection.execute(_SQL["leave"], host.name)
                self._roster.dismiss(host)

    async def _forget(self) -> None:
        now = asyncio.get_running_loop().time()
        if now >= self._forget_at:
            self._forget_at = now + FORGET_EVERY_S
            await self._parts.inbox.purge_old_rows()
            await self._parts.library.forget_unused()


def most_members(settings: Settings) -> int:
    """Of each pool. Calls that wait need no core, so few members carry many of them; a machine of
    two cores that is busy gets slower by a second process.
    """
    most = settings.max_pool or (max(1, cores() // 2) if replicas() == 1 else 4 + 4 * replicas())
    return max(most, replicas())


class SupervisorReplica:
    """The process that supervises; Serve restarts it, and hosts live on without it."""

    def __init__(self) -> None:
        self._settings = Settings.read()
        telemetry.set_up_logs(self._settings.log, json=True)
        release_of(self._settings.release)
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def check_health(self) -> None:
        """Serve asks regularly; a replica that does not supervise is replaced."""
        if self._task.done():
            raise RuntimeError("the supervision ended")

    async def _run(self) -> None:
        parts = await open_parts(self._settings)
        node = ray.get_runtime_context().get_node_id()
        await Supervisor(parts, ClusterNodes(), node).run_for_ever()


supervisor = serve.deployment(
    name="Supervisor",
    num_replicas=replicas(),
    max_ongoing_requests=20,
    health_check_period_s=10,
    graceful_shutdown_timeout_s=2,
    ray_actor_options=actor_options(Part.HOSTS, 0.05),
)(SupervisorReplica).bind()
