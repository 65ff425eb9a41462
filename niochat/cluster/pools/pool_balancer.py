"""Client-side balancer of a pool: finds the members and chooses one for each call.

A member is a named Ray actor (:mod:`niochat.cluster.pools.pool_actor`) that the supervisor starts.
Callers find the members in Ray's list of named actors, without any registration, and call them in
batches (:mod:`niochat.runtime.batched_rpc`).
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
"""Age at which the next use of the balancer reads the list of members again."""
RETRY_INTERVAL_S = 0.5
"""Interval of list reads while there is no member, and of attempts to connect to a member."""
PING_TIMEOUT_S = 10.0

ListMembers = Callable[[], Awaitable[Iterable[str]]]
"""Return the names of all our Ray actors. Raises ``RayError``."""
ConnectMember = Callable[[str], Awaitable[BatchedRpcClient]]
"""Return a client of the named member once it has answered a ping. Raises ``RayError``,
``ValueError`` (unknown name) or ``TimeoutError``.
"""


@dataclass(slots=True)
class _Member:
    """One member. ``client`` is ``None`` until it has answered."""

    name: str
    client: BatchedRpcClient | None = None
    opening: "asyncio.Task[None] | None" = field(default=None, repr=False)
    draining: bool = False
    """It refuses new calls, and finishes those in progress."""


class PoolBalancer:
    """Calls the connected member with the fewest of this process's calls in progress."""

    def __init__(
        self,
        name: str,
        *,
        list_members: ListMembers | None = None,
        connect_member: ConnectMember | None = None,
        retry_interval_s: float = RETRY_INTERVAL_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Members are named ``{name}-{number}``. ``list_members`` and ``connect_member`` find and
        connect them, by default through Ray.
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
        """Number of members as of the last list read, at least one."""
        return max(len(self._members), 1)

    async def call(self, method: str, *arguments: object) -> Any:
        """Call a method of some member and return its result; waits until a member is connected.

        Cancelling this coroutine cancels the call on the member. Raises ``RpcConnectionLost`` when
        the member is gone (the call may have run), ``RpcCallError`` when the method raised.
        """
        while True:
            member, client = await self._choose_member()
            try:
                return await client.call(method, *arguments)
            except RpcNotStartedError:
                member.draining = True

    async def ping(self) -> None:
        """Wait until some member answers a ping. Raises ``RpcConnectionLost``."""
        _, client = await self._choose_member()
        await client.ping()

    def refresh_when_old(self) -> None:
        """Start to read the list of members in the background if the last read is old.

        Callers do not wait for it: while the GCS is unreachable a read takes a minute, and the
        known members answer meanwhile.
        """
        old = self._clock() - self._refreshed_at >= MAX_LIST_AGE_S
        if old and (self._refresh_task is None or self._refresh_task.done()):
            self._refresh_task = self._background.start(self._refresh())

    async def _choose_member(self) -> tuple[_Member, BatchedRpcClient]:
        while True:
            self.refresh_when_old()
            self._reconnect_lost()
            connected = [
                (each, each.client)
                for each in self._members.values()
                if each.client is not None and not each.draining
            ]
            if connected:
                return min(connected, key=lambda pair: (len(pair[1]), random.random()))
            # A new member may exist already: read the list again.
            self._refreshed_at = float("-inf")
            await self._wait_for_member()

    def _reconnect_lost(self) -> None:
        """Connect again to members whose connection was lost: Ray restarts them."""
        for member in list(self._members.values()):
            if member.client is not None and member.client.is_lost:
                self._connect(member.name)

    async def _wait_for_member(self) -> None:
        """Wait until a connection attempt or list read ends, at most ``retry_interval_s``."""
        tasks = [each.opening for each in self._members.values()]
        if not self._members:
            tasks.append(self._refresh_task)
        pending = [task for task in tasks if task is not None and not task.done()]
        if pending:
            await asyncio.wait(
                pending, timeout=self._retry_interval_s, return_when=asyncio.FIRST_COMPLETED
            )
        else:
            await asyncio.sleep(self._retry_interval_s)

    async def _refresh(self) -> None:
        try:
            listed = {name for name in await self._list_members() if name.startswith(self._prefix)}
        except RayError as error:
            _log.warning("pool_list_failed", error=repr(error)[:200])
            return
        self._refreshed_at = self._clock()
        for name in self._members.keys() - listed:
            del self._members[name]
        for name in listed - self._members.keys():
            self._connect(name)

    def _connect(self, name: str) -> None:
        member = self._members[name] = _Member(name)
        member.opening = self._background.start(self._connect_until_answered(member))

    async def _connect_until_answered(self, member: _Member) -> None:
        """Try to connect until the member answers, or is not listed any more."""
        while self._members.get(member.name) is member:
            try:
                member.client = await self._connect_member(member.name)
            except (RayError, ValueError, TimeoutError) as error:
                _log.debug("pool_member_unreachable", member=member.name, error=repr(error)[:200])
                await asyncio.sleep(self._retry_interval_s)
            else:
                member.opening = None
                return


async def _list_ray_actors() -> Iterable[str]:
    # Synchronous and slow while the GCS is unreachable: never on the event loop.
    actors = await asyncio.to_thread(list_named_actors, True)
    return [str(actor["name"]) for actor in actors if actor["namespace"] == RAY_NAMESPACE]


async def _connect_ray_actor(name: str) -> BatchedRpcClient:
    handle = await asyncio.to_thread(ray.get_actor, name, namespace=RAY_NAMESPACE)
    async with asyncio.timeout(PING_TIMEOUT_S):
        await handle.ping.remote()
    return BatchedRpcClient(_RayTransport(handle).send)


class _RayTransport:
    """Sends the batches of one RPC client to a member.

    Batches are pickled here: Ray's own serializer visits every object in Python, and costs several
    times as much.
    """

    def __init__(self, handle: Any) -> None:
        self._handle = handle
        self._caller = secrets.token_hex(8)

    async def send(self, calls: Sequence[RpcCall], cancelled: Sequence[int]) -> Sequence[RpcReply]:
        """Send one batch and return the replies that are ready. Raises ``RayError`` when the member
        is gone.
        """
        message = pickle.dumps((self._caller, calls, cancelled), pickle.HIGHEST_PROTOCOL)
        replies: Sequence[RpcReply] = pickle.loads(await self._handle.exchange.remote(message))
        return replies
