"""The detached actors of one kind (hosts, or members of a pool) as their supervisor sees them.

All are pinged concurrently, so that a slow one does not delay the others.
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
"""Time that a starting host has for its first answer, before a ping counts as missed."""
MAX_KILL_ATTEMPTS = 10
"""Attempts to kill a terminated host while the GCS is unreachable; each may take a minute."""
KILL_RETRY_S = 5.0

CreateActor = Callable[[str, str | None, str | None], Any]
"""Get or create an actor, given its name, preferred node and configured build id. Blocking."""


@dataclass(slots=True)
class ManagedActor:
    """One actor. ``heartbeat`` is its last answer; ``None`` before the first one and after its
    death.
    """

    number: int
    name: str
    """Ray actor name."""
    node: str | None = None
    """Node where it should start. Once it has answered, ``heartbeat.node`` is where it runs."""
    fresh: bool = False
    draining: bool = False
    heartbeat: Heartbeat | None = None
    missed_pings: int = 0
    missed_database_writes: int = 0
    """Consecutive rounds in which it had not written to PostgreSQL, though it may answer pings."""
    handle: Any = None
    ping_task: "asyncio.Task[None] | None" = None
    creation_task: "asyncio.Task[Any] | None" = None
    pinged_at: float = field(default_factory=time.monotonic)

    @property
    def is_alive(self) -> bool:
        """It has answered, and has not missed enough pings or database writes to be
        declared dead.
        """
        return (
            self.heartbeat is not None
            and self.missed_pings < MAX_MISSED_PINGS
            and self.missed_database_writes < MAX_MISSED_PINGS
        )

    @property
    def incarnation(self) -> str:
        """Incarnation of the process that answered last; empty when there is no heartbeat."""
        return self.heartbeat.incarnation if self.heartbeat is not None else ""

    @property
    def is_responsive(self) -> bool:
        """It answered the last ping."""
        return self.heartbeat is not None and not self.missed_pings

    def to_fleet_member(self) -> FleetMember:
        """The member as :func:`next_fleet_action` reads it."""
        heartbeat = self.heartbeat if self.is_alive else None
        if heartbeat is None:
            return FleetMember(self.number, self.node, None, self.fresh, self.draining)
        return FleetMember(
            self.number, heartbeat.node, heartbeat.build_id, self.fresh, self.draining
        )


class ActorFleet:
    """All actors of one kind, named ``{kind}-{number}``.

    Blocking calls (create, kill) run in tasks of their own: the GCS may be unreachable for a
    minute, and the shards of a dead host must move before that.
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
        """Load the actors of this kind that already exist. Raises ``RayError``."""
        actors = await asyncio.to_thread(list_named_actors, True)
        names = [
            str(actor["name"]).rpartition("-")
            for actor in actors
            if actor["namespace"] == RAY_NAMESPACE
        ]
        numbers = [int(n) for kind, _, n in names if kind == self._kind and n.isdigit()]
        self._members = {
            number: ManagedActor(number, self._name(number)) for number in sorted(numbers)
        }

    def start_member(self, number: int, node: str | None) -> None:
        """Add a member; the next ping creates its actor."""
        self._members[number] = ManagedActor(number, self._name(number), node, fresh=True)
        _log.info("host_started", host=self._members[number].name, node=node)

    def drain_member(self, number: int, reason: str) -> None:
        """Mark a member as leaving. It is terminated later, once the others are enough."""
        self._members[number].draining = True
        _log.info("host_draining", host=self._members[number].name, reason=reason)

    def terminate(self, host: ManagedActor) -> None:
        """Remove a member that owns nothing any more, and kill its actor without a restart."""
        del self._members[host.number]
        self._kill_tasks[host.number] = self._background.start(self._kill(host))
        _log.info("host_terminated", host=host.name)

    def declare_dead(self, host: ManagedActor) -> None:
        """Treat the host's incarnation as over, even if its process still runs, and kill it.

        Ray restarts it. The new process has ``START_TIMEOUT_S`` for its first answer, otherwise
        it would be killed again before it can answer.
        """
        _log.error("host_declared_dead", host=host.name)
        host.heartbeat, host.missed_pings = None, 0
        if host.handle is not None:
            self._background.start(asyncio.to_thread(ray.kill, host.handle, no_restart=False))

    async def _kill(self, host: ManagedActor) -> None:
        """Kill by name: we have no handle of a host that Ray is restarting, and it would stay
        alive.
        """
        if host.creation_task is not None:
            await asyncio.wait([host.creation_task])
        for _ in range(MAX_KILL_ATTEMPTS):
            try:
                return await asyncio.to_thread(kill_actor, host.name)
            except RayError as error:
                _log.warning("host_kill_failed", host=host.name, error=repr(error)[:300])
            await asyncio.sleep(KILL_RETRY_S)

    async def ping_all(self) -> None:
        """Ping all members concurrently; returns when all have answered, at the latest after
        ``PING_INTERVAL_S``.
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
        """Record which incarnations wrote to PostgreSQL recently, and count a miss for the others.

        An empty argument counts no miss: then PostgreSQL itself was unavailable.
        """
        writers = set(incarnations)
        for host in self:
            if host.heartbeat is None:
                continue
            has_written = host.heartbeat.incarnation in writers or not writers
            host.missed_database_writes = 0 if has_written else host.missed_database_writes + 1
            if host.missed_database_writes == MAX_MISSED_PINGS:
                _log.error("host_without_database", host=host.name)

    def _count_missed_ping(self, host: ManagedActor) -> None:
        if host.ping_task is None or host.ping_task.done():
            return
        timeout_s = START_TIMEOUT_S if host.heartbeat is None else PING_INTERVAL_S
        if time.monotonic() - host.pinged_at >= timeout_s:
            host.ping_task.cancel()
            host.missed_pings += 1
            _log.warning("host_missed_ping", host=host.name, misses=host.missed_pings)

    async def _ping(self, host: ManagedActor) -> None:
        try:
            if host.handle is None:
                host.handle = await self._create(host)
            heartbeat = Heartbeat.from_wire(await host.handle.ping.remote())
        except (RayError, ValueError) as error:
            # Ray reports the actor as dead: the next answer comes from a new incarnation.
            if host.heartbeat is not None:
                _log.warning("host_lost", host=host.name, error=repr(error)[:300])
            host.heartbeat, host.handle, host.missed_pings = None, None, 0
            return
        if host.heartbeat is None or heartbeat.incarnation != host.heartbeat.incarnation:
            _log.info(
                "host_joined",
                host=host.name,
                incarnation=heartbeat.incarnation,
                node=heartbeat.node,
                build_id=heartbeat.build_id,
            )
            host.missed_database_writes = 0
        host.heartbeat, host.missed_pings = heartbeat, 0

    def _name(self, number: int) -> str:
        return f"{self._kind}-{number}"

    async def _create(self, host: ManagedActor) -> Any:
        """Create the actor in a thread, one creation at a time.

        Cancelling the ping does not cancel that thread, so a later ping waits for the same
        creation. A pending kill of the same number ends first: until then the name still leads
        to the old actor.
        """
        if ending := self._kill_tasks.get(host.number):
            await asyncio.wait([ending])
            self._kill_tasks.pop(host.number, None)
        if host.creation_task is None or host.creation_task.done():
            host.creation_task = self._background.start(
                asyncio.to_thread(self._create_actor, host.name, host.node, self._build_id)
            )
        return await asyncio.shield(host.creation_task)
