"""The journal of writes to the ERP: each is stored first, under a key of its business meaning."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from niochat.adapters.postgres.audit_log import record_change
from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.errors import OperationRefusedError
from niochat.ports.audit import AuditEntry
from niochat.ports.erp import AgentErpOrder, ErpWriteReceipt

_SQL = queries("erp_write_journal")


@dataclass(frozen=True, slots=True)
class WriteJournalEntry:
    """The row of a write. ``status`` is ``started`` (not sent), ``sending`` (it may have been done,
    so read the ERP), or ``done`` or ``refused``, which have a ``result``. ``created`` says whether
    this call inserted the row; ``request`` is the stored description of the request. ``order_id``
    names the order of an agent, if one requested the write. ``abandoned`` says that a write that
    is not sent was recorded so long ago that nobody will send it any more.
    """

    id: UUID
    created: bool
    status: str
    request: Mapping[str, Any]
    result: Any
    order_id: UUID | None = None
    key: str = ""
    abandoned: bool = False


class ErpWriteJournal:
    """The journal of one database; every call acts for one tenant."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(
        self, tenant_id: UUID, key: str, turn_id: UUID, attempt: int, request: Mapping[str, object]
    ) -> WriteJournalEntry:
        """Record that the write ``key`` (``unlock:<contract>:<month>``) will be done.

        Raises ``OperationRefusedError`` if the turn is not current or the tenant is suspended.
        """
        async with self._database.as_tenant(tenant_id) as connection:
            inserted_id = await connection.fetchval(
                _SQL["insert"], tenant_id, key, turn_id, attempt, dict(request)
            )
            row = await connection.fetchrow(_SQL["find_by_key"], tenant_id, key)
        if row is None:
            raise turn_over_error()
        return _entry_from_row(row, created=inserted_id is not None)

    async def begin_agent_order(
        self, tenant_id: UUID, key: str, order: AgentErpOrder, request: Mapping[str, object]
    ) -> WriteJournalEntry:
        """Record that an agent requests the write ``key``, in the journal and in the audit log.

        Raises ``OperationRefusedError`` if the conversation is gone or the tenant is suspended.
        """
        async with self._database.as_tenant(tenant_id) as connection:
            inserted_id = await connection.fetchval(
                _SQL["insert_agent_order"],
                tenant_id,
                key,
                dict(request),
                order.id,
                order.conversation_id,
                order.actor.id,
            )
            row = await connection.fetchrow(_SQL["find_by_key"], tenant_id, key)
            if inserted_id is not None:
                entry = _audit_entry(tenant_id, order, inserted_id, request)
                await record_change(connection, entry)
        if row is None:
            raise order_refused_error()
        return _entry_from_row(row, created=inserted_id is not None)

    async def find(self, tenant_id: UUID, key: str) -> WriteJournalEntry | None:
        """The write with this key."""
        async with self._database.as_tenant(tenant_id) as connection:
            row = await connection.fetchrow(_SQL["find_by_key"], tenant_id, key)
        return None if row is None else _entry_from_row(row)

    async def find_in_conversation(
        self, tenant_id: UUID, write_id: UUID, conversation_id: UUID
    ) -> WriteJournalEntry | None:
        """A write that was requested in the conversation."""
        async with self._database.as_tenant(tenant_id) as connection:
            row = await connection.fetchrow(
                _SQL["find_in_conversation"], tenant_id, write_id, conversation_id
            )
        return None if row is None else _entry_from_row(row)

    async def mark_sending(
        self, tenant_id: UUID, write_id: UUID, turn_id: UUID, attempt: int
    ) -> bool:
        """Whether this caller, and no other, may send the request now."""
        async with self._database.as_tenant(tenant_id) as connection:
            marked_id = await connection.fetchval(
                _SQL["mark_sending"], tenant_id, write_id, turn_id, attempt
            )
        return marked_id is not None

    async def mark_agent_order_sending(self, tenant_id: UUID, write_id: UUID) -> bool:
        """The same for a write that an agent requested."""
        async with self._database.as_tenant(tenant_id) as connection:
            marked_id = await connection.fetchval(
                _SQL["mark_agent_order_sending"], tenant_id, write_id
            )
        return marked_id is not None

    async def mark_not_sent(self, tenant_id: UUID, write_id: UUID) -> None:
        """Record that the request certainly did not reach the ERP, so that it may be sent again."""
        async with self._database.as_tenant(tenant_id) as connection:
            await connection.execute(_SQL["mark_not_sent"], tenant_id, write_id)

    async def settle(
        self, tenant_id: UUID, write_id: UUID, status: str, result: Mapping[str, object]
    ) -> bool:
        """Record ``done`` or ``refused`` with the ERP's result; false if it was settled before."""
        async with self._database.as_tenant(tenant_id) as connection:
            settled_id = await connection.fetchval(
                _SQL["settle"], tenant_id, write_id, status, dict(result)
            )
        return settled_id is not None

    async def list_unsettled(self, tenant_id: UUID) -> list[WriteJournalEntry]:
        """Writes without a known outcome whose sender has given up, oldest first."""
        async with self._database.as_tenant(tenant_id) as connection:
            rows = await connection.fetch(_SQL["list_unsettled"], tenant_id)
        return [_entry_from_row(row) for row in rows]


def _entry_from_row(row: Any, *, created: bool = False) -> WriteJournalEntry:
    return WriteJournalEntry(
        row["id"],
        created,
        row["status"],
        row["request"],
        row["result"],
        row["order_id"],
        row["key"],
        row["abandoned"],
    )


def _audit_entry(
    tenant_id: UUID, order: AgentErpOrder, write_id: UUID, request: Mapping[str, object]
) -> AuditEntry:
    after = {"write": str(write_id), **request}
    return AuditEntry(
        tenant_id,
        order.actor,
        "subscribers.erp_write",
        f"conversation:{order.conversation_id}",
        None,
        after,
    )


def format_write_result(receipt: ErpWriteReceipt) -> dict[str, str | None]:
    """The result of a write that was done, as the journal stores it."""
    until = receipt.until.isoformat() if receipt.until else None
    return {"protocol": receipt.protocol, "until": until}


def order_refused_error() -> OperationRefusedError:
    """The error for an agent's order of a tenant that is suspended."""
    return OperationRefusedError(
        "The conversation does not exist any more or the tenant is suspended.",
        code="order_not_allowed",
    )


def turn_over_error() -> OperationRefusedError:
    """The error for a turn that has ended or a tenant that is suspended."""
    return OperationRefusedError(
        "the turn is over or the tenant suspended", code="turn_not_current"
    )
