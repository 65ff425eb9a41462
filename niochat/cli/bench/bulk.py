"""Rows by the million: what years of work leave behind, written by PostgreSQL itself."""

from niochat.adapters.postgres.queries import queries
from niochat.cli.bench.stores import Stores
from niochat.stack.postgres import DATABASE_NAME

_SQL = queries("bench")

BESIDE = 20
"""Messages of one person; `bench.sql` divides by it."""
_CHUNK = 250_000
_PEOPLE = (_SQL["bulk_contacts"], _SQL["bulk_identities"], _SQL["bulk_threads"])
_CALM: list[tuple[str, tuple[object, ...]]] = [
    (_SQL[name], ()) for name in ("tidy_up", "checkpoint")
]
_SAID = (_SQL["bulk_messages"], _SQL["bulk_events"], _SQL["bulk_inbox"], _SQL["bulk_outbox"])


def fill(stores: Stores, tenant_id: object, channel_id: object, stored: int, size: int) -> None:
    """Messages `stored` up to `size`, with all that belongs to them, in ended conversations.

    The tenant has a conversation already, which the others are like. PostgreSQL has nothing left to
    tidy up afterwards.
    """
    where = (tenant_id, channel_id)
    for first in range(stored, size, _CHUNK):
        last = min(first + _CHUNK, size)
        people = (-(-first // BESIDE), -(-last // BESIDE))
        work: list[tuple[str, tuple[object, ...]]] = [(_SQL["without_triggers"], ())]
        work += [(name, (*where, *people)) for name in _PEOPLE]
        work.append((_SQL["bulk_conversations"], (*where, *people, "resolved")))
        work += [(name, (*where, first, last)) for name in _SAID]
        stores.run_all(work, DATABASE_NAME)
    stores.run_all(_CALM, DATABASE_NAME)


def settle_people(
    stores: Stores, tenant_id: object, channel_id: object, first: int, last: int
) -> None:
    """People with a live conversation each, which people hold."""
    where = (tenant_id, channel_id, first, last)
    work: list[tuple[str, tuple[object, ...]]] = [(_SQL["without_triggers"], ())]
    work += [(name, where) for name in _PEOPLE]
    work += [(_SQL["bulk_conversations"], (*where, "waiting")), *_CALM]
    stores.run_all(work, DATABASE_NAME)
