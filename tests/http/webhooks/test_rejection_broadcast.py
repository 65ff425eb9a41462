"""Replicas tell one another which channels they turned away, and not for every webhook anew."""

import asyncio
from collections.abc import Callable
from typing import cast
from uuid import UUID, uuid4

import pytest

from niochat.adapters.redis.pubsub import RedisBroadcast
from niochat.http.webhooks.webhook_rejection_broadcast import (
    PUBLISH_INTERVAL_S,
    WebhookRejectionBroadcast,
)
from tests.http.webhooks.manual_clock import SteppedClock, drain_loop

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(30)]


class InMemoryPubSub:
    """What all say and hear; Redis itself is tested with its adapter."""

    def __init__(self) -> None:
        self.said: list[bytes] = []
        self._listening: list[Callable[[bytes], None]] = []

    async def publish_bytes(self, words: bytes) -> bool:
        self.said.append(words)
        for heard in self._listening:
            heard(words)
        return True

    async def subscribe_bytes(self, heard: Callable[[bytes], None]) -> None:
        self._listening.append(heard)


async def test_others_hear_it_once_a_moment_and_the_last_word_is_never_missing() -> None:
    air, clock, channel = InMemoryPubSub(), SteppedClock(), uuid4()
    one, two = (
        WebhookRejectionBroadcast(cast(RedisBroadcast, air), sleep=clock.sleep) for _ in range(2)
    )
    by_one, by_two = list[UUID](), list[UUID]()
    await asyncio.gather(one.subscribe(by_one.append), two.subscribe(by_two.append))

    one.publish(channel)
    await drain_loop()
    assert by_two == [channel]
    for _ in range(1000):
        one.publish(channel)
    await drain_loop()
    assert by_two == [channel]

    await clock.advance(PUBLISH_INTERVAL_S)
    assert by_two == [channel] * 2
    await clock.advance(10.0)
    assert by_two == [channel] * 2
    assert by_one == [], "nobody listens to itself"

    one.publish(channel)
    await drain_loop()
    assert by_two == [channel] * 3


async def test_an_announcement_without_a_channel_id_is_ignored() -> None:
    air, heard = InMemoryPubSub(), list[UUID]()
    await WebhookRejectionBroadcast(cast(RedisBroadcast, air)).subscribe(heard.append)
    for words in (b"", b"x", b"\xff\xfe", b"a b c"):
        await air.publish_bytes(words)
    assert heard == []
