"""``/contacts``: who customers are."""

import re
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field

from niochat.access.callers import Caller
from niochat.conversation import contacts as room
from niochat.conversation.desk import ConversationVisibility
from niochat.domain.audit import AuditEntry
from niochat.domain.document import format_masked_tax_id, format_tax_id
from niochat.domain.errors import InvalidInputError, PermissionDeniedError
from niochat.domain.permissions import PermissionAction
from niochat.ingress.api import shapes
from niochat.ingress.api.doorway import Needs, access_of, who_of
from niochat.ingress.api.rooms import rooms_of
from niochat.ingress.api.shapes import (
    Body,
    Cursor,
    Limit,
    Shown,
    moment_cursor,
    moment_of,
    number_cursor,
    number_of,
)
from niochat.live.frames import ConversationRow

MayRead = Annotated[Caller, Depends(Needs(PermissionAction.CONTACTS_READ))]
MayWrite = Annotated[Caller, Depends(Needs(PermissionAction.CONTACTS_WRITE))]
FEWEST_DIGITS = 4
"""Of a telephone that is searched for."""

MOST_HOLDERS = 200
"""Contacts with one document: a company's people."""

router = APIRouter(prefix="/contacts", tags=["contacts"])


class Address(Shown):
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


class Contact(Shown):
    """A customer. ``phone`` is the number in use; ``phones`` also contains earlier numbers.
    ``document`` is a CPF or CNPJ; callers without ``contacts:write`` see only its last digits, and
    it is null while it cannot be decrypted. ``merged_into`` is the contact into which this contact
    was merged.
    """

    id: UUID
    name: str | None
    phone: str | None
    phones: list[str]
    addresses: list[Address]
    document: str | None
    has_document: bool
    notes: str
    merged_into: UUID | None
    created_at: datetime


class Change(Body):
    """Changes to a contact. A field that is left out stays unchanged; null removes the value."""

    name: Annotated[str, Field(min_length=1, max_length=120)] | None = None
    document: Annotated[str, Field(min_length=1, max_length=32)] | None = None
    notes: Annotated[str, Field(max_length=4000)] | None = None


class Holding(Body):
    """A complete CPF or CNPJ."""

    document: Annotated[str, Field(min_length=11, max_length=32)]


@router.get("")
async def contacts(
    caller: MayRead, request: Request, *,
    name: Annotated[
        str | None, Query(max_length=120, description="The beginning of the name. Accents are ignored.")
    ] = None,
    phone: Annotated[
        str | None, Query(max_length=32, description="The beginning of the phone number, with or without 55.")
    ] = None,
    limit: Limit = 50, cursor: Cursor = None,
) -> shapes.Page[Contact]:  # fmt: skip
    """List contacts by name, or by the beginning of a phone number or a name.

    A contact that is renamed to an earlier name while pages are read can be missing from the pages.
    If the last contact of a page is renamed, the cursor is rejected with the code ``cursor_moved``;
    start again without a cursor.
    """
    if phone is None:
        last, mark = shapes.decoded(cursor, UUID, str) or (None, "")
        wanted = room.ContactPageRequest(last, limit + 1, mark)
        tenant_id = caller.need(PermissionAction.CONTACTS_READ)
        rows = await _contacts(request).find_by_name(tenant_id, _stored(name or ""), wanted)
        items, following = rows[:limit], None
        if len(rows) > limit:
            ended = items[-1]
            following = shapes.encoded(ended["id"], room.name_digest(ended["name_folded"]))
        return await _found(request, caller, items, following, "name")
    if name is not None:
        raise InvalidInputError("Search by name or by phone, not by both.", code="one_search")
    return await _called(request, caller, phone, limit, cursor)


@router.post("/lookup")
async def lookup(body: Holding, caller: MayRead, request: Request) -> shapes.Page[Contact]:
    """Find the contacts with a CPF or CNPJ. The number is sent in the body because URLs are logged."""
    rows = await _contacts(request).find_by_tax_id(
        caller.need(PermissionAction.CONTACTS_READ),
        body.document,
        room.ContactPageRequest(None, MOST_HOLDERS),
    )
    return await _found(request, caller, rows, None, "document")


