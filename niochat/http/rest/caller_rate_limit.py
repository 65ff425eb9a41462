"""How often one caller may ask: a bucket that all replicas share, told in every answer.

Headers as draft-ietf-httpapi-ratelimit-headers-10: ``q`` requests fit in a window of ``w`` seconds,
``r`` are left, and all are there again in ``t`` seconds.
"""

import math
from collections.abc import Awaitable, Callable
from uuid import UUID

from fastapi import Request

from niochat.adapters.redis.token_buckets import TokenGrant
from niochat.domain.errors import RateLimitedError

RATE_HEADERS_KEY = "rate_headers"
"""Where a request's state keeps the headers of its answer."""

TakeCallerTokens = Callable[[UUID, int], Awaitable[TokenGrant | None]]
"""Tokens of a caller's shared bucket; ``None``: it cannot be asked now."""


class CallerRateLimiter:
    """Buckets of callers, which hold ``burst`` and fill by ``per_s``."""

    def __init__(self, take: TakeCallerTokens, *, per_s: float, burst: float) -> None:
        self._take = take
        self._per_s = per_s
        self._burst = burst
        window = max(1, math.ceil(burst / per_s))
        self._policy = f'"caller";q={math.floor(burst)};w={window}'.encode()

    async def check(self, request: Request, caller_id: UUID) -> None:
        """Count this request, once however often it is asked. Without the shared bucket everybody
        passes. Raises ``RateLimitedError``.
        """
        if hasattr(request.state, RATE_HEADERS_KEY):
            return
        taken = await self._take(caller_id, 1)
        if taken is None:
            return
        full_s = math.ceil((self._burst - taken.left) / self._per_s)
        told = f'"caller";r={taken.left};t={full_s}'.encode()
        setattr(
            request.state, RATE_HEADERS_KEY, {b"ratelimit-policy": self._policy, b"ratelimit": told}
        )
        if taken.granted == 0:
            raise RateLimitedError(
                "The rate limit is exceeded. Retry after the given time.", taken.wait_s
            )
