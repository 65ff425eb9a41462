"""Days of the history in a real database: complete or absent, valid, and never sent."""

import signal
from datetime import timedelta
from itertools import takewhile
from typing import Any
from uuid import UUID

import pytest

from niochat.adapters.postgres.database import Database
from niochat.cli.demo_history.history_generator import HistoryGenerator
from niochat.cli.demo_history.history_writer import FilledDay
from niochat.conversations.conversation_queries import ConversationVisibility
from niochat.conversations.conversation_replay import load_history
from niochat.conversations.message_search import MessageSearch, MessageSearchRequest
from niochat.conversations.search_indexer import SearchIndexer
from niochat.domain.conversation import commands as cmd
from niochat.domain.conversation.state import ConversationStatus
from niochat.domain.errors import NotFoundError, OperationRefusedError
from niochat.inbox.sweep_queries import SweepQueries
from tests.builders import Host, RowBuilder, ShardAssignments, insert_commands
from tests.cli.demo_history.history_fixtures import (
    PER_DAY,
    PRESENT,
    RECIFE,
    add_demo_provider,
    fill,
    history_settings,
    open_writer,
)
from tests.cli.demo_history.killed_filling import Moment, fill_and_die
from tests.wait_until import wait_until

pytestmark = pytest.mark.asyncio
TODAY = PRESENT.astimezone(RECIFE).date()
TABLES = (
    "contacts",
    "identities",
    "threads",
    "conversations",
    "messages",
    "events",
    "outbox",
    "turns",
    "ratings",
    "presence_changes",
)
ALL = ConversationVisibility("all", "", frozenset())


async def fill_days(
    database: Database, tenant_id: UUID, days: int, **changes: Any
) -> list[FilledDay]:
    return await fill(await open_writer(database, tenant_id, **changes), days)


async def counts(given: RowBuilder, tenant_id: UUID) -> dict[str, int]:
    return {table: await given.count(table, "tenant_id = $1", tenant_id) for table in TABLES}


async def test_the_log_of_each_conversation_leads_to_its_stored_row(
    database: Database, given: RowBuilder
) -> None:
    place = await add_demo_provider(given)
    filled = await fill_days(database, place.tenant, 3)

    rows = await given.admin.fetch("SELECT * FROM conversations")
    assert len(rows) == sum(each.conversations for each in filled) > 20
    for row in rows:
        history = await load_history(database, place.tenant, row["id"])
        assert not history.differences
        last = history.entries[-1]
        assert last.version == row["version"]
        assert (row["status"], row["team"], row["agent"]) == tuple(
            last.state[name] for name in ("status", "team", "agent")
        )
        assert row["labels"] == list(last.state["labels"])
        assert row["priority"] == last.state["priority"]
        assert (row["waiting_since"] is not None) == last.state["waits"]
        assert row["opened_at"] == history.entries[0].at
        assert row["changed_at"] == last.at
        since_end = takewhile(
            lambda entry: entry.state["status"] == "resolved", reversed(history.entries)
        )
        assert row["resolved_at"] == min((entry.at for entry in since_end), default=None)


async def test_every_message_of_the_log_is_stored_with_its_text(
    database: Database, given: RowBuilder
) -> None:
    place = await add_demo_provider(given)
    filled = await fill_days(database, place.tenant, 2)

    said = await given.rows(
        "SELECT m.text FROM events e LEFT JOIN messages m"
        "    ON m.tenant_id = e.tenant_id AND m.id = (e.body ->> 'message')::uuid"
        " AND m.version = e.version AND m.conversation_id = e.conversation_id"
        " WHERE e.type IN ('message_received', 'message_queued', 'note_added',"
        "                 'rating_answered', 'rating_commented')"
        "   AND e.body ->> 'message' IS NOT NULL"
    )
    assert len(said) == sum(each.messages for each in filled) > 100
    assert all(said)
    assert not [text for text in said if "{" in text]


async def test_nothing_of_it_is_pending_due_or_running(
    database: Database, given: RowBuilder, ownership: ShardAssignments
) -> None:
    place = await add_demo_provider(given)
    host = Host("host-a", database)
    await ownership.assign_all(host)
    # Timers are compared with the clock of the database.
    present = await given.admin.fetchval("SELECT now()")
    await fill_days(database, place.tenant, 2, present=present)

    sweep = SweepQueries(database, host.name)
    shards = list(range(1024))
    assert await sweep.find_pending_threads(shards) == []
    assert await sweep.find_unsent_threads(shards) == []
    assert await sweep.find_orphaned_turns(shards) == []
    assert await given.count("inbox") == 0
    assert await given.count("outbox", "status NOT IN ('sent', 'failed')") == 0
    assert await given.count("outbox", "settled_at >= now()") == 0
    assert await given.count("turns", "status = 'running' OR settled_at IS NULL") == 0
    assert await given.count("events", "at >= now()") == 0
    assert await given.count("messages", "sent_at >= now() OR stored_at >= now()") == 0
    assert await given.count("timers", "name NOT IN ('snooze', 'opening', 'rating')") == 0
    assert await given.count("timers", "due_at <= now()") == 0


