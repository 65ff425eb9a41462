"""Hot queries use their indexes, on tables that have grown and on a new database alike: the
product's connections leave the planner little choice.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from niochat.adapters.postgres.database import PLANNER_SETTINGS, Database
from niochat.adapters.postgres.queries import queries
from tests.builders import Admin, open_connection

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
INSERT INTO attachments (tenant_id, id, mimetype, filename, size)
SELECT tenant_id, id, 'image/png', 'x', 1
  FROM messages;
INSERT INTO readings (tenant_id, message_id, file_id, thread_id, sort, said_seconds, status)
SELECT tenant_id, id, id, thread_id, 'voice', 0,
       CASE WHEN random() < 0.97 THEN 'read' ELSE 'wanted' END FROM messages;
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
    for setting, value in PLANNER_SETTINGS.items():
        await admin.execute(f"SET {setting} = '{value}'")
    await admin.execute("SET session_replication_role = replica")  # keys have tests of their own
    await admin.execute(FILL)
    await admin.execute("RESET session_replication_role; SET ROLE niochat_system")
    threads = await some(admin, "SELECT id FROM threads")
    sends = await some(admin, "SELECT id FROM outbox")
    tenants = await some(admin, "SELECT tenant_id FROM identities")
    channels = await some(admin, "SELECT channel_id FROM threads")
    phones = await some(admin, "SELECT value FROM identities")
    ones = [1] * 20
    shards = list(range(256))
    for file, name, values, indexes in (
        (
            "conversation_step",
            "load_threads",
            [[wanted(thread, send) for thread, send in zip(threads, sends, strict=True)]],
            "threads_id_key conversations_one_live inbox_pending timers_thread outbox_unsettled"
            " messages_external unmatched_message outbox_id_key",
        ),
        ("conversation_step", "count_failure", [threads[0]], "inbox_pending"),
        ("outbox", "claim", ["h", threads, ones, 20.0], "outbox_unsettled"),
        ("outbox", "unsettled", [threads[0]], "outbox_unsettled"),
        ("inbox_sweep", "pending_threads", [shards, 2.0, 100], "inbox_forgotten timers_due"),
        ("inbox_sweep", "unsent_threads", [shards, 1.0, 100, "h"], "outbox_due"),
        (
            "inbox",
            "find_known",
            [tenants, channels, ["phone"] * 20, phones, sends],
            "identities_pkey threads_tenant_id_channel_id identities_current outbox_id_key",
        ),
        ("inbox", "find_identities", [tenants, ["phone"] * 20, phones], "identities_pkey"),
        ("inbox", "find_threads", [tenants, channels, threads], "threads_tenant_id_channel_id"),
        ("attachment_readings", "claim", [tenants[0], threads[0], "h", 9.0, 60], "readings_file"),
        ("attachment_readings", "postpone", [tenants[0], threads[0], 9.0], "readings_file"),
        ("attachment_readings", "list_due", [shards, 100, "h"], "readings_wanted"),
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
    assert turn is not None
    write = await admin.fetchrow("SELECT * FROM erp_writes WHERE turn_id = $1", turn["id"])
    assert write is not None
    tenant, id_ = turn["tenant_id"], turn["id"]
    await admin.execute("SELECT set_config('niochat.tenant', $1, false)", str(tenant))
    await admin.execute("SET ROLE niochat_app")
    visit = "turns_pkey turns_conversation erp_writes_turn memories_pkey events_pkey"
    for file, name, values, indexes in (
        ("turn_store", "load_turn", [tenant, [id_], [1], [9], 40, 30], visit),
        (
            "turn_store",
            "list_earlier_conversations",
            [tenant, id_, 5],
            "turns_pkey conversations_thread memories_pkey events_pkey",
        ),
        ("turn_store", "activity_since_return", [tenant, id_], "turns_pkey events_pkey turns_conv"),
        ("turn_store", "find_turn_contact", [tenant, id_, 1], "turns_pkey contacts_pkey"),
        (
            "turn_store",
            "remember_contract",
            [tenant, id_, 1, "1", "1", True],
            "turns_pkey contacts_sealed",
        ),
        ("turn_store", "record_call", [tenant, id_, 1, [{}], {}, "k"], "turns_pkey memories_pkey"),
        (
            "erp_write_journal",
            "insert",
            [tenant, "unlock:1", id_, 1, {}],
            "turns_pkey erp_writes_tenant_id_key",
        ),
        ("erp_write_journal", "find_by_key", [tenant, write["key"]], "erp_writes_tenant_id_key"),
        (
            "erp_write_journal",
            "mark_sending",
            [tenant, write["id"], id_, 1],
            "erp_writes_pkey turns_pkey",
        ),
        ("erp_write_journal", "settle", [tenant, write["id"], "done", {}], "erp_writes_pkey"),
    ):
        rows = await admin.fetch(f"EXPLAIN {queries(file)[name]}", *values)
        check(name, [row[0] for row in rows], indexes)


async def test_what_desks_ask_all_day_uses_its_indexes(admin: Admin) -> None:
    """Lists of a tenant's role, and the log that screens follow with the path's."""
    await admin.execute("SET session_replication_role = replica")
    await admin.execute(FILL)
    await admin.execute(FILL_TURNS)
    await admin.execute(
        "UPDATE conversations SET waiting_since = now() WHERE random() < 0.1;"
        "INSERT INTO replaced_texts (tenant_id, message_id, text, replaced_at)"
        " SELECT tenant_id, id, 'x', now() FROM messages;"
        "WITH x AS (SELECT ctid, row_number() OVER () AS number FROM events)"
        " UPDATE events e SET xid = x.number::text::xid8 FROM x WHERE x.ctid = e.ctid;"
        "INSERT INTO sla_conversations (tenant_id, conversation_id, version, revision, progress,"
        " due_at) SELECT tenant_id, id, 1, 1, '{}', now() FROM conversations; ANALYZE"
    )
    await admin.execute("RESET session_replication_role")
    one = await admin.fetchrow("SELECT tenant_id, id FROM conversations LIMIT 1")
    assert one is not None
    tenant, conversation = one["tenant_id"], one["id"]
    await admin.execute("SELECT set_config('niochat.tenant', $1, false)", str(tenant))
    await admin.execute("SET ROLE niochat_app")
    statuses = ["pending", "waiting", "open", "snoozed"]
    page = [tenant, "all", str(UUID(int=1)), [], statuses, *[None] * 5, False, None, None, 51]
    since = datetime.now(UTC) - timedelta(seconds=20)
    again = [*page[:11], since, UUID(int=0), 51, "700"]
    shown = "threads_ contacts_pkey messages_conversation sla_conversations_pkey"
    for file, name, values, indexes in (
        ("conversation_lists", "changed", page, f"conversations_by_change {shown}"),
        ("conversation_lists", "changed_again", again, f"conversations_by_change {shown}"),
        ("conversation_lists", "opened", page, f"conversations_opened {shown}"),
        ("conversation_lists", "opened", [*page[:4], ["resolved"], *page[5:]], "_opened_before"),
        ("conversation_lists", "waiting", page, f"conversations_waiting {shown}"),
        ("conversation_lists", "counts", page[:4], "conversations_ threads_"),
        ("message_history", "older", [tenant, conversation, None, 51], "messages_conversation"),
        ("message_history", "newer", [tenant, conversation, 1, 51], "messages_conversation"),
        (
            "message_history",
            "activities",
            [tenant, conversation, 0, 99, ["turn_started"], 500],
            "events_pkey",
        ),
        ("message_history", "versions", [tenant, conversation], "replaced_texts_pkey"),
        ("channels", "list", [tenant, None], "conversations_by_change threads_"),
    ):
        rows = await admin.fetch(f"EXPLAIN {queries(file)[name]}", *values)
        check(name, [row[0] for row in rows], indexes)
    for file, name, values in (
        ("event_history", "list_events", [tenant, conversation]),
        ("conversation_history", "page", [tenant, conversation, 0, 100]),
    ):
        rows = await admin.fetch(f"EXPLAIN {queries(file)[name]}", *values)
        plan = "\n".join(row[0] for row in rows)
        assert looks(plan)["messages_pkey"] == {"tenant_id", "id"}, plan
        assert looks(plan)["events_pkey"] >= {"tenant_id", "conversation_id"}, plan
    await admin.execute("SET ROLE niochat_system")
    position = ["29990", UUID(int=0), 0, "30000", UUID(int=0), 0]
    rows = await admin.fetch(
        f"EXPLAIN {queries('event_log')['list_events_after']}", *position, [tenant], 500
    )
    check("after", [row[0] for row in rows], "events_position")
    conversations = [[tenant], [conversation]]
    for name, indexes in (
        ("conversations", "conversations_pkey threads_ contacts_pkey"),
        ("last_messages", "messages_conversation"),
    ):
        rows = await admin.fetch(f"EXPLAIN {queries('event_log')[name]}", *conversations)
        check(name, [row[0] for row in rows], indexes)
        assert ("messages_" in str(rows)) == (name == "last_messages"), "only who asks pays"


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


def wanted(thread: object, send: object) -> dict[str, object]:
    """What a step asks for, of a thread that is not remembered."""
    return {
        "thread_id": thread,
        "wanted": 51,
        "remembered": False,
        "live": False,
        "externals": ["x"],
        "sends": [send],
    }


async def test_a_new_database_plans_by_keys_too(database: Database, admin: Admin) -> None:
    """Without statistics the planner joined every thread of a batch with every shard of the host,
    and kept that plan for good: the product's connections leave it no choice.
    """
    await admin.execute("UPDATE shards SET host = 'h', epoch = 1")
    ids, ones = [UUID(int=n) for n in range(64)], [1] * 64
    async with database.as_system() as connection:
        for file, name, values, keys in (
            ("conversation_step", "load_threads", [[wanted(each, each) for each in ids]], LOADED),
            ("outbox", "claim", ["h", ids, ones, 20.0], CLAIMED),
        ):
            rows = await connection.fetch(f"EXPLAIN {queries(file)[name]}", *values)
            plan = "\n".join(row[0] for row in rows)
            assert not re.search("Hash Join|JIT|Materialize", plan), plan
            assert looks(plan) == keys, plan


LOADED = {
    # Where the phone said something: who typed lately, and what it says by itself.
    "messages_thread": {"tenant_id", "thread_id"},
    "messages_automatic": {"tenant_id"},
    "conversations_pkey": {"id", "tenant_id"},
    "threads_id_key": {"id"},
    "tenants_pkey": {"tenant_id"},
    "conversations_one_live": {"thread_id"},
    "inbox_pending": {"thread_id"},
    "timers_thread": {"thread_id"},
    "messages_external": {"thread_id", "external_id"},
    "unmatched_message": {"thread_id", "external_id"},
    "outbox_id_key": {"id"},
    "outbox_unsettled": {"thread_id"},
    "messages_pkey": {"tenant_id", "id"},
    # Where no conversation is open: one whose rating is. Before a rating is asked for: the contact,
    # and when it was last asked, on any channel.
    "conversations_open_rating": {"thread_id"},
    "timers_pkey": {"tenant_id", "thread_id", "name"},
    "contacts_pkey": {"tenant_id", "id"},
    "channels_id_key": {"id"},
    "threads_tenant_id_channel_id_contact_id_key": {"tenant_id", "contact_id"},
    "ratings_thread": {"tenant_id", "thread_id"},
    # Where a follow-up is due: whether the thread has a newer conversation.
    "conversations_thread": {"tenant_id", "thread_id"},
}
CLAIMED = {
    "outbox_unsettled": {"thread_id"},
    "outbox_id_key": {"id"},
    "shards_pkey": {"shard"},
    "channels_id_key": {"id"},
    "messages_pkey": {"tenant_id", "id"},
    "conversations_pkey": {"tenant_id", "id"},
    "tenants_pkey": {"tenant_id"},
    "threads_id_key": {"id"},
    "channels_tenant_id_slug_key": {"tenant_id"},  # there are few
    "contacts_pkey": {"tenant_id", "id"},
    "identities_current": {"tenant_id", "contact_id"},
}


async def test_a_new_database_commits_a_step_by_keys(admin: Admin, admin_url: str) -> None:
    """The statements within the functions are planned once for each connection, by what the
    planner knows then; it says which plans it made.
    """
    plans = await step_plans(admin_url)

    found: dict[str, set[str]] = {}
    for plan in plans:
        assert not re.search("Seq Scan|Hash Join|Materialize", plan), plan
        for index, columns in looks(plan).items():
            assert found.setdefault(index, columns) == columns, plan
    assert found == {
        "conversations_pkey": {"tenant_id", "id"},
        "conversations_one_live": {"thread_id"},
        "shards_pkey": {"shard"},
        "threads_id_key": {"id"},
        "messages_pkey": {"tenant_id", "id"},
        "unmatched_message": {"thread_id", "external_id"},
        "outbox_id_key": {"id"},
        "outbox_unsettled": {"thread_id"},
        "attachments_pkey": {"tenant_id", "id"},
        "timers_thread": {"thread_id"},
        "turns_pkey": {"tenant_id", "id"},
        "inbox_pkey": {"tenant_id", "id"},
    }


async def step_plans(admin_url: str) -> list[str]:
    """Plans of all statements of a step of twenty threads, on a connection like the product's."""
    connection = await open_connection(admin_url)
    plans: list[str] = []
    connection.add_log_listener(lambda _, message: plans.append(message.message))
    ids = [UUID(int=n) for n in range(20)]
    row: dict[str, object] = dict.fromkeys(FIELDS) | FIELDS
    rows = [row | {"thread_id": id_, "id": id_, "conversation_id": id_} for id_ in ids]
    steps: dict[str, object] = dict.fromkeys(
        [
            "advance",
            "open",
            "check",
            "events",
            "messages",
            "unmatched",
            "matched",
            "sends",
            "cancelled",
            "fired",
            "timers",
            "turns",
        ],
        rows,
    ) | {name: [rows] for name in ("changes", "settled", "ended")}
    steps["sends"] = [each | {"kind": "text"} for each in rows]
    steps["processed"] = [each | {"id": n} for n, each in enumerate(rows)]
    await connection.execute("LOAD 'auto_explain'")
    for setting, value in {**AS_PLANNED, **PLANNER_SETTINGS}.items():
        await connection.execute(f"SET {setting} = '{value}'")
    await connection.execute("SET ROLE niochat_system")
    await connection.fetch("SELECT fence_step('h', 1::smallint, $1)", steps)
    await connection.fetch("SELECT write_step('h', 1::smallint, $1, $2::uuid[])", steps, ids)
    await connection.close()
    return [plan for plan in plans if "jsonb_to_recordset" in plan]


