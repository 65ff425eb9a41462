"""``/contacts/…/subscribers``: the subscriber of a contact, with its contracts."""

from uuid import UUID

from fastapi import APIRouter, Request

from niochat.assistant.text.formatting import mask_name
from niochat.domain.permissions import PermissionAction
from niochat.domain.tax_id import format_masked_tax_id, format_tax_id
from niochat.http.rest.dependencies import audit_read
from niochat.http.rest.subscribers.subscriber_access import (
    READ_ACTION,
    MayReadSubscribers,
    Refresh,
    is_masked,
    subscribers_for,
)
from niochat.http.rest.subscribers.subscriber_schemas import (
    ContractResponse,
    SubscriberListResponse,
    SubscriberResponse,
)
from niochat.ports.erp import Contract, ErpCapability, Subscriber
from niochat.subscribers.subscriber_reader import SubscriberLookup

router = APIRouter(prefix="/contacts", tags=["subscribers"])


@router.get("/{contact_id}/subscribers")
async def list_contact_subscribers(
    contact_id: UUID, caller: MayReadSubscribers, request: Request, *, refresh: Refresh = False
) -> SubscriberListResponse:
    """Find the ERP's subscribers of a contact, with their contracts."""
    tenant_id = caller.require(PermissionAction.SUBSCRIBERS_READ)
    reader = subscribers_for(request).reader
    lookup = await reader.look_up(tenant_id, contact_id, refresh=refresh)
    shown: dict[str, object] = {"status": lookup.status, "shown": len(lookup.subscribers)}
    await audit_read(request, caller, READ_ACTION, f"contact:{contact_id}", shown)
    masked = is_masked(caller)
    return SubscriberListResponse(
        status=lookup.status,
        items=[_subscriber_response(each, lookup, masked=masked) for each in lookup.subscribers],
        capabilities=sorted(lookup.capabilities),
        read_at=lookup.read_at,
        retry_after_s=lookup.retry_after_s,
        code=lookup.code or None,
    )


def _subscriber_response(
    subscriber: Subscriber, lookup: SubscriberLookup, *, masked: bool
) -> SubscriberResponse:
    document = lookup.document
    if document is not None:
        document = format_masked_tax_id(document) if masked else format_tax_id(document)
    return SubscriberResponse(
        name=mask_name(subscriber.name) if masked else subscriber.name,
        document=document,
        matched_by="phone" if lookup.document is None else "document",
        masked=masked,
        contracts=[
            _contract_response(each, lookup.capabilities, masked=masked)
            for each in subscriber.contracts
        ],
    )


def _contract_response(
    contract: Contract, capabilities: frozenset[ErpCapability], *, masked: bool
) -> ContractResponse:
    unlockable = contract.status.blocked and not contract.promises
    return ContractResponse(
        id=contract.id,
        plan=contract.plan,
        status=contract.status,
        status_reason=contract.status_reason,
        address=None if masked else contract.address,
        city=contract.city,
        blocked=contract.status.blocked,
        ended=contract.status.ended,
        can_unlock=unlockable and ErpCapability.UNLOCK in capabilities,
        unlocks_this_month=contract.promises,
    )
