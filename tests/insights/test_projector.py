"""Each event is projected once and in the order of the log, whatever dies or runs twice."""

import asyncio
from uuid import UUID

import pytest

from niochat.adapters.postgres.database import Connection, Database
from niochat.adapters.postgres.queries import queries
from niochat.cli.doctor.projection_check import find_stopped_projections
from niochat.domain.conversation import commands as cmd
from niochat.domain.errors import UnavailableError
from niochat.domain.ids import ConversationId
from niochat.http.cluster_metrics import read_cluster_metrics
from niochat.insights.conversation_projection import ConversationProjection
from niochat.insights.projection_runner import ProjectionRunner
from niochat.insights.projector import Projector
from niochat.insights.rebuild import ProjectionRebuilder
from tests.builders import RowBuilder, open_connection
from tests.insights.conftest import InsightsFixture
from tests.wait_until import wait_until

pytestmark = pytest.mark.asyncio


class DyingDatabase(Database):
    """Fails once around a commit of a tenant's transaction: ``before`` it, or ``after``."""

    moment = ""

    async def commit(self, connection: Connection) -> None:
        moment, type(self).moment = self.moment, ""
        if moment == "before":
            raise UnavailableError("killed before the commit")
        await super().commit(connection)
        if moment == "after":
            raise UnavailableError("killed after the commit")


async def test_a_conversation_leads_to_its_measures_answers_and_sums(
    insights: InsightsFixture,
) -> None:
    await insights.serve()

    await insights.project()

    (row,) = await insights.rows("conversation_measures")
    assert (row["resolution"], row["agent"], row["labels"]) == ("agent", "ana", ["fatura"])
    assert (row["messages_customer"], row["messages_assistant"], row["messages_agent"]) == (2, 1, 1)
    (answer,) = await insights.rows("human_answers")
    assert (answer["agent"], answer["first"]) == ("ana", True)
    (turn,) = await insights.rows("assistant_turns")
    assert turn["outcome"] == "answered"
    sums = await insights.rows("rollups")
    assert {(each["grain"], each["dimension"], each["key"]) for each in sums} == {
        (grain, dimension, key)
        for grain in ("hour", "day")
        for dimension, key in (
            ("none", ""),
            ("team", ""),
            ("agent", "ana"),
            ("channel", str(insights.place.channel)),
            ("label", "fatura"),
            ("contact_reason", ""),
            ("served_by", "people"),
        )
    }
    assert {each["conversations"] for each in sums} == {1}
    assert {each["resolved_agent"] for each in sums} == {1}


async def test_a_projection_that_needs_few_events_passes_over_the_others(
    insights: InsightsFixture,
) -> None:
    await insights.serve()
    await insights.project()

    places = await insights.given.admin.fetch(
        "SELECT DISTINCT xid, conversation_id, version, events FROM analytics.positions"
        " WHERE name = ANY ($1)",
        ["conversations", "turns", "deliveries"],
    )
    assert len(places) == 1, "all have read all events"
    assert places[0]["events"] == await insights.given.count("events")


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
async def test_the_size_of_batches_changes_nothing(insights: InsightsFixture, limit: int) -> None:
    for agent in ("ana", "bia"):
        await insights.serve(agent)
    await insights.project()

    rebuilder = ProjectionRebuilder(insights.database, ProjectionRunner(insights.database, limit))
    await rebuilder.build(ConversationProjection(), insights.place.tenant)

    for table in ("conversation_measures", "human_answers", "rollups"):
        assert await insights.rows(table, 2) == await insights.rows(table, 1)


async def test_projectors_that_run_at_once_write_each_event_once(
    insights: InsightsFixture, serving_url: str
) -> None:
    others = [await Database.open(serving_url, size=2) for _ in range(2)]
    small = [
        Projector(each, runner=ProjectionRunner(each, limit=2))
        for each in (insights.database, *others)
    ]

    async def serve() -> None:
        for agent in ("ana", "bia", "caio"):
            await insights.serve(agent)

    await asyncio.gather(serve(), *(each.run_until_read() for each in small))
    await asyncio.gather(*(each.run_until_read() for each in small))
    await insights.project()
    live = await insights.snapshot()
    for each in others:
        each.terminate()

    assert len(live["conversation_measures"]) == len(live["human_answers"]) == 3
    await ProjectionRebuilder(insights.database).build(
        ConversationProjection(), insights.place.tenant
    )
    assert await insights.rows("rollups", 2) == live["rollups"]


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_projector_that_dies_around_a_commit_loses_and_doubles_nothing(
    insights: InsightsFixture, serving_url: str, moment: str
) -> None:
    await insights.serve()
    await insights.project()
    await insights.serve("bia")
    dying = await DyingDatabase.open(serving_url, size=2)
    DyingDatabase.moment = moment
    with pytest.raises(UnavailableError):
        await ProjectionRunner(dying).advance(ConversationProjection(), insights.place.tenant)
    dying.terminate()

    await insights.project()

    rows = await insights.rows("rollups")
    total = [each for each in rows if (each["grain"], each["dimension"]) == ("day", "none")]
    assert sum(each["conversations"] for each in total) == 2
    assert sum(each["messages_agent"] for each in total) == 2
    assert len(await insights.rows("human_answers")) == 2


