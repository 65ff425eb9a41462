"""Tells the other replicas which channels had a webhook rejected: a later message may reach them.

It is a hint over Redis. A replica that misses it, or gets it too late, stores the later message
first.
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
"""Between two announcements of a channel: a noisy channel has thousands of rejected webhooks."""
MAX_PUBLISHING_CHANNELS = 200
"""Channels that are announced at once. Further ones are not announced."""


class WebhookRejectionBroadcast:
    """Announces the channels of rejected webhooks, and receives announcements."""

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
        self._owner = BackgroundTaskSet("rejections")

    def publish(self, channel_id: UUID) -> None:
        """Announce that a webhook of the channel was rejected here. Returns at once."""
        if channel_id in self._publishing:
            self._pending.add(channel_id)
        elif self._owner.try_start(lambda: self._publish(channel_id), MAX_PUBLISHING_CHANNELS):
            self._publishing.add(channel_id)

    async def subscribe(self, on_rejected: Callable[[UUID], None]) -> None:
        """Call ``on_rejected`` with each channel that another replica announces, until
        cancelled.
        """
        await self._broadcast.subscribe_bytes(lambda data: self._receive(data, on_rejected))

    async def _publish(self, channel_id: UUID) -> None:
        try:
            repeat = True
            while repeat:
                self._pending.discard(channel_id)
                await self._broadcast.publish_bytes(f"{self._name} {channel_id}".encode())
                await self._sleep(PUBLISH_INTERVAL_S)
                repeat = channel_id in self._pending
        finally:
            self._publishing.discard(channel_id)

    def _receive(self, data: bytes, on_rejected: Callable[[UUID], None]) -> None:
        name, _, text = data.decode(errors="replace").partition(" ")
        if name == self._name:
            return
        try:
            channel_id = UUID(text)
        except ValueError:
            _log.warning("announcement_ignored", reason="not an id")
            return
        on_rejected(channel_id)
