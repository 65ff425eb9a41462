"""Rows by the million: what years of work leave behind, written by PostgreSQL itself."""

from niochat.launcher.databases.postgres_server import DATABASE_NAME
from niochat_lab.bench.measurement.postgres_statistics import BenchPostgres
from niochat_lab.lab_queries import lab_queries

_SQL = lab_queries("bench")

MESSAGES_PER_PERSON = 20
"""Messages of one person; `bench.sql` divides by it."""
_CHUNK = 250_000
_CONTACT_QUERIES = (_SQL["insert_contacts"], _SQL["insert_identities"], _SQL["insert_threads"])
_MAINTENANCE_QUERIES: list[tuple[str, tuple[object, ...]]] = [
    (_SQL[name], ()) for name in ("vacuum_analyze", "checkpoint")
]
_MESSAGE_QUERIES = (
    _SQL["insert_messages"],
    _SQL["insert_events"],
    _SQL["insert_processed_inbox"],
    _SQL["insert_sent_outbox"],
)


def insert_ended_conversations(
    stores: BenchPostgres, tenant_id: object, channel_id: object, stored: int, size: int
) -> None:
    """Messages `stored` up to `size`, with all that belongs to them, in ended conversations.

    The tenant has a conversation already, which the others are like. PostgreSQL has nothing left to
    tidy up afterwards.
    """
    where = (tenant_id, channel_id)
    for first in range(stored, size, _CHUNK):
        last = min(first + _CHUNK, size)
        people = (-(-first // MESSAGES_PER_PERSON), -(-last // MESSAGES_PER_PERSON))
        work: list[tuple[str, tuple[object, ...]]] = [(_SQL["disable_triggers"], ())]
        work += [(name, (*where, *people)) for name in _CONTACT_QUERIES]
        work.append((_SQL["insert_conversations"], (*where, *people, "resolved")))
        work += [(name, (*where, first, last)) for name in _MESSAGE_QUERIES]
        stores.run_all(work, DATABASE_NAME)
    stores.run_all(_MAINTENANCE_QUERIES, DATABASE_NAME)


def insert_waiting_conversations(
    stores: BenchPostgres, tenant_id: object, channel_id: object, first: int, last: int
) -> None:
    """People with a live conversation each, which people hold."""
    where = (tenant_id, channel_id, first, last)
    work: list[tuple[str, tuple[object, ...]]] = [(_SQL["disable_triggers"], ())]
    work += [(name, where) for name in _CONTACT_QUERIES]
    work += [(_SQL["insert_conversations"], (*where, "waiting")), *_MAINTENANCE_QUERIES]
    stores.run_all(work, DATABASE_NAME)
