"""Port to a provider's ERP: its requests, results and errors, independent of the vendor.

The values that requests return are in ``niochat.domain.tenant.erp_values``. All of them are plain
data that travels between processes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
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
from niochat.ports.audit import AuditActor

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
"""Values of ``erp_values`` that are re-exported, because callers of this port need them."""

ResultT = TypeVar("ResultT")


# -- requests ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ErpRead(Generic[ResultT]):
    """A request that only reads, so repeating it is safe."""


@dataclass(frozen=True, slots=True)
class FindSubscriber(ErpRead[Subscriber | None]):
    """Finds a subscriber by CPF or CNPJ without punctuation; ``None`` means there is none."""

    document: str


@dataclass(frozen=True, slots=True)
class ListSubscribersByPhone(ErpRead[tuple[Subscriber, ...]]):
    """Lists the subscribers with this phone number, which has the country code."""

    phone: str


@dataclass(frozen=True, slots=True)
class ReadContract(ErpRead[Subscriber | None]):
    """Reads the subscriber of a contract, with this contract only."""

    contract: str


@dataclass(frozen=True, slots=True)
class ListInvoices(ErpRead[tuple[Invoice, ...]]):
    """Lists open invoices, earliest due date first."""

    contract: str


@dataclass(frozen=True, slots=True)
class ListPaidInvoices(ErpRead[tuple[PaidInvoice, ...]]):
    """Lists paid invoices, latest due date first."""

    contract: str


@dataclass(frozen=True, slots=True)
class CheckCoverage(ErpRead[bool | None]):
    """Asks whether the provider can serve an address; ``None`` means that the ERP does not say."""

    place: ServiceAddress


@dataclass(frozen=True, slots=True)
class ReadPixCode(ErpRead[str]):
    """Reads the PIX code of an invoice that was listed without one; empty if there is none."""

    contract: str
    invoice: str


@dataclass(frozen=True, slots=True)
class FetchInvoicePdf(ErpRead[bytes]):
    """Downloads the invoice's PDF. The adapter checks that the file is a PDF."""

    contract: str
    url: str


@dataclass(frozen=True, slots=True)
class CheckAccessStatus(ErpRead[AccessStatus]):
    """Asks whether the contract's access is online."""

    contract: str


@dataclass(frozen=True, slots=True)
class ReadOpticalSignal(ErpRead[OpticalSignal | None]):
    """Reads the optical signal at the modem; ``None`` if the ERP knows no modem."""

    contract: str


@dataclass(frozen=True, slots=True)
class ListMaintenances(ErpRead[tuple[NetworkMaintenance, ...]]):
    """Lists the provider's current maintenances and outages."""


@dataclass(frozen=True, slots=True)
class ListTickets(ErpRead[tuple[ErpTicket, ...]]):
    """Lists the contract's service orders, newest first."""

    contract: str


@dataclass(frozen=True, slots=True)
class ListServicePlans(ErpRead[tuple[ServicePlan, ...]]):
    """Lists the service plans on sale."""


@dataclass(frozen=True, slots=True)
class Unlock:
    """Unlocks a blocked contract on trust, once a month. ``words`` is the reason given to the ERP,
    ``promises`` the number of unlocks used before.
    """

    contract: str
    words: str
    promises: int = 0


