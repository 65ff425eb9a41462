"""A projection that is built anew equals the one that serves, and serves only when complete."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from niochat.adapters.postgres.database import Database
from niochat.domain.conversation import commands as cmd
from niochat.domain.conversation.state import ConversationPriority
from niochat.domain.errors import OperationRefusedError
from niochat.insights.conversation_projection import ConversationProjection
from niochat.insights.projection_runner import ProjectionRunner
from niochat.insights.projector import PROJECTIONS, Projector
from niochat.insights.rebuild import ProjectionRebuilder
from niochat.insights.turn_projection import TurnProjection
from tests.builders import Host, RowBuilder, ShardAssignments, open_connection
from tests.insights.conftest import TABLES, InsightsFixture


class DiedError(Exception):
    """The process that rebuilds has died."""


@pytest.mark.asyncio
async def test_a_rebuilt_projection_equals_the_live_one_and_takes_its_place(
    insights: InsightsFixture,
) -> None:
    for agent in ("ana", "bia"):
        await insights.serve(agent)
    await insights.project()
    before = await insights.snapshot()

    for projection in PROJECTIONS:
        assert (
            await ProjectionRebuilder(insights.database).rebuild(projection, insights.place.tenant)
            == 2
        )

    assert await insights.snapshot(2) == before
    assert all(not rows for rows in (await insights.snapshot(1)).values())
    assert await insights.given.rows("SELECT DISTINCT generation FROM analytics.positions") == [2]
    await insights.serve("caio")
    await insights.project()
    assert len(await insights.rows("conversation_measures", 2)) == 3


@pytest.mark.asyncio
async def test_a_rebuild_that_dies_goes_on_where_it_was_and_the_old_one_serves_meanwhile(
    insights: InsightsFixture,
) -> None:
    for agent in ("ana", "bia"):
        await insights.serve(agent)
    await insights.project()
    before = await insights.snapshot()
    rebuilder = ProjectionRebuilder(insights.database, ProjectionRunner(insights.database, 5))
    seen: list[tuple[int, int]] = []

    def die(done: int, total: int) -> None:
        seen.append((done, total))
        if len(seen) == 2:
            raise DiedError

    with pytest.raises(DiedError):
        await rebuilder.rebuild(ConversationProjection(), insights.place.tenant, die)
    assert await insights.given.rows(
        "SELECT generation FROM analytics.projections WHERE name = 'conversations'"
    ) == [1]
    assert await insights.snapshot(1) == before
    await insights.serve("caio")
    await insights.project()
    live = await insights.snapshot(1)

    await rebuilder.rebuild(ConversationProjection(), insights.place.tenant, die)

    total = await insights.given.count("events")
    assert [done for done, _ in seen[:3]] == [5, 10, 15], "it begins where it was"
    assert seen[-1] == (total, total)
    for table in ("conversation_measures", "human_answers", "rollups"):
        assert await insights.rows(table, 2) == live[table]


@pytest.mark.asyncio
async def test_the_live_projection_runs_while_another_is_built(insights: InsightsFixture) -> None:
    await insights.serve()
    await insights.project()
    rebuilder = ProjectionRebuilder(insights.database, ProjectionRunner(insights.database, 2))

    async def serve() -> None:
        for agent in ("bia", "caio"):
            await insights.serve(agent)
            await insights.projector.run_until_read()

    await asyncio.gather(
        serve(), rebuilder.rebuild(ConversationProjection(), insights.place.tenant)
    )
    await insights.project()

    assert len(await insights.rows("conversation_measures", 2)) == 3
    assert await insights.rows("conversation_measures", 1) == []
    await rebuilder.build(ConversationProjection(), insights.place.tenant)
    for table in ("conversation_measures", "human_answers", "rollups"):
        assert await insights.rows(table, 3) == await insights.rows(table, 2)


@pytest.mark.asyncio
async def test_the_projections_of_turns_and_conversations_are_rebuilt_apart(
    insights: InsightsFixture,
) -> None:
    await insights.serve()
    await insights.project()

    await ProjectionRebuilder(insights.database).rebuild(TurnProjection(), insights.place.tenant)

    assert len(await insights.rows("assistant_turns", 2)) == 1
    assert len(await insights.rows("conversation_measures", 1)) == 1
    assert await insights.rows("assistant_turns", 1) == []


AGENTS = ("ana", "bia")
STEPS = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from(
            [
                *("writes", "writes", "answer", "hand_off", "assign", "reply", "transfer"),
                *("return", "label", "priority", "note", "resolve", "merge", "project"),
            ]
        ),
        st.sampled_from(AGENTS),
    ),
    min_size=5,
    max_size=25,
)


def _command(step: str, agent: str) -> cmd.DurableCommand:
    commands: dict[str, cmd.DurableCommand] = {
        "hand_off": cmd.HandOffConversation(agent, "atendimento"),
        "assign": cmd.AssignConversation(agent),
        "reply": cmd.ReplyToCustomer(agent, "Bom dia!"),
        "transfer": cmd.TransferConversation(agent, team="atendimento"),
        "return": cmd.ReturnConversationToAssistant(agent),
        "label": cmd.SetConversationLabels(agent, (agent, "fatura")),
        "priority": cmd.SetConversationPriority(agent, ConversationPriority.HIGH),
        "note": cmd.AddNote(agent, "Nota."),
        "resolve": cmd.ResolveConversation(agent),
    }
    return commands[step]


@pytest.fixture
def loop_and_urls(serving_url: str, admin_url: str) -> Iterator[tuple[asyncio.Runner, str, str]]:
    with asyncio.Runner() as runner:
        yield runner, serving_url, admin_url


def test_whatever_happens_the_rebuilt_projections_equal_the_live_ones(
    loop_and_urls: tuple[asyncio.Runner, str, str],
) -> None:
    runner, serving_url, admin_url = loop_and_urls

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(steps=STEPS, live=st.integers(1, 9), rebuilt=st.integers(1, 9))
    def check(steps: list[tuple[int, str, str]], live: int, rebuilt: int) -> None:
        runner.run(_check_example(serving_url, admin_url, steps, live, rebuilt))

    check()


async def _check_example(
    serving_url: str, admin_url: str, steps: list[tuple[int, str, str]], live: int, rebuilt: int
) -> None:
    database = await Database.open(serving_url, size=2)
    admin = await open_connection(admin_url)
    rows = RowBuilder(admin)
    host = Host("host-a:1", database)
    await ShardAssignments(admin).assign_all(host)
    insights = InsightsFixture(database, rows, host, await rows.place())
    insights.projector = Projector(database, runner=ProjectionRunner(database, live))
    threads = [await rows.thread(insights.place) for _ in range(3)]
    for number, step, agent in steps:
        await _take(insights, threads, number, step, agent)
    await insights.project()
    rebuilder = ProjectionRebuilder(database, ProjectionRunner(database, rebuilt))
    before = await insights.snapshot()
    for projection in PROJECTIONS:
        await rebuilder.build(projection, insights.place.tenant)
    assert await insights.snapshot(2) == before
    await _sums_equal_contributions(insights)
    assert set(before) == set(TABLES)
    database.terminate()
    await admin.close()


async def _take(
    insights: InsightsFixture, threads: list[UUID], number: int, step: str, agent: str
) -> None:
    thread = threads[number]
    if step == "project":
        await insights.projector.run_once()
    elif step == "writes":
        await insights.writes(thread)
    elif step == "merge":
        other = threads[(number + 1) % len(threads)]
        await insights.do(thread, cmd.MergeThread(str(other)))
    elif step == "answer":
        memory = insights.host.memory.get(thread)
        if memory is not None and memory.conversation and memory.conversation.turn:
            with suppress(OperationRefusedError):
                await insights.host.answer(thread, "Olá!")
    else:
        await insights.do(thread, _command(step, agent))


async def _sums_equal_contributions(insights: InsightsFixture) -> None:
    """The law of roll-ups: they are the sums of what the conversations contribute now."""
    different = await insights.given.admin.fetchval(
        "SELECT count(*) FROM (SELECT r.dimension, r.bucket, r.key, r.conversations,"
        " r.messages_customer, r.waiting_ms, r.first_human_ms FROM analytics.rollups r"
        " WHERE r.tenant_id = $1 AND r.generation = 1 AND r.grain = 'day'"
        " AND (r.conversations, r.messages_customer) <> (0, 0)"
        " EXCEPT SELECT c.dimension, c.opened_day, c.key, sum(c.conversations),"
        " sum(c.messages_customer), sum(c.waiting_ms), sum(c.first_human_ms)"
        " FROM analytics.contributions c WHERE c.tenant_id = $1 AND c.generation = 1"
        " GROUP BY 1, 2, 3) AS d",
        insights.place.tenant,
    )
    assert different == 0
