"""The subscribers of the ERP: contracts, invoices, tickets and the quirks of their records."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import IntEnum, StrEnum

from niochat_sandbox.sgp.boletos import build_digit_line, build_pix_code

_BRASILIA = timezone(timedelta(hours=-3))
_CENT = Decimal("0.01")
_FINE, _INTEREST_A_DAY = Decimal("0.02"), Decimal("0.00033")


def erp_now() -> datetime:
    """The ERP's clock: Brasília time without a time zone (SGP reference 3.2)."""
    return datetime.now(UTC).astimezone(_BRASILIA).replace(tzinfo=None)


class SgpContractStatus(IntEnum):
    """``contratoStatus`` (SGP reference 3.2)."""

    ACTIVE = 1
    INACTIVE = 2
    CANCELLED = 3
    SUSPENDED = 4
    UNVIABLE = 5
    NEW = 6
    REDUCED = 7

    @property
    def display(self) -> str:
        """``contratoStatusDisplay``, with the spaces of real responses."""
        return f" {_DISPLAYS[self]} "


_DISPLAYS = {
    SgpContractStatus.ACTIVE: "Ativo",
    SgpContractStatus.INACTIVE: "Inativo",
    SgpContractStatus.CANCELLED: "Cancelado",
    SgpContractStatus.SUSPENDED: "Suspenso",
    SgpContractStatus.UNVIABLE: "Inviabilidade técnica",
    SgpContractStatus.NEW: "Novo",
    SgpContractStatus.REDUCED: "Ativo velocidade reduzida",
}
BLOCKED_STATUSES = frozenset({SgpContractStatus.SUSPENDED, SgpContractStatus.REDUCED})


class SimulatedLineState(StrEnum):
    """The state of the connection. offline: light reaches the modem; dark: no light does."""

    ONLINE = "online"
    OFFLINE = "offline"
    DARK = "dark"
    NOT_INSTALLED = "not_installed"


class PixAvailability(StrEnum):
    """Where the PIX code of an invoice is available: with the invoice, on request, or nowhere."""

    LISTED = "listed"
    ON_DEMAND = "on_demand"
    NONE = "none"


class RecordQuirk(StrEnum):
    """Deviations of real responses (SGP reference 3.1, 3.2) that a record may have."""

    TEXTUAL = "textual"
    """Numbers as strings, missing values as "None", flags as 0 and 1."""
    DISPLAY_ONLY = "display_only"
    """``contratoStatus`` is null; only the display text has the status."""
    TYPO = "typo"
    """``staus`` instead of ``status`` in verificaacesso."""
    LISTED_ACCESS = "listed_access"
    """verificaacesso returns a list with one object."""
    LISTED_TICKET = "listed_ticket"
    """chamado returns a list with one object."""
    ZERO_OFFLINE = "zero_offline"
    """Offline is status 0."""
    PHONE_OBJECTS = "phone_objects"
    """``telefones`` are objects {contato, tipoContato}."""
    EMPTY_RX = "empty_rx"
    """No light is an empty string."""


@dataclass(frozen=True, slots=True)
class SgpPlan:
    """A plan for sale; ``price`` in BRL per month."""

    id: int
    name: str
    price: Decimal


@dataclass(frozen=True, slots=True)
class ServiceCity:
    """A city with its point of presence."""

    city: str
    pop: int


@dataclass(slots=True)
class SgpOpenInvoice:
    """An open invoice. ``due_in`` is in days from today, so that it does not become outdated."""

    id: int
    original: Decimal
    due_in: int
    pix: PixAvailability = PixAvailability.LISTED

    @property
    def due(self) -> date:
        return erp_now().date() + timedelta(days=self.due_in)

    @property
    def days_late(self) -> int:
        return max(0, -self.due_in)

    @property
    def fine(self) -> Decimal:
        return (self.original * _FINE).quantize(_CENT) if self.days_late else Decimal(0)

    @property
    def interest(self) -> Decimal:
        return (self.original * _INTEREST_A_DAY * self.days_late).quantize(_CENT)

    @property
    def amount(self) -> Decimal:
        """The amount with fine and interest, BRL."""
        return self.original + self.fine + self.interest

    @property
    def digit_line(self) -> str:
        return build_digit_line(self.id, self.amount, self.due)

    @property
    def pix_code(self) -> str:
        """Empty if the provider has no PIX."""
        return "" if self.pix is PixAvailability.NONE else build_pix_code(self.id, self.amount)


@dataclass(frozen=True, slots=True)
class SgpPaidInvoice:
    """A paid invoice. Its days are counted from today, so that they do not become outdated."""

    id: int
    original: Decimal
    due_in: int
    paid_in: int
    paid: Decimal

    @property
    def due(self) -> date:
        return erp_now().date() + timedelta(days=self.due_in)

    @property
    def paid_on(self) -> date:
        return erp_now().date() + timedelta(days=self.paid_in)


@dataclass(slots=True)
class SgpTicket:
    """A service order. ``opened``: the ERP's local time. ``visit_in``: days from
    today, at 14:00.
    """

    number: str
    kind: str
    content: str
    open: bool = True
    opened: datetime = field(default_factory=erp_now)
    visit_in: int | None = None
    technician: str = ""

    @property
    def visit(self) -> datetime | None:
        """When the technician comes."""
        if self.visit_in is None:
            return None
        day = erp_now().replace(hour=14, minute=0, second=0, microsecond=0)
        return day + timedelta(days=self.visit_in)


@dataclass(slots=True)
class SgpContract:
    """One contract at one address."""

    id: int
    status: SgpContractStatus
    plan: SgpPlan
    street: str
    number: int
    district: str
    place: ServiceCity
    line: SimulatedLineState = SimulatedLineState.ONLINE
    promises: int = 0
    unlock_available: bool = True
    invoices: list[SgpOpenInvoice] = field(default_factory=list)
    paid: list[SgpPaidInvoice] = field(default_factory=list)
    tickets: list[SgpTicket] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"{self.street}, {self.number} - {self.district}, {self.place.city}/PE"


@dataclass(slots=True)
class SgpSubscriber:
    """A person or company. ``phone`` writes on WhatsApp; ``erp_phones`` are those in the ERP."""

    id: int
    case: str
    name: str
    document: str
    phone: str
    erp_phones: tuple[str, ...]
    contracts: list[SgpContract]
    quirks: frozenset[RecordQuirk] = frozenset()

    @property
    def open_invoices(self) -> int:
        return sum(len(contract.invoices) for contract in self.contracts)

    def has_quirk(self, quirk: RecordQuirk) -> bool:
        return quirk in self.quirks
