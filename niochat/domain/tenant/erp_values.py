"""Values that an ERP returns, independent of its vendor: subscribers, contracts, invoices, access,
service plans and service orders.

They are plain data that travels between processes. None has a field for a password: the adapter
drops passwords that an ERP returns.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum


class ContractStatus(StrEnum):
    """The status of a contract. ``UNKNOWN`` is a status of the ERP that the adapter does not
    know.
    """

    ACTIVE = "active"
    INACTIVE = "inactive"
    CANCELLED = "cancelled"
    SUSPENDED = "suspended"
    UNVIABLE = "unviable"
    NEW = "new"
    REDUCED = "reduced"
    """Active with reduced speed because of an unpaid invoice."""
    UNKNOWN = "unknown"

    @property
    def blocked(self) -> bool:
        """Whether service is blocked or slowed because of an unpaid invoice, so that only a payment
        or an unlock helps.
        """
        return self in (ContractStatus.SUSPENDED, ContractStatus.REDUCED)

    @property
    def ended(self) -> bool:
        """Whether no service is delivered under the contract any more."""
        return self in ("cancelled", "inactive", "unviable")


@dataclass(frozen=True, slots=True)
class Contract:
    """A contract. ``address`` is one line; ``promises`` counts the trust unlocks of this month."""

    id: str
    status: ContractStatus
    plan: str = ""
    address: str = ""
    city: str = ""
    pop: str = ""
    """Id of the point of presence; empty if unknown."""
    promises: int = 0
    status_reason: str = ""


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A person or company with contracts. ``phones`` are digits as the ERP stores them."""

    name: str
    phones: tuple[str, ...]
    contracts: tuple[Contract, ...]


@dataclass(frozen=True, slots=True)
class Invoice:
    """An open invoice. ``amount`` is in BRL and includes fine and interest.

    ``original`` is the amount without them; ``None`` means unknown. ``pix``, ``digit_line`` and
    ``pdf_url`` may be empty. An unknown ``fine``, ``interest`` or ``discount`` is zero.
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
    """A paid invoice. ``amount`` is the invoiced sum and ``paid`` the received sum, in BRL.
    ``None`` means unknown.
    """

    id: str
    due: date
    amount: Decimal | None
    paid: Decimal | None = None
    paid_on: date | None = None


class AccessState(StrEnum):
    """The state of an access by the ERP. ``UNKNOWN`` must never be presented as offline."""

    ONLINE = "online"
    OFFLINE = "offline"
    SUSPENDED = "suspended"
    MAINTENANCE = "maintenance"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class AccessStatus:
    """A contract's access. ``until`` is the ERP's text for the end of a maintenance."""

    state: AccessState
    message: str = ""
    protocol: str = ""
    until: str = ""


@dataclass(frozen=True, slots=True)
class OpticalSignal:
    """The optical signal at the modem. ``rx_dbm`` is the received power; ``None`` means no
    signal.
    """

    online: bool
    rx_dbm: float | None


@dataclass(frozen=True, slots=True)
class NetworkMaintenance:
    """An announced maintenance or outage. It affects ``pops``, or ``cities`` (lower case) if there
    are none.
    """

    message: str
    pops: tuple[str, ...] = ()
    cities: tuple[str, ...] = ()
    until: datetime | None = None
    """In the provider's local time, without a time zone, because the ERP gives none."""

    def affects(self, contract: Contract) -> bool:
        """Whether the contract is affected, by its point of presence, or by its city if no points
        of presence are given.
        """
        if self.pops:
            return bool(contract.pop) and contract.pop in self.pops
        return bool(contract.city) and contract.city.casefold() in self.cities


@dataclass(frozen=True, slots=True)
class ServicePlan:
    """A service plan on sale. ``price`` is in BRL per month."""

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
    """A service order. ``categories`` are those to which the ERP's code may map; empty means
    unknown.
    """

    number: str
    open: bool
    categories: frozenset[TicketCategory] = frozenset()
    content: str = ""
    opened_at: datetime | None = None
    scheduled_for: datetime | None = None
    """Time of the visit in the provider's local time; midnight means that only the day is set."""
    technician: str = ""


_NO_LINE = frozenset({TicketCategory.NO_CONNECTION, TicketCategory.NO_LIGHT})


def find_similar_ticket(tickets: Iterable[ErpTicket], category: TicketCategory) -> ErpTicket | None:
    """The first open service order about the same kind of problem."""
    similar = _NO_LINE if category in _NO_LINE else frozenset({category})
    return next((each for each in tickets if each.open and similar & each.categories), None)


@dataclass(frozen=True, slots=True)
class ServiceAddress:
    """An address to check for coverage: a CEP (digits only), or street, district and city."""

    cep: str = ""
    street: str = ""
    number: str = ""
    district: str = ""
    city: str = ""
