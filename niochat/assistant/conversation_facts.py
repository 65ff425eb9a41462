"""The facts of a conversation. Only the server's own findings are stored here, never what the model
says.
"""

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
    """What the customer came for. The intent survives the identification of the customer."""

    INVOICE = "fatura"
    NO_INTERNET = "sem_internet"
    SLOW = "lentidao"
    UNLOCK = "desbloqueio"
    TICKET = "chamado"
    PLANS = "planos"
    OTHER = "outro"


@dataclass(frozen=True, slots=True)
class PendingIntent:
    """A further intent that was not served yet, with the customer's words."""

    wish: CustomerIntent
    words: str


@dataclass(frozen=True, slots=True)
class ListedPlan:
    """A plan as the customer saw it in the list."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class ListedInvoice:
    """An open invoice of a contract as the customer was informed of it.

    ``sent``: the payment forms (``pix``, ``boleto``) that were sent for this invoice.
    """

    contract: str
    id: str
    amount: Decimal
    due: date
    sent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChangeRequestRecord:
    """A recorded change request. ``protocol`` empty: the request was handed to the team."""

    contract: str
    kind: str
    what: str
    protocol: str = ""


@dataclass(frozen=True, slots=True)
class ConversationFacts:
    """The facts of one conversation. ``name`` empty: no customer is identified."""

    name: str = ""
    trusted: bool = False
    """Whether the WhatsApp number is one of the subscriber's phone numbers."""
    phone: str = ""
    """The number for which ``trusted`` was found out; for any other number it proves nothing."""
    contracts: tuple[Contract, ...] = ()
    shown_in: str = ""
    """The turn that showed the contracts. The customer must answer before a contract is selected.
    """
    contract: str = ""
    """The id of the confirmed contract."""
    wish: CustomerIntent | None = None
    """The intent that is being served."""
    waiting: tuple[PendingIntent, ...] = ()
    """The next intents, in the customer's order."""
    lookups: int = 0
    """The number of tax ids that were looked up, found or not."""
    not_found: int = 0
    invoices: tuple[str, ...] = ()
    """Invoice ids in the order of the list that the customer saw."""
    sent: tuple[str, ...] = ()
    """The payment forms that were sent: ``pix``, ``boleto``."""
    plans: tuple[ListedPlan, ...] = ()
    ticket: str = ""
    """The protocol of the service order that was opened in this conversation."""
    unlocked: str = ""
    """The end of the trust unlock, as the customer was informed."""
    bills: tuple[ListedInvoice, ...] = ()
    """All invoices listed in this conversation. An invoice that is no longer open stays here,
    because the customer may still ask about it.
    """
    requested: tuple[ChangeRequestRecord, ...] = ()
    places: int = 0
    """The number of places whose coverage was looked up."""
    held: bool = False
    """Whether the tax id that the customer wrote is the one stored with the contact."""
    recognised: bool = False
    """Whether the customer was recognized from an earlier conversation, without a tax id in this
    one.
    """
    confirmed: bool = False
    """Whether the customer confirmed the contract in this conversation."""
    unrecognised: bool = False
    """Whether the ERP contradicts the known customer, so that the tax id must be asked for."""
    earlier: tuple[str, ...] | None = None
    """Earlier conversations, one line each; ``None``: not loaded yet."""

    def with_served_intents(self, served: Collection[CustomerIntent]) -> "ConversationFacts":
        """Return the facts without the served intents; the next waiting intent replaces a served
        one.
        """
        waiting = tuple(each for each in self.waiting if each.wish not in served)
        if self.wish in served and waiting:
            return replace(self, wish=waiting[0].wish, waiting=waiting[1:])
        return replace(self, waiting=waiting)

    @property
    def is_identified(self) -> bool:
        """Whether the contracts of a subscriber are known."""
        return bool(self.contracts)

    @property
    def contract_invoices(self) -> tuple[ListedInvoice, ...]:
        """The listed invoices of the confirmed contract."""
        return tuple(each for each in self.bills if each.contract == self.contract)

    @property
    def contract_change_requests(self) -> tuple[ChangeRequestRecord, ...]:
        """The change requests for the confirmed contract."""
        return tuple(each for each in self.requested if each.contract == self.contract)

    @property
    def confirmed_contract(self) -> Contract | None:
        """The confirmed contract as the ERP last returned it."""
        return next((c for c in self.contracts if c.id == self.contract), None)


@cache
def _type_adapter() -> TypeAdapter[ConversationFacts]:
    return TypeAdapter(ConversationFacts)


def facts_to_json(facts: ConversationFacts) -> Any:
    """Convert the facts to JSON."""
    return _type_adapter().dump_python(facts, mode="json")


def facts_from_json(value: object) -> ConversationFacts:
    """Parse stored facts.

    Facts in an outdated format are dropped, because the assistant can ask for them again.
    """
    if value is None:
        return ConversationFacts()
    try:
        return _type_adapter().validate_python(value)
    except ValidationError:
        return ConversationFacts()