AS_PLANNED = {
    "auto_explain.log_min_duration": "0",
    "auto_explain.log_nested_statements": "on",
    "auto_explain.log_level": "notice",
    "session_replication_role": "replica",  # keys have tests of their own
}
FIELDS: dict[str, object] = {
    "tenant_id": str(UUID(int=9)),
    "conversation_id": str(UUID(int=8)),
    "version": 1,
    "body": {"type": "x"},
    "at": "2026-03-01T12:00:00Z",
    "author": "customer",
    "kind": "receipt",
    "text": "x",
    "details": {},
    "external_id": "x",
    "sent_at": "2026-03-01T12:00:00Z",
    "status": "failed",
    "deleted": False,
    "reactions": {},
    "value": "x",
    "retry_in_s": 0,
    "channel_id": str(UUID(int=7)),
    "message_id": str(UUID(int=6)),
    "origin": "assistant",
    "name": "burst",
    "generation": 1,
    "due_at": "2026-03-01T12:00:00Z",
    "attempt": 1,
    "upto_version": 1,
    "code": "",
    "detail": "",
    "model": "",
    "prompt_version": "",
    "tokens_in": 0,
    "tokens_out": 0,
    "cost": "0",
    "outcome": "done",
    "expected": 1,
    "next": 2,
    "state": {},
    "epoch": 1,
}


