"""Responses about subscribers."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from niochat.domain.tenant.erp_values import AccessState, ContractStatus, TicketCategory
from niochat.http.api.schemas import ResponseModel
from niochat.ports.erp import ErpCapability
from niochat.subscribers.agent_writes import WriteOutcome
from niochat.subscribers.subscriber_reader import LookupStatus


class ContractResponse(ResponseModel):
    """A contract. ``blocked`` is true if service is blocked or slowed because of an unpaid invoice,
    ``ended`` if no service is delivered any more. ``can_unlock`` is true if the contract can be
    unlocked on trust now; ``unlocks_this_month`` counts the unlocks so far. ``address`` is null for
    callers without ``contacts:write``.
    """

    id: str
    plan: str
    status: ContractStatus
    status_reason: str
    address: str | None
    city: str
    blocked: bool
    ended: bool
    can_unlock: bool
    unlocks_this_month: int


class SubscriberResponse(ResponseModel):
    """A person or company in the ERP. ``matched_by`` is ``phone`` if the contact has no CPF or
    CNPJ: ask for it before you speak about the contracts. For callers without ``contacts:write``
    (``masked`` is true) only the initials of ``name`` and the last digits of ``document`` are
    visible.
    """

    name: str
    document: str | None
    matched_by: Literal["document", "phone"]
    masked: bool
    contracts: list[ContractResponse]


class SubscriberListResponse(ResponseModel):
    """The subscribers of a contact. ``items`` is empty unless ``status`` is ``ok``.

    ``not_configured``: the provider has no ERP. ``not_identified``: the contact has no CPF or CNPJ,
    and the ERP does not know its phone number; ask for it and set it with ``PATCH
    /contacts/{contact_id}``. ``not_found``: the ERP has no subscriber with this number.
    ``unavailable``: the ERP does not answer; ``code`` says why, and ``retry_after_s`` is the number
    of seconds after which to try again. ``capabilities`` are the functions that the ERP offers;
    others answer 409 or are empty. ``read_at`` is when the ERP gave the data.
    """

    status: LookupStatus
    items: list[SubscriberResponse]
    capabilities: list[ErpCapability]
    read_at: AwareDatetime | None
    retry_after_s: float | None
    code: str | None


class OpenInvoiceResponse(ResponseModel):
    """An open invoice. Amounts are in BRL. ``amount`` includes fine and interest;
    ``original_amount`` is the amount without them, or null if it is unknown. ``overdue_days`` is 0
    until the due date has passed.
    """

    id: str
    due: date
    amount: Decimal
    original_amount: Decimal | None
    fine: Decimal
    interest: Decimal
    discount: Decimal
    overdue_days: int
    has_pix: bool
    has_boleto: bool


class PaidInvoiceResponse(ResponseModel):
    """A paid invoice. ``amount`` was invoiced, ``paid`` was received, in BRL; null is unknown."""

    id: str
    due: date
    amount: Decimal | None
    paid: Decimal | None
    paid_on: date | None


class InvoiceListResponse(ResponseModel):
    """The open invoices, earliest due first, and the latest paid ones. ``paid_supported`` is false
    if the ERP does not list paid invoices.
    """

    open: list[OpenInvoiceResponse]
    paid: list[PaidInvoiceResponse]
    paid_supported: bool
    total_open: Decimal
    read_at: AwareDatetime


class InvoiceCodesResponse(ResponseModel):
    """The codes with which an invoice is paid; null if there is none."""

    pix: str | None
    digit_line: str | None


class OpticalSignalResponse(ResponseModel):
    """The signal at the modem. ``rx_dbm`` is the received power; null means that no light comes."""

    online: bool
    rx_dbm: float | None


class ConnectionResponse(ResponseModel):
    """The connection of a contract. ``unknown`` never means offline. ``blocked`` is true if service
    is blocked because of an unpaid invoice. ``message`` and ``until`` are the ERP's texts, for
    example of a maintenance. ``signal`` is null if the ERP does not report it. ``supported`` is
    false if the ERP does not report connections.
    """

    supported: bool
    state: AccessState
    blocked: bool
    message: str
    protocol: str
    until: str
    signal: OpticalSignalResponse | None
    read_at: AwareDatetime


class MaintenanceResponse(ResponseModel):
    """A maintenance or outage where the contract is. ``until`` is the expected end, if known."""

    message: str
    until: AwareDatetime | None


class MaintenanceListResponse(ResponseModel):
    """The current maintenances. ``supported`` is false if the ERP does not list them."""

    supported: bool
    items: list[MaintenanceResponse]
    read_at: AwareDatetime | None


class ServiceOrderResponse(ResponseModel):
    """A service order. ``categories`` are those to which the ERP's type may belong; empty means
    unknown. ``scheduled_day_only`` is true if the visit has a day but no time. ``content`` and
    ``technician`` are null for callers without ``contacts:write``.
    """

    number: str
    open: bool
    categories: list[TicketCategory]
    content: str | None
    opened_at: AwareDatetime | None
    scheduled_for: AwareDatetime | None
    scheduled_day_only: bool
    technician: str | None


class ServiceOrderListResponse(ResponseModel):
    """The newest service orders. ``supported`` is false if the ERP does not list them."""

    supported: bool
    items: list[ServiceOrderResponse]
    read_at: AwareDatetime | None


class SentInvoiceResponse(ResponseModel):
    """An invoice that was given to the conversation. ``done`` is false with status 202: messages
    are stored and will be sent. ``methods`` are the payment methods that the messages carry.
    ``message_ids`` are the messages in their order; null for one that is not known.
    """

    done: bool
    methods: list[str]
    messages: Annotated[int, Field(description="How many messages the customer gets.")]
    message_ids: list[UUID | None]


class ErpWriteResponse(ResponseModel):
    """The outcome of a write to the ERP.

    ``done``. ``already_done``: it was done before and not again; ``protocol`` is that of the
    earlier one. ``refused``: ``reason`` says why, ``code`` is ``erp_refused`` (the text is the
    ERP's), ``not_blocked`` or ``already_used``. ``uncertain``, with status 202: the ERP has not
    confirmed it; read ``GET /conversations/{conversation_id}/erp-writes/{write_id}`` until that
    changes, or repeat the request with the same ``Idempotency-Key``. ``not_done``: it was never
    sent and may be requested again.
    """

    outcome: WriteOutcome
    write_id: UUID | None
    protocol: str | None
    until: date | None
    reason: str | None
    code: str | None