async def test_a_second_run_adds_nothing(database: Database, given: RowBuilder) -> None:
    place = await add_demo_provider(given)
    assert len(await fill_days(database, place.tenant, 3)) == 3
    before = await counts(given, place.tenant)

    assert await fill_days(database, place.tenant, 3) == []
    assert await fill_days(database, place.tenant, 3, seed=2) == []

    assert await counts(given, place.tenant) == before
    assert min(before.values()) > 0


async def test_a_longer_history_adds_the_earlier_days_only(
    database: Database, given: RowBuilder
) -> None:
    place = await add_demo_provider(given)
    await fill_days(database, place.tenant, 1)

    added = await fill_days(database, place.tenant, 3)

    assert [each.day for each in added] == [TODAY - timedelta(days=2), TODAY - timedelta(days=1)]


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_run_that_is_killed_leaves_whole_days_and_the_next_run_completes_it(
    moment: Moment, database: Database, serving_url: str, given: RowBuilder
) -> None:
    place = await add_demo_provider(given)
    # Commits: loading the provider, listing the days; then for each day its plan and its rows.
    exit_code = fill_and_die(serving_url, place.tenant, 3, moment, last=6)
    assert exit_code == -signal.SIGKILL
    days = 1 if moment == "before" else 2

    async def is_unlocked() -> bool:
        return not await given.count("pg_locks", "locktype = 'advisory'")

    await wait_until(is_unlocked, what="the end of the killed session")
    filled_days = (
        "SELECT DISTINCT (opened_at AT TIME ZONE 'America/Recife')::date FROM conversations"
    )
    assert len(await given.rows(filled_days)) == days

    added = await fill_days(database, place.tenant, 3)

    assert len(added) == 3 - days
    generator = HistoryGenerator(history_settings(tenant_id=place.tenant, per_day=PER_DAY))
    for each in (TODAY - timedelta(days=n) for n in range(3)):
        plans = generator.plan(each)
        expected = generator.play(plans, range(1, len(plans) + 1))
        events = sum(len(s.events) for played in expected for s in played.simulated.steps)
        day = "(opened_at AT TIME ZONE 'America/Recife')::date = $1"
        assert await given.count("conversations", day, each) == len(expected)
        where = f"conversation_id IN (SELECT id FROM conversations WHERE {day})"
        assert await given.count("events", where, each) == events


async def test_one_process_at_a_time_fills_a_provider(
    database: Database, given: RowBuilder
) -> None:
    place = await add_demo_provider(given)
    writers = [await open_writer(database, place.tenant, seed=seed) for seed in (1, 2)]

    async with writers[0].missing_days(2) as days:
        assert len(days) == 2
        with pytest.raises(OperationRefusedError, match="another process"):
            await fill(writers[1], 2)

    assert len(await fill(writers[1], 2)) == 2


async def test_other_providers_see_nothing_of_it(database: Database, given: RowBuilder) -> None:
    neighbour = await given.place()
    place = await add_demo_provider(given)
    await fill_days(database, place.tenant, 1)

    async with database.as_tenant(neighbour.tenant) as connection:
        for table in TABLES:
            assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 0
    for table in TABLES:
        others = "tenant_id <> $1"
        assert await given.count(table, others, place.tenant) == 0


async def test_what_is_left_of_ratings_expires_and_sends_nothing(
    database: Database, given: RowBuilder, ownership: ShardAssignments
) -> None:
    place = await add_demo_provider(given)
    await fill_days(database, place.tenant, 2, per_day=40)
    host = Host("host-a", database)
    await ownership.assign_all(host)
    sent = "status = 'sent'"
    left = await given.rows(f"SELECT thread_id FROM ratings WHERE {sent}")
    assert len(left) > 3
    sends = await given.count("outbox")
    await given.admin.execute("UPDATE timers SET due_at = now() WHERE name = 'rating'")

    for thread in left:
        await host.run(thread)

    assert await given.count("outbox") == sends
    assert await given.count("ratings", sent) == 0
    assert await given.count("ratings", "reason = 'no_answer' AND changed_at > $1", PRESENT) == len(
        left
    )
    assert await given.count("timers", "name = 'rating'") == 0


