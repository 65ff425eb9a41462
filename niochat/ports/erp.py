"""The port to a provider's ERP, of whatever vendor.

What it tells of is in ``erp_values``; all of it is plain data that travels between processes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from niochat.domain.errors import NiochatError
from niochat.domain.tenant.erp_values import (
    AccessState,
    AccessStatus,
    Contract,
    ContractStatus,
    ErpTicket,
    Invoice,
    NetworkMaintenance,
    OpticalSignal,
    PaidInvoice,
    ServiceAddress,
    ServicePlan,
    Subscriber,
    TicketCategory,
)

__all__ = [
    "AccessState",
    "AccessStatus",
    "Contract",
    "ContractStatus",
    "ErpTicket",
    "Invoice",
    "NetworkMaintenance",
    "OpticalSignal",
    "PaidInvoice",
    "ServiceAddress",
    "ServicePlan",
    "Subscriber",
    "TicketCategory",
]
"""What is read here as well, beside what is defined here."""

ResultT = TypeVar("ResultT")


# -- what can be asked ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ErpRead(Generic[ResultT]):
    """A question whose repetition changes nothing."""


@dataclass(frozen=True, slots=True)
class FindSubscriber(ErpRead[Subscriber | None]):
    """By CPF or CNPJ, digits only; ``None``: nobody."""

    document: str


@dataclass(frozen=True, slots=True)
class ReadContract(ErpRead[Subscriber | None]):
    """The subscriber with this one contract."""

    contract: str


@dataclass(frozen=True, slots=True)
class ListInvoices(ErpRead[tuple[Invoice, ...]]):
    """Open invoices, earliest due first."""

    contract: str


@dataclass(frozen=True, slots=True)
class ListPaidInvoices(ErpRead[tuple[PaidInvoice, ...]]):
    """Paid invoices, the one that was due last first."""

    contract: str


@dataclass(frozen=True, slots=True)
class CheckCoverage(ErpRead[bool | None]):
    """Whether the provider could connect a place; ``None``: the ERP does not say."""

    place: ServiceAddress


@dataclass(frozen=True, slots=True)
class ReadPixCode(ErpRead[str]):
    """The PIX code of an invoice that came without one; empty: there is none."""

    contract: str
    invoice: str


@dataclass(frozen=True, slots=True)
class FetchInvoicePdf(ErpRead[bytes]):
    """The invoice's PDF, checked to be one."""

    contract: str
    url: str


@dataclass(frozen=True, slots=True)
class CheckAccessStatus(ErpRead[AccessStatus]):
    """Whether the contract's access is up."""

    contract: str


@dataclass(frozen=True, slots=True)
class ReadOpticalSignal(ErpRead[OpticalSignal | None]):
    """The modem's light; ``None``: the ERP knows no modem."""

    contract: str


@dataclass(frozen=True, slots=True)
class ListMaintenances(ErpRead[tuple[NetworkMaintenance, ...]]):
    """Everything under way, of the whole provider."""


@dataclass(frozen=True, slots=True)
class ListTickets(ErpRead[tuple[ErpTicket, ...]]):
    """The contract's service orders, newest first."""

    contract: str


@dataclass(frozen=True, slots=True)
class ListServicePlans(ErpRead[tuple[ServicePlan, ...]]):
    """What the provider sells."""


@dataclass(frozen=True, slots=True)
class Unlock:
    """Trust unlock of a blocked contract, once a month. ``promises`` were used before it."""

    contract: str
    words: str
    promises: int = 0


@dataclass(frozen=True, slots=True)
class OpenTicket:
    """A service order. ``reference`` stands in its content, so that it can be found again.

    ``kind``: the provider's own code, where another than its category's is meant.
    """

    contract: str
    category: TicketCategory
    content: str
    contact_name: str
    contact_phone: str
    reference: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class RegisterLead:
    """Somebody wants a plan."""

    plan: str
    name: str
    document: str
    phone: str
    address: str
    due_day: int | None
    reference: str


ErpWrite = Unlock | OpenTicket | RegisterLead


