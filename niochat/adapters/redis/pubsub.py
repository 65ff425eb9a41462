"""Announcements over Redis: hints that save a wait, never the only source of a fact."""

import asyncio
import random
from collections.abc import Callable
from uuid import UUID

import structlog
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from niochat.domain.backoff import backoff_s

_log = structlog.get_logger(__name__)

CONFIG_CHANNEL = "niochat:config"
ACCESS_CHANNEL = "niochat:access"
"""Permissions of a user, or of all users of a tenant, changed: sockets are checked at once."""
EVENTS_CHANNEL = "niochat:news"
"""The event log has new events, which live replicas read."""
EPHEMERAL_CHANNEL = "niochat:passing"
"""Frames that are not stored: typing, viewing, presence."""
RELEASE_CHANNEL = "niochat:releases"
"""A live replica of this build has started."""
REJECTED_WEBHOOKS_CHANNEL = "niochat:turned_away"
"""A webhooks replica rejected webhooks of this channel."""
_TIMEOUT_S = 2.0
_QUIET_S = 15.0
"""The server is pinged after this time without a message."""
_FIRST_PAUSE_S, _MAX_PAUSE_S = 0.1, 30.0
_AWAY = (RedisError, OSError, TimeoutError)


class RedisBroadcast:
    """Publishes and receives short messages on one channel. Without Redis nothing fails.

    An outage is logged once when it begins and once when it ends.
    """

    def __init__(self, url: str, channel: str) -> None:
        self._channel = channel
        self._redis: Redis = Redis.from_url(
            url,
            socket_timeout=_TIMEOUT_S,
            socket_connect_timeout=_TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),
        )
        self._away = False

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()

    async def ping(self) -> bool:
        """Whether Redis answers within two seconds."""
        return await self._try_command("ping")

    async def publish_bytes(self, data: bytes) -> bool:
        """Send to the current subscribers; false when Redis is away."""
        return await self._try_command("publish", data)

    async def subscribe_bytes(
        self, on_message: Callable[[bytes], None], missed: Callable[[], None] = lambda: None
    ) -> None:
        """Call ``on_message`` with every message, until cancelled; the caller owns the task.

        ``missed`` is called whenever a subscription begins, also after each outage, because the
        messages before it were not received.
        """
        failures = 0
        while True:
            try:
                async with self._redis.pubsub() as pubsub:
                    await pubsub.subscribe(self._channel)
                    self._mark_back()
                    missed()
                    failures = 0
                    await _receive_messages(pubsub, on_message)
            except _AWAY as error:
                self._mark_away(error)
            jitter = random.uniform(0.5, 1.0)
            await asyncio.sleep(
                backoff_s(failures, base_s=_FIRST_PAUSE_S, max_s=_MAX_PAUSE_S, jitter=jitter)
            )
            failures += 1

    async def _try_command(self, command: str, data: bytes | None = None) -> bool:
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                if data is None:
                    await self._redis.ping()
                else:
                    await self._redis.publish(self._channel, data)
        except _AWAY as error:
            self._mark_away(error, command)
            return False
        self._mark_back()
        return True

    def _mark_away(self, error: Exception, command: str = "listen") -> None:
        if not self._away:
            _log.warning("redis_went_away", during=command, reason=type(error).__name__)
        self._away = True

    def _mark_back(self) -> None:
        if self._away:
            _log.info("redis_came_back")
        self._away = False


class ChangeAnnouncements(RedisBroadcast):
    """Announces that the configuration of a tenant, or the access of a user, changed."""

    def __init__(self, url: str, channel: str = CONFIG_CHANNEL) -> None:
        super().__init__(url, channel)

    async def publish(self, subject_id: UUID) -> bool:
        """Announce a change; false when Redis is away. Call it after the commit."""
        return await self.publish_bytes(str(subject_id).encode())

    async def subscribe(
        self, changed: Callable[[UUID], None], missed: Callable[[], None] = lambda: None
    ) -> None:
        """Call ``changed`` for every announcement, as :meth:`subscribe_bytes` does."""
        await self.subscribe_bytes(lambda data: _dispatch_announcement(data, changed), missed)


async def _receive_messages(pubsub: PubSub, on_message: Callable[[bytes], None]) -> None:
    """Receive until the connection fails. Raises ``TimeoutError`` when a ping is not answered."""
    ping_pending = False
    while True:
        message = await pubsub.get_message(ignore_subscribe_messages=True, timeout=_QUIET_S)
        if message is None:
            if ping_pending:
                raise TimeoutError("no answer to a ping")
            await pubsub.ping()
            ping_pending = True
            continue
        ping_pending = False
        if message["type"] == "message":
            on_message(message["data"])


def _dispatch_announcement(data: bytes, changed: Callable[[UUID], None]) -> None:
    try:
        subject_id = UUID(data.decode())
    except ValueError:
        _log.warning("announcement_ignored", reason="not an id")
        return
    changed(subject_id)
