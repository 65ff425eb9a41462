"""A watcher that is killed by the operating system in the middle of its work."""

import asyncio
from datetime import timedelta
from multiprocessing import get_context

import pytest

from niochat.adapters.postgres.database import Database
from niochat.insights.follow_ups.follow_up_watcher import FollowUpWatcher
from tests.insights.follow_ups.conftest import DAY, HOUR, FollowUpFixture
from tests.wait_until import wait_until

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(90)]

CUSTOMERS = 10


async def _watch(url: str) -> None:
    database = await Database.open(url, size=2)
    watcher = FollowUpWatcher(database, timedelta(0), batch_size=1)
    while True:
        await watcher.run_once()


def watch_one_by_one(url: str) -> None:
    """Reads one event and orders one attempt in each transaction, until killed."""
    asyncio.run(_watch(url))


@pytest.mark.parametrize("ordered", [0, 1, 4])
async def test_a_killed_watcher_loses_and_doubles_no_attempt(
    follow_ups: FollowUpFixture, serving_url: str, ordered: int
) -> None:
    threads = [await follow_ups.interested() for _ in range(CUSTOMERS)]
    if ordered:
        await follow_ups.watch()
    await follow_ups.pass_time(DAY + HOUR)
    process = get_context("spawn").Process(target=watch_one_by_one, args=(serving_url,))
    process.start()

    async def has_worked() -> bool:
        read = await follow_ups.given.count(
            "analytics.positions", "name = 'follow_ups' AND events > 0"
        )
        orders = await follow_ups.given.count("inbox", "command ->> 'type' = 'send_follow_up'")
        return read > 0 and orders >= ordered

    await wait_until(has_worked)
    process.kill()
    process.join()
    assert process.exitcode == -9

    sent = await follow_ups.watch(*threads)
    while await follow_ups.watcher.run_once():
        sent += await follow_ups.watch(*threads)

    assert len(sent) == CUSTOMERS
    assert await follow_ups.attempts() == [(1, "queued", "", 1)] * CUSTOMERS
