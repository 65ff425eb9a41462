"""Scales one pool to its load, and replaces members that do not answer or run another build."""

import asyncio
from collections.abc import Callable, Sequence

import structlog
from ray.exceptions import RayError

from niochat.cluster.actor_fleet import (
    MAX_MISSED_PINGS,
    PING_INTERVAL_S,
    ActorFleet,
    CreateActor,
    ManagedActor,
)
from niochat.cluster.pools import pool_actor
from niochat.cluster.pools.pool_clients import PoolName
from niochat.runtime.background_tasks import BackgroundTaskSet
from niochat.runtime.fleet.autoscaling import ScalingLimits, ScalingState, next_scaling_state
from niochat.runtime.fleet.fleet_plan import DrainMemberAction, StartMemberAction, next_fleet_action
from niochat.runtime.periodic_loop import run_periodically

_log = structlog.get_logger(__name__)

MAX_CALLS_PER_MEMBER = 60
"""Calls in progress per member above which the pool is scaled up. The number is high because calls
mostly wait for a model or an ERP, and below what a member accepts, so that turns wait in the fair
queue and not in the member.
"""
DRAIN_TIMEOUT_S = 200.0
"""Time that a draining member's calls have to end: the timeout of a turn."""


class PoolSupervisor:
    """Supervision loop of one pool; it runs while this process is the leading supervisor."""

    def __init__(
        self,
        pool: PoolName,
        limits: ScalingLimits,
        build_id: str,
        background: BackgroundTaskSet,
        *,
        nodes: Callable[[], Sequence[str]],
        configured_build_id: str | None = None,
        create: CreateActor = pool_actor.create_pool_actor,
    ) -> None:
        """``build_id`` is that of the running code; ``configured_build_id`` the one that the
        operator set, if any. ``nodes`` returns the nodes that may carry members now; ``create``
        gets or creates a member.
        """
        self._pool = pool
        self._scaling_limits = limits
        self._build_id = build_id
        self._nodes = nodes
        self._fleet = ActorFleet(background, configured_build_id, pool, create)
        self._background = background
        self._scaling = ScalingState(limits.min_size)
        self._draining_since: dict[int, float] = {}

    async def run(self) -> None:
        """Supervise the pool, until cancelled."""
        discovered = False

        async def supervise() -> None:
            nonlocal discovered
            if not discovered:
                await self.discover()
                discovered = True
            await self.supervise()

        await run_periodically(
            "pool_supervision_failed",
            PING_INTERVAL_S,
            supervise,
            first_at_once=True,
            expected=(RayError,),
            pool=self._pool,
        )

    async def discover(self) -> None:
        """Load the members that already exist. Raises ``RayError``."""
        await self._fleet.discover()

    async def supervise(self) -> None:
        """One round: ping all members, replace dead ones, scale to the load, end drained ones."""
        await self._fleet.ping_all()
        for member in self._fleet:
            if member.missed_pings >= MAX_MISSED_PINGS:
                self._fleet.declare_dead(member)
        loads = [
            m.heartbeat.load for m in self._fleet if m.heartbeat and m.is_alive and not m.draining
        ]
        now = asyncio.get_running_loop().time()
        self._scaling = next_scaling_state(self._scaling, loads, self._scaling_limits, now)
        self._adjust_fleet()
        for member in self._fleet:
            if member.draining and self._is_drained(member, now):
                self._fleet.terminate(member)

    def _adjust_fleet(self) -> None:
        while True:
            members = [member.to_fleet_member() for member in self._fleet]
            match next_fleet_action(members, self._scaling.size, self._nodes(), self._build_id):
                case StartMemberAction(number, node):
                    self._fleet.start_member(number, node)
                case DrainMemberAction(number, reason):
                    self._fleet.drain_member(number, reason)
                    return
                case None:
                    return

    def _is_drained(self, member: ManagedActor, now: float) -> bool:
        """Whether a draining member may end: it is dead, has no calls left, or took too long.

        The first call that finds enough substitutes asks the member to refuse new calls.
        """
        if not member.is_alive:
            return True
        if member.number not in self._draining_since:
            if not self._has_substitutes():
                return False
            self._draining_since[member.number] = now
            self._background.start(_ask_to_leave(member))
            return False
        assert member.heartbeat is not None
        timed_out = now - self._draining_since[member.number] > DRAIN_TIMEOUT_S
        is_finished = (
            now - self._draining_since[member.number] > PING_INTERVAL_S
            and not member.heartbeat.load.depth
        )
        if timed_out or is_finished:
            del self._draining_since[member.number]
        return timed_out or is_finished

    def _has_substitutes(self) -> bool:
        """Whether enough live members remain without the draining ones."""
        remaining = [each for each in self._fleet if each.is_alive and not each.draining]
        return len(remaining) >= self._scaling.size


async def _ask_to_leave(member: ManagedActor) -> None:
    try:
        await member.handle.leave.remote()
    except RayError as error:
        _log.warning("member_drain_failed", member=member.name, error=repr(error)[:200])
