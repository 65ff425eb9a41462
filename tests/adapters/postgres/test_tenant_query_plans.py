"""No query of a tenant's role reads a grown table by its tenant alone.

Under row-level security a condition whose expression might leak rows uses no index: the planner
then reads everything that the tenant has, and small tests do not notice.
"""

import re
from pathlib import Path

import psycopg

from niochat.adapters.postgres.database import PLANNER_SETTINGS
from niochat.adapters.postgres.queries import parse_queries, queries
from tests.adapters.postgres.test_query_plans import FILL, FILL_TURNS
from tests.insights.reports.read_model_rows import FILL_READ_MODEL

SQL = Path(__file__).parents[3] / "niochat" / "adapters" / "postgres" / "sql"
GROWN = (
    *("messages", "events", "conversations", "threads", "contacts", "attachments", "readings"),
    *("outbox", "inbox", "turns", "identities", "memories", "erp_writes"),
    *("conversation_measures", "human_answers", "assistant_turns", "rollups"),
    *("answer_rollups", "duration_rollups", "deliveries", "delivery_rollups"),
)
WHOLE = {"tenant_id", "generation"}
"""Columns that all rows of a tenant share, in the read model too."""
READ = re.compile(
    r"(?:Bitmap Index Scan on|Index (?:Only )?Scan (?:Backward )?using) (\w+)(?: on (\w+))?.*\n"
    r"(?: +Index Cond: (.*)\n)?"
)
BY_TENANT = {
    # Waiting conversations, of which there are few.
    "alert_values.queue_long": "conversations_queued",
    "alert_values.wait_long": "conversations_waiting",
    # Lists in the order of their index, which end with the page; or counts of what is unresolved.
    "contacts.labels": "conversations_by_change contacts_labelled",
    "conversation_lists.counts": "conversations_by_change",
    "conversation_lists.opened": "conversations_opened conversations_opened_before",
    "conversation_lists.waiting": "conversations_waiting",
    "erp_write_journal.list_unsettled": "erp_writes_open",
    "sla_clocks.list_outdated": "conversations_opened",
    # Commands of operators, in the order of the index or by hand.
    "conversation_inspection.conversations": "conversations_by_change",
    "conversation_inspection.find": "conversations_by_change",
    "conversation_inspection.problem_counts": "inbox_pkey outbox_pkey",
    "conversation_inspection.sends": "outbox_pkey",
    "projections.count_events": "events_pkey",
    "teams.is_used": "conversations_by_change",
    # Backfill and check of the mirror, which count and compare everything, with time limits of
    # their own.
    "mirror.count_sources": "contacts_pkey conversations_by_change messages_pkey",
    "mirrored_rows.day_of_contacts": "contacts_pkey",
    "mirrored_rows.day_of_conversations": "conversations_by_change",
    "mirrored_rows.day_of_events": "events_pkey",
    "mirrored_rows.day_of_messages": "messages_pkey",
    "mirrored_rows.day_of_rollups": "rollups_pkey",
    "mirrored_rows.days_of_contacts": "contacts_pkey",
    "mirrored_rows.days_of_conversations": "conversations_by_change",
    "mirrored_rows.days_of_events": "events_pkey",
    "mirrored_rows.days_of_messages": "messages_pkey",
    "mirrored_rows.days_of_rollups": "rollups_pkey",
    # Removal of what nothing reads any more, a part at a time.
    "conversation_projection.delete_some_answer_rollups": "answer_rollups_pkey",
    "conversation_projection.delete_some_answers": "human_answers_at human_answers_pkey",
    "conversation_projection.delete_some_duration_rollups": "duration_rollups_pkey",
    "conversation_projection.delete_some_measures": (
        "conversation_measures_opened conversation_measures_pkey conversation_measures_thread"
    ),
    "conversation_projection.delete_some_rollups": "rollups_pkey",
    "delivery_projection.delete_some_deliveries": "deliveries_pkey deliveries_queued",
    "delivery_projection.delete_some_delivery_rollups": "delivery_rollups_pkey",
    "turn_projection.delete_some_turns": "assistant_turns_at assistant_turns_pkey",
    # Of the path's role in the product, for which the policies have no conditions.
    "assignment.offline_agents": "conversations_waiting",
    "assignment.return_unanswered": "conversations_waiting",
    "conversation_start.lock_contact": "identities_contact",
    "outbox.claim": "identities_contact",
    "outbox.destination": "identities_contact",
    "thread_merge.move_files": "attachments_wanted",
    "thread_merge.move_outbox": "outbox_pkey",
    "thread_merge.move_turns": "turns_conversation",
    "thread_merge.rehome_outbox": "outbox_unsettled",
    "operators.conversation": "conversations_by_change",
    "operators.figures": "events_tenant_position inbox_pending outbox_unsettled",
    "opt_outs.list": "contacts_opted_out",
    "inbox.suspend_pending": "conversations_one_live",
    "key_rotation.documents": "contacts_sealed",
}
"""Queries that may, and the indexes that they walk."""


def test_no_query_of_a_tenant_reads_all_that_the_tenant_has(admin_url: str) -> None:
    with psycopg.connect(admin_url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(FILL.encode())
        connection.execute(FILL_TURNS.encode())
        connection.execute(FILL_READ_MODEL.encode())
        connection.execute("RESET session_replication_role")
        for setting, value in PLANNER_SETTINGS.items():
            connection.execute(f"SET {setting} = '{value}'".encode())
        connection.execute(
            "SELECT set_config('niochat.tenant', tenant_id::text, false) FROM tenants LIMIT 1"
        )
        connection.execute("SET ROLE niochat_app")
        walked = {
            f"{file.stem}.{name}": indexes
            for file in sorted(SQL.glob("*.sql"))
            for name, query in queries(file.stem).items()
            if (indexes := walked_by_tenant(connection, query))
        }

    unexpected = {
        name: indexes - set(BY_TENANT.get(name, "").split()) for name, indexes in walked.items()
    }
    assert {name: indexes for name, indexes in unexpected.items() if indexes} == {}
    assert set(parse_queries(SQL / "turn_store.sql")) >= {"load_turn"}, "the queries are read"


def walked_by_tenant(connection: "psycopg.Connection[tuple[str]]", query: str) -> set[str]:
    """Indexes of grown tables of which the query knows nothing but the tenant."""
    try:
        rows = connection.execute(f"EXPLAIN (GENERIC_PLAN) {query}".encode()).fetchall()
    except psycopg.errors.InsufficientPrivilege:
        return set()  # not of this role
    except psycopg.errors.SyntaxError:
        return set()  # a command without a plan
    plan = "\n".join(row[0] for row in rows) + "\n"
    assert not [t for t in re.findall(r"Seq Scan on (\w+)", plan) if t in GROWN], plan
    return {
        index
        for index, table, condition in READ.findall(plan)
        if (table or index.split("_")[0]) in GROWN
        and set(re.findall(r"\((\w+) [=<>]", condition or "")) <= WHOLE
        and "ROW(" not in (condition or "")
    }
