"""``/contacts/…/contracts/…``: invoices, connection, maintenance and orders of a contract."""

from datetime import datetime, time, tzinfo
from decimal import Decimal
from uuid import UUID

from fastapi import APIRouter, Request

from niochat.domain.errors import OperationRefusedError, UnavailableError
from niochat.domain.permissions import PermissionAction
from niochat.http.rest.subscribers.subscriber_access import (
    ContractId,
    InvoiceId,
    MayReadSubscribers,
    Refresh,
    audit_contract_read,
    is_masked,
    subscribers_for,
)
from niochat.http.rest.subscribers.subscriber_schemas import (
    ConnectionResponse,
    InvoiceCodesResponse,
    InvoiceListResponse,
    MaintenanceListResponse,
    MaintenanceResponse,
    OpenInvoiceResponse,
    OpticalSignalResponse,
    PaidInvoiceResponse,
    ServiceOrderListResponse,
    ServiceOrderResponse,
)
from niochat.identity.authentication import Principal
from niochat.ports.erp import (
    AccessState,
    AccessStatus,
    CheckAccessStatus,
    ErpCapability,
    ErpTicket,
    Invoice,
    ListInvoices,
    ListMaintenances,
    ListPaidInvoices,
    ListTickets,
    OpticalSignal,
    PaidInvoice,
    ReadOpticalSignal,
)
from niochat.subscribers.subscriber_reader import ContractRef, SubscriberReader

MAX_PAID, MAX_ORDERS = 12, 20
"""Rows that a screen shows; the ERP has the rest."""

router = APIRouter(prefix="/contacts/{contact_id}/contracts/{contract_id}", tags=["subscribers"])


@router.get("/invoices")
async def list_contract_invoices(
    contact_id: UUID,
    contract_id: ContractId,
    caller: MayReadSubscribers,
    request: Request,
    *,
    refresh: Refresh = False,
) -> InvoiceListResponse:
    """List the open and the last paid invoices of a contract."""
    tenant_id, reader, ref = await _require_contract(request, caller, contact_id, contract_id)
    listed = await reader.read(tenant_id, ListInvoices(contract_id), refresh=refresh)
    paid = await _load_paid(reader, tenant_id, ref, refresh=refresh)
    today = (await reader.local_now(tenant_id)).date()
    await audit_contract_read(request, caller, contact_id, contract_id, "invoices")
    pix = ErpCapability.PIX in ref.capabilities
    return InvoiceListResponse(
        open=[
            OpenInvoiceResponse(
                id=each.id,
                due=each.due,
                amount=each.amount,
                original_amount=each.original,
                fine=each.fine,
                interest=each.interest,
                discount=each.discount,
                overdue_days=max((today - each.due).days, 0),
                has_pix=bool(each.pix) or pix,
                has_boleto=bool(each.pdf_url or each.digit_line),
            )
            for each in listed.value
        ],
        paid=[PaidInvoiceResponse.model_validate(each) for each in (paid or ())[:MAX_PAID]],
        paid_supported=paid is not None,
        total_open=_total(listed.value),
        read_at=listed.read_at,
    )


@router.get("/invoices/{invoice_id}/codes")
async def get_invoice_codes(
    contact_id: UUID,
    contract_id: ContractId,
    invoice_id: InvoiceId,
    caller: MayReadSubscribers,
    request: Request,
) -> InvoiceCodesResponse:
    """Return the PIX code and the digit line of an open invoice. Callers without ``contacts:write``
    get neither.
    """
    tenant_id, _, ref = await _require_contract(request, caller, contact_id, contract_id)
    invoices = subscribers_for(request).invoices
    codes = await invoices.load_codes(tenant_id, ref, invoice_id)
    await audit_contract_read(request, caller, contact_id, contract_id, "codes")
    if is_masked(caller):
        return InvoiceCodesResponse(pix=None, digit_line=None)
    return InvoiceCodesResponse(pix=codes.pix or None, digit_line=codes.digit_line or None)


@router.get("/connection")
async def get_contract_connection(
    contact_id: UUID, contract_id: ContractId, caller: MayReadSubscribers, request: Request
) -> ConnectionResponse:
    """Return the present state of the connection. The ERP is asked each time."""
    tenant_id, reader, ref = await _require_contract(request, caller, contact_id, contract_id)
    supported = ErpCapability.LINE in ref.capabilities
    access, read_at = AccessStatus(AccessState.UNKNOWN), await reader.local_now(tenant_id)
    if supported:
        read = await reader.read(tenant_id, CheckAccessStatus(contract_id))
        access, read_at = read.value, read.read_at
    signal = await _load_signal(reader, tenant_id, ref)
    await audit_contract_read(request, caller, contact_id, contract_id, "connection")
    return ConnectionResponse(
        supported=supported,
        state=access.state,
        blocked=ref.contract.status.blocked or access.state is AccessState.SUSPENDED,
        message=access.message,
        protocol=access.protocol,
        until=access.until,
        signal=None if signal is None else OpticalSignalResponse.model_validate(signal),
        read_at=read_at,
    )


