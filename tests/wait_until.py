"""The one way in which tests wait for what happens elsewhere."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

FIRST_S, LAST_S = 0.001, 0.1
Found = TypeVar("Found")


async def wait_until(
    probe: Callable[[], Awaitable[Found] | Found],
    within: float = 30.0,
    *,
    what: str = "",
    every: float | None = None,
) -> Found:
    """The first truthy value of ``probe``; fails with the last one after ``within`` seconds.

    It looks often at first and less often later, unless told how long to pause.
    """
    deadline, pause = time.monotonic() + within, FIRST_S
    while not (found := await _evaluate_probe(probe)):
        if time.monotonic() > deadline:
            pytest.fail(f"not within {within:g} s: {what or probe}; last seen: {found!r}")
        await asyncio.sleep(every or pause)
        pause = min(pause * 1.5, LAST_S)
    return found


async def _evaluate_probe(probe: Callable[[], Awaitable[Found] | Found]) -> Found:
    found = probe()
    return await found if inspect.isawaitable(found) else found
