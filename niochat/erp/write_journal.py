"""The journal of writes to the ERP: each is stored first, under a key of its business meaning."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.errors import OperationRefusedError
from niochat.ports.erp import ErpWriteReceipt

_SQL = queries("erp_write_journal")


@dataclass(frozen=True, slots=True)
class WriteJournalEntry:
    """The row of a write. ``status`` is ``started`` (not sent), ``sending`` (it may have been done,
    so read the ERP), or ``done`` or ``refused``, which have a ``result``. ``created`` says whether
    this call inserted the row; ``request`` is the stored description of the request.
    """

    id: UUID
    created: bool
    status: str
    request: Mapping[str, Any]
    result: Any


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
        return WriteJournalEntry(
            row["id"], inserted_id is not None, row["status"], row["request"], row["result"]
        )

    async def mark_sending(
        self, tenant_id: UUID, write_id: UUID, turn_id: UUID, attempt: int
    ) -> bool:
        """Whether this caller, and no other, may send the request now."""
        async with self._database.as_tenant(tenant_id) as connection:
            marked_id = await connection.fetchval(
                _SQL["mark_sending"], tenant_id, write_id, turn_id, attempt
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
        return [
            WriteJournalEntry(r["id"], False, r["status"], r["request"], r["result"]) for r in rows
        ]


def format_write_result(receipt: ErpWriteReceipt) -> dict[str, str | None]:
    """The result of a write that was done, as the journal stores it."""
    until = receipt.until.isoformat() if receipt.until else None
    return {"protocol": receipt.protocol, "until": until}


def turn_over_error() -> OperationRefusedError:
    """The error for a turn that has ended or a tenant that is suspended."""
    return OperationRefusedError(
        "the turn is over or the tenant suspended", code="turn_not_current"
    )
