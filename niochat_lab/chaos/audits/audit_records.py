"""The product's records for the audit: its rows, and a replay of every conversation's events."""

import orjson

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.domain_json_codec import event_from_json, state_from_json
from niochat.domain.conversation.evolve import replay
from niochat_lab.chaos.audits.message_audit import AuditedMessage, AuditedSend, ProductRecords
from niochat_lab.lab_queries import lab_queries

_SQL = lab_queries("chaos")


async def load_stored_records(database: Database) -> ProductRecords:
    """Load all records that the audit compares. Raises ``UnavailableError`` if the database is
    away.
    """
    async with database.as_system() as connection:
        inbox = await connection.fetch(_SQL["unprocessed_inbox_rows"])
        customer_messages = await connection.fetch(_SQL["customer_messages"])
        sends = await connection.fetch(_SQL["outbox_rows"])
        tenants = [row["tenant_id"] for row in await connection.fetch(_SQL["tenant_ids"])]
    unknown = 0
    for tenant_id in tenants:
        async with database.as_tenant(tenant_id) as connection:
            unknown += await connection.fetchval(_SQL["count_unknown_writes"], tenant_id)
    return ProductRecords(
        messages={
            row["external_id"]: AuditedMessage(row["copies"], row["with_people"] or False)
            for row in customer_messages
        },
        sends=[
            AuditedSend(str(r["id"]), str(r["thread_id"]), r["position"], r["status"])
            for r in sends
        ],
        unprocessed=[f"row {r['id']} of the inbox: {r['outcome'] or 'waits'}" for r in inbox],
        unknown_writes=unknown,
        wrong=await _find_inconsistent_logs(database),
    )


async def _find_inconsistent_logs(database: Database) -> list[str]:
    """Find conversations with a gap in their versions, or whose state differs from their replayed
    events.
    """
    async with database.as_system() as connection:
        rows = await connection.fetch(_SQL["conversation_logs"])
    inconsistent = []
    for row in rows:
        if row["versions"] != list(range(1, row["version"] + 1)):
            inconsistent.append(f"wrong: the versions of conversation {row['id']} have a gap")
            continue
        replayed = replay([event_from_json(_decode_value(body)) for body in row["log"]])
        if replayed != state_from_json(_decode_value(row["state"]), row["schema_version"]):
            inconsistent.append(f"wrong: the log of conversation {row['id']} is not its state")
    return inconsistent


def _decode_value(stored: object) -> object:
    """Decode a value; elements of an array are text, values of a column are decoded already."""
    return orjson.loads(stored) if isinstance(stored, str | bytes) else stored
