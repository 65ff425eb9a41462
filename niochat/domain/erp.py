"""What a provider's ERP can tell and do, in our words; SGP is one, others may follow.

What it tells of is in ``erp_values``; all of it is plain data that travels between processes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from niochat.domain.erp_values import (
    Category,
    Contract,
    ContractStatus,
    Invoice,
    Line,
    LineState,
    Maintenance,
    Optics,
    PaidInvoice,
    Place,
    Plan,
    Subscriber,
    Ticket,
)
from niochat.domain.errors import NiochatError

__all__ = [
    "Category",
    "Contract",
    "ContractStatus",
    "Invoice",
    "Line",
    "LineState",
    "Maintenance",
    "Optics",
    "PaidInvoice",
    "Place",
    "Plan",
    "Subscriber",
    "Ticket",
]
"""What is read here as well, beside what is defined here."""

Answer = TypeVar("Answer")


# -- what can be asked ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Read(Generic[Answer]):
    """A question whose repetition changes nothing."""


@dataclass(frozen=True, slots=True)
class FindSubscriber(Read[Subscriber | None]):
    """By CPF or CNPJ, digits only; ``None``: nobody."""

    document: str


@dataclass(frozen=True, slots=True)
class ReadContract(Read[Subscriber | None]):
    """The subscriber with this one contract."""

    contract: str


@dataclass(frozen=True, slots=True)
class ListInvoices(Read[tuple[Invoice, ...]]):
    """Open invoices, earliest due first."""

    contract: str


@dataclass(frozen=True, slots=True)
class ListPaid(Read[tuple[PaidInvoice, ...]]):
    """Paid invoices, the one that was due last first."""

    contract: str


@dataclass(frozen=True, slots=True)
class CheckCoverage(Read[bool | None]):
    """Whether the provider could connect a place; ``None``: the ERP does not say."""

    place: Place


@dataclass(frozen=True, slots=True)
class ReadPix(Read[str]):
    """The PIX code of an invoice that came without one; empty: there is none."""

    contract: str
    invoice: str


@dataclass(frozen=True, slots=True)
class FetchPdf(Read[bytes]):
    """The invoice's PDF, checked to be one."""

    contract: str
    url: str


@dataclass(frozen=True, slots=True)
class CheckLine(Read[Line]):
    """Whether the contract's access is up."""

    contract: str


@dataclass(frozen=True, slots=True)
class ReadOptics(Read[Optics | None]):
    """The modem's light; ``None``: the ERP knows no modem."""

    contract: str


@dataclass(frozen=True, slots=True)
class ListMaintenances(Read[tuple[Maintenance, ...]]):
    """Everything under way, of the whole provider."""


@dataclass(frozen=True, slots=True)
class ListTickets(Read[tuple[Ticket, ...]]):
    """The contract's service orders, newest first."""

    contract: str


@dataclass(frozen=True, slots=True)
class ListPlans(Read[tuple[Plan, ...]]):
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
    category: Category
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


Write = Unlock | OpenTicket | RegisterLead


@dataclass(frozen=True, slots=True)
class Written:
    """The ERP did it. ``until`` is the last day of an unlock."""

    protocol: str = ""
    until: date | None = None


class WriteStatus(StrEnum):
    """What is known of a write."""

    DONE = "done"
    REFUSED = "refused"
    NOT_SENT = "not_sent"
    """Certainly not done: it never left, or the ERP turned it away unread."""
    UNKNOWN = "unknown"
    """It may have been done, and reading the ERP again did not tell. Never repeated."""


@dataclass(frozen=True, slots=True)
class WriteOrder:
    """A write and what it means in the business: ``unlock:<contract>:<month>``."""

    key: str
    turn_id: UUID
    attempt: int
    request: Write


@dataclass(frozen=True, slots=True)
class WriteResult:
    """``reason`` is the ERP's when refused, a code when not sent or unknown.

    ``earlier``: not this order did it, but one before it with the same key.
    """

    status: WriteStatus
    protocol: str = ""
    until: date | None = None
    reason: str = ""
    earlier: bool = False


# -- who answers ------------------------------------------------------------------------------


class Capability(StrEnum):
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

    ``ticket_kinds`` are the provider's codes by :class:`Category`.
    """

    base_url: str
    app: str
    token: str = field(repr=False)
    ticket_kinds: Mapping[str, str] = field(default_factory=dict)


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
        self.left = left


class ErpRefused(NiochatError):
    """The ERP understood and said no, in words that may be told."""

    code = "erp_refused"


class Erp(Protocol):
    """Port to an ERP. Never repeats anything by itself."""

    async def read(self, account: ErpAccount, request: Read[Answer], timeout_s: float) -> Answer:
        """Raises ``ErpError``; ``ErpRefused`` where the ERP says why it does not tell."""
        ...

    async def write(self, account: ErpAccount, request: Write, timeout_s: float) -> Written:
        """Once. Raises ``ErpRefused`` when certainly not done, ``ErpError`` otherwise."""
        ...

    async def probe(self, account: ErpAccount, timeout_s: float) -> frozenset[Capability]:
        """What can be asked of it; changes nothing. Raises ``ErpError`` when it cannot be told."""
        ...

    async def close(self) -> None:
        """Close connections."""
        ...


class ErpDesk(Protocol):
    """A tenant's ERP as the assistant sees it: limits, cache and journal are behind it."""

    async def read(self, tenant_id: UUID, request: Read[Answer]) -> Answer:
        """Raises ``ErpError`` or ``ErpRefused``."""
        ...

    async def write(self, tenant_id: UUID, order: WriteOrder) -> WriteResult:
        """Journalled, shielded from cancellation, never repeated.

        Raises ``Refused`` when the turn is over or the tenant suspended.
        """
        ...