async def test_an_event_of_a_transaction_that_commits_late_is_not_skipped(
    insights: InsightsFixture, admin_url: str
) -> None:
    first, second = await insights.serve(), await insights.serve()
    await insights.project()
    conversation = await insights.conversation(first)
    late = await open_connection(admin_url)
    transaction = late.transaction()
    await transaction.start()
    await InsightsFixture.add_events(
        InsightsFixture(insights.database, RowBuilder(late), insights.host, insights.place),
        conversation,
        ("note_added", {"message": str(UUID(int=7))}),
    )
    await insights.writes(second)  # commits first, with a higher number

    await insights.projector.run_until_read()
    assert await insights.unread() > 0
    await transaction.commit()
    await late.close()
    await insights.project()

    versions = {
        row["conversation_id"]: row["version"]
        for row in await insights.rows("conversation_measures")
    }
    stored = await insights.given.admin.fetch(
        "SELECT conversation_id, max(version) AS version FROM events GROUP BY 1"
    )
    assert versions == {row["conversation_id"]: row["version"] for row in stored}


async def test_a_poisoned_event_stops_its_projection_of_its_tenant_and_nothing_else(
    insights: InsightsFixture,
) -> None:
    other = InsightsFixture(
        insights.database, insights.given, insights.host, await insights.given.place()
    )
    thread = await insights.serve()
    conversation = await insights.conversation(thread)
    await insights.add_events(
        conversation, ("labels_changed", {"by": "ana"}), ("note_added", {"message": "x"})
    )
    await other.serve()

    await insights.projector.run_until_read()
    await other.project()

    (row,) = await insights.rows("conversation_measures")
    (poisoned,) = await insights.given.admin.fetch(
        "SELECT * FROM analytics.positions WHERE failed_version IS NOT NULL"
    )
    assert (poisoned["tenant_id"], poisoned["name"]) == (insights.place.tenant, "conversations")
    assert poisoned["failed_conversation"] == conversation
    assert poisoned["failed_version"] == row["version"] + 1
    assert "KeyError" in poisoned["failed_reason"]
    assert len(await insights.rows("assistant_turns")) == 1
    assert len(await other.rows("conversation_measures")) == 1

    await insights.writes(await insights.given.thread(insights.place))
    await insights.projector.run_until_read()
    assert len(await insights.rows("conversation_measures")) == 1, "it goes on behind the event"


async def test_a_stopped_projection_goes_on_when_the_event_can_be_read(
    insights: InsightsFixture,
) -> None:
    thread = await insights.serve()
    conversation = await insights.conversation(thread)
    await insights.add_events(conversation, ("labels_changed", {"by": "ana"}))
    await insights.projector.run_until_read()
    await insights.given.admin.execute(
        "UPDATE events SET body = '{\"labels\": [\"nova\"]}' WHERE type = 'labels_changed'"
        " AND NOT body ? 'labels'"
    )
    await insights.given.admin.execute("UPDATE analytics.positions SET retry_at = now()")

    await insights.project()

    (row,) = await insights.rows("conversation_measures")
    assert row["labels"] == ["nova"]
    assert await insights.given.count("analytics.positions", "failed_since IS NOT NULL") == 0


async def test_an_event_that_the_database_refuses_stops_the_projection_before_it(
    insights: InsightsFixture,
) -> None:
    thread = await insights.serve()
    conversation = await insights.conversation(thread)
    await insights.add_events(
        conversation,
        ("note_added", {"message": "x"}),
        ("priority_changed", {"by": "ana", "priority": 100_000}),  # too large for the column
    )

    await insights.projector.run_until_read()

    (row,) = await insights.rows("conversation_measures")
    (failed,) = await insights.given.rows(
        "SELECT failed_version FROM analytics.positions WHERE name = 'conversations'"
    )
    assert failed == row["version"] + 1


async def test_a_state_that_cannot_be_read_stops_its_projection_only(
    insights: InsightsFixture,
) -> None:
    other = InsightsFixture(
        insights.database, insights.given, insights.host, await insights.given.place()
    )
    thread = await insights.serve()
    await insights.project()
    await insights.given.admin.execute("UPDATE analytics.conversation_measures SET state = '{}'")
    await insights.do(
        thread,
        cmd.ReopenConversation("ana", ConversationId(await insights.conversation(thread))),
    )
    await other.serve()

    await insights.projector.run_until_read()

    assert len(await other.rows("conversation_measures")) == 1
    (sentence,) = await find_stopped_projections(insights.database)
    assert "ValidationError" in sentence
    await ProjectionRebuilder(insights.database).rebuild(
        ConversationProjection(), insights.place.tenant
    )
    assert await find_stopped_projections(insights.database) == []
    (row,) = await insights.rows("conversation_measures", 2)
    assert row["reopened"] == 1


