"""The members of a pool as their callers see them: who is there, and which one is asked.

A member is a named Ray actor (:mod:`niochat.actors.pool_actor`) that the supervisor keeps. Its
callers find it by Ray's list of names, so that nobody has to tell them, and ask it in groups
(:mod:`niochat.runtime.exchange`).
"""

import asyncio
import pickle
import random
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import ray
import structlog
from ray.exceptions import RayError
from ray.util import list_named_actors

from niochat.actors.gateway import NAMESPACE
from niochat.runtime.exchange import Call, Link, NotBegun, Reply
from niochat.runtime.tasks import Owner

_log = structlog.get_logger(__name__)

KNOWN_FOR_S = 15.0
"""Age at which the list of members is read again by who uses it."""
LOOK_EVERY_S = 0.5
"""Between two looks while nobody is there, and between two tries to reach a member."""
PING_WITHIN_S = 10.0

List = Callable[[], Awaitable[Iterable[str]]]
"""Names of all our actors. Raises ``RayError``."""
Reach = Callable[[str], Awaitable[Link]]
"""A link to the member of that name, once it has answered. Raises ``RayError``, ``ValueError``,
``TimeoutError``."""


@dataclass(slots=True)
class _Member:
    """``link`` is ``None`` until it has answered, and again after it was lost."""

    name: str
    link: Link | None = None
    opening: "asyncio.Task[None] | None" = field(default=None, repr=False)
    leaving: bool = False
    """It takes no more calls; what it has begun it ends."""


class Pool:
    """Asks the member that has the least of ours to do."""

    def __init__(
        self,
        name: str,
        *,
        names: List | None = None,
        reach: Reach | None = None,
        look_every_s: float = LOOK_EVERY_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Members are called ``{name}-{number}``. ``names`` and ``reach``: how they are found;
        by Ray, if nothing else is said.
        """
        self._prefix = f"{name}-"
        self._names = names or _names
        self._reach = reach or _reach
        self._look_every_s = look_every_s
        self._clock = clock
        self._members: dict[str, _Member] = {}
        self._looked_at = float("-inf")
        self._looking: asyncio.Task[None] | None = None
        self._owner = Owner(f"pool {name}")

    @property
    def size(self) -> int:
        """Members as of the last look, one at least."""
        return max(len(self._members), 1)

    async def call(self, method: str, *arguments: object) -> Any:
        """The answer of some member; waits until there is one. Cancelling this cancels it there.

        Raises ``LinkLost`` when the member is gone, ``CallFailed`` when it raised.
        """
        while True:
            member, link = await self._chosen()
            try:
                return await link.call(method, *arguments)
            except NotBegun:
                member.leaving = True

    async def ping(self) -> None:
        """Returns once some member answers. Raises ``LinkLost``."""
        _, link = await self._chosen()
        await link.ping()

    def look(self) -> None:
        """Have the list of members read again if it is old. Nobody waits for it: without the
        cluster's server it lasts a minute, and the members that are known answer meanwhile.
        """
        old = self._clock() - self._looked_at >= KNOWN_FOR_S
        if old and (self._looking is None or self._looking.done()):
            self._looking = self._owner.start(self._look())

    async def _chosen(self) -> tuple[_Member, Link]:
        while True:
            self.look()
            self._reopen_lost()
            able = [
                (each, each.link)
                for each in self._members.values()
                if each.link is not None and not each.leaving
            ]
            if able:
                return min(able, key=lambda pair: (len(pair[1]), random.random()))
            self._looked_at = float("-inf")  # somebody new may be there already
            await self._somebody()

    def _reopen_lost(self) -> None:
        """Members whose link was lost are reached for anew: Ray restarts them."""
        for member in list(self._members.values()):
            if member.link is not None and member.link.lost:
                self._open(member.name)

    async def _somebody(self) -> None:
        """Somebody may answer now, or some time has passed."""
        tasks = [each.opening for each in self._members.values()]
        if not self._members:
            tasks.append(self._looking)
        waited_for = [task for task in tasks if task is not None and not task.done()]
        if waited_for:
            await asyncio.wait(
                waited_for, timeout=self._look_every_s, return_when=asyncio.FIRST_COMPLETED
            )
        else:
            await asyncio.sleep(self._look_every_s)

    async def _look(self) -> None:
        try:
            found = {name for name in await self._names() if name.startswith(self._prefix)}
        except RayError as error:
            _log.warning("pool_not_seen", error=repr(error)[:200])
            return
        self._looked_at = self._clock()
        for name in self._members.keys() - found:
            del self._members[name]
        for name in found - self._members.keys():
            self._open(name)

    def _open(self, name: str) -> None:
        member = self._members[name] = _Member(name)
        member.opening = self._owner.start(self._reach_for(member))

    async def _reach_for(self, member: _Member) -> None:
        """Until it answers, or is not listed any more."""
        while self._members.get(member.name) is member:
            try:
                member.link = await self._reach(member.name)
            except (RayError, ValueError, TimeoutError) as error:
                _log.debug("pool_member_away", member=member.name, error=repr(error)[:200])
                await asyncio.sleep(self._look_every_s)
            else:
                member.opening = None
                return


async def _names() -> Iterable[str]:
    # Synchronous, and without the cluster's server it lasts: never on the event loop.
    found = await asyncio.to_thread(list_named_actors, True)
    return [str(each["name"]) for each in found if each["namespace"] == NAMESPACE]


async def _reach(name: str) -> Link:
    handle = await asyncio.to_thread(ray.get_actor, name, namespace=NAMESPACE)
    async with asyncio.timeout(PING_WITHIN_S):
        await handle.ping.remote()
    return Link(_Wire(handle).send)


class _Wire:
    """Carries the messages of one link. They are pickled here: Ray's own pickling looks at every
    object in Python, and costs several times as much.
    """

    def __init__(self, handle: Any) -> None:
        self._handle = handle
        self._caller = secrets.token_hex(8)

    async def send(self, calls: Sequence[Call], cancelled: Sequence[int]) -> Sequence[Reply]:
        """One exchange. Raises ``RayError`` when the member is gone."""
        message = pickle.dumps((self._caller, calls, cancelled), pickle.HIGHEST_PROTOCOL)
        replies: Sequence[Reply] = pickle.loads(await self._handle.exchange.remote(message))
        return replies
