"""``/contacts``: who customers are."""

import re
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field

from niochat.access.callers import Caller
from niochat.conversation import contacts as room
from niochat.conversation.desk import Sight
from niochat.domain.audit import Entry
from niochat.domain.document import masked_document, written
from niochat.domain.errors import Forbidden, Invalid
from niochat.domain.permissions import Action
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

MayRead = Annotated[Caller, Depends(Needs(Action.CONTACTS_READ))]
MayWrite = Annotated[Caller, Depends(Needs(Action.CONTACTS_WRITE))]
FEWEST_DIGITS = 4
"""Of a telephone that is searched for."""

MOST_HOLDERS = 200
"""Contacts with one document: a company's people."""

router = APIRouter(prefix="/contacts", tags=["contacts"])


class Address(Shown):
    """``in_use``: answers go there, and it may prove who writes. ``evidence`` is ``message`` when
    the customer wrote from it, ``chat`` when only our side wrote to it. ``taken_over``: it was
    another contact's before.
    """

    kind: Literal["lid", "phone"]
    value: str
    in_use: bool
    seen_at: datetime
    evidence: Literal["message", "chat"]
    taken_over: bool


class Contact(Shown):
    """``phone`` is the one in use; ``phones`` has older ones too. ``document`` is a CPF or CNPJ,
    only its last digits for whoever may not change contacts, and null while it cannot be opened.
    ``merged_into``: the contact that this one turned out to be.
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
    """What is left out stays; null takes it away."""

    name: Annotated[str, Field(min_length=1, max_length=120)] | None = None
    document: Annotated[str, Field(min_length=1, max_length=32)] | None = None
    notes: Annotated[str, Field(max_length=4000)] | None = None


class Holding(Body):
    """A whole CPF or CNPJ."""

    document: Annotated[str, Field(min_length=11, max_length=32)]


@router.get("")
async def contacts(
    caller: MayRead, request: Request, *,
    name: Annotated[
        str | None, Query(max_length=120, description="How it begins; accents do not matter.")
    ] = None,
    phone: Annotated[
        str | None, Query(max_length=32, description="How it begins, with or without 55.")
    ] = None,
    limit: Limit = 50, cursor: Cursor = None,
) -> shapes.Page[Contact]:  # fmt: skip
    """By telephone, or by name; all of them by name without either.

    Who gets an earlier name while one turns the pages is on none of them. Where it is the last
    contact of a page, its cursor is refused (``cursor_moved``): begin anew.
    """
    if phone is None:
        last, mark = shapes.decoded(cursor, UUID, str) or (None, "")
        wanted = room.Page(last, limit + 1, mark)
        tenant_id = caller.need(Action.CONTACTS_READ)
        rows = await _contacts(request).named(tenant_id, _stored(name or ""), wanted)
        items, following = rows[:limit], None
        if len(rows) > limit:
            ended = items[-1]
            following = shapes.encoded(ended["id"], room.name_mark(ended["name_folded"]))
        return await _found(request, caller, items, following, "name")
    if name is not None:
        raise Invalid("search by name or phone: by one of them", code="one_search")
    return await _called(request, caller, phone, limit, cursor)


@router.post("/lookup")
async def lookup(body: Holding, caller: MayRead, request: Request) -> shapes.Page[Contact]:
    """Who has this CPF or CNPJ. It stands in the body, as addresses are logged on their way."""
    rows = await _contacts(request).holding(
        caller.need(Action.CONTACTS_READ), body.document, room.Page(None, MOST_HOLDERS)
    )
    return await _found(request, caller, rows, None, "document")


async def _called(
    request: Request, caller: Caller, phone: str, limit: int, cursor: str | None
) -> shapes.Page[Contact]:
    after, tenant_id = number_of(cursor), caller.need(Action.CONTACTS_READ)
    begun = "" if after is None else str(after)
    rows = await _contacts(request).called(tenant_id, _digits(phone), begun, limit + 1)
    items = rows[:limit]
    following = number_cursor(int(items[-1]["matched"])) if len(rows) > limit else None
    return await _found(request, caller, items, following, "phone")


async def _found(
    request: Request, caller: Caller, items: list[dict[str, Any]], following: str | None, by: str
) -> shapes.Page[Contact]:
    shown: dict[str, object] = {"shown": len(items), "by": by}
    await _read(request, caller, caller.need(Action.CONTACTS_READ), "contacts", shown)
    return shapes.Page(items=[_shown(caller, row) for row in items], next_cursor=following)


@router.get("/{contact_id}")
async def contact(contact_id: UUID, caller: MayRead, request: Request) -> Contact:
    """One of them."""
    tenant_id = caller.need(Action.CONTACTS_READ)
    found = await _contacts(request).one(tenant_id, contact_id)
    await _read(request, caller, tenant_id, f"contact:{contact_id}")
    return _shown(caller, found)


@router.patch("/{contact_id}")
async def change(contact_id: UUID, body: Change, caller: MayWrite, request: Request) -> Contact:
    """Who somebody is: the log says what was changed, not what it says."""
    tenant_id = caller.need(Action.CONTACTS_WRITE)
    changes: dict[str, str | None] = body.model_dump(exclude_unset=True)
    changed = await _contacts(request).change(
        tenant_id, contact_id, changes, who_of(request, caller)
    )
    return _shown(caller, changed)


@router.get("/{contact_id}/conversations")
async def conversations(
    contact_id: UUID, caller: MayRead, request: Request, limit: Limit = 50, cursor: Cursor = None
) -> shapes.Page[ConversationRow]:
    """Visits of a contact that one may see, the newest first."""
    tenant_id = caller.need(Action.CONTACTS_READ)
    await _contacts(request).one(tenant_id, contact_id)
    scope = caller.grants.get(Action.CONVERSATIONS_READ)
    if scope is None:
        raise Forbidden(f"your role may not do this: it needs {Action.CONVERSATIONS_READ}")
    sight = Sight(scope.name.lower(), str(caller.id), caller.teams)
    rows = await _contacts(request).visits(
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


def _contacts(request: Request) -> room.Contacts:
    return rooms_of(request).contacts


def _digits(phone: str) -> str:
    digits = re.sub(r"[\s().+-]", "", phone)
    if not digits.isascii() or not digits.isdigit() or len(digits) < FEWEST_DIGITS:
        raise Invalid(
            f"send at least {FEWEST_DIGITS} digits of the telephone, from its beginning",
            code="bad_phone",
        )
    return digits


def _stored(name: str) -> str:
    if "\0" in name:
        raise Invalid("leave the NUL out: no name holds one", code="bad_search")
    return name


def _shown(caller: Caller, row: dict[str, Any]) -> Contact:
    document = row["document"]
    if document is not None:
        writes = caller.may(Action.CONTACTS_WRITE)
        document = written(document) if writes else masked_document(document)
    return Contact.model_validate({**row, "document": document})


async def _read(
    request: Request, caller: Caller, tenant_id: UUID, target: str,
    after: dict[str, object] | None = None,
) -> None:  # fmt: skip
    """Whoever looked at who customers are is written down."""
    who = who_of(request, caller)
    await access_of(request).audit.write(
        Entry(tenant_id, who, "contacts.read", target, None, after)
    )