async def test_an_event_without_meaning_stops_nothing(insights: InsightsFixture) -> None:
    thread = await insights.serve()
    conversation = await insights.conversation(thread)
    await insights.add_events(conversation, ("weather_changed", {"score": 5}))

    await insights.project()

    assert await insights.given.count("analytics.positions", "failed_version IS NOT NULL") == 0


async def test_conversations_of_merged_threads_count_once(
    insights: InsightsFixture,
) -> None:
    stays, joins = [await insights.given.thread(insights.place) for _ in range(2)]
    await insights.writes(stays)
    await insights.writes(joins, times=2)
    await insights.project()
    await insights.do(stays, cmd.MergeThread(str(joins)))
    await insights.project()

    rows = await insights.rows("rollups")
    (day,) = [each for each in rows if (each["grain"], each["dimension"]) == ("day", "none")]
    assert day["conversations"] == 1
    assert day["messages_customer"] == 3


async def test_a_tenant_sees_nothing_of_another(insights: InsightsFixture) -> None:
    await insights.serve()
    await insights.project()
    foreign = await insights.given.tenant()
    tables = await insights.given.rows(
        "SELECT oid::regclass::text FROM pg_class"
        " WHERE relnamespace = 'analytics'::regnamespace"
        " AND (relkind = 'r' OR relname LIKE '%contributions')"
    )

    assert len(tables) == 12
    for table in tables:
        async with insights.database.as_tenant(insights.place.tenant) as connection:
            assert await connection.fetchval(f"SELECT count(*) FROM {table}") > 0
        async with insights.database.as_tenant(foreign) as connection:
            assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 0
    loose = await insights.given.rows(
        "SELECT relname::text FROM pg_class WHERE relnamespace = 'analytics'::regnamespace"
        " AND relkind = 'r' AND NOT (relrowsecurity AND relforcerowsecurity)"
    )
    assert loose == []


async def test_the_doctor_and_the_metrics_show_a_stopped_projection(
    insights: InsightsFixture,
) -> None:
    thread = await insights.serve()
    assert (await read_cluster_metrics(insights.database, 1))["projection_lag_seconds"] > 0
    await insights.project()
    assert await find_stopped_projections(insights.database) == []
    assert (await read_cluster_metrics(insights.database, 1))["projection_lag_seconds"] == 0
    conversation = await insights.conversation(thread)
    await insights.add_events(conversation, ("labels_changed", {}))

    await insights.projector.run_until_read()

    (sentence,) = await find_stopped_projections(insights.database)
    assert str(conversation) in sentence
    metrics = await read_cluster_metrics(insights.database, 1)
    assert metrics["projections_stopped"] == 1
    assert metrics["projection_lag_seconds"] > 0


async def test_each_status_of_a_channel_is_recorded_once(insights: InsightsFixture) -> None:
    for status in ("connected", "connected", "disconnected"):
        async with insights.database.as_system() as connection:
            await connection.execute("UPDATE channels SET status = $1, status_at = now()", status)

    assert await insights.given.rows(
        "SELECT status FROM channel_status_changes WHERE channel_id = $1 ORDER BY at",
        insights.place.channel,
    ) == ["unknown", "connected", "disconnected"]


async def test_readers_of_one_log_use_its_index(insights: InsightsFixture) -> None:
    """An expression: the readers of all logs keep the index in their order."""
    start = ["0", UUID(int=0), 0]
    sql = queries("projections")
    async with insights.database.as_tenant(insights.place.tenant) as connection:
        plans = [
            await connection.fetch(
                f"EXPLAIN {sql['read_log']}", insights.place.tenant, *start, "99", 500, None
            ),
            await connection.fetch(
                f"EXPLAIN {sql['read_log_of_types']}",
                insights.place.tenant,
                *start,
                "99",
                500,
                ["turn_finished"],
            ),
            await connection.fetch(
                f"EXPLAIN {sql['tenant_lag']}", insights.place.tenant, ["turns"]
            ),
        ]
    async with insights.database.as_system() as connection:
        plans.append(await connection.fetch(f"EXPLAIN {sql['list_behind']}", ["turns"]))

    for plan in plans:
        text = "\n".join(row[0] for row in plan)
        assert "Index Scan using events_tenant_position" in text, text
        assert "(ROW(" in text.partition("events_tenant_position")[2].partition("Index Cond:")[2]
        assert "Seq Scan on events" not in text


async def test_on_a_busy_machine_events_wait_a_few_seconds(insights: InsightsFixture) -> None:
    busy = Projector(insights.database, is_busy=lambda: True)
    idle = Projector(insights.database, is_busy=lambda: False)
    await insights.serve("ana")
    await wait_until(lambda: _reads(insights, busy, 1))  # the first time is long ago
    await insights.serve("bia")

    await busy.run_in_turn()

    assert await insights.given.count("analytics.conversation_measures") == 1
    await wait_until(lambda: _reads(insights, idle, 2))


async def _reads(insights: InsightsFixture, projector: Projector, conversations: int) -> bool:
    """Whether it has read that many, in one run or, if others delay the end of the log, in more."""
    projector._ran_at = float("-inf")
    await projector.run_in_turn()
    return await insights.given.count("analytics.conversation_measures") == conversations