async def _called(
    request: Request, caller: Caller, phone: str, limit: int, cursor: str | None
) -> shapes.Page[Contact]:
    after, tenant_id = number_of(cursor), caller.need(PermissionAction.CONTACTS_READ)
    begun = "" if after is None else str(after)
    rows = await _contacts(request).find_by_phone(tenant_id, _digits(phone), begun, limit + 1)
    items = rows[:limit]
    following = number_cursor(int(items[-1]["matched"])) if len(rows) > limit else None
    return await _found(request, caller, items, following, "phone")


async def _found(
    request: Request, caller: Caller, items: list[dict[str, Any]], following: str | None, by: str
) -> shapes.Page[Contact]:
    shown: dict[str, object] = {"shown": len(items), "by": by}
    await _read(request, caller, caller.need(PermissionAction.CONTACTS_READ), "contacts", shown)
    return shapes.Page(items=[_shown(caller, row) for row in items], next_cursor=following)


@router.get("/{contact_id}")
async def contact(contact_id: UUID, caller: MayRead, request: Request) -> Contact:
    """Return one contact."""
    tenant_id = caller.need(PermissionAction.CONTACTS_READ)
    found = await _contacts(request).get_contact(tenant_id, contact_id)
    await _read(request, caller, tenant_id, f"contact:{contact_id}")
    return _shown(caller, found)


@router.patch("/{contact_id}")
async def change(contact_id: UUID, body: Change, caller: MayWrite, request: Request) -> Contact:
    """Change a contact. The audit log records which fields changed, not their values."""
    tenant_id = caller.need(PermissionAction.CONTACTS_WRITE)
    changes: dict[str, str | None] = body.model_dump(exclude_unset=True)
    changed = await _contacts(request).update_contact(
        tenant_id, contact_id, changes, who_of(request, caller)
    )
    return _shown(caller, changed)


@router.get("/{contact_id}/conversations")
async def conversations(
    contact_id: UUID, caller: MayRead, request: Request, limit: Limit = 50, cursor: Cursor = None
) -> shapes.Page[ConversationRow]:
    """List the conversations of a contact that the caller may see, newest first."""
    tenant_id = caller.need(PermissionAction.CONTACTS_READ)
    await _contacts(request).get_contact(tenant_id, contact_id)
    scope = caller.grants.get(PermissionAction.CONVERSATIONS_READ)
    if scope is None:
        raise PermissionDeniedError(
            f"The permission {PermissionAction.CONVERSATIONS_READ} is required."
        )
    sight = ConversationVisibility(scope.name.lower(), str(caller.id), caller.teams)
    rows = await _contacts(request).list_conversations(
        tenant_id, contact_id, sight, moment_of(cursor), limit + 1
    )
    shown: dict[str, object] = {"conversations": len(rows[:limit])}
    await _read(request, caller, tenant_id, f"contact:{contact_id}", shown)
    following = None
    if len(rows) > limit:
        rows = rows[:limit]
        following = moment_cursor(rows[-1]["opened_at"], rows[-1]["id"])
    items = [ConversationRow.model_validate(row) for row in rows]
    return shapes.Page(items=items, next_cursor=following)


def _contacts(request: Request) -> room.ContactStore:
    return rooms_of(request).contacts


def _digits(phone: str) -> str:
    digits = re.sub(r"[\s().+-]", "", phone)
    if not digits.isascii() or not digits.isdigit() or len(digits) < FEWEST_DIGITS:
        raise InvalidInputError(
            f"Send at least the first {FEWEST_DIGITS} digits of the phone number.",
            code="bad_phone",
        )
    return digits


def _stored(name: str) -> str:
    if "\0" in name:
        raise InvalidInputError("The name contains a NUL character. Remove it.", code="bad_search")
    return name


def _shown(caller: Caller, row: dict[str, Any]) -> Contact:
    document = row["document"]
    if document is not None:
        writes = caller.may(PermissionAction.CONTACTS_WRITE)
        document = format_tax_id(document) if writes else format_masked_tax_id(document)
    return Contact.model_validate({**row, "document": document})


async def _read(
    request: Request, caller: Caller, tenant_id: UUID, target: str,
    after: dict[str, object] | None = None,
) -> None:  # fmt: skip
    """Whoever looked at who customers are is written down."""
    who = who_of(request, caller)
    await access_of(request).audit_log.write(
        AuditEntry(tenant_id, who, "contacts.read", target, None, after)
    )
