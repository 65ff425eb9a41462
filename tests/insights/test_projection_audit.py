"""The audit after chaos finds a read model that differs from its events."""

import pytest

from niochat_lab.chaos.audits.projection_audit import find_wrong_projections
from tests.insights.conftest import InsightsFixture

pytestmark = pytest.mark.asyncio


async def test_a_read_model_that_follows_from_the_log_is_right(insights: InsightsFixture) -> None:
    for agent in ("ana", "bia"):
        await insights.serve(agent)

    assert await find_wrong_projections(insights.database) == []
    await insights.serve("caio")
    assert await find_wrong_projections(insights.database) == [], "also a second time"


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("conversation_measures", "SET waiting_ms = waiting_ms + 1"),
        ("rollups", "SET conversations = conversations + 1"),
        ("human_answers", "SET wait_ms = wait_ms + 1"),
        ("answer_rollups", "SET answers = answers + 1"),
        ("duration_rollups", "SET conversations = conversations + 1"),
        ("assistant_turns", "SET tokens_in = tokens_in + 1"),
    ],
)
async def test_a_row_that_differs_is_named(
    insights: InsightsFixture, table: str, change: str
) -> None:
    await insights.serve("ana")
    await insights.project()
    await insights.given.admin.execute(f"UPDATE analytics.{table} {change}")

    (sentence,) = await find_wrong_projections(insights.database)

    assert f"rows of {table} " in sentence


async def test_a_projection_that_has_stopped_is_named(insights: InsightsFixture) -> None:
    thread = await insights.serve("ana")
    conversation = await insights.conversation(thread)
    await insights.add_events(conversation, ("message_queued", {"author": "nobody"}))

    sentences = await find_wrong_projections(insights.database)

    assert any("has stopped" in each for each in sentences)
