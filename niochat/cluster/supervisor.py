"""Keeps enough hosts and assigns every shard to a live one.

Ray restarts dead actors, but does not notice processes that are suspended, partitioned or of an
older build. So every host is pinged once a second. The epoch of a shard grows with each change of
owner; from that commit on PostgreSQL refuses the former owner's writes, even if that host has not
learned of the change.
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
from niochat.composition.insights.export_services import build_export_purge
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
"""After this time without an answer from the GCS and from hosts of other nodes, this process
assumes that it is the partitioned one.
"""
STEP_DOWN_PAUSE_S = 20.0
"""Pause after stepping down. A standby takes the leader lock within five seconds."""


class NetworkPartitionError(Exception):
    """This process cannot reach the rest of the cluster."""


class Supervisor:
    """The supervision loop. Only the holder of the leader lock in PostgreSQL supervises."""

    def __init__(self, components: Components, nodes: ClusterNodes, node: str) -> None:
        """``node`` is the id of the Ray node on which this process runs."""
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
        max_size = max(settings.max_hosts or 0, settings.min_hosts)
        self._scaling_limits = ScalingLimits(
            settings.min_hosts, max_size, lag_ms=settings.host_lag_ms, idle_s=settings.host_idle_s
        )
        self._scaling = ScalingState(0)
        self._export_purge = build_export_purge(components)
        self._cleanup_timer = IntervalTimer(CLEANUP_INTERVAL_S)
        self._rows_left = False

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
        """Lead until an error ends it; returns at once while another supervisor leads."""
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
            return  # we may be the partitioned one: move no shards
        await self._record_database_heartbeats()
        for host in self._fleet:
            if host.missed_pings >= MAX_MISSED_PINGS:
                self._fleet.declare_dead(host)
        await self._shard_map.rebalance(self._eligible_hosts(), list(self._fleet))
        self._rescale()
        await self._adjust_fleet()
        await self._clean_up()

    def _is_partitioned(self) -> bool:
        """Whether hosts on other nodes exist, but neither they nor the GCS answer."""
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
        """Live hosts by name; without the draining ones if the others are enough."""
        living = [host for host in self._fleet if host.is_alive]
        remaining = [host for host in living if not host.draining]
        return {host.name: host for host in (remaining if self._is_enough(remaining) else living)}

    def _is_enough(self, remaining: list[ManagedActor]) -> bool:
        return len(remaining) >= min(self._target_size(), self._scaling_limits.max_size)

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
        """The scaled size, but at least one host for each eligible node within the limits."""
        for_nodes = min(
            len(self._nodes.eligible_nodes(NodeRole.HOSTS)), self._scaling_limits.max_size
        )
        return max(self._scaling.size, for_nodes)

    async def _adjust_fleet(self) -> None:
        action = self._next_action()
        while isinstance(action, StartMemberAction):
            self._fleet.start_member(action.number, action.node)
            action = self._next_action()
        if isinstance(action, DrainMemberAction):
            self._fleet.drain_member(action.number, action.reason)
        await self._terminate_drained()

    def _next_action(self) -> FleetAction | None:
        members = [host.to_fleet_member() for host in self._fleet]
        return next_fleet_action(
            members, self._target_size(), self._nodes.eligible_nodes(NodeRole.HOSTS), self._build_id
        )

    async def _terminate_drained(self) -> None:
        """Terminate draining hosts that own no shard any more."""
        draining = [host for host in self._fleet if host.draining]
        if not draining:
            return
        owners = set((await self._shard_map.load_owners()).values())
        for host in draining:
            if not host.incarnation or host.incarnation not in owners:
                async with self._components.database.as_system() as connection:
                    await connection.execute(_SQL["delete_host"], host.name)
                self._fleet.terminate(host)

    async def _clean_up(self) -> None:
        """One batch in each tick until nothing old is left: an hour's rows are many batches."""
        due = self._cleanup_timer.restart_if_due()
        if due or self._rows_left:
            self._rows_left = await self._components.inbox.purge_old_rows()
        if due:
            await self._components.attachments.delete_unused()
            await self._export_purge.delete_expired()


def max_pool_members(settings: Settings) -> int:
    """Maximum number of members of each pool.

    Waiting calls need no core, so few members carry many of them. A second process would slow
    down a busy machine with two cores.
    """
    max_size = settings.max_pool_members or (
        max(1, available_cores() // 2) if min_replicas() == 1 else 4 + 4 * min_replicas()
    )
    return max(max_size, min_replicas())


class SupervisorReplica:
    """Serve replica that runs the supervisor. Serve restarts it; hosts keep running without it."""

    def __init__(self) -> None:
        self._settings = Settings.read()
        structured_logging.configure_logging(self._settings.log_level, json=True)
        resolve_build_id(self._settings.build_id)
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def check_health(self) -> None:
        """Called by Serve regularly; raises when supervision has ended, so that Serve
        replaces us.
        """
        if self._task.done():
            raise RuntimeError("the supervision ended")

    async def _run(self) -> None:
        components = await open_components(self._settings)
        node = ray.get_runtime_context().get_node_id()
        await Supervisor(components, ClusterNodes(), node).run()


supervisor = serve.deployment(
    name="Supervisor",
    num_replicas=min_replicas(),
    max_ongoing_requests=20,
    health_check_period_s=10,
    graceful_shutdown_timeout_s=2,
    ray_actor_options=ray_actor_options(NodeRole.HOSTS, 0.05),
)(SupervisorReplica).bind()
