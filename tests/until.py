"""The one way in which tests wait for what happens elsewhere."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

Found = TypeVar("Found")


async def until(
    probe: Callable[[], Awaitable[Found] | Found],
    within: float = 10.0,
    *,
    every: float = 0.01,
    what: str = "",
) -> Found:
    """The first truthy value of ``probe``; fails with the last one after ``within`` seconds."""
    deadline = time.monotonic() + within
    while not (found := await _asked(probe)):
        if time.monotonic() > deadline:
            pytest.fail(f"not within {within:g} s: {what or probe}; last seen: {found!r}")
        await asyncio.sleep(every)
    return found


async def _asked(probe: Callable[[], Awaitable[Found] | Found]) -> Found:
    found = probe()
    return await found if inspect.isawaitable(found) else found
