"""Hot queries use their indexes: on tables that have grown by the planner's own choice, and on a
new database because the product's connections leave it none.
"""

import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from tests.builders import Admin

pytestmark = pytest.mark.asyncio

SMALL = {"tenants", "channels", "shards", "teams"}
"""Tables of which a page or two is all there is."""
FILL = """
INSERT INTO tenants (slug, name) SELECT 'p-' || n, 'p' FROM generate_series(1, 20) n;
INSERT INTO teams SELECT tenant_id, 'atendimento', 'A' FROM tenants;
INSERT INTO channels (tenant_id, slug, name, base_url, token_hash, token_sealed, secret_hash,
                      secret_sealed)
SELECT tenant_id, 'c', 'c', '', '', '', '', '' FROM tenants;
INSERT INTO contacts (tenant_id) SELECT tenant_id FROM tenants, generate_series(1, 500);
INSERT INTO identities SELECT tenant_id, 'phone', row_number() OVER ()::text, id FROM contacts;
INSERT INTO threads (tenant_id, channel_id, contact_id)
SELECT c.tenant_id, h.id, c.id FROM contacts c JOIN channels h USING (tenant_id);
INSERT INTO conversations (tenant_id, id, thread_id, protocol, status, version, state,
                           schema_version, opened_at, changed_at)
SELECT tenant_id, uuidv7(), id, row_number() OVER (), 'pending', 1, '{}', 1, now(), now()
  FROM threads;
INSERT INTO messages (tenant_id, id, thread_id, conversation_id, version, author, kind, text,
                      external_id, sent_at)
SELECT tenant_id, uuidv7(), thread_id, id, 1, 'assistant', 'text', 'oi', id, now()
  FROM conversations;
INSERT INTO inbox (tenant_id, id, channel_id, thread_id, shard, dedupe_key, command, received_at,
                   processed_at)
SELECT tenant_id, nextval('inbox_numbers'), channel_id, id, shard, 'm:' || id || n, '{}',
       now() - random() * interval '1 hour',
       CASE WHEN n > 1 OR random() < 0.97 THEN now() END
  FROM threads, generate_series(1, 3) n;
INSERT INTO outbox (tenant_id, id, thread_id, shard, channel_id, conversation_id, message_id,
                    origin, text, status)
SELECT m.tenant_id, uuidv7(), m.thread_id, shard_of(m.thread_id), t.channel_id,
       m.conversation_id, m.id, 'assistant', 'oi',
       CASE WHEN n > 1 OR random() < 0.97 THEN 'sent' ELSE 'queued' END
  FROM messages m JOIN threads t ON t.id = m.thread_id, generate_series(1, 2) n;
INSERT INTO timers SELECT tenant_id, id, 'burst', shard, id, 1, now() FROM threads;
INSERT INTO unmatched (tenant_id, thread_id, external_id, kind, value)
SELECT tenant_id, id, 'x' || id, 'receipt', 'read' FROM threads;
ANALYZE;
"""
FILL_TURNS = """
INSERT INTO events (tenant_id, conversation_id, version, thread_id, type, body, schema_version, at)
SELECT tenant_id, id, n, thread_id, 'turn_started', '{}', 1, now()
  FROM conversations, generate_series(1, 3) n;
INSERT INTO turns (tenant_id, id, conversation_id, thread_id, shard, attempt, upto_version, status,
                   host, started_at)
SELECT tenant_id, uuidv7(), id, thread_id, shard_of(thread_id), 1, 1,
       CASE n WHEN 1 THEN 'cancelled' WHEN 2 THEN 'answered' ELSE 'running' END, 'h', now()
  FROM conversations, generate_series(1, 3) n;
INSERT INTO memories (tenant_id, conversation_id, facts) SELECT tenant_id, id, '{}'
  FROM conversations;
INSERT INTO erp_writes (tenant_id, key, turn_id, request) SELECT tenant_id, 'k:' || id, id, '{}'
  FROM turns;
ANALYZE;
"""


async def test_hot_queries_use_their_indexes(admin: Admin) -> None:
    """Ten thousand threads, thirty thousand rows in, twenty thousand out; most are done."""
    await admin.execute("SET session_replication_role = replica")  # keys have tests of their own
    await admin.execute(FILL)
    await admin.execute("RESET session_replication_role; SET ROLE niochat_system")
    threads = await some(admin, "SELECT id FROM threads")
    sends = await some(admin, "SELECT id FROM outbox")
    tenants = await some(admin, "SELECT tenant_id FROM identities")
    channels = await some(admin, "SELECT channel_id FROM threads")
    phones = await some(admin, "SELECT value FROM identities")
    numbers, words, ones = list(range(20)), ["x"] * 20, [1] * 20
    shards = list(range(256))
    for file, name, values, indexes in (
        (
            "step",
            "load_threads",
            [threads, ones, [False] * 20],
            "threads_id_key conversations_one_live inbox_pending timers_thread outbox_unsettled",
        ),
        ("step", "load_news", [threads, words], "messages_external unmatched_message"),
        ("step", "load_sends", [threads, sends], "outbox_id_key"),
        ("step", "drop_unmatched", [threads, words], "unmatched_message"),
        ("step", "cancel_replies", [threads], "outbox_unsettled"),
        ("step", "check", ["h", threads, threads, ones, ones], "conversations_one_live"),
        ("step", "mark_processed", [tenants, numbers, words], "inbox_pkey"),
        ("step", "count_failure", [threads[0]], "inbox_pending"),
        ("outbox", "claim", ["h", threads, ones, 20.0], "outbox_unsettled"),
        ("outbox", "unsettled", [threads[0]], "outbox_unsettled"),
        ("sweep", "forgotten", [shards, 2.0, 100], "inbox_forgotten timers_due"),
        ("sweep", "unsent", [shards, 1.0, 100, "h"], "outbox_due"),
        (
            "inbox",
            "find_known",
            [tenants, channels, ["phone"] * 20, phones],
            "identities_pkey threads_tenant_id_channel_id",
        ),
        ("inbox", "find_identities", [tenants, ["phone"] * 20, phones], "identities_pkey"),
        ("inbox", "find_threads", [tenants, channels, threads], "threads_tenant_id_channel_id"),
        ("inbox", "outcome", [tenants[0], channels[0], "k"], "inbox_channel_id_dedupe_key_key"),
    ):
        rows = await admin.fetch(f"EXPLAIN {queries(file)[name]}", *values)
        check(name, [row[0] for row in rows], indexes)


