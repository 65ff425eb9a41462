"""The actors that the supervisor keeps (hosts, members of a pool) as it knows them: pinged side by
side, so that none waits for another.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import ray
import structlog
from ray.exceptions import RayError
from ray.util import list_named_actors

from niochat.cluster.actor_client import RAY_NAMESPACE
from niochat.cluster.detached_actors import kill_actor
from niochat.cluster.heartbeat import Heartbeat
from niochat.runtime.background_tasks import BackgroundTaskSet
from niochat.runtime.fleet.fleet_plan import FleetMember

_log = structlog.get_logger(__name__)

PING_INTERVAL_S = 1.0
MAX_MISSED_PINGS = 5
START_TIMEOUT_S = 30.0
"""A host that starts has so long for its first answer."""
MAX_KILL_ATTEMPTS = 10
"""Of a host that is dismissed, while the cluster's server is away; each may last a minute."""
KILL_RETRY_S = 5.0

CreateActor = Callable[[str, str | None, str | None], Any]
"""Makes an actor, or finds it: its name, the node it should start on, the release; blocking."""


@dataclass(slots=True)
class ManagedActor:
    """One actor. ``vitals`` is its last answer; ``None``: it has not answered yet, or died."""

    number: int
    name: str
    """Ray's name of it."""
    node: str | None = None
    """Where it should start; afterwards ``vitals`` says where it is."""
    fresh: bool = False
    draining: bool = False
    heartbeat: Heartbeat | None = None
    missed_pings: int = 0
    missed_database_writes: int = 0
    """Looks in a row in which it answered us but had not written to PostgreSQL."""
    handle: Any = None
    ping_task: "asyncio.Task[None] | None" = None
    creation_task: "asyncio.Task[Any] | None" = None
    pinged_at: float = field(default_factory=time.monotonic)

    @property
    def is_alive(self) -> bool:
        """Answers, or has not missed enough to be given up."""
        return (
            self.heartbeat is not None
            and self.missed_pings < MAX_MISSED_PINGS
            and self.missed_database_writes < MAX_MISSED_PINGS
        )

    @property
    def incarnation(self) -> str:
        """Of the process that answered last; empty before and after it."""
        return self.heartbeat.incarnation if self.heartbeat is not None else ""

    @property
    def is_responsive(self) -> bool:
        """Answered the last ping."""
        return self.heartbeat is not None and not self.missed_pings

    def to_fleet_member(self) -> FleetMember:
        """For staffing."""
        vitals = self.heartbeat if self.is_alive else None
        if vitals is None:
            return FleetMember(self.number, self.node, None, self.fresh, self.draining)
        return FleetMember(self.number, vitals.node, vitals.build_id, self.fresh, self.draining)


