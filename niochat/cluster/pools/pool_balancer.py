"""The members of a pool as their callers see them: who is there, and which one is asked.

A member is a named Ray actor (:mod:`niochat.cluster.pools.pool_actor`) that the supervisor keeps.
Its callers find it by Ray's list of names, so that nobody has to tell them, and ask it in groups
(:mod:`niochat.runtime.batched_rpc`).
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

from niochat.cluster.actor_client import RAY_NAMESPACE
from niochat.runtime.background_tasks import BackgroundTaskSet
from niochat.runtime.batched_rpc import BatchedRpcClient, RpcCall, RpcNotStartedError, RpcReply

_log = structlog.get_logger(__name__)

MAX_LIST_AGE_S = 15.0
"""Age at which the list of members is read again by who uses it."""
RETRY_INTERVAL_S = 0.5
"""Between two looks while nobody is there, and between two tries to reach a member."""
PING_TIMEOUT_S = 10.0

ListMembers = Callable[[], Awaitable[Iterable[str]]]
"""Names of all our actors. Raises ``RayError``."""
ConnectMember = Callable[[str], Awaitable[BatchedRpcClient]]
"""A link to the member of that name, once it has answered. Raises ``RayError``, ``ValueError``,
``TimeoutError``."""


@dataclass(slots=True)
class _Member:
    """``link`` is ``None`` until it has answered, and again after it was lost."""

    name: str
    client: BatchedRpcClient | None = None
    opening: "asyncio.Task[None] | None" = field(default=None, repr=False)
    draining: bool = False
    """It takes no more calls; what it has begun it ends."""


class PoolBalancer:
    """Asks the member that has the least of ours to do."""

    def __init__(
        self,
        name: str,
        *,
        list_members: ListMembers | None = None,
        connect_member: ConnectMember | None = None,
        retry_interval_s: float = RETRY_INTERVAL_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Members are called ``{name}-{number}``. ``names`` and ``reach``: how they are found;
        by Ray, if nothing else is said.
        """
        self._prefix = f"{name}-"
        self._list_members = list_members or _list_ray_actors
        self._connect_member = connect_member or _connect_ray_actor
        self._retry_interval_s = retry_interval_s
        self._clock = clock
        self._members: dict[str, _Member] = {}
        self._refreshed_at = float("-inf")
        self._refresh_task: asyncio.Task[None] | None = None
        self._background = BackgroundTaskSet(f"pool {name}")

    @property
    def size(self) -> int:
        """Members as of the last look, one at least."""
        return max(len(self._members), 1)

    async def call(self, method: str, *arguments: object) -> Any:
        """The answer of some member; waits until there is one. Cancelling this cancels it there.

        Raises ``RpcConnectionLost`` when the member is gone, ``RpcCallError`` when it raised.
        """
        while True:
            member, link = await self._choose_member()
            try:
                return await link.call(method, *arguments)
            except RpcNotStartedError:
                member.draining = True

    async def ping(self) -> None:
        """Returns once some member answers. Raises ``RpcConnectionLost``."""
        _, link = await self._choose_member()
        await link.ping()

    def refresh_when_old(self) -> None:
        """Have the list of members read again if it is old. Nobody waits for it: without the
        cluster's server it lasts a minute, and the members that are known answer meanwhile.
        """
        old = self._clock() - self._refreshed_at >= MAX_LIST_AGE_S
        if old and (self._refresh_task is None or self._refresh_task.done()):
            self._refresh_task = self._background.start(self._refresh())

    async def _choose_member(self) -> tuple[_Member, BatchedRpcClient]:
        while True:
            self.refresh_when_old()
            self._reconnect_lost()
            able = [
                (each, each.client)
                for each in self._members.values()
                if each.client is not None and not each.draining
            ]
            if able:
                return min(able, key=lambda pair: (len(pair[1]), random.random()))
            self._refreshed_at = float("-inf")  # somebody new may be there already
            await self._wait_for_member()

    def _reconnect_lost(self) -> None:
        """Members whose link was lost are reached for anew: Ray restarts them."""
        for member in list(self._members.values()):
            if member.client is not None and member.client.is_lost:
                self._connect(member.name)

    async def _wait_for_member(self) -> None:
        """Somebody may answer now, or some time has passed."""
        tasks = [each.opening for each in self._members.values()]
        if not self._members:
            tasks.append(self._refresh_task)
        waited_for = [task for task in tasks if task is not None and not task.done()]
        if waited_for:
            await asyncio.wait(
                waited_for, timeout=self._retry_interval_s, return_when=asyncio.FIRST_COMPLETED
            )
        else:
            await asyncio.sleep(self._retry_interval_s)

    async def _refresh(self) -> None:
        try:
            found = {name for name in await self._list_members() if name.startswith(self._prefix)}
        except RayError as error:
            _log.warning("pool_not_seen", error=repr(error)[:200])
            return
        self._refreshed_at = self._clock()
        for name in self._members.keys() - found:
            del self._members[name]
        for name in found - self._members.keys():
            self._connect(name)

    def _connect(self, name: str) -> None:
        member = self._members[name] = _Member(name)
        member.opening = self._background.start(self._connect_until_answered(member))

    async def _connect_until_answered(self, member: _Member) -> None:
        """Until it answers, or is not listed any more."""
        while self._members.get(member.name) is member:
            try:
                member.client = await self._connect_member(member.name)
            except (RayError, ValueError, TimeoutError) as error:
                _log.debug("pool_member_away", member=member.name, error=repr(error)[:200])
                await asyncio.sleep(self._retry_interval_s)
            else:
                member.opening = None
                return


async def _list_ray_actors() -> Iterable[str]:
    # Synchronous, and without the cluster's server it lasts: never on the event loop.
    found = await asyncio.to_thread(list_named_actors, True)
    return [str(each["name"]) for each in found if each["namespace"] == RAY_NAMESPACE]


async def _connect_ray_actor(name: str) -> BatchedRpcClient:
    handle = await asyncio.to_thread(ray.get_actor, name, namespace=RAY_NAMESPACE)
    async with asyncio.timeout(PING_TIMEOUT_S):
        await handle.ping.remote()
    return BatchedRpcClient(_RayTransport(handle).send)


class _RayTransport:
    """Carries the messages of one link. They are pickled here: Ray's own pickling looks at every
    object in Python, and costs several times as much.
    """

    def __init__(self, handle: Any) -> None:
        self._handle = handle
        self._caller = secrets.token_hex(8)

    async def send(self, calls: Sequence[RpcCall], cancelled: Sequence[int]) -> Sequence[RpcReply]:
        """One exchange. Raises ``RayError`` when the member is gone."""
        message = pickle.dumps((self._caller, calls, cancelled), pickle.HIGHEST_PROTOCOL)
        replies: Sequence[RpcReply] = pickle.loads(await self._handle.exchange.remote(message))
        return replies