@dataclass(frozen=True, slots=True)
class ErpWriteReceipt:
    """The ERP did it. ``until`` is the last day of an unlock."""

    protocol: str = ""
    until: date | None = None


class ErpWriteStatus(StrEnum):
    """What is known of a write."""

    DONE = "done"
    REFUSED = "refused"
    NOT_SENT = "not_sent"
    """Certainly not done: it never left, or the ERP turned it away unread."""
    UNKNOWN = "unknown"
    """It may have been done, and reading the ERP again did not tell. Never repeated."""


@dataclass(frozen=True, slots=True)
class IdempotentErpWrite:
    """A write and what it means in the business: ``unlock:<contract>:<month>``."""

    key: str
    turn_id: UUID
    attempt: int
    request: ErpWrite


@dataclass(frozen=True, slots=True)
class ErpWriteResult:
    """``reason`` is the ERP's when refused, a code when not sent or unknown.

    ``earlier``: not this order did it, but one before it with the same key.
    """

    status: ErpWriteStatus
    protocol: str = ""
    until: date | None = None
    reason: str = ""
    earlier: bool = False


# -- who answers ------------------------------------------------------------------------------


class ErpCapability(StrEnum):
    """What an installation and its token allow; probed, because installations differ."""

    INVOICES = "invoices"
    PAID = "paid"
    PIX = "pix"
    LINE = "line"
    OPTICS = "optics"
    MAINTENANCE = "maintenance"
    UNLOCK = "unlock"
    OPEN_TICKET = "open_ticket"
    TICKETS = "tickets"
    PLANS = "plans"
    LEADS = "leads"
    COVERAGE = "coverage"


@dataclass(frozen=True, slots=True)
class ErpAccount:
    """How to reach one tenant's ERP. ``token`` is a secret: never logged.

    ``ticket_kinds`` are the provider's codes by :class:`TicketCategory`. ``kind`` is the vendor's;
    the client of one vendor does not read it.
    """

    base_url: str
    app: str
    token: str = field(repr=False)
    ticket_kinds: Mapping[str, str] = field(default_factory=dict)
    kind: str = ""


class ErpError(NiochatError):
    """The ERP did not answer as it should. ``code`` begins with ``erp_``.

    ``left``: the request may have reached the ERP, so a write's outcome is not known.
    """

    code = "erp_failed"

    def __init__(
        self, message: str, *, code: str = "erp_failed", retryable: bool = False, left: bool = True
    ) -> None:
        super().__init__(message, code=code)
        self.retryable = retryable
        self.maybe_sent = left


class ErpRefusedError(NiochatError):
    """The ERP understood and said no, in words that may be told."""

    code = "erp_refused"


class ErpConnector(Protocol):
    """Port to an ERP. Never repeats anything by itself."""

    async def read(
        self, account: ErpAccount, request: ErpRead[ResultT], timeout_s: float
    ) -> ResultT:
        """Raises ``ErpError``; ``ErpRefusedError`` where the ERP says why it does not tell."""
        ...

    async def write(
        self, account: ErpAccount, request: ErpWrite, timeout_s: float
    ) -> ErpWriteReceipt:
        """Once. Raises ``ErpRefusedError`` when certainly not done, ``ErpError`` otherwise."""
        ...

    async def probe(self, account: ErpAccount, timeout_s: float) -> frozenset[ErpCapability]:
        """What can be asked of it; changes nothing. Raises ``ErpError`` when it cannot be told."""
        ...

    async def close(self) -> None:
        """Close connections."""
        ...


class TenantErpClient(Protocol):
    """A tenant's ERP as the assistant sees it: limits, cache and journal are behind it."""

    async def read(self, tenant_id: UUID, request: ErpRead[ResultT]) -> ResultT:
        """Raises ``ErpError`` or ``ErpRefusedError``."""
        ...

    async def write(self, tenant_id: UUID, order: IdempotentErpWrite) -> ErpWriteResult:
        """Journalled, shielded from cancellation, never repeated.

        Raises ``Refused`` when the turn is over or the tenant suspended.
        """
        ...
