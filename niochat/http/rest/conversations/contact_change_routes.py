"""``/contacts``: creating contacts, their labels, and blocking them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import Field

from niochat.domain.conversation import commands as cmd
from niochat.domain.errors import InvalidInputError, NotFoundError, PermissionDeniedError
from niochat.domain.permissions import ConversationOwner, PermissionAction
from niochat.http.api.schemas import DisplayName, RequestModel, Slug
from niochat.http.rest.conversation_access import ConversationLoader
from niochat.http.rest.conversations.contact_routes import (
    ContactResponse,
    MayWrite,
    broadcast_contact,
    contact_response,
    contacts_for,
)
from niochat.http.rest.conversations.conversation_start_routes import require_phone
from niochat.http.rest.dependencies import audit_actor_for
from niochat.http.rest.idempotent_route import IdempotentRoute
from niochat.http.rest.rest_services import services_for

router = APIRouter(prefix="/contacts", tags=["contacts"], route_class=IdempotentRoute)


class CreateContactRequest(RequestModel):
    """A new contact. A phone number without ``+`` is Brazilian."""

    name: DisplayName
    phone: Annotated[str, Field(min_length=8, max_length=32)]


class SetContactLabelsRequest(RequestModel):
    """The complete list of labels. It replaces all labels of the contact."""

    labels: Annotated[list[Slug], Field(max_length=20)]


class BlockedContactResponse(ContactResponse):
    """The blocked contact. ``open_conversations`` are conversations with the contact that are still
    open, because the caller may not resolve them.
    """

    open_conversations: list[UUID]


@router.post("", status_code=201)
async def create_contact(
    body: CreateContactRequest, caller: MayWrite, request: Request
) -> ContactResponse:
    """Create a contact. 409 with the code ``contact_exists`` if a contact has the phone number
    (``existing_id``).
    """
    tenant_id = caller.require(PermissionAction.CONTACTS_WRITE)
    created = await services_for(request).conversation_starter.create_contact(
        tenant_id, require_phone(body.phone), body.name, audit_actor_for(request, caller)
    )
    contact = await contacts_for(request).get_contact(tenant_id, created)
    return contact_response(caller, contact)


@router.put("/{contact_id}/labels")
async def set_contact_labels(
    contact_id: UUID, body: SetContactLabelsRequest, caller: MayWrite, request: Request
) -> ContactResponse:
    """Replace the labels of a contact. They are independent of the labels of conversations."""
    tenant_id = caller.require(PermissionAction.CONTACTS_WRITE)
    changed = await services_for(request).contact_directory.set_labels(
        tenant_id, contact_id, body.labels, audit_actor_for(request, caller)
    )
    return contact_response(caller, changed)


@router.post("/{contact_id}/block")
async def block_contact(
    contact_id: UUID, caller: MayWrite, request: Request, response: Response
) -> BlockedContactResponse:
    """Block a contact: its messages are stored, but they open no conversation, end no snooze and
    get no answer of the assistant. Read them with ``GET /contacts/{contact_id}/messages``. Open
    conversations with the contact are resolved as far as the caller may reply in them; in others,
    and in reopened ones, messages still appear. The contact is not blocked in WhatsApp.
    """
    tenant_id = caller.require(PermissionAction.CONTACTS_WRITE)
    directory = services_for(request).contact_directory
    contact = await directory.set_blocked(
        tenant_id, contact_id, True, audit_actor_for(request, caller)
    )
    await broadcast_contact(request, tenant_id, contact)
    loader = ConversationLoader(request, response, caller, None)
    left = []
    for row in await directory.list_unresolved(tenant_id, contact_id):
        owner = ConversationOwner(row["agent"], row["team"])
        if not await _resolve(loader, row["id"], owner) and caller.may(
            PermissionAction.CONVERSATIONS_READ, owner
        ):
            left.append(row["id"])
    response.status_code = 200
    shown = contact_response(caller, contact)
    return BlockedContactResponse(**shown.model_dump(), open_conversations=left)


@router.post("/{contact_id}/unblock")
async def unblock_contact(contact_id: UUID, caller: MayWrite, request: Request) -> ContactResponse:
    """Unblock a contact: its next message opens a conversation again. Messages that arrived while
    it was blocked stay outside of conversations.
    """
    tenant_id = caller.require(PermissionAction.CONTACTS_WRITE)
    contact = await services_for(request).contact_directory.set_blocked(
        tenant_id, contact_id, False, audit_actor_for(request, caller)
    )
    await broadcast_contact(request, tenant_id, contact)
    return contact_response(caller, contact)


async def _resolve(
    loader: ConversationLoader, conversation_id: UUID, owner: ConversationOwner
) -> bool:
    """Return whether the conversation is resolved, or soon will be."""
    if not loader.caller.may(PermissionAction.CONVERSATIONS_REPLY, owner):
        return False
    try:
        conversation = await loader.load(conversation_id, PermissionAction.CONVERSATIONS_REPLY)
        await conversation.submit(cmd.ResolveConversation(str(loader.caller.id)))
    except (NotFoundError, PermissionDeniedError):
        return False  # it was transferred meanwhile
    except InvalidInputError as error:
        return error.code == "resolved"
    return True