async def test_what_every_turn_asks_uses_its_indexes(admin: Admin) -> None:
    """The same as the tenant's role: thirty thousand turns of twenty tenants."""
    await admin.execute("SET session_replication_role = replica")
    await admin.execute(FILL)
    await admin.execute(FILL_TURNS)
    await admin.execute("RESET session_replication_role")
    turn = await admin.fetchrow("SELECT * FROM turns WHERE status = 'running' LIMIT 1")
    write = await admin.fetchrow("SELECT * FROM erp_writes WHERE turn_id = $1", turn["id"])
    tenant, id_ = turn["tenant_id"], turn["id"]
    await admin.execute("SELECT set_config('niochat.tenant', $1, false)", str(tenant))
    await admin.execute("SET ROLE niochat_app")
    visit = "turns_pkey turns_conversation erp_writes_turn memories_pkey events_pkey"
    for file, name, values, indexes in (
        ("assistant", "visit", [tenant, [id_], [1], [9], 40], visit),
        ("assistant", "record_call", [tenant, id_, 1, [{}], {}], "turns_pkey memories_pkey"),
        ("erp", "journal", [tenant, "unlock:1", id_, 1, {}], "turns_pkey erp_writes_tenant_id_key"),
        ("erp", "earlier", [tenant, write["key"]], "erp_writes_tenant_id_key"),
        ("erp", "leave", [tenant, write["id"], id_, 1], "erp_writes_pkey turns_pkey"),
        ("erp", "settle", [tenant, write["id"], "done", {}], "erp_writes_pkey"),
    ):
        rows = await admin.fetch(f"EXPLAIN {queries(file)[name]}", *values)
        check(name, [row[0] for row in rows], indexes)


def check(name: str, lines: list[str], indexes: str) -> None:
    """No grown table is read as a whole, and every one of ``indexes`` is used."""
    plan = "\n".join(lines)
    for table in re.findall(r"Seq Scan on (\w+)", plan):
        assert table in SMALL, f"{name} reads all of {table}:\n{plan}"
    assert all(index in plan for index in indexes.split()), f"{name}:\n{plan}"


async def test_a_known_key_is_found_by_its_index(admin: Admin) -> None:
    """What ``append`` conflicts with must be an index over exactly these columns."""
    names = await admin.fetch(
        "SELECT indexdef FROM pg_indexes WHERE tablename = 'inbox' AND indexdef LIKE '%UNIQUE%'"
    )

    assert any("(channel_id, dedupe_key)" in row["indexdef"] for row in names)
    plan = await admin.fetch(f"EXPLAIN {queries('inbox')['append']}", [], [], [], [], [], [])
    assert any(
        "Conflict Arbiter Indexes: inbox_channel_id_dedupe_key_key" in row[0] for row in plan
    )


async def some(admin: Admin, query: str) -> list[object]:
    return [row[0] for row in await admin.fetch(f"{query} LIMIT 20")]


async def test_a_new_database_plans_by_keys_too(database: Database, admin: Admin) -> None:
    """Without statistics the planner joined every thread of a batch with every shard of the host,
    and kept that plan for good: the product's connections leave it no choice.
    """
    await admin.execute("UPDATE shards SET host = 'h', epoch = 1")
    ids, ones, texts = [UUID(int=n) for n in range(64)], [1] * 64, ["x"] * 64
    times, states = [datetime.now(UTC)] * 64, [{}] * 64
    advance = ["h", 1, ids, ones, ones, states, texts, texts, texts, times, times, ones]
    async with database.path() as connection:
        for file, name, values in (
            ("step", "advance", advance),
            ("step", "check", ["h", ids, ids, ones, ones]),
            ("outbox", "claim", ["h", ids, ones, 20.0]),
        ):
            rows = await connection.fetch(f"EXPLAIN {queries(file)[name]}", *values)
            plan = "\n".join(row[0] for row in rows)
            assert "shards_pkey" in plan, f"{name} walks the shards:\n{plan}"
            assert not re.search("Hash Join|JIT", plan), plan


async def test_a_new_database_finds_threads_by_their_whole_key(
    database: Database,
) -> None:
    """By the key's first columns alone, each look read all that a channel has."""
    ids, texts = [UUID(int=n) for n in range(64)], ["x"] * 64
    async with database.path() as connection:
        query = f"EXPLAIN {queries('inbox')['find_known']}"
        threads = await connection.fetch(query, ids, ids, texts, texts)

    assert conditions(threads, "threads t") == [{"tenant_id", "channel_id", "contact_id"}]


def conditions(rows: list[Any], table: str) -> list[set[str]]:
    """Columns of the index conditions of each look into a table."""
    plan = "\n".join(row[0] for row in rows)
    found = re.findall(rf" on {table} +\(.*\n +Index Cond: (.*)", plan)
    return [set(re.findall(r"\((\w+) = ", each)) for each in found]
