"""The rate limit of a caller: a token bucket that all replicas share, reported in every response.

The headers follow draft-ietf-httpapi-ratelimit-headers-10: ``q`` requests fit in a window of ``w``
seconds, ``r`` are left, and the bucket is full again in ``t`` seconds.
"""

import math
from collections.abc import Awaitable, Callable
from uuid import UUID

from fastapi import Request

from niochat.adapters.redis.token_buckets import TokenGrant
from niochat.domain.errors import RateLimitedError
from niochat.http.api.security_headers import RATE_HEADERS_KEY

TakeCallerTokens = Callable[[UUID, int], Awaitable[TokenGrant | None]]
"""Takes tokens from the shared bucket of a caller; None if the bucket is not available."""


class CallerRateLimiter:
    """Limits each caller with a bucket that holds ``burst`` tokens and gains ``per_s`` a second."""

    def __init__(self, take: TakeCallerTokens, *, per_s: float, burst: float) -> None:
        self._take = take
        self._per_s = per_s
        self._burst = burst
        window = max(1, math.ceil(burst / per_s))
        self._policy = f'"caller";q={math.floor(burst)};w={window}'.encode()

    async def check(self, request: Request, caller_id: UUID) -> None:
        """Count the request, once however often this is called. While the shared bucket is not
        available, every request passes. Raises ``RateLimitedError``.
        """
        if hasattr(request.state, RATE_HEADERS_KEY):
            return
        grant = await self._take(caller_id, 1)
        if grant is None:
            return
        full_s = math.ceil((self._burst - grant.left) / self._per_s)
        headers = {
            b"ratelimit-policy": self._policy,
            b"ratelimit": f'"caller";r={grant.left};t={full_s}'.encode(),
        }
        setattr(request.state, RATE_HEADERS_KEY, headers)
        if grant.granted == 0:
            raise RateLimitedError(
                "The rate limit is exceeded. Retry after the given time.", grant.wait_s
            )
