"""The loop of work that repeats."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator

import pytest
from structlog.testing import capture_logs

from niochat.domain.errors import UnavailableError
from niochat.runtime.periodic_loop import IntervalTimer, run_periodically

FOREVER_S = 3600.0


class EndOfTest(asyncio.CancelledError):
    """Cancels the loop from inside its work."""


def raising(*errors: BaseException | None) -> Callable[[], Awaitable[None]]:
    """Work whose runs raise these errors in turn, then end the loop."""
    runs: Iterator[BaseException | None] = iter([*errors, EndOfTest()])

    async def work() -> None:
        error = next(runs)
        if error is not None:
            raise error

    return work


async def let_others_run() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.mark.asyncio
async def test_a_failed_run_is_logged_by_the_kind_of_its_error_and_the_loop_goes_on():
    work = raising(UnavailableError("away"), OSError("x" * 999), ValueError("ours"), None)

    with capture_logs() as logs, pytest.raises(EndOfTest):
        await run_periodically("thing_failed", 0, work, expected=(OSError,), host="h1")

    ours, expected, unexpected = logs
    assert ours == {
        "event": "thing_failed", "log_level": "warning", "code": "unavailable", "host": "h1"
    }  # fmt: skip
    assert (expected["log_level"], len(expected["error"])) == ("warning", 300)
    assert (unexpected["log_level"], type(unexpected["exc_info"])) == ("error", ValueError)


@pytest.mark.asyncio
@pytest.mark.parametrize("first_at_once", [True, False])
async def test_the_first_run_comes_at_once_or_after_the_interval(first_at_once):
    runs = []

    async def work() -> None:
        runs.append(1)

    loop = asyncio.create_task(
        run_periodically("thing_failed", FOREVER_S, work, first_at_once=first_at_once)
    )
    await let_others_run()
    loop.cancel()
    with pytest.raises(asyncio.CancelledError):
        await loop

    assert len(runs) == first_at_once


@pytest.mark.asyncio
async def test_a_pause_may_depend_on_what_the_run_before_did():
    pauses = iter([0.0, FOREVER_S])
    runs = []

    async def work() -> None:
        runs.append(1)

    loop = asyncio.create_task(run_periodically("thing_failed", lambda: next(pauses), work))
    await let_others_run()
    loop.cancel()

    assert len(runs) == 1


def test_a_timer_is_due_once_in_each_interval():
    now = [100.0]
    at_once = IntervalTimer(10, clock=lambda: now[0])
    later = IntervalTimer(10, first_at_once=False, clock=lambda: now[0])

    assert [at_once.restart_if_due(), at_once.restart_if_due()] == [True, False]
    assert not later.restart_if_due()
    now[0] = 110.0
    assert [at_once.restart_if_due(), at_once.restart_if_due()] == [True, False]
    assert later.restart_if_due()
