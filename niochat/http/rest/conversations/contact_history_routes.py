"""``/contacts/{contact_id}/…``: conversations, files and messages of a contact."""

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request

from niochat.domain.errors import PermissionDeniedError
from niochat.domain.permissions import ConversationOwner, PermissionAction
from niochat.http.api.pagination import (
    CursorPage,
    PageCursor,
    PageLimit,
    format_time_cursor,
    parse_time_cursor,
)
from niochat.http.api.schemas import ResponseModel
from niochat.http.rest.conversation_access import visibility_for
from niochat.http.rest.conversations.contact_routes import READ_ACTION, MayRead, contacts_for
from niochat.http.rest.dependencies import audit_read
from niochat.http.rest.rest_services import services_for
from niochat.live.frames import LiveConversation, LiveFile, LiveMessage

router = APIRouter(prefix="/contacts", tags=["contacts"])


class ContactFileResponse(ResponseModel):
    """A file in a conversation of a contact. Get its content with
    ``GET /conversations/{conversation_id}/messages/{message_id}/file``.
    """

    message_id: UUID
    conversation_id: UUID
    author: str
    kind: str
    text: str
    sent_at: datetime
    file: LiveFile


@router.get("/{contact_id}/conversations")
async def list_contact_conversations(
    contact_id: UUID,
    caller: MayRead,
    request: Request,
    limit: PageLimit = 50,
    cursor: PageCursor = None,
) -> CursorPage[LiveConversation]:
    """List the conversations of a contact that the caller may see, newest first. Read the
    messages of each with ``GET /conversations/{conversation_id}/messages``, resolved or not.
    """
    tenant_id = caller.require(PermissionAction.CONTACTS_READ)
    await contacts_for(request).get_contact(tenant_id, contact_id)
    visibility = visibility_for(caller)
    rows = await contacts_for(request).list_conversations(
        tenant_id, contact_id, visibility, parse_time_cursor(cursor), limit + 1
    )
    shown: dict[str, object] = {"conversations": len(rows[:limit])}
    await audit_read(request, caller, READ_ACTION, f"contact:{contact_id}", shown)
    following = None
    if len(rows) > limit:
        rows = rows[:limit]
        following = format_time_cursor(rows[-1]["opened_at"], rows[-1]["id"])
    items = [LiveConversation.model_validate(row) for row in rows]
    return CursorPage(items=items, next_cursor=following)


@router.get("/{contact_id}/files")
async def list_contact_files(
    contact_id: UUID,
    caller: MayRead,
    request: Request,
    limit: PageLimit = 50,
    cursor: PageCursor = None,
) -> CursorPage[ContactFileResponse]:
    """List the files in all conversations of a contact that the caller may see, newest first. Files
    of deleted messages are left out.
    """
    tenant_id = caller.require(PermissionAction.CONTACTS_READ)
    await contacts_for(request).get_contact(tenant_id, contact_id)
    rows = await services_for(request).contact_directory.list_files(
        tenant_id, contact_id, visibility_for(caller), parse_time_cursor(cursor), limit + 1
    )
    items, following = _page(rows, limit)
    shown: dict[str, object] = {"files": len(items)}
    await audit_read(request, caller, READ_ACTION, f"contact:{contact_id}", shown)
    files = [
        ContactFileResponse.model_validate({**row, "message_id": row["id"]})
        for row in items
        if row["file"] is not None
    ]
    return CursorPage(items=files, next_cursor=following)


@router.get("/{contact_id}/messages")
async def list_contact_messages(
    contact_id: UUID,
    caller: MayRead,
    request: Request,
    limit: PageLimit = 50,
    cursor: PageCursor = None,
) -> CursorPage[LiveMessage]:
    """List the messages of a contact that belong to no conversation, newest first: those that
    arrived while the contact was blocked, and those that the provider's phone exchanged while no
    conversation was open. Callers who see the conversations of the assistant may read them.
    """
    tenant_id = caller.require(PermissionAction.CONTACTS_READ)
    await contacts_for(request).get_contact(tenant_id, contact_id)
    if not caller.may(PermissionAction.CONVERSATIONS_READ, ConversationOwner(None, None)):
        raise PermissionDeniedError(
            f"The permission {PermissionAction.CONVERSATIONS_READ}:team is required."
        )
    rows = await services_for(request).contact_directory.list_outside(
        tenant_id, contact_id, parse_time_cursor(cursor), limit + 1
    )
    items, following = _page(rows, limit)
    shown: dict[str, object] = {"messages": len(items)}
    await audit_read(request, caller, READ_ACTION, f"contact:{contact_id}", shown)
    return CursorPage(
        items=[LiveMessage.model_validate(row) for row in items], next_cursor=following
    )


def _page(rows: list[dict[str, Any]], limit: int) -> tuple[list[dict[str, Any]], str | None]:
    items = rows[:limit]
    if len(rows) <= limit:
        return items, None
    return items, format_time_cursor(items[-1]["stored_at"], items[-1]["id"])
