"""Writes a row of the audit log in the transaction of the change that it records."""

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
    """Bind the changes made inside to this idempotency key
    (``adapters/postgres/idempotency_store.py``): the key records them when they commit.
    """
    token = _current_key.set((key_id, lease))
    try:
        yield
    finally:
        _current_key.reset(token)


async def record_change(connection: Connection, entry: AuditEntry) -> None:
    """Record a change; the row and the change commit together or not at all. Raises
    ``OperationRefusedError`` (``in_progress``) when another process has taken over the request.
    """
    await record_access(connection, entry)
    current_key = _current_key.get()
    # The result is None when the role may not see the key, for example on the connection of
    # a tenant that the requesting superuser has not entered.
    if (
        current_key
        and await connection.fetchval(_KEYS["mark_acted"], *current_key, entry.target) is False
    ):
        raise OperationRefusedError("another one works on this request by now", code="in_progress")


async def record_access(connection: Connection, entry: AuditEntry) -> None:
    """Record an access that changes nothing, such as reading a conversation."""
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
