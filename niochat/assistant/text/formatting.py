"""Format amounts, dates, names and contracts for a Brazilian customer."""

from datetime import date
from decimal import Decimal

from niochat.ports.erp import Contract, ContractStatus

CONTRACT_STATUS_TEXTS = {
    ContractStatus.ACTIVE: "Ativo",
    ContractStatus.INACTIVE: "Inativo",
    ContractStatus.CANCELLED: "Cancelado",
    ContractStatus.SUSPENDED: "Suspenso",
    ContractStatus.UNVIABLE: "Inviabilidade técnica",
    ContractStatus.NEW: "Novo",
    ContractStatus.REDUCED: "Ativo com velocidade reduzida",
    ContractStatus.UNKNOWN: "situação não informada",
}


def format_brl(amount: Decimal) -> str:
    """Format an amount: ``R$ 1.234,56``."""
    text = f"{amount:,.2f}"
    return "R$ " + text.translate(str.maketrans(",.", ".,"))


def format_date(value: date) -> str:
    """Format a date: ``10/11/2026``."""
    return f"{value:%d/%m/%Y}"


def mask_name(name: str) -> str:
    """Mask a name as ``M•••• d• S••••``, which only someone who knows the person recognizes."""
    return " ".join(word[0] + "•" * (len(word) - 1) for word in name.split())


def format_contract(option: int, contract: Contract, *, with_address: bool) -> str:
    """Format ``1 - Contrato (5501) - *Ativo*`` and, if ``with_address``, the address."""
    head = f"{option} - Contrato ({contract.id}) - *{CONTRACT_STATUS_TEXTS[contract.status]}*"
    if not with_address or not contract.address:
        return head
    return f"{head}\nEndereço: *{contract.address}*"