@router.get("/maintenance")
async def list_contract_maintenances(
    contact_id: UUID,
    contract_id: ContractId,
    caller: MayReadSubscribers,
    request: Request,
    *,
    refresh: Refresh = False,
) -> MaintenanceListResponse:
    """List the current maintenances and outages that affect a contract."""
    tenant_id, reader, ref = await _require_contract(request, caller, contact_id, contract_id)
    await audit_contract_read(request, caller, contact_id, contract_id, "maintenance")
    if ErpCapability.MAINTENANCE not in ref.capabilities:
        return MaintenanceListResponse(supported=False, items=[], read_at=None)
    listed = await reader.read(tenant_id, ListMaintenances(), refresh=refresh)
    zone = (await reader.local_now(tenant_id)).tzinfo
    items = [
        MaintenanceResponse(message=each.message, until=_localize(each.until, zone))
        for each in listed.value
        if each.affects(ref.contract)
    ]
    return MaintenanceListResponse(supported=True, items=items, read_at=listed.read_at)


@router.get("/orders")
async def list_contract_orders(
    contact_id: UUID,
    contract_id: ContractId,
    caller: MayReadSubscribers,
    request: Request,
    *,
    refresh: Refresh = False,
) -> ServiceOrderListResponse:
    """List the newest service orders of a contract; the open ones are marked."""
    tenant_id, reader, ref = await _require_contract(request, caller, contact_id, contract_id)
    await audit_contract_read(request, caller, contact_id, contract_id, "orders")
    if ErpCapability.TICKETS not in ref.capabilities:
        return ServiceOrderListResponse(supported=False, items=[], read_at=None)
    listed = await reader.read(tenant_id, ListTickets(contract_id), refresh=refresh)
    zone, masked = (await reader.local_now(tenant_id)).tzinfo, is_masked(caller)
    items = [_order_response(each, zone, masked=masked) for each in listed.value[:MAX_ORDERS]]
    return ServiceOrderListResponse(supported=True, items=items, read_at=listed.read_at)


async def _require_contract(
    request: Request, caller: Principal, contact_id: UUID, contract_id: str
) -> tuple[UUID, SubscriberReader, ContractRef]:
    tenant_id = caller.require(PermissionAction.SUBSCRIBERS_READ)
    reader = subscribers_for(request).reader
    return tenant_id, reader, await reader.require_contract(tenant_id, contact_id, contract_id)


async def _load_paid(
    reader: SubscriberReader, tenant_id: UUID, ref: ContractRef, *, refresh: bool
) -> tuple[PaidInvoice, ...] | None:
    """The paid invoices; ``None`` if the ERP does not list them. Open invoices without the paid
    ones are better than nothing.
    """
    if ErpCapability.PAID not in ref.capabilities:
        return None
    request = ListPaidInvoices(ref.contract.id)
    try:
        return (await reader.read(tenant_id, request, refresh=refresh)).value
    except (UnavailableError, OperationRefusedError):
        return None


async def _load_signal(
    reader: SubscriberReader, tenant_id: UUID, ref: ContractRef
) -> OpticalSignal | None:
    if ErpCapability.OPTICS not in ref.capabilities:
        return None
    try:
        return (await reader.read(tenant_id, ReadOpticalSignal(ref.contract.id))).value
    except (UnavailableError, OperationRefusedError):
        return None


def _total(invoices: tuple[Invoice, ...]) -> Decimal:
    return sum((each.amount for each in invoices), Decimal(0))


def _order_response(
    ticket: ErpTicket, zone: tzinfo | None, *, masked: bool
) -> ServiceOrderResponse:
    visit = ticket.scheduled_for
    return ServiceOrderResponse(
        number=ticket.number,
        open=ticket.open,
        categories=sorted(ticket.categories),
        content=None if masked else ticket.content,
        opened_at=_localize(ticket.opened_at, zone),
        scheduled_for=_localize(visit, zone),
        scheduled_day_only=visit is not None and visit.time() == time(),
        technician=None if masked else ticket.technician or None,
    )


def _localize(value: datetime | None, zone: tzinfo | None) -> datetime | None:
    """The ERP's time with the provider's time zone, because the ERP gives none."""
    if value is None or value.tzinfo is not None:
        return value
    return value.replace(tzinfo=zone)
