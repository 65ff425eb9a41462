"""One tenant's backlog does not hide what was forgotten of the others, nor their sends or turns."""

import json
from uuid import UUID

import pytest

from niochat.adapters.postgres.database import Database
from niochat.inbox.sweep_queries import MAX_THREADS_PER_SWEEP, SweepQueries
from tests.builders import ChannelRef, RowBuilder

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]

SHARDS = list(range(1024))


async def forgotten(
    given: RowBuilder, place: ChannelRef, threads: int, rows: int, age: str
) -> None:
    """Rows of so many threads, pending for a while."""
    await given.admin.execute("SET session_replication_role = replica")
    await given.admin.execute(
        "INSERT INTO inbox (tenant_id, id, channel_id, thread_id, shard, dedupe_key, command,"
        " received_at) SELECT $1, nextval('inbox_numbers'), $2, t, shard_of(t), 'm:' || t || n,"
        " '{}', now() - $5::text::interval FROM (SELECT uuidv7() AS t FROM generate_series(1, $3))"
        " AS threads, generate_series(1, $4) n",
        place.tenant,
        place.channel,
        threads,
        rows,
        age,
    )
    await given.admin.execute("RESET session_replication_role")


@pytest.mark.parametrize(
    ("threads", "rows"), [(3 * MAX_THREADS_PER_SWEEP, 1), (1, 3 * MAX_THREADS_PER_SWEEP)]
)
async def test_a_quiet_tenants_forgotten_thread_is_found_in_the_first_look(
    database: Database, given: RowBuilder, threads: int, rows: int
) -> None:
    noisy, quiet = await given.place(), await given.place()
    await forgotten(given, noisy, threads, rows, "1 hour")
    await forgotten(given, quiet, 2, 1, "10 s")

    found = await SweepQueries(database, "host-a:1").find_pending_threads(SHARDS)

    assert sum(each.tenant_id == quiet.tenant for each in found) == 2
    assert len(found) == min(MAX_THREADS_PER_SWEEP, threads + 2)


async def test_a_quiet_tenants_send_is_found_in_the_first_look(
    database: Database, given: RowBuilder
) -> None:
    noisy, quiet = await given.place(), await given.place()
    await given.admin.execute("SET session_replication_role = replica")
    for place, count, age in ((noisy, 2 * MAX_THREADS_PER_SWEEP, "1 hour"), (quiet, 1, "5 s")):
        await given.admin.execute(
            "INSERT INTO outbox (tenant_id, id, thread_id, shard, channel_id, conversation_id,"
            " message_id, origin, text, next_at) SELECT $1, uuidv7(), t, shard_of(t), $2, t, t,"
            " 'assistant', 'oi', now() - $4::text::interval"
            " FROM (SELECT uuidv7() AS t FROM generate_series(1, $3)) AS threads",
            place.tenant,
            place.channel,
            count,
            age,
        )

    found = await SweepQueries(database, "host-a:1").find_unsent_threads(SHARDS)

    assert len(found) == MAX_THREADS_PER_SWEEP
    assert quiet.channel in {each.channel_id for each in found}


async def test_turns_that_did_not_fit_are_found_in_turn_without_those_that_did(
    database: Database, given: RowBuilder
) -> None:
    noisy, quiet = await given.place(), await given.place()
    await given.admin.execute("SET session_replication_role = replica")
    for place, count in ((noisy, 20), (quiet, 2)):
        await given.admin.execute(
            "WITH opened AS (INSERT INTO conversations (tenant_id, id, thread_id, protocol, status,"
            " version, state, schema_version, opened_at, changed_at) SELECT $1, uuidv7(), uuidv7(),"
            " uuidv7()::text, 'pending', 1, $3::jsonb, 1, now(), now() FROM generate_series(1, $2)"
            " RETURNING *) INSERT INTO turns (tenant_id, id, conversation_id, thread_id, shard,"
            " attempt, upto_version, host, started_at) SELECT tenant_id, uuidv7(), id, thread_id,"
            " shard_of(thread_id), 2, 7, 'host-a:1', now() - interval '1 min' FROM opened",
            place.tenant,
            count,
            json.loads("{}"),
        )
    known: list[UUID] = await given.rows(
        "SELECT id FROM turns WHERE tenant_id = $1 LIMIT 5", noisy.tenant
    )
    sweeper = SweepQueries(database, "host-a:1")

    found = await sweeper.find_unwatched_turns(SHARDS, known, 5.0, 4)

    assert [each.tenant_id for each in found].count(quiet.tenant) == 2
    assert not {each.turn_id for each in found} & set(known)
    assert {(each.attempt, each.upto_version) for each in found} == {(2, 7)}
    assert await sweeper.find_unwatched_turns(SHARDS, known, 600.0) == []
    assert await SweepQueries(database, "host-b:1").find_unwatched_turns(SHARDS, [], 5.0) == []
    assert await sweeper.find_orphaned_turns(SHARDS) == []
