"""Many calls are few runs, and none is forgotten."""

import asyncio

import pytest

from niochat.runtime.coalescer import Coalescer

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(30)]


async def test_calls_that_come_together_are_one_run_and_the_last_is_never_lost() -> None:
    seen, now, ran = 0, 0, 0

    async def run() -> None:
        nonlocal seen, ran
        seen, ran = now, ran + 1
        await asyncio.sleep(0)

    coalesced = Coalescer(run, 0.001)
    for now in range(1, 2001):
        coalesced.trigger()
        if now % 10 == 0:
            await asyncio.sleep(0)
    async with asyncio.timeout(10):
        while seen != 2000:
            await asyncio.sleep(0.001)
    assert ran < 1000


async def test_a_run_that_fails_does_not_end_the_next() -> None:
    outcomes = [False, True]
    done = asyncio.Event()

    async def run() -> None:
        if not outcomes.pop(0):
            raise ValueError("away")
        done.set()

    coalesced = Coalescer(run, 0.0)
    coalesced.trigger()
    await asyncio.sleep(0.01)
    coalesced.trigger()
    await asyncio.wait_for(done.wait(), 5)
