"""One row of the audit log, in the transaction of what it tells of."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import UUID

from niochat.adapters.postgres.database import Connection
from niochat.adapters.postgres.queries import queries
from niochat.domain.errors import OperationRefusedError
from niochat.ports.audit import AuditEntry

_SQL = queries("audit")
_KEYS = queries("idempotency")
_current_key: ContextVar[tuple[UUID, UUID] | None] = ContextVar("keyed", default=None)


@contextmanager
def under_idempotency_key(key_id: UUID, lease: UUID) -> Iterator[None]:
    """Whatever is done within is done under this key of a request
    (``adapters/postgres/idempotency_store.py``): the key tells of it as soon as it is committed.
    """
    before = _current_key.set((key_id, lease))
    try:
        yield
    finally:
        _current_key.reset(before)


async def record_change(connection: Connection, entry: AuditEntry) -> None:
    """Written when the transaction commits, and not written when it does not. Raises ``Refused``
    (``in_progress``) where another one works by now on the request that this is part of.
    """
    await record_access(connection, entry)
    keyed = _current_key.get()
    # No row: a role that may not see the key, such as one of a tenant that a superuser is not in.
    if keyed and await connection.fetchval(_KEYS["mark_acted"], *keyed, entry.target) is False:
        raise OperationRefusedError("another one works on this request by now", code="in_progress")


async def record_access(connection: Connection, entry: AuditEntry) -> None:
    """The same of what changes nothing, such as a look at something."""
    await connection.execute(
        _SQL["record"],
        entry.tenant_id,
        entry.actor.kind,
        entry.actor.id,
        entry.action,
        entry.target,
        entry.before,
        entry.after,
        entry.actor.address[:64],
    )
