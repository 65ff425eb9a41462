"""The one way in which tests wait for what happens elsewhere."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

import pytest

FIRST_S, LAST_S = 0.001, 0.1
Value = TypeVar("Value")


@overload
async def wait_until(
    probe: Callable[[], Awaitable[Value | None]],
    within: float = 30.0,
    *,
    what: str = "",
    every: float | None = None,
) -> Value: ...


@overload
async def wait_until(
    probe: Callable[[], Value | None],
    within: float = 30.0,
    *,
    what: str = "",
    every: float | None = None,
) -> Value: ...


async def wait_until(
    probe: Callable[[], Any],
    within: float = 30.0,
    *,
    what: str = "",
    every: float | None = None,
) -> Any:
    """The first truthy value of ``probe``; fails with the last one after ``within`` seconds.

    It polls often at first and less often later, unless ``every`` gives the pause in seconds.
    """
    deadline, pause = time.monotonic() + within, FIRST_S
    while not (value := await _evaluate_probe(probe)):
        if time.monotonic() > deadline:
            pytest.fail(f"not within {within:g} s: {what or probe}; last seen: {value!r}")
        await asyncio.sleep(every or pause)
        pause = min(pause * 1.5, LAST_S)
    return value


async def _evaluate_probe(probe: Callable[[], Any]) -> Any:
    value = probe()
    return await value if inspect.isawaitable(value) else value