@dataclass(frozen=True, slots=True)
class OpenTicket:
    """Opens a service order. ``reference`` is part of its content, so that it can be found again.

    ``kind`` is the provider's own code if it differs from the code of the category.
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
    """Registers a sales lead for a service plan."""

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
    """The ERP executed a write. ``until`` is the last day of an unlock."""

    protocol: str = ""
    until: date | None = None


class ErpWriteStatus(StrEnum):
    """The outcome of a write."""

    DONE = "done"
    REFUSED = "refused"
    NOT_SENT = "not_sent"
    """Certainly not executed: it was not sent, or the ERP rejected it unread."""
    UNKNOWN = "unknown"
    """It may have been executed, and reading the ERP did not settle it. Never repeated."""


@dataclass(frozen=True, slots=True)
class AgentErpOrder:
    """An agent's order of a write in a conversation. Repeats of one request have the same ``id``.
    ``actor`` is recorded in the audit log.
    """

    id: UUID
    conversation_id: UUID
    actor: AuditActor


@dataclass(frozen=True, slots=True)
class IdempotentErpWrite:
    """A write with its business key, for example ``unlock:<contract>:<month>``. Writes with equal
    keys are executed once.

    The assistant's writes have a ``turn_id`` and its ``attempt``, an agent's have an ``order``.
    """

    key: str
    turn_id: UUID | None
    attempt: int
    request: ErpWrite
    order: AgentErpOrder | None = None


@dataclass(frozen=True, slots=True)
class ErpWriteResult:
    """The result of a write. ``reason`` is the ERP's text if it refused, and a code if the write
    was not sent or its outcome is unknown.

    ``earlier`` says that a previous write with the same key was executed instead of this one.
    """

    status: ErpWriteStatus
    protocol: str = ""
    until: date | None = None
    reason: str = ""
    earlier: bool = False


# -- connectors -------------------------------------------------------------------------------


class ErpCapability(StrEnum):
    """Functions that an ERP installation and its token allow. Installations differ, so they are
    probed.
    """

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
    """The address and credentials of one tenant's ERP. ``token`` is a secret and is never logged.

    ``ticket_kinds`` maps a :class:`TicketCategory` to the provider's own code. ``kind`` is the
    vendor's; the client of one vendor does not read it.
    """

    base_url: str
    app: str
    token: str = field(repr=False)
    ticket_kinds: Mapping[str, str] = field(default_factory=dict)
    kind: str = ""


class ErpError(NiochatError):
    """The ERP did not answer as expected. ``code`` begins with ``erp_``.

    ``maybe_sent`` says that the request may have reached the ERP, so that the outcome of a write is
    unknown. ``retry_after_s`` is the number of seconds after which a retry may succeed, if known.
    """

    code = "erp_failed"

    def __init__(
        self,
        message: str,
        *,
        code: str = "erp_failed",
        retryable: bool = False,
        left: bool = True,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message, code=code)
        self.retryable = retryable
        self.maybe_sent = left
        self.retry_after_s = retry_after_s


class ErpRefusedError(NiochatError):
    """The ERP refused the request. The message is the ERP's and may be shown to the customer."""

    code = "erp_refused"


class ErpConnector(Protocol):
    """Port to an ERP. It never repeats a request by itself."""

    async def read(
        self, account: ErpAccount, request: ErpRead[ResultT], timeout_s: float
    ) -> ResultT:
        """Executes a read. Raises ``ErpRefusedError`` if the ERP refuses it, else ``ErpError``."""
        ...

    async def write(
        self, account: ErpAccount, request: ErpWrite, timeout_s: float
    ) -> ErpWriteReceipt:
        """Executes a write once. Raises ``ErpRefusedError`` if it was certainly not executed,
        ``ErpError`` otherwise.
        """
        ...

    async def probe(self, account: ErpAccount, timeout_s: float) -> frozenset[ErpCapability]:
        """Returns the functions that work, without changing anything. Raises ``ErpError`` if they
        cannot be determined.
        """
        ...

    async def close(self) -> None:
        """Closes the connections."""
        ...


@dataclass(frozen=True, slots=True)
class TimedErpRead(Generic[ResultT]):
    """The result of a read and when the ERP gave it."""

    value: ResultT
    read_at: datetime


class AgentErpClient(Protocol):
    """Access to a tenant's ERP for agents, with limits, cache and write journal."""

    async def read_timed(
        self, tenant_id: UUID, request: ErpRead[ResultT], max_age_s: float | None = None
    ) -> TimedErpRead[ResultT]:
        """Executes a read, or returns a cached result that is at most ``max_age_s`` old (``None``:
        as old as the cache keeps it). Raises ``ErpError`` or ``ErpRefusedError``.
        """
        ...

    async def write(self, tenant_id: UUID, order: IdempotentErpWrite) -> ErpWriteResult:
        """Executes a write once; cancelling the caller does not stop it. Raises ``ErpError``, or
        ``OperationRefusedError`` if the tenant is suspended.
        """
        ...

    async def verify_write(self, tenant_id: UUID, key: str) -> None:
        """Looks in the ERP for a journalled write whose outcome is unknown, and settles it if it is
        found. Raises ``ErpError`` or ``ErpRefusedError``.
        """
        ...


class TenantErpClient(Protocol):
    """Access to a tenant's ERP for the assistant, with limits, cache and write journal."""

    async def read(self, tenant_id: UUID, request: ErpRead[ResultT]) -> ResultT:
        """Executes a read. Raises ``ErpError`` or ``ErpRefusedError``."""
        ...

    async def write(self, tenant_id: UUID, order: IdempotentErpWrite) -> ErpWriteResult:
        """Executes a write: it is journalled, shielded from cancellation and never repeated.

        Raises ``OperationRefusedError`` if the turn is over or the tenant suspended.
        """
        ...
