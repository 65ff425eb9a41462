"""Bulk data: millions of rows as years of use would leave them, inserted by PostgreSQL itself."""

from niochat.launcher.databases.postgres_server import DATABASE_NAME
from niochat_lab.bench.measurement.postgres_statistics import BenchPostgres
from niochat_lab.lab_queries import lab_queries

_SQL = lab_queries("bench")

MESSAGES_PER_PERSON = 20
"""Messages per contact; ``bench.sql`` divides by this number."""
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
    postgres: BenchPostgres, tenant_id: object, channel_id: object, stored: int, size: int
) -> None:
    """Insert messages ``stored`` to ``size`` in ended conversations, with all rows that belong to
    them.

    The tenant must have one conversation already, which serves as the template. Maintenance
    (vacuum, checkpoint) runs before the function returns.
    """
    key = (tenant_id, channel_id)
    for first in range(stored, size, _CHUNK):
        last = min(first + _CHUNK, size)
        contacts = (-(-first // MESSAGES_PER_PERSON), -(-last // MESSAGES_PER_PERSON))
        statements: list[tuple[str, tuple[object, ...]]] = [(_SQL["disable_triggers"], ())]
        statements += [(name, (*key, *contacts)) for name in _CONTACT_QUERIES]
        statements.append((_SQL["insert_conversations"], (*key, *contacts, "resolved")))
        statements += [(name, (*key, first, last)) for name in _MESSAGE_QUERIES]
        postgres.run_all(statements, DATABASE_NAME)
    postgres.run_all(_MAINTENANCE_QUERIES, DATABASE_NAME)


def insert_waiting_conversations(
    postgres: BenchPostgres, tenant_id: object, channel_id: object, first: int, last: int
) -> None:
    """Insert contacts that each have an open conversation waiting for agents."""
    key = (tenant_id, channel_id, first, last)
    statements: list[tuple[str, tuple[object, ...]]] = [(_SQL["disable_triggers"], ())]
    statements += [(name, key) for name in _CONTACT_QUERIES]
    statements += [(_SQL["insert_conversations"], (*key, "waiting")), *_MAINTENANCE_QUERIES]
    postgres.run_all(statements, DATABASE_NAME)
