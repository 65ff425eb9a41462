"""Sends share places between channels: one that hangs keeps only its own waiting."""

import asyncio
from collections import Counter
from typing import Any
from uuid import UUID, uuid4

import pytest

from niochat.outbox.dispatcher import (
    MAX_CONCURRENT_DELIVERIES,
    MAX_DELIVERIES_PER_CHANNEL,
    OutboxDispatcher,
    SendRoute,
)

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(30)]

NOISY, QUIET = (SendRoute(uuid4(), uuid4()) for _ in range(2))


class HangingGateway:
    """An outbox whose look ends when the test says so."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.looks: list[UUID] = []

    async def claim(self, thread: UUID, epoch: int) -> None:
        self.looks.append(thread)
        await self.gate.wait()

    async def unsettled(self, thread: UUID) -> list[Any]:
        return []


class DispatcherFixture:
    def __init__(self) -> None:
        self.outbox = HangingGateway()
        self.ways: dict[UUID, SendRoute] = {}
        nobody: Any = None
        outbox: Any = self.outbox
        self.courier = OutboxDispatcher(outbox, nobody, nobody, lambda key: 1, lambda *_: None)

    def deliver(self, way: SendRoute) -> UUID:
        thread = uuid4()
        self.ways[thread] = way
        self.courier.deliver(thread, way)
        return thread

    async def looked(self) -> Counter[SendRoute]:
        for _ in range(5):
            await asyncio.sleep(0)
        return Counter(self.ways[thread] for thread in self.outbox.looks)

    async def ended(self) -> None:
        self.outbox.gate.set()
        async with asyncio.timeout(10):
            while self.courier.waiting_count or self.courier.running_deliveries(set(range(1024))):
                await asyncio.sleep(0)


async def test_a_channel_that_hangs_keeps_only_its_own_waiting() -> None:
    room = DispatcherFixture()
    for _ in range(1000):
        room.deliver(NOISY)
    for _ in range(5):
        room.deliver(QUIET)

    assert await room.looked() == {NOISY: MAX_DELIVERIES_PER_CHANNEL, QUIET: 5}
    ((tenant, held),) = room.courier.throttled_channels()
    assert (tenant, held.waiting) == (NOISY.tenant_id, 1000 - MAX_DELIVERIES_PER_CHANNEL)
    await room.ended()
    assert len(room.outbox.looks) == 1005


async def test_no_more_looks_at_once_than_the_host_has_places() -> None:
    room = DispatcherFixture()
    for _ in range(20):
        way = SendRoute(uuid4(), uuid4())
        for _ in range(20):
            room.deliver(way)

    assert (await room.looked()).total() == MAX_CONCURRENT_DELIVERIES
    await room.ended()
    assert (await room.looked()).total() == 400


async def test_a_waiting_thread_is_delivered_once_and_again_when_requested_during_delivery() -> (
    None
):
    room = DispatcherFixture()
    thread = room.deliver(QUIET)
    await room.looked()
    for _ in range(3):
        room.courier.deliver(thread, QUIET)
    await room.ended()

    assert room.outbox.looks == [thread, thread]
