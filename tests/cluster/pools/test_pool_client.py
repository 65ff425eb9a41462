"""A pool's callers find its members, ask the idlest one, and outlive their deaths."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from ray.exceptions import ActorDiedError

from niochat.cluster.pools.pool_balancer import MAX_LIST_AGE_S, PoolBalancer
from niochat.cluster.pools.pool_clients import MAX_TURNS_PER_MEMBER, AssistantPoolClient
from niochat.runtime.batched_rpc import (
    BatchedRpcClient,
    BatchedRpcServer,
    RpcCall,
    RpcConnectionLost,
    RpcReply,
)
from tests.wait_until import wait_until

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(20)]


class Member:
    """A member's process: answers with its own name, once it is let."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.alive = True
        self.go_on = asyncio.Event()
        self.go_on.set()
        self.exchange = BatchedRpcServer(self._serve, linger_s=0.0)

    async def send(self, calls: Sequence[RpcCall], cancelled: Sequence[int]) -> Sequence[RpcReply]:
        if not self.alive:
            raise ActorDiedError
        replies = await self.exchange.handle_batch("caller", calls, cancelled)
        if not self.alive:
            raise ActorDiedError
        return replies

    async def _serve(self, method: str, arguments: tuple[Any, ...]) -> str:
        await self.go_on.wait()
        return self.name


class Cluster:
    """Ray's list of names, and the ways to its actors."""

    def __init__(self, *names: str) -> None:
        self.members = {name: Member(name) for name in names}
        self.away = False
        self.answers = asyncio.Event()
        """The cluster's server does."""
        self.answers.set()
        self.now = 0.0
        self.pool = PoolBalancer(
            "pool",
            list_members=self._names,
            connect_member=self._reach,
            retry_interval_s=0.001,
            clock=lambda: self.now,
        )

    async def _names(self) -> list[str]:
        await self.answers.wait()
        if self.away:
            raise ActorDiedError
        return [*self.members, "host-0"]

    async def _reach(self, name: str) -> BatchedRpcClient:
        member = self.members.get(name)
        if member is None or not member.alive:
            raise ActorDiedError
        return BatchedRpcClient(member.send)


async def test_the_member_with_the_least_to_do_is_asked() -> None:
    cluster = Cluster("pool-0", "pool-1")
    for member in cluster.members.values():
        member.go_on.clear()
    calls = [asyncio.create_task(cluster.pool.call("run", n)) for n in range(6)]
    while sum(member.exchange.running_count for member in cluster.members.values()) < 6:
        await asyncio.sleep(0)

    assert [member.exchange.running_count for member in cluster.members.values()] == [3, 3]

    for member in cluster.members.values():
        member.go_on.set()
    assert sorted(await asyncio.gather(*calls)) == ["pool-0"] * 3 + ["pool-1"] * 3


async def test_a_call_waits_until_there_is_a_member() -> None:
    cluster = Cluster()
    call = asyncio.create_task(cluster.pool.call("run"))
    await asyncio.sleep(0.01)
    assert not call.done()

    cluster.members["pool-0"] = Member("pool-0")

    assert await call == "pool-0"


async def test_a_running_call_is_lost_with_its_member_and_the_next_waits_for_the_restart() -> None:
    cluster = Cluster("pool-0")
    member = cluster.members["pool-0"]
    member.go_on.clear()
    running = asyncio.create_task(cluster.pool.call("run"))
    while not member.exchange.running_count:
        await asyncio.sleep(0)

    member.alive = False
    member.go_on.set()
    with pytest.raises(RpcConnectionLost):
        await running
    call = asyncio.create_task(cluster.pool.call("run"))
    await asyncio.sleep(0.01)
    assert not call.done(), "a member that starts costs nobody an attempt"

    cluster.members["pool-0"] = Member("pool-0")

    assert await call == "pool-0"


async def test_a_member_that_leaves_gets_no_more_calls_and_none_is_lost() -> None:
    cluster = Cluster("pool-0", "pool-1")
    cluster.members["pool-0"].exchange.draining = True

    answers = await asyncio.gather(*(cluster.pool.call("run", n) for n in range(8)))

    assert answers == ["pool-1"] * 8


async def test_a_member_that_came_later_is_found() -> None:
    cluster = Cluster("pool-0")
    assistant = AssistantPoolClient(cluster.pool)
    assert await cluster.pool.call("run") == "pool-0"
    cluster.members["pool-1"] = Member("pool-1")
    assert assistant.capacity() == MAX_TURNS_PER_MEMBER, "the list is not old yet"

    cluster.now = MAX_LIST_AGE_S

    await wait_until(lambda: assistant.capacity() == 2 * MAX_TURNS_PER_MEMBER)


async def test_without_the_clusters_server_the_members_that_are_known_are_asked() -> None:
    cluster = Cluster("pool-0")
    assert await cluster.pool.call("run") == "pool-0"

    cluster.away, cluster.now = True, MAX_LIST_AGE_S
    assert await cluster.pool.call("run") == "pool-0"

    # It does not even refuse: a question to it lasts a minute.
    cluster.answers.clear()
    assert await cluster.pool.call("run") == "pool-0"
