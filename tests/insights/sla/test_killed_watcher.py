"""A watcher that is killed by the operating system in the middle of its work."""

import asyncio
from datetime import timedelta
from multiprocessing import get_context

import pytest

from niochat.adapters.postgres.database import Database
from niochat.insights.sla.sla_watcher import SlaWatcher
from tests.insights.sla.conftest import SlaFixture
from tests.wait_until import wait_until

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(90)]

CONVERSATIONS = 12


async def _watch(url: str) -> None:
    database = await Database.open(url, size=2)
    watcher = SlaWatcher(database, grace=timedelta(0), batch_size=1)
    while True:
        await watcher.run_once()


def watch_one_by_one(url: str) -> None:
    """Reads one event and reports one clock in each transaction, until killed."""
    asyncio.run(_watch(url))


@pytest.mark.parametrize("reported", [0, 1, 4])
async def test_a_killed_watcher_loses_and_doubles_no_breach(
    sla: SlaFixture, serving_url: str, reported: int
) -> None:
    await sla.policy()
    threads = [await sla.waits() for _ in range(CONVERSATIONS)]
    await sla.pass_minutes(6)
    process = get_context("spawn").Process(target=watch_one_by_one, args=(serving_url,))
    process.start()

    async def has_worked() -> bool:
        given = sla.insights.given
        read = await given.count("analytics.positions", "name = 'sla' AND events > 0")
        stored = await given.count("inbox", "command ->> 'type' = 'record_sla'")
        return read > 0 and stored >= reported

    await wait_until(has_worked)
    process.kill()
    process.join()
    assert process.exitcode == -9
    await sla.watch()
    while await sla.watcher.run_once():
        pass

    assert await sla.commands() == ["first_answer:breached"] * CONVERSATIONS
    for thread in threads:
        assert await sla.logged(thread) == ["sla_breached"]
