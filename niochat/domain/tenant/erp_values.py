"""What an ERP tells of, in our words: people, contracts, invoices, lines, plans, orders.

Plain data that travels between processes. A field that could hold a password does not exist: what
an ERP says of those ends in its adapter.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum


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
    def ended(self) -> bool:
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
    """An open invoice. ``amount`` in BRL with fine and interest; each code may be missing.

    ``original``: without them; ``None``: not told. The parts are zero where nothing is told.
    """

    id: str
    due: date
    amount: Decimal
    pix: str = ""
    digit_line: str = ""
    pdf_url: str = ""
    original: Decimal | None = None
    fine: Decimal = Decimal(0)
    interest: Decimal = Decimal(0)
    discount: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class PaidInvoice:
    """An invoice that is paid. ``amount`` as it was made out, ``paid`` what was paid, in BRL;
    ``None``: not told. ``paid_on`` ``None``: no day is told.
    """

    id: str
    due: date
    amount: Decimal | None
    paid: Decimal | None = None
    paid_on: date | None = None


class AccessState(StrEnum):
    """What the ERP says of the access. ``UNKNOWN`` is never told as offline."""

    ONLINE = "online"
    OFFLINE = "offline"
    SUSPENDED = "suspended"
    MAINTENANCE = "maintenance"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class AccessStatus:
    """A contract's access. ``until`` is the ERP's own words for how long maintenance takes."""

    state: AccessState
    message: str = ""
    protocol: str = ""
    until: str = ""


@dataclass(frozen=True, slots=True)
class OpticalSignal:
    """The modem's light. ``rx_dbm`` is the power received; ``None``: no light arrives."""

    online: bool
    rx_dbm: float | None


@dataclass(frozen=True, slots=True)
class NetworkMaintenance:
    """Work or an outage that is announced. It concerns ``pops``, or ``cities`` (lower case)."""

    message: str
    pops: tuple[str, ...] = ()
    cities: tuple[str, ...] = ()
    until: datetime | None = None
    """In the provider's local time, without a zone: the ERP tells none."""

    def affects(self, contract: Contract) -> bool:
        """By the point of presence; by the city only where no points are told."""
        if self.pops:
            return bool(contract.pop) and contract.pop in self.pops
        return bool(contract.city) and contract.city.casefold() in self.cities


@dataclass(frozen=True, slots=True)
class ServicePlan:
    """What can be bought. ``price`` in BRL a month."""

    id: str
    name: str
    price: Decimal


class TicketCategory(StrEnum):
    """The category of a service order. The settings of the provider map it to its own codes."""

    NO_CONNECTION = "sem_conexao"
    SLOW = "lentidao"
    NO_LIGHT = "los_vermelho"
    EQUIPMENT = "equipamento"
    OTHER = "outro"


@dataclass(frozen=True, slots=True)
class ErpTicket:
    """A service order. ``categories``: what it may be about by the ERP's code; empty: unknown."""

    number: str
    open: bool
    categories: frozenset[TicketCategory] = frozenset()
    content: str = ""
    opened_at: datetime | None = None
    scheduled_for: datetime | None = None
    """When somebody comes, in the provider's local time; at midnight only the day is told."""
    technician: str = ""


@dataclass(frozen=True, slots=True)
class ServiceAddress:
    """Somewhere that may be covered: a CEP, digits only, or street, district and city."""

    cep: str = ""
    street: str = ""
    number: str = ""
    district: str = ""
    city: str = ""