async def test_a_new_database_finds_threads_by_their_whole_key(
    database: Database,
) -> None:
    """By the key's first columns alone, each look read all that a channel has."""
    ids, texts = [UUID(int=n) for n in range(64)], ["x"] * 64
    async with database.as_system() as connection:
        query = f"EXPLAIN {queries('inbox')['find_known']}"
        threads = await connection.fetch(query, ids, ids, texts, texts, ids)

    assert conditions(threads, "threads t") == [{"tenant_id", "channel_id", "contact_id"}]


def conditions(rows: list[Any], table: str) -> list[set[str]]:
    """Columns of the index conditions of each look into a table."""
    plan = "\n".join(row[0] for row in rows)
    found = re.findall(rf" on {table} +\(.*\n +Index Cond: (.*)", plan)
    return [set(re.findall(r"\((\w+) = ", each)) for each in found]


def looks(plan: str) -> dict[str, set[str]]:
    """Each index that is read, with the columns that its reader knows (in all of its looks)."""
    found: dict[str, set[str]] = {}
    for index, condition in re.findall(
        r"Index (?:Only )?Scan (?:Backward )?using (\w+) on .*\n(?: +Index Cond: (.*)\n)?",
        plan + "\n",
    ):
        columns = set(re.findall(r"\((\w+) = ", condition))
        assert columns, f"all of {index} is read:\n{plan}"
        found[index] = found.get(index, columns) & columns
    return found
