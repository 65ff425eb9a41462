"""What one replica turned away, the others hear of: a later message may come to them.

A hint over Redis. Who misses it, or hears it too late, stores the later message first.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from uuid import UUID

import structlog

from niochat.adapters.redis.pubsub import RedisBroadcast
from niochat.runtime.background_tasks import BackgroundTaskSet

_log = structlog.get_logger(__name__)

PUBLISH_INTERVAL_S = 0.25
"""Of one channel: the excess of a loud one is thousands."""
MAX_PUBLISHING_CHANNELS = 200
"""Channels being told at once; of further ones the others do not hear."""


class RejectionBroadcast:
    """Tells and hears which channels' webhooks were turned away just now."""

    def __init__(
        self,
        broadcast: RedisBroadcast,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._broadcast = broadcast
        self._sleep = sleep
        self._name = secrets.token_hex(4)
        self._publishing: set[UUID] = set()
        self._pending: set[UUID] = set()
        self._owner = BackgroundTaskSet("elsewhere")

    def publish(self, channel_id: UUID) -> None:
        """Something of the channel was turned away here. Returns at once."""
        if channel_id in self._publishing:
            self._pending.add(channel_id)
        elif self._owner.try_start(lambda: self._publish(channel_id), MAX_PUBLISHING_CHANNELS):
            self._publishing.add(channel_id)

    async def subscribe(self, heard: Callable[[UUID], None]) -> None:
        """Call ``heard`` with what the others tell, until cancelled."""
        await self._broadcast.subscribe_bytes(lambda words: self._receive(words, heard))

    async def _publish(self, channel_id: UUID) -> None:
        try:
            again = True
            while again:
                self._pending.discard(channel_id)
                await self._broadcast.publish_bytes(f"{self._name} {channel_id}".encode())
                await self._sleep(PUBLISH_INTERVAL_S)
                again = channel_id in self._pending
        finally:
            self._publishing.discard(channel_id)

    def _receive(self, words: bytes, heard: Callable[[UUID], None]) -> None:
        name, _, whose = words.decode(errors="replace").partition(" ")
        if name == self._name:
            return
        try:
            channel_id = UUID(whose)
        except ValueError:
            _log.warning("announcement_ignored", reason="not an id")
            return
        heard(channel_id)
