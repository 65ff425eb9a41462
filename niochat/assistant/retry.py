"""Waiting for a part of ours that is away: neither the model nor the customer is to blame."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from niochat.domain.errors import UnavailableError

RETRY_FOR_S = 40.0
"""For the database; a turn that waited longer fails."""
RetriedResult = TypeVar("RetriedResult")


async def retry_until(
    work: Callable[[], Awaitable[RetriedResult]], deadline: float
) -> RetriedResult:
    """Do it again while the database is away, until ``deadline`` (monotonic seconds).

    Only for what may be done twice.
    """
    while True:
        try:
            return await work()
        except UnavailableError:
            if time.monotonic() >= deadline:
                raise
        await asyncio.sleep(random.uniform(0.3, 0.9))
