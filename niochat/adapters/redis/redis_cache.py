"""A cache in Redis for values that live for seconds. Without Redis it is empty."""

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

_log = structlog.get_logger(__name__)
_TIMEOUT_S = 0.5
"""A slower cache would not save time."""
_AWAY = (RedisError, OSError, TimeoutError)


class RedisCache:
    """Caches bytes by subject and name; when a subject changes, all its values are deleted."""

    def __init__(self, url: str, *, ttl_s: int) -> None:
        self._redis: Redis = Redis.from_url(
            url,
            socket_timeout=_TIMEOUT_S,
            socket_connect_timeout=_TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),
        )
        self._ttl_s = ttl_s

    async def get(self, subject: str, name: str) -> bytes | None:
        """The value; ``None`` when it is missing or Redis is away."""
        try:
            value = await self._redis.hget(subject, name)
        except _AWAY as error:
            _log.debug("shelf_not_read", reason=type(error).__name__)
            return None
        return value if isinstance(value, bytes) else None

    async def put(self, subject: str, name: str, value: bytes) -> None:
        """Store the value. A subject expires ``ttl_s`` after its first value."""
        try:
            async with self._redis.pipeline(transaction=True) as pipe:
                pipe.hset(subject, name, value)
                pipe.expire(subject, self._ttl_s, nx=True)
                await pipe.execute()
        except _AWAY as error:
            _log.debug("shelf_not_written", reason=type(error).__name__)

    async def delete(self, subject: str) -> None:
        """Delete all values of a subject."""
        try:
            await self._redis.delete(subject)
        except _AWAY as error:
            _log.debug("shelf_not_dropped", reason=type(error).__name__)

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()
