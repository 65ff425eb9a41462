"""A projector that is killed by the operating system in the middle of its work."""

import asyncio
from multiprocessing import get_context

import pytest

from niochat.adapters.postgres.database import Database
from niochat.insights.projection_runner import ProjectionRunner
from niochat.insights.projector import PROJECTIONS, Projector
from niochat.insights.rebuild import ProjectionRebuilder
from tests.insights.conftest import InsightsFixture
from tests.wait_until import wait_until

pytestmark = pytest.mark.asyncio


async def _project(url: str) -> None:
    database = await Database.open(url, size=2)
    while True:
        await Projector(database, runner=ProjectionRunner(database, limit=1)).run_until_read()


def project_one_by_one(url: str) -> None:
    """Reads one event in each transaction, until killed."""
    asyncio.run(_project(url))


@pytest.mark.parametrize("events", [1, 20])
async def test_a_killed_projector_loses_and_doubles_nothing(
    insights: InsightsFixture, serving_url: str, events: int
) -> None:
    for agent in ("ana", "bia", "caio", "davi"):
        await insights.serve(agent)
    process = get_context("spawn").Process(target=project_one_by_one, args=(serving_url,))
    process.start()

    async def has_read() -> bool:
        return await insights.given.count("analytics.positions", "events >= $1", events) > 0

    await wait_until(has_read)
    process.kill()
    process.join()
    assert process.exitcode == -9
    await insights.project()

    live = await insights.snapshot()
    assert len(live["human_answers"]) == len(live["assistant_turns"]) == 4
    for projection in PROJECTIONS:
        await ProjectionRebuilder(insights.database).build(projection, insights.place.tenant)
    assert await insights.snapshot(2) == live
