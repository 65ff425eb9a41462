"""Finds evidence in the ERP of a write whose answer was lost."""

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
    """What the journal keeps: what was asked, not who the person is or what was said."""
    fields = {name: getattr(request, name) for name in _JOURNALED_FIELDS if hasattr(request, name)}
    return {"kind": type(request).__name__, **fields}


async def find_write_evidence(
    calls: LimitedErpClient, tenant_id: UUID, journaled: Mapping[str, Any]
) -> ErpWriteReceipt | None:
    """What the ERP shows of a journalled write; ``None``: nothing (yet), or it lists no such thing.

    What was so before the write is in the journal: the ERP may count it by now. Raises
    ``ErpError`` and ``ErpRefusedError``.
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
    owner = await calls.read(tenant_id, ReadContract(contract), fresh=True)
    used = [c.promises for c in owner.contracts if c.id == contract] if owner else []
    return ErpWriteReceipt() if used and used[0] > journaled["promises"] else None


async def _find_ticket(
    calls: LimitedErpClient, tenant_id: UUID, journaled: Mapping[str, Any]
) -> ErpWriteReceipt | None:
    tickets = await calls.read(tenant_id, ListTickets(journaled["contract"]), fresh=True)
    numbers = [t.number for t in tickets if journaled["reference"] in t.content]
    return ErpWriteReceipt(numbers[0]) if numbers else None
