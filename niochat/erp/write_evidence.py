"""Finds evidence in the ERP of a write whose response was lost."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from niochat.erp.limited_client import LimitedErpClient
from niochat.ports.erp import (
    ErpWrite,
    ErpWriteReceipt,
    ListTickets,
    OpenTicket,
    ReadContract,
    Unlock,
)

_JOURNALED_FIELDS = {"contract", "category", "reference", "promises", "plan"}


def describe_write(request: ErpWrite) -> dict[str, object]:
    """What the journal stores: the request without personal data and without texts."""
    fields = {name: getattr(request, name) for name in _JOURNALED_FIELDS if hasattr(request, name)}
    return {"kind": type(request).__name__, **fields}


async def find_write_evidence(
    calls: LimitedErpClient, tenant_id: UUID, journaled: Mapping[str, Any]
) -> ErpWriteReceipt | None:
    """Evidence of a journalled write; ``None`` if the ERP shows none yet or lists no such records.

    The count before the write is read from the journal, because the ERP may already count the
    write. Raises ``ErpError`` and ``ErpRefusedError``.
    """
    match journaled["kind"]:
        case Unlock.__name__:
            return await _find_unlock(calls, tenant_id, journaled)
        case OpenTicket.__name__:
            return await _find_ticket(calls, tenant_id, journaled)
        case _:
            return None  # the ERP lists no leads


async def _find_unlock(
    calls: LimitedErpClient, tenant_id: UUID, journaled: Mapping[str, Any]
) -> ErpWriteReceipt | None:
    contract = journaled["contract"]
    subscriber = await calls.read(tenant_id, ReadContract(contract), fresh=True)
    promises = [c.promises for c in subscriber.contracts if c.id == contract] if subscriber else []
    return ErpWriteReceipt() if promises and promises[0] > journaled["promises"] else None


async def _find_ticket(
    calls: LimitedErpClient, tenant_id: UUID, journaled: Mapping[str, Any]
) -> ErpWriteReceipt | None:
    tickets = await calls.read(tenant_id, ListTickets(journaled["contract"]), fresh=True)
    numbers = [t.number for t in tickets if journaled["reference"] in t.content]
    return ErpWriteReceipt(numbers[0]) if numbers else None