async def test_nobody_is_asked_twice_in_a_week_whichever_days_are_filled_first(
    database: Database, given: RowBuilder
) -> None:
    place = await add_demo_provider(given)
    await fill_days(database, place.tenant, 5, per_day=40)
    await fill_days(database, place.tenant, 14, per_day=40)

    gaps = await given.rows(
        "SELECT sent_at - lag(sent_at) OVER (PARTITION BY thread_id ORDER BY sent_at) FROM ratings"
        " WHERE sent_at IS NOT NULL"
    )
    repeated = [gap for gap in gaps if gap is not None]
    assert len(repeated) > 5
    assert min(repeated) >= timedelta(days=7)
    assert await given.count("ratings", "reason = 'asked_recently'") > 5


async def test_a_customer_whose_rating_waits_for_an_answer_does_not_write(
    database: Database, given: RowBuilder
) -> None:
    place = await add_demo_provider(given)
    await fill_days(database, place.tenant, 1, per_day=40)
    waiting = await given.rows("SELECT thread_id FROM ratings WHERE status = 'sent'")
    assert waiting

    later = PRESENT + timedelta(days=4)
    await fill_days(database, place.tenant, 1, per_day=40, present=later)

    assert await given.count("conversations", "opened_at > $1", PRESENT) > 10
    again = "opened_at > $1 AND thread_id = ANY ($2)"
    assert await given.count("conversations", again, PRESENT, waiting) == 0


async def test_positions_of_the_log_follow_the_days(database: Database, given: RowBuilder) -> None:
    place = await add_demo_provider(given)
    await fill_days(database, place.tenant, 4)

    days = await given.rows(
        "SELECT (c.opened_at AT TIME ZONE 'America/Recife')::date FROM events e"
        "  JOIN conversations c ON c.id = e.conversation_id ORDER BY e.xid"
    )
    assert days == sorted(days)
    assert len(set(days)) == 4


async def test_what_is_there_already_stays_as_it_is(
    database: Database, given: RowBuilder, ownership: ShardAssignments
) -> None:
    place = await add_demo_provider(given)
    host = Host("host-a", database)
    thread = await given.thread(place, phone="5581988887777")
    await ownership.assign_all(host)
    await insert_commands(host, place, thread, [cmd.StartConversation("ana", "Olá!")])
    await host.run(thread)
    user = (await given.rows("SELECT id FROM users ORDER BY login LIMIT 1"))[0]
    at = PRESENT - timedelta(hours=1)
    change = "INSERT INTO presence_changes VALUES ($1, $2, $3, 'online', '')"
    await given.admin.execute(change, place.tenant, user, at)
    queries = [
        f"SELECT * FROM {table} WHERE thread_id = '{thread}' ORDER BY 1, 2, 3"
        for table in ("conversations", "messages", "events", "outbox")
    ]
    before = [await given.admin.fetch(query) for query in queries]

    await fill_days(database, place.tenant, 2)

    assert [await given.admin.fetch(query) for query in queries] == before
    own = "user_id = $1 AND at >= $2"
    midnight = at.astimezone(RECIFE).replace(hour=0, minute=0)
    assert await given.count("presence_changes", own, user, midnight) == 1


async def test_older_messages_are_found_although_newer_ones_were_indexed(
    database: Database, given: RowBuilder
) -> None:
    place = await add_demo_provider(given)
    await fill_days(database, place.tenant, 1, per_day=60)
    indexer = SearchIndexer(database)
    while await indexer.index_next_blocks():
        pass
    assert await given.count("search_blocks")

    await fill_days(database, place.tenant, 3, per_day=60)
    while await indexer.index_next_blocks():
        pass

    stored = await given.count("messages", "text ILIKE '%boleto%'")
    search = MessageSearch(database)
    request = MessageSearchRequest(["boleto"], limit=1_000)
    page = await search.search_page(place.tenant, ALL, request)
    assert len(page.rows) == stored > 20


async def test_the_product_goes_on_with_conversations_that_are_open(
    database: Database, given: RowBuilder, ownership: ShardAssignments
) -> None:
    place = await add_demo_provider(given)
    await fill_days(database, place.tenant, 1)
    host = Host("host-a", database)
    await ownership.assign_all(host)
    row = await given.admin.fetchrow(
        "SELECT thread_id, agent FROM conversations WHERE status = 'open' LIMIT 1"
    )
    assert row is not None
    reply, end = cmd.ReplyToCustomer(row["agent"], "Resolvido?"), cmd.ResolveConversation("ana")

    await insert_commands(host, place, row["thread_id"], [reply, end])
    await host.run(row["thread_id"])

    (state,) = (await given.states(row["thread_id"])).values()
    assert state.status is ConversationStatus.RESOLVED
    assert (await given.load_transcript(row["thread_id"])).count("Resolvido?") == 1


async def test_a_provider_without_agents_is_refused(database: Database, given: RowBuilder) -> None:
    place = await given.place()

    with pytest.raises(NotFoundError, match="agents"):
        await open_writer(database, place.tenant)
