"""What customers want done: of a contract that is blocked, or whose line is dark."""

from uuid import UUID

from niochat.ports.erp import (
    ErpWrite,
    IdempotentErpWrite,
    OpenTicket,
    RegisterLead,
    TicketCategory,
    Unlock,
)
from tests.erp.sgp_installation_client import TICKET_ROUTE, UNLOCK_ROUTE, SgpInstallationClient

ROUTES = {"unlock": UNLOCK_ROUTE, "ticket": TICKET_ROUTE}
PHONE = "5581988887777"
LEAD = RegisterLead("3", "Maria da Silva", "52998224725", PHONE, "Rua do Sol, 10", 10, "NC-lead")


async def build_write(kind: str, sgp: SgpInstallationClient, nth: int = 0) -> ErpWrite:
    """An ``unlock`` of a blocked contract, or a ``ticket`` of a dark line."""
    contract = await find_contract("suspended" if kind == "unlock" else "offline_dark", sgp, nth)
    return build_unlock(contract) if kind == "unlock" else build_ticket(contract)


async def find_contract(case: str, sgp: SgpInstallationClient, nth: int = 0) -> str:
    """The number of a case's first contract."""
    return str((await sgp.subscriber(case, nth))["contracts"][0]["id"])


def build_unlock(contract: str, promises: int = 0) -> Unlock:
    return Unlock(contract, "Pode liberar por favor?", promises)


def build_ticket(contract: str) -> OpenTicket:
    words, reference = "Sem internet desde ontem.", f"NC-{contract}"
    return OpenTicket(contract, TicketCategory.NO_CONNECTION, words, "Maria", PHONE, reference)


def build_write_order(request: ErpWrite, turn: UUID, attempt: int = 1) -> IdempotentErpWrite:
    """The order of a write, under the key of what it means."""
    contract = "" if isinstance(request, RegisterLead) else request.contract
    return IdempotentErpWrite(
        f"{type(request).__name__}:{contract}:2026-11", turn, attempt, request
    )
