"""What a provider's ERP can tell and do, in our words; SGP is one, others may follow.

Everything here is plain data that travels between processes. A field that could hold a password
does not exist: what an ERP says of those ends in its adapter.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from niochat.domain.errors import NiochatError

Answer = TypeVar("Answer")


# -- what there is --------------------------------------------------------------------------


class ContractStatus(StrEnum):
    """Where a contract stands. ``UNKNOWN``: the ERP said something we do not know."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    CANCELLED = "cancelled"
    SUSPENDED = "suspended"
    UNVIABLE = "unviable"
    NEW = "new"
    REDUCED = "reduced"
    """Active with reduced speed, for an unpaid invoice."""
    UNKNOWN = "unknown"

    @property
    def blocked(self) -> bool:
        """Blocked or slowed down for an unpaid invoice: only paying or an unlock helps."""
        return self in (ContractStatus.SUSPENDED, ContractStatus.REDUCED)

    @property
    def gone(self) -> bool:
        """Nothing is delivered under it any more."""
        return self in ("cancelled", "inactive", "unviable")


@dataclass(frozen=True, slots=True)
class Contract:
    """One contract. ``address`` is one line; ``promises`` are unlocks used this month."""

    id: str
    status: ContractStatus
    plan: str = ""
    address: str = ""
    city: str = ""
    pop: str = ""
    """Id of the point of presence, empty when not told."""
    promises: int = 0
    status_reason: str = ""


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A person or company with contracts. ``phones`` are digits as the ERP has them."""

    name: str
    phones: tuple[str, ...]
    contracts: tuple[Contract, ...]


@dataclass(frozen=True, slots=True)
class Invoice:
    """An open invoice. ``amount`` in BRL with fine and interest; each code may be missing."""

    id: str
    due: date
    amount: Decimal
    pix: str = ""
    digit_line: str = ""
    pdf_url: str = ""


class LineState(StrEnum):
    """What the ERP says of the access. ``UNKNOWN`` is never told as offline."""

    ONLINE = "online"
    OFFLINE = "offline"
    SUSPENDED = "suspended"
    MAINTENANCE = "maintenance"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Line:
    """A contract's access. ``until`` is the ERP's own words for how long maintenance takes."""

    state: LineState
    message: str = ""
    protocol: str = ""
    until: str = ""


@dataclass(frozen=True, slots=True)
class Optics:
    """The modem's light. ``rx_dbm`` is the power received; ``None``: no light arrives."""

    online: bool
    rx_dbm: float | None


@dataclass(frozen=True, slots=True)
class Maintenance:
    """Work or an outage that is announced. It concerns ``pops``, or ``cities`` (lower case)."""

    message: str
    pops: tuple[str, ...] = ()
    cities: tuple[str, ...] = ()
    until: datetime | None = None
    """In the provider's local time, without a zone: the ERP tells none."""

    def concerns(self, contract: Contract) -> bool:
        """By the point of presence; by the city only where no points are told."""
        if self.pops:
            return bool(contract.pop) and contract.pop in self.pops
        return bool(contract.city) and contract.city.casefold() in self.cities


@dataclass(frozen=True, slots=True)
class Plan:
    """What can be bought. ``price`` in BRL a month."""

    id: str
    name: str
    price: Decimal


class Category(StrEnum):
    """What a service order is about; the provider's own codes are in its settings."""

    NO_CONNECTION = "sem_conexao"
    SLOW = "lentidao"
    NO_LIGHT = "los_vermelho"
    EQUIPMENT = "equipamento"
    OTHER = "outro"


@dataclass(frozen=True, slots=True)
class Ticket:
    """A service order. ``categories``: what it may be about by the ERP's code; empty: unknown."""

    number: str
    open: bool
    categories: frozenset[Category] = frozenset()
    content: str = ""
    opened_at: datetime | None = None


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
    """A service order. ``reference`` stands in its content, so that it can be found again."""

    contract: str
    category: Category
    content: str
    contact_name: str
    contact_phone: str
    reference: str


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
    PIX = "pix"
    LINE = "line"
    OPTICS = "optics"
    MAINTENANCE = "maintenance"
    UNLOCK = "unlock"
    OPEN_TICKET = "open_ticket"
    TICKETS = "tickets"
    PLANS = "plans"
    LEADS = "leads"


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
