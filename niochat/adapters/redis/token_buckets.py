"""Token buckets in Redis that all replicas share. An outage of Redis is reported quickly."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import structlog
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

_log = structlog.get_logger(__name__)

_TIMEOUT_S = 0.2
"""For one response. No request waits for it, but the caller's level gets outdated."""
_CONNECTIONS = 16
_REST_S = 5.0
"""How long Redis is not called after it did not respond."""
_AWAY = (RedisError, OSError, TimeoutError)
_TAKE = """
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
local rate, burst, requested = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local stored = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens = tonumber(stored[1]) or burst
local since = math.max(0, now - (tonumber(stored[2]) or now))
tokens = math.min(burst, tokens + since * rate)
local granted = math.max(0, math.min(requested, math.floor(tokens)))
tokens = tokens - granted
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'at', string.format('%.6f', now))
redis.call('PEXPIRE', KEYS[1], math.ceil(burst / rate * 1000) + 1000)
local wait = 0
if granted == 0 then wait = math.max(0, math.ceil((1 - tokens) / rate * 1000)) end
return {granted, wait, math.floor(tokens)}
"""


@dataclass(frozen=True, slots=True)
class TokenGrant:
    """``granted`` tokens were taken and ``left`` tokens remain. If none was granted, the next
    token is free in ``wait_s`` seconds.
    """

    granted: int
    wait_s: float = 0.0
    left: int = 0


class RedisTokenBuckets:
    """A bucket for each tenant or caller, which gains ``per_s`` tokens a second up to ``burst``.
    Each ``kind`` has its own buckets.
    """

    def __init__(
        self,
        url: str,
        *,
        per_s: float,
        burst: float,
        kind: str = "door",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=_CONNECTIONS,
            timeout=_TIMEOUT_S,
            socket_timeout=_TIMEOUT_S,
            socket_connect_timeout=_TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),
        )
        self._redis: Redis = Redis.from_pool(pool)
        self._take = self._redis.register_script(_TAKE)
        self._per_s = per_s
        self._burst = burst
        self._clock = clock
        self._kind = kind
        self._away_until = 0.0

    async def take(self, owner: UUID, requested: int) -> TokenGrant | None:
        """Take up to ``requested`` tokens of the owner. Returns ``None`` when Redis is away; the
        caller then counts locally.

        Returns within a fifth of a second, and at once during the pause after an outage.
        """
        if self._clock() < self._away_until:
            return None
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                granted, wait_ms, left = await self._take(
                    keys=[f"niochat:{self._kind}:{owner}"],
                    args=[self._per_s, self._burst, requested],
                )
        except _AWAY as error:
            self._away_until = self._clock() + _REST_S
            _log.warning("buckets_counted_alone", reason=type(error).__name__)
            return None
        return TokenGrant(int(granted), int(wait_ms) / 1000, int(left))

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()