class ActorFleet:
    """All actors of one kind, named ``{kind}-{number}``. What blocks (creating, killing) has tasks
    of its own: the cluster's server may be away for a minute, and the shards of a dead host cannot
    wait for it.
    """

    def __init__(
        self, background: BackgroundTaskSet, build_id: str | None, kind: str, create: CreateActor
    ) -> None:
        self._background = background
        self._kind = kind
        self._create_actor = create
        self._build_id = build_id
        self._members: dict[int, ManagedActor] = {}
        self._kill_tasks: dict[int, asyncio.Task[None]] = {}

    def __iter__(self) -> Iterator[ManagedActor]:
        return iter(list(self._members.values()))

    def __len__(self) -> int:
        return len(self._members)

    async def discover(self) -> None:
        """Begin with the hosts that there are. Raises ``RayError``."""
        found = await asyncio.to_thread(list_named_actors, True)
        names = [
            str(each["name"]).rpartition("-")
            for each in found
            if each["namespace"] == RAY_NAMESPACE
        ]
        numbers = [int(n) for kind, _, n in names if kind == self._kind and n.isdigit()]
        self._members = {
            number: ManagedActor(number, self._name(number)) for number in sorted(numbers)
        }

    def start_member(self, number: int, node: str | None) -> None:
        """A new host; the next pings start it."""
        self._members[number] = ManagedActor(number, self._name(number), node, fresh=True)
        _log.info("host_hired", host=self._members[number].name, node=node)

    def drain_member(self, number: int, reason: str) -> None:
        """It leaves as soon as the others are enough."""
        self._members[number].draining = True
        _log.info("host_retired", host=self._members[number].name, why=reason)

    def terminate(self, host: ManagedActor) -> None:
        """It owns nothing any more: end its process for good."""
        del self._members[host.number]
        self._kill_tasks[host.number] = self._background.start(self._kill(host))
        _log.info("host_dismissed", host=host.name)

    def declare_dead(self, host: ManagedActor) -> None:
        """Its incarnation is over, whatever it still does. Ray starts another one, which gets
        the time of a beginner: else it would be killed again before it can answer.
        """
        _log.error("host_given_up", host=host.name)
        host.heartbeat, host.missed_pings = None, 0
        if host.handle is not None:
            self._background.start(asyncio.to_thread(ray.kill, host.handle, no_restart=False))

    async def _kill(self, host: ManagedActor) -> None:
        """By name: of a host that Ray restarts we have no handle, and it would live on unseen."""
        if host.creation_task is not None:
            await asyncio.wait([host.creation_task])
        for _ in range(MAX_KILL_ATTEMPTS):
            try:
                return await asyncio.to_thread(kill_actor, host.name)
            except RayError as error:
                _log.warning("host_not_ended", host=host.name, error=repr(error)[:300])
            await asyncio.sleep(KILL_RETRY_S)

    async def ping_all(self) -> None:
        """Ask everybody; returns when all have answered, within ``PING_INTERVAL_S`` at the
        latest.
        """
        for host in self:
            if host.ping_task is None or host.ping_task.done():
                host.pinged_at = time.monotonic()
                host.ping_task = self._background.start(self._ping(host))
        pings = [host.ping_task for host in self if host.ping_task is not None]
        if pings:
            await asyncio.wait(pings, timeout=PING_INTERVAL_S)
        for host in self:
            self._count_missed_ping(host)

    def record_database_writes(self, incarnations: Iterable[str]) -> None:
        """These wrote to PostgreSQL lately. If nobody did, it was PostgreSQL that was away."""
        heard = set(incarnations)
        for host in self:
            if host.heartbeat is None:
                continue
            written = host.heartbeat.incarnation in heard or not heard
            host.missed_database_writes = 0 if written else host.missed_database_writes + 1
            if host.missed_database_writes == MAX_MISSED_PINGS:
                _log.error("host_cut_from_database", host=host.name)

    def _count_missed_ping(self, host: ManagedActor) -> None:
        if host.ping_task is None or host.ping_task.done():
            return
        patience_s = START_TIMEOUT_S if host.heartbeat is None else PING_INTERVAL_S
        if time.monotonic() - host.pinged_at >= patience_s:
            host.ping_task.cancel()
            host.missed_pings += 1
            _log.warning("host_missed_ping", host=host.name, misses=host.missed_pings)

    async def _ping(self, host: ManagedActor) -> None:
        try:
            if host.handle is None:
                host.handle = await self._create(host)
            vitals = Heartbeat.from_wire(await host.handle.ping.remote())
        except (RayError, ValueError) as error:
            # Ray says it is gone: its incarnation is over, a new one will answer.
            if host.heartbeat is not None:
                _log.warning("host_gone", host=host.name, error=repr(error)[:300])
            host.heartbeat, host.handle, host.missed_pings = None, None, 0
            return
        if host.heartbeat is None or vitals.incarnation != host.heartbeat.incarnation:
            _log.info(
                "host_joined",
                host=host.name,
                incarnation=vitals.incarnation,
                node=vitals.node,
                release=vitals.build_id,
            )
            host.missed_database_writes = 0
        host.heartbeat, host.missed_pings = vitals, 0

    def _name(self, number: int) -> str:
        return f"{self._kind}-{number}"

    async def _create(self, host: ManagedActor) -> Any:
        """One creation at a time: who cancels the ping does not cancel the thread. And after
        the end of the last one of this number, or its name would lead to it.
        """
        if ending := self._kill_tasks.get(host.number):
            await asyncio.wait([ending])
            self._kill_tasks.pop(host.number, None)
        if host.creation_task is None or host.creation_task.done():
            host.creation_task = self._background.start(
                asyncio.to_thread(self._create_actor, host.name, host.node, self._build_id)
            )
        return await asyncio.shield(host.creation_task)
