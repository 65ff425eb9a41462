"""Hosts hear how large the assistant's pool is, whatever Serve and other hosts do."""

import asyncio
from collections.abc import Callable

import pytest

from niochat.actors.pool_count import PoolCount
from niochat.actors.pools import TURNS_OF_REPLICA, AssistantPool

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(10)]


class Host:
    """As a Ray handle is called: ``handle.method.remote(...)``."""

    def __init__(self) -> None:
        self.pool = AssistantPool()
        self.heard = asyncio.Event()
        self.pool_has = self

    def remote(self, replicas: int) -> None:
        self.pool.replicas = replicas
        self.heard.set()


async def told(host: Host, count: Callable[[], int], *others: object) -> None:
    handles = [*others, host]
    telling = asyncio.create_task(PoolCount(lambda: handles, count).tell_for_ever(0.001))
    await host.heard.wait()
    telling.cancel()


async def test_a_host_has_places_for_every_replica_it_heard_of() -> None:
    host = Host()
    assert host.pool.places() == TURNS_OF_REPLICA, "one at least, before anybody counted"

    await told(host, lambda: 3)

    assert host.pool.places() == 3 * TURNS_OF_REPLICA


async def test_counting_goes_on_after_serve_was_away() -> None:
    host, answers = Host(), iter([RuntimeError("away"), 2])

    def count() -> int:
        answer = next(answers, 2)
        if isinstance(answer, Exception):
            raise answer
        return answer

    await told(host, count)

    assert host.pool.replicas == 2


async def test_a_host_of_the_release_before_keeps_nobody_from_hearing() -> None:
    host = Host()

    await told(host, lambda: 4, object())

    assert host.pool.replicas == 4
