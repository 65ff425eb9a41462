"""``/contacts``: the customers and their data."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field

from niochat.conversations.contacts import ContactPageRequest, ContactStore, name_digest
from niochat.domain.errors import InvalidInputError
from niochat.domain.permissions import PermissionAction
from niochat.domain.tax_id import format_masked_tax_id, format_tax_id
from niochat.http.api.pagination import (
    CursorPage,
    PageCursor,
    PageLimit,
    decode_cursor,
    encode_cursor,
    format_number_cursor,
    parse_number_cursor,
)
from niochat.http.api.schemas import RequestModel, ResponseModel, Slug
from niochat.http.rest.dependencies import (
    PermissionDependency,
    audit_actor_for,
    audit_read,
)
from niochat.http.rest.rest_services import services_for
from niochat.identity.authentication import Principal
from niochat.live.ephemeral_frames import ContactFrame, FrameEnvelope

MayRead = Annotated[Principal, Depends(PermissionDependency(PermissionAction.CONTACTS_READ))]
MayWrite = Annotated[Principal, Depends(PermissionDependency(PermissionAction.CONTACTS_WRITE))]
MIN_PHONE_DIGITS = 4
"""Digits that a search by phone needs at least."""
MAX_TAX_ID_HOLDERS = 200
"""Contacts with one CPF or CNPJ, such as the staff of a company."""
READ_ACTION = "contacts.read"
"""The action in the audit log for reading contacts."""

router = APIRouter(prefix="/contacts", tags=["contacts"])


class ContactAddressResponse(ResponseModel):
    """An address of a contact. ``in_use`` is true if messages are sent to the address and the
    address can identify the customer. ``evidence`` is ``message`` if the customer wrote from the
    address, ``chat`` if only the provider wrote to it. ``taken_over`` is true if the address
    belonged to another contact before.
    """

    kind: Literal["lid", "phone"]
    value: str
    in_use: bool
    seen_at: datetime
    evidence: Literal["message", "chat"]
    taken_over: bool


class ContactResponse(ResponseModel):
    """A customer. ``phone`` is the number in use; ``phones`` also contains earlier numbers.
    ``document`` is a CPF or CNPJ; callers without ``contacts:write`` see only its last digits, and
    it is null while it cannot be decrypted. ``merged_into`` is the contact into which this contact
    was merged. While a contact is ``blocked``, its messages open and wake no conversation. With
    ``opted_out`` it gets no message that the provider begins, such as requests for ratings.
    """

    id: UUID
    name: str | None
    phone: str | None
    phones: list[str]
    addresses: list[ContactAddressResponse]
    document: str | None
    has_document: bool
    notes: str
    labels: list[str]
    blocked: bool
    opted_out: bool
    merged_into: UUID | None
    created_at: datetime


class UpdateContactRequest(RequestModel):
    """Changes to a contact. A field that is left out stays unchanged; null removes the value.
    ``opted_out`` can only be set: an administrator undoes it with ``DELETE
    /opt-outs/{contact_id}``.
    """

    name: Annotated[str, Field(min_length=1, max_length=120)] | None = None
    document: Annotated[str, Field(min_length=1, max_length=32)] | None = None
    notes: Annotated[str, Field(max_length=4000)] | None = None
    opted_out: Literal[True] | None = None


class TaxIdLookupRequest(RequestModel):
    """A complete CPF or CNPJ."""

    document: Annotated[str, Field(min_length=11, max_length=32)]


@router.get("")
async def list_contacts(
    caller: MayRead,
    request: Request,
    *,
    name: Annotated[
        str | None,
        Query(max_length=120, description="The beginning of the name. Accents are ignored."),
    ] = None,
    phone: Annotated[
        str | None,
        Query(max_length=32, description="The beginning of the phone number, with or without 55."),
    ] = None,
    q: Annotated[
        str | None,
        Query(
            max_length=120,
            description="The beginning of a word of the name, or of the phone number. Accents are "
            "ignored.",
        ),
    ] = None,
    label: Annotated[list[Slug] | None, Query(max_length=50)] = None,
    limit: PageLimit = 50,
    cursor: PageCursor = None,
) -> CursorPage[ContactResponse]:
    """List contacts by name, or by the beginning of a phone number or a name. ``q`` finds by
    either: text of at least four digits is a phone number, any other text part of a name. ``label``
    can be repeated: contacts with one of the labels are listed. Find a contact by CPF or CNPJ with
    ``POST /contacts/lookup``.

    A contact that is renamed to an earlier name while pages are read can be missing from the pages.
    If the last contact of a page is renamed, the cursor is rejected with the code ``cursor_moved``;
    start again without a cursor.
    """
    if [name, phone, q].count(None) < 2:
        raise InvalidInputError("Send one of q, name and phone.", code="one_search")
    any_word, labels = q is not None, label or ()
    if q is not None:
        name, phone = (None, q) if _is_phone_part(q) else (q, None)
    if phone is None:
        last_id, name_mark = decode_cursor(cursor, UUID, str) or (None, "")
        page = ContactPageRequest(last_id, limit + 1, name_mark)
        tenant_id = caller.require(PermissionAction.CONTACTS_READ)
        rows = await contacts_for(request).find_by_name(
            tenant_id, _checked_name(name or ""), page, labels, any_word=any_word
        )
        items, following = rows[:limit], None
        if len(rows) > limit:
            last = items[-1]
            following = encode_cursor(last["id"], name_digest(last["name_folded"]))
        return await _contact_page(request, caller, items, following, "name")
    return await _list_by_phone(request, caller, phone, labels, (limit, cursor))


@router.post("/lookup")
async def find_contacts_by_tax_id(
    body: TaxIdLookupRequest, caller: MayRead, request: Request
) -> CursorPage[ContactResponse]:
    """Find the contacts with a CPF or CNPJ. The number is sent in the body because URLs are
    logged.
    """
    rows = await contacts_for(request).find_by_tax_id(
        caller.require(PermissionAction.CONTACTS_READ),
        body.document,
        ContactPageRequest(None, MAX_TAX_ID_HOLDERS),
    )
    return await _contact_page(request, caller, rows, None, "document")


async def _list_by_phone(
    request: Request,
    caller: Principal,
    phone: str,
    labels: Sequence[str],
    page: tuple[int, str | None],
) -> CursorPage[ContactResponse]:
    limit, cursor = page
    after, tenant_id = parse_number_cursor(cursor), caller.require(PermissionAction.CONTACTS_READ)
    after_phone = "" if after is None else str(after)
    rows = await contacts_for(request).find_by_phone(
        tenant_id, _parse_phone_prefix(phone), after_phone, limit + 1, labels
    )
    items = rows[:limit]
    following = format_number_cursor(int(items[-1]["matched"])) if len(rows) > limit else None
    return await _contact_page(request, caller, items, following, "phone")


async def _contact_page(
    request: Request,
    caller: Principal,
    items: list[dict[str, Any]],
    following: str | None,
    search: str,
) -> CursorPage[ContactResponse]:
    shown: dict[str, object] = {"shown": len(items), "by": search}
    await audit_read(request, caller, READ_ACTION, "contacts", shown)
    return CursorPage(items=[contact_response(caller, row) for row in items], next_cursor=following)


@router.get("/{contact_id}")
async def get_contact(contact_id: UUID, caller: MayRead, request: Request) -> ContactResponse:
    """Return one contact."""
    tenant_id = caller.require(PermissionAction.CONTACTS_READ)
    contact = await contacts_for(request).get_contact(tenant_id, contact_id)
    await audit_read(request, caller, READ_ACTION, f"contact:{contact_id}")
    return contact_response(caller, contact)


@router.patch("/{contact_id}")
async def update_contact(
    contact_id: UUID, body: UpdateContactRequest, caller: MayWrite, request: Request
) -> ContactResponse:
    """Change a contact. The audit log records which fields changed, not their values."""
    tenant_id = caller.require(PermissionAction.CONTACTS_WRITE)
    changes: dict[str, str | bool | None] = body.model_dump(exclude_unset=True)
    changed = await contacts_for(request).update_contact(
        tenant_id, contact_id, changes, audit_actor_for(request, caller)
    )
    if "name" in changes:
        await broadcast_contact(request, tenant_id, changed)
    return contact_response(caller, changed)


async def broadcast_contact(request: Request, tenant_id: UUID, row: dict[str, Any]) -> None:
    """Publish the name and the block of a contact to the screens that may show its
    conversations. A screen that may see those of several holders gets the frame several times.
    """
    services = services_for(request)
    frame = ContactFrame(contact_id=row["id"], name=row["name"], blocked=row["blocked"])
    for holder in await services.contact_directory.list_holders(tenant_id, row["id"]):
        await services.publish_frame(FrameEnvelope.wrap(tenant_id, frame, holder).encode())


def contacts_for(request: Request) -> ContactStore:
    """Return the store of contacts."""
    return services_for(request).contacts


def _parse_phone_prefix(phone: str) -> str:
    digits = re.sub(r"[\s().+-]", "", phone)
    if not digits.isascii() or not digits.isdigit() or len(digits) < MIN_PHONE_DIGITS:
        raise InvalidInputError(
            f"Send at least the first {MIN_PHONE_DIGITS} digits of the phone number.",
            code="bad_phone",
        )
    return digits


def _is_phone_part(text: str) -> bool:
    digits = re.sub(r"[\s().+-]", "", text)
    return digits.isascii() and digits.isdigit() and len(digits) >= MIN_PHONE_DIGITS


def _checked_name(name: str) -> str:
    if "\0" in name:
        raise InvalidInputError("The name contains a NUL character. Remove it.", code="bad_search")
    return name


def contact_response(caller: Principal, row: dict[str, Any]) -> ContactResponse:
    """Return a contact as the caller may see it."""
    document = row["document"]
    if document is not None:
        writes = caller.may(PermissionAction.CONTACTS_WRITE)
        document = format_tax_id(document) if writes else format_masked_tax_id(document)
    return ContactResponse.model_validate({**row, "document": document})
