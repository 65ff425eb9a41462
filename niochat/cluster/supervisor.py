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

from niochat import structured_logging
from niochat.adapters.postgres.queries import queries
from niochat.cluster.actor_fleet import MAX_MISSED_PINGS, PING_INTERVAL_S, ActorFleet, ManagedActor
from niochat.cluster.build_id import resolve_build_id
from niochat.cluster.cluster_nodes import ClusterNodes, NodeRole, min_replicas, ray_actor_options
from niochat.cluster.hosts import host_actor
from niochat.cluster.pools.pool_clients import pool_names_for
from niochat.cluster.pools.pool_supervisor import MAX_CALLS_PER_MEMBER, PoolSupervisor
from niochat.cluster.shard_map import ShardMap
from niochat.composition.components import Components, open_components
from niochat.config import Settings, available_cores
from niochat.runtime.background_tasks import BackgroundTaskSet
from niochat.runtime.fleet.autoscaling import ScalingLimits, ScalingState, next_scaling_state
from niochat.runtime.fleet.fleet_plan import (
    DrainMemberAction,
    FleetAction,
    StartMemberAction,
    next_fleet_action,
)
from niochat.runtime.periodic_loop import IntervalTimer, run_periodically

_SQL = queries("shard_placement")
_log = structlog.get_logger(__name__)

CLEANUP_INTERVAL_S = 3600.0
PARTITION_TIMEOUT_S = 6.0
"""Neither the cluster's server nor a host of another node answered: we are the ones cut off."""
STEP_DOWN_PAUSE_S = 20.0
"""Then somebody else may lead; a standby takes the lock within five seconds."""


class NetworkPartitionError(Exception):
    """This process cannot see the rest of the cluster."""


