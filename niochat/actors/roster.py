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

from niochat.actors.detached import end
from niochat.actors.gateway import NAMESPACE
from niochat.actors.vitals import Vitals
from niochat.runtime.staffing import Seat
from niochat.runtime.tasks import Owner

_log = structlog.get_logger(__name__)

PING_S = 1.0
MISSES = 5
START_S = 30.0
"""A host that starts has so long for its first answer."""
END_TRIES = 10
"""Of a host that is dismissed, while the cluster's server is away; each may last a minute."""
END_PAUSE_S = 5.0

Create = Callable[[str, str | None, str | None], Any]
"""Makes an actor, or finds it: its name, the node it should start on, the release; blocking."""


@dataclass(slots=True)
class Host:
    """One actor. ``vitals`` is its last answer; ``None``: it has not answered yet, or died."""

    number: int
    name: str
    """Ray's name of it."""
    node: str | None = None
    """Where it should start; afterwards ``vitals`` says where it is."""
    fresh: bool = False
    leaving: bool = False
    vitals: Vitals | None = None
    misses: int = 0
    deaf: int = 0
    """Looks in a row in which it answered us but had not written to PostgreSQL."""
    handle: Any = None
    ping: "asyncio.Task[None] | None" = None
    creation: "asyncio.Task[Any] | None" = None
    pinged_at: float = field(default_factory=time.monotonic)

    @property
    def lives(self) -> bool:
        """Answers, or has not missed enough to be given up."""
        return self.vitals is not None and self.misses < MISSES and self.deaf < MISSES

    @property
    def incarnation(self) -> str:
        """Of the process that answered last; empty before and after it."""
        return self.vitals.incarnation if self.vitals is not None else ""

    @property
    def answers(self) -> bool:
        """Answered the last ping."""
        return self.vitals is not None and not self.misses

    def seat(self) -> Seat:
        """For staffing."""
        vitals = self.vitals if self.lives else None
        if vitals is None:
            return Seat(self.number, self.node, None, self.fresh, self.leaving)
        return Seat(self.number, vitals.node, vitals.release, self.fresh, self.leaving)


class Roster:
    """All actors of one kind, named ``{kind}-{number}``. What blocks (creating, killing) has tasks
    of its own: the cluster's server may be away for a minute, and the shards of a dead host cannot
    wait for it.
    """

    def __init__(self, owner: Owner, release: str | None, kind: str, create: Create) -> None:
        self._owner = owner
        self._kind = kind
        self._new = create
        self._release = release
        self._hosts: dict[int, Host] = {}
        self._endings: dict[int, asyncio.Task[None]] = {}

    def __iter__(self) -> Iterator[Host]:
        return iter(list(self._hosts.values()))

    def __len__(self) -> int:
        return len(self._hosts)

    async def discover(self) -> None:
        """Begin with the hosts that there are. Raises ``RayError``."""
        found = await asyncio.to_thread(list_named_actors, True)
        names = [str(each["name"]).rpartition("-") for each in found
                 if each["namespace"] == NAMESPACE]  # fmt: skip
        numbers = [int(n) for kind, _, n in names if kind == self._kind and n.isdigit()]
        self._hosts = {number: Host(number, self._name(number)) for number in sorted(numbers)}

    def hire(self, number: int, node: str | None) -> None:
        """A new host; the next pings start it."""
        self._hosts[number] = Host(number, self._name(number), node, fresh=True)
        _log.info("host_hired", host=self._hosts[number].name, node=node)

    def retire(self, number: int, why: str) -> None:
        """It leaves as soon as the others are enough."""
        self._hosts[number].leaving = True
        _log.info("host_retired", host=self._hosts[number].name, why=why)

    def dismiss(self, host: Host) -> None:
        """It owns nothing any more: end its process for good."""
        del self._hosts[host.number]
        self._endings[host.number] = self._owner.start(self._end(host))
        _log.info("host_dismissed", host=host.name)

    def give_up(self, host: Host) -> None:
        """Its incarnation is over, whatever it still does. Ray starts another one, which gets
        the time of a beginner: else it would be killed again before it can answer.
        """
        _log.error("host_given_up", host=host.name)
        host.vitals, host.misses = None, 0
        if host.handle is not None:
            self._owner.start(asyncio.to_thread(ray.kill, host.handle, no_restart=False))

    async def _end(self, host: Host) -> None:
        """By name: of a host that Ray restarts we have no handle, and it would live on unseen."""
        if host.creation is not None:
            await asyncio.wait([host.creation])
        for _ in range(END_TRIES):
            try:
                return await asyncio.to_thread(end, host.name)
            except RayError as error:
                _log.warning("host_not_ended", host=host.name, error=repr(error)[:300])
            await asyncio.sleep(END_PAUSE_S)

    async def ping_all(self) -> None:
        """Ask everybody; returns when all have answered, within ``PING_S`` at the latest."""
        for host in self:
            if host.ping is None or host.ping.done():
                host.pinged_at = time.monotonic()
                host.ping = self._owner.start(self._ping(host))
        pings = [host.ping for host in self if host.ping is not None]
        if pings:
            await asyncio.wait(pings, timeout=PING_S)
        for host in self:
            self._count(host)

    def hear(self, incarnations: Iterable[str]) -> None:
        """These wrote to PostgreSQL lately. If nobody did, it was PostgreSQL that was away."""
        heard = set(incarnations)
        for host in self:
            if host.vitals is None:
                continue
            written = host.vitals.incarnation in heard or not heard
            host.deaf = 0 if written else host.deaf + 1
            if host.deaf == MISSES:
                _log.error("host_cut_from_database", host=host.name)

    def _count(self, host: Host) -> None:
        if host.ping is None or host.ping.done():
            return
        patience_s = START_S if host.vitals is None else PING_S
        if time.monotonic() - host.pinged_at >= patience_s:
            host.ping.cancel()
            host.misses += 1
            _log.warning("host_missed_ping", host=host.name, misses=host.misses)

    async def _ping(self, host: Host) -> None:
        try:
            if host.handle is None:
                host.handle = await self._create(host)
            vitals = Vitals.from_wire(await host.handle.ping.remote())
        except (RayError, ValueError) as error:
            # Ray says it is gone: its incarnation is over, a new one will answer.
            if host.vitals is not None:
                _log.warning("host_gone", host=host.name, error=repr(error)[:300])
            host.vitals, host.handle, host.misses = None, None, 0
            return
        if host.vitals is None or vitals.incarnation != host.vitals.incarnation:
            _log.info("host_joined", host=host.name, incarnation=vitals.incarnation,
                      node=vitals.node, release=vitals.release)  # fmt: skip
            host.deaf = 0
        host.vitals, host.misses = vitals, 0

    def _name(self, number: int) -> str:
        return f"{self._kind}-{number}"

    async def _create(self, host: Host) -> Any:
        """One creation at a time: who cancels the ping does not cancel the thread. And after
        the end of the last one of this number, or its name would lead to it.
        """
        if ending := self._endings.get(host.number):
            await asyncio.wait([ending])
            self._endings.pop(host.number, None)
        if host.creation is None or host.creation.done():
            host.creation = self._owner.start(
                asyncio.to_thread(self._new, host.name, host.node, self._release)
            )
        return await asyncio.shield(host.creation)
