"""Promises about the loop's lag: seen at once, forgotten slowly, never below nothing."""

import asyncio
from contextlib import suppress

import pytest

from niochat.runtime.process.loop_lag import HALF_LIFE_S, SAMPLE_INTERVAL_S, LoopLag


def test_a_delay_shows_at_once_and_halves_in_five_seconds() -> None:
    lag = LoopLag()

    lag.record(0.8, SAMPLE_INTERVAL_S)
    assert lag.milliseconds == pytest.approx(800)
    lag.record(0.0, HALF_LIFE_S)
    assert lag.milliseconds == pytest.approx(400)
    lag.record(0.1, HALF_LIFE_S)
    assert lag.milliseconds == pytest.approx(200)


def test_a_clock_that_ran_early_is_no_negative_lag() -> None:
    lag = LoopLag()

    lag.record(-0.5, SAMPLE_INTERVAL_S)

    assert lag.milliseconds == 0


@pytest.mark.asyncio
async def test_the_sampler_sees_who_held_the_loop() -> None:
    clock = iter([0.0, 0.1, 1.6, *(1.6 + n / 10 for n in range(1, 1000))])
    lag = LoopLag(lambda: next(clock))
    sampling = asyncio.get_running_loop().create_task(lag.run())

    async with asyncio.timeout(10):
        while lag.milliseconds < 1000:
            await asyncio.sleep(0.01)

    sampling.cancel()
    with suppress(asyncio.CancelledError):
        await sampling
    assert lag.milliseconds == pytest.approx(1400, rel=0.2)