class Supervisor:
    """One loop; a second supervisor waits for the first one's lock in PostgreSQL."""

    def __init__(self, components: Components, nodes: ClusterNodes, node: str) -> None:
        """``node`` is the id of the node that this process runs on."""
        settings = components.settings
        self._components = components
        self._nodes = nodes
        self._node = node
        self._build_id = resolve_build_id(settings.build_id)
        self._background = BackgroundTaskSet("supervisor")
        self._fleet = ActorFleet(
            self._background, settings.build_id, host_actor.HOST_KIND, host_actor.create_host_actor
        )
        self._shard_map = ShardMap(components.database)
        most = max(settings.max_hosts or 0, settings.min_hosts)
        self._scaling_limits = ScalingLimits(
            settings.min_hosts, most, lag_ms=settings.host_lag_ms, idle_s=settings.host_idle_s
        )
        self._scaling = ScalingState(0)
        self._cleanup_timer = IntervalTimer(CLEANUP_INTERVAL_S)

    async def run(self) -> None:
        """Supervise while this process leads, until cancelled."""
        self._background.start(self._nodes.run())
        await run_periodically(
            "supervision_failed",
            PING_INTERVAL_S,
            self._lead_or_step_down,
            first_at_once=True,
            expected=(RayError,),
        )

    async def _lead_or_step_down(self) -> None:
        try:
            await self._lead()
        except NetworkPartitionError:
            _log.error("supervisor_stepped_down", node=self._node)
            await asyncio.sleep(STEP_DOWN_PAUSE_S)

    async def _lead(self) -> None:
        """Returns at once while another one leads."""
        async with self._components.database.system_session() as connection:
            if not await connection.fetchval(_SQL["try_leader_lock"], timeout=5):
                return
            await self._fleet.discover()
            self._scaling = ScalingState(len(self._fleet))
            _log.info("supervisor_leads", hosts=len(self._fleet), release=self._build_id)
            keeping = [self._background.start(each.run()) for each in self._pool_supervisors()]
            try:
                # Not periodic: an error must end it, or two supervisors would lead.
                while True:
                    await connection.execute("SELECT 1", timeout=5)  # the lock is lost with it
                    await self._tick()
                    await asyncio.sleep(PING_INTERVAL_S)
            finally:
                for each in keeping:
                    each.cancel()

    def _pool_supervisors(self) -> list[PoolSupervisor]:
        settings = self._components.settings
        limits = ScalingLimits(
            min_replicas(),
            max_pool_members(settings),
            lag_ms=math.inf,
            depth=MAX_CALLS_PER_MEMBER,
            idle_s=settings.host_idle_s,
        )
        return [
            PoolSupervisor(
                pool,
                limits,
                self._build_id,
                self._background,
                nodes=lambda: self._nodes.eligible_nodes(NodeRole.POOLS),
                configured_build_id=settings.build_id,
            )
            for pool in pool_names_for(settings.pool_layout)
        ]

    async def _tick(self) -> None:
        await self._fleet.ping_all()
        if self._is_partitioned():
            if self._nodes.seconds_since_answer >= PARTITION_TIMEOUT_S:
                raise NetworkPartitionError
            return  # whose shards to move is not ours to say
        await self._record_database_heartbeats()
        for host in self._fleet:
            if host.missed_pings >= MAX_MISSED_PINGS:
                self._fleet.declare_dead(host)
        await self._shard_map.rebalance(self._eligible_hosts(), list(self._fleet))
        self._rescale()
        await self._adjust_fleet()
        await self._clean_up()

    def _is_partitioned(self) -> bool:
        """No host of another node answers, though there are some, nor the cluster's server."""
        others = [
            host for host in self._fleet if host.heartbeat and host.heartbeat.node != self._node
        ]
        silent = all(host.missed_pings for host in others)
        return (
            bool(others) and silent and self._nodes.seconds_since_answer > PARTITION_TIMEOUT_S / 2
        )

    async def _record_database_heartbeats(self) -> None:
        async with self._components.database.as_system() as connection:
            rows = await connection.fetch(_SQL["recent_incarnations"])
        self._fleet.record_database_writes(row["incarnation"] for row in rows)

    def _eligible_hosts(self) -> dict[str, ManagedActor]:
        """Living hosts by name, without those that leave if the others are enough."""
        living = [host for host in self._fleet if host.is_alive]
        staying = [host for host in living if not host.draining]
        return {host.name: host for host in (staying if self._is_enough(staying) else living)}

    def _is_enough(self, staying: list[ManagedActor]) -> bool:
        return len(staying) >= min(self._target_size(), self._scaling_limits.max_size)

    def _rescale(self) -> None:
        loads = [
            h.heartbeat.load for h in self._fleet if h.heartbeat and h.is_alive and not h.draining
        ]
        before = self._scaling.size
        now = asyncio.get_running_loop().time()
        self._scaling = next_scaling_state(self._scaling, loads, self._scaling_limits, now)
        if self._scaling.size != before:
            _log.info("hosts_rescaled", before=before, now=self._scaling.size)

    def _target_size(self) -> int:
        """The scale, and one host for each node as far as the limits allow."""
        for_nodes = min(
            len(self._nodes.eligible_nodes(NodeRole.HOSTS)), self._scaling_limits.max_size
        )
        return max(self._scaling.size, for_nodes)

    async def _adjust_fleet(self) -> None:
        change = self._next_action()
        while isinstance(change, StartMemberAction):
            self._fleet.start_member(change.number, change.node)
            change = self._next_action()
        if isinstance(change, DrainMemberAction):
            self._fleet.drain_member(change.number, change.reason)
        await self._terminate_drained()

    def _next_action(self) -> FleetAction | None:
        seats = [host.to_fleet_member() for host in self._fleet]
        return next_fleet_action(
            seats, self._target_size(), self._nodes.eligible_nodes(NodeRole.HOSTS), self._build_id
        )

    async def _terminate_drained(self) -> None:
        """End those who leave and own nothing any more."""
        leaving = [host for host in self._fleet if host.draining]
        if not leaving:
            return
        owners = set((await self._shard_map.load_owners()).values())
        for host in leaving:
            if not host.incarnation or host.incarnation not in owners:
                async with self._components.database.as_system() as connection:
                    await connection.execute(_SQL["delete_host"], host.name)
                self._fleet.terminate(host)

    async def _clean_up(self) -> None:
        if self._cleanup_timer.restart_if_due():
            await self._components.inbox.purge_old_rows()
            await self._components.attachments.delete_unused()


def max_pool_members(settings: Settings) -> int:
    """Of each pool. Calls that wait need no core, so few members carry many of them; a machine of
    two cores that is busy gets slower by a second process.
    """
    most = settings.max_pool_members or (
        max(1, available_cores() // 2) if min_replicas() == 1 else 4 + 4 * min_replicas()
    )
    return max(most, min_replicas())


class SupervisorReplica:
    """The process that supervises; Serve restarts it, and hosts live on without it."""

    def __init__(self) -> None:
        self._settings = Settings.read()
        structured_logging.configure_logging(self._settings.log_level, json=True)
        resolve_build_id(self._settings.build_id)
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def check_health(self) -> None:
        """Serve asks regularly; a replica that does not supervise is replaced."""
        if self._task.done():
            raise RuntimeError("the supervision ended")

    async def _run(self) -> None:
        parts = await open_components(self._settings)
        node = ray.get_runtime_context().get_node_id()
        await Supervisor(parts, ClusterNodes(), node).run()


supervisor = serve.deployment(
    name="Supervisor",
    num_replicas=min_replicas(),
    max_ongoing_requests=20,
    health_check_period_s=10,
    graceful_shutdown_timeout_s=2,
    ray_actor_options=ray_actor_options(NodeRole.HOSTS, 0.05),
)(SupervisorReplica).bind()
