"""What the assistant knows of a visit, because the server found it out: never the model's word."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from niochat.ports.erp import Contract


class CustomerIntent(StrEnum):
    """What the customer came for; it is carried on after the identification."""

    INVOICE = "fatura"
    NO_INTERNET = "sem_internet"
    SLOW = "lentidao"
    UNLOCK = "desbloqueio"
    TICKET = "chamado"
    PLANS = "planos"
    OTHER = "outro"


@dataclass(frozen=True, slots=True)
class PendingIntent:
    """A further wish, not served yet, in the customer's words."""

    wish: CustomerIntent
    words: str


@dataclass(frozen=True, slots=True)
class ListedPlan:
    """A plan as it stood in the list that the customer saw."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class ListedInvoice:
    """An open invoice of a contract as the customer was told of it. ``sent``: forms that left."""

    contract: str
    id: str
    amount: Decimal
    due: date
    sent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChangeRequestRecord:
    """A change that was asked for and taken. ``protocol`` empty: people have it."""

    contract: str
    kind: str
    what: str
    protocol: str = ""


@dataclass(frozen=True, slots=True)
class ConversationFacts:
    """One conversation's. ``name`` empty: nobody is identified."""

    name: str = ""
    trusted: bool = False
    """The WhatsApp number is one of the subscriber's telephones."""
    phone: str = ""
    """That number: another one proves nothing."""
    contracts: tuple[Contract, ...] = ()
    shown_in: str = ""
    """Turn that showed the contracts; the customer must answer before one is taken."""
    contract: str = ""
    """The confirmed one."""
    wish: CustomerIntent | None = None
    """What is being served."""
    waiting: tuple[PendingIntent, ...] = ()
    """What comes after it, in the customer's order."""
    lookups: int = 0
    """Documents asked for, found or not."""
    not_found: int = 0
    invoices: tuple[str, ...] = ()
    """Ids in the order of the list that the customer saw."""
    sent: tuple[str, ...] = ()
    """Forms of an invoice that were sent: ``pix``, ``boleto``."""
    plans: tuple[ListedPlan, ...] = ()
    ticket: str = ""
    """Protocol of the service order opened in this visit."""
    unlocked: str = ""
    """Until when, as it was told."""
    bills: tuple[ListedInvoice, ...] = ()
    """Invoices of this visit: what was open once may be asked about when it is so no more."""
    requested: tuple[ChangeRequestRecord, ...] = ()
    places: int = 0
    """Places whose coverage was looked up."""
    held: bool = False
    """The document that was written is the one kept with the contact."""
    recognised: bool = False
    """Who writes is known from an earlier visit; no document was asked for in this one."""
    confirmed: bool = False
    """The contract was confirmed in this visit."""
    unrecognised: bool = False
    """Somebody was known, and the ERP says otherwise now: the document is asked for."""
    earlier: tuple[str, ...] | None = None
    """Earlier visits, a line each; ``None``: nobody has looked."""

    def with_served_intents(self, served: Collection[CustomerIntent]) -> "ConversationFacts":
        """With the next wish where what was wanted is served."""
        waiting = tuple(each for each in self.waiting if each.wish not in served)
        if self.wish in served and waiting:
            return replace(self, wish=waiting[0].wish, waiting=waiting[1:])
        return replace(self, waiting=waiting)

    @property
    def is_identified(self) -> bool:
        """Whether somebody's contracts are known."""
        return bool(self.contracts)

    @property
    def contract_invoices(self) -> tuple[ListedInvoice, ...]:
        """Those of the confirmed contract."""
        return tuple(each for each in self.bills if each.contract == self.contract)

    @property
    def contract_change_requests(self) -> tuple[ChangeRequestRecord, ...]:
        """Those for the confirmed contract."""
        return tuple(each for each in self.requested if each.contract == self.contract)

    @property
    def confirmed_contract(self) -> Contract | None:
        """The confirmed contract, as it was when it was read."""
        return next((c for c in self.contracts if c.id == self.contract), None)


@cache
def _type_adapter() -> TypeAdapter[ConversationFacts]:
    return TypeAdapter(ConversationFacts)


def facts_to_json(facts: ConversationFacts) -> Any:
    """JSON of the facts."""
    return _type_adapter().dump_python(facts, mode="json")


def facts_from_json(value: object) -> ConversationFacts:
    """What does not fit any more is forgotten: it can be asked for again."""
    if value is None:
        return ConversationFacts()
    try:
        return _type_adapter().validate_python(value)
    except ValidationError:
        return ConversationFacts()
