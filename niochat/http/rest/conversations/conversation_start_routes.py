"""``POST /conversations``: an agent starts a conversation."""

import asyncio
import secrets
from hashlib import sha256
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field, model_validator

from niochat.domain.conversation import commands as cmd
from niochat.domain.conversation.handlers.outbound_messages import command_message_id
from niochat.domain.errors import InvalidInputError
from niochat.domain.ids import ConversationId, inbox_cause
from niochat.domain.permissions import PermissionAction
from niochat.domain.phone import parse_dialled_phone
from niochat.http.api.idempotency_key import IdempotencyKey
from niochat.http.api.schemas import DisplayName, RequestModel, ResponseModel
from niochat.http.rest.conversations.conversation_routes import MAX_TEXT
from niochat.http.rest.conversations.message_routes import find_upload
from niochat.http.rest.dependencies import (
    PermissionDependency,
    audit_actor_for,
    identity_services_for,
)
from niochat.http.rest.rest_services import services_for
from niochat.identity.authentication import Principal
from niochat.inbox.conversation_starter import ConversationRecipient
from niochat.ports.audit import AuditEntry
from niochat.runtime.background_tasks import BackgroundTaskSet

MayReply = Annotated[Principal, Depends(PermissionDependency(PermissionAction.CONVERSATIONS_REPLY))]
_START_TASKS = BackgroundTaskSet("started conversations")

router = APIRouter(prefix="/conversations", tags=["conversations"])


class StartConversationRequest(RequestModel):
    """A new conversation on a channel: either with a known contact (``contact_id``) or with a
    ``phone`` number, which may belong to a contact already. ``name`` is for a new contact. A number
    without ``+`` is Brazilian. A contact who has opted out of messages that the provider begins is
    written to only with ``despite_opt_out``. ``text`` and ``file`` are the first message, as in
    ``POST /conversations/{conversation_id}/messages``.
    """

    channel_id: UUID
    contact_id: UUID | None = None
    phone: Annotated[str, Field(min_length=8, max_length=32)] | None = None
    name: DisplayName | None = None
    text: Annotated[str, Field(max_length=MAX_TEXT)] = ""
    file: UUID | None = None
    despite_opt_out: bool = False

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.contact_id is None) == (self.phone is None):
            raise ValueError("send either contact_id or phone")
        if not self.text and self.file is None:
            raise ValueError("send text, file or both")
        return self


class StartedConversationResponse(ResponseModel):
    """The started conversation and its first message. With status 202, ``done`` is false and both
    ids are null: the command is stored and will be executed. Repeat the request with the same
    Idempotency-Key to get the ids.
    """

    done: bool
    conversation_id: UUID | None
    message_id: UUID | None = None


@router.post("")
async def start_conversation(
    body: StartConversationRequest,
    caller: MayReply,
    request: Request,
    response: Response,
    key: IdempotencyKey,
) -> StartedConversationResponse:
    """Start a conversation, which the caller holds; the assistant does not answer in it before the
    caller returns it. 409 with the code ``conversation_open`` if a conversation with the contact is
    open on the channel (``existing_id``), ``contact_blocked``, ``contact_opted_out``,
    ``channel_disconnected`` or ``no_address``. Whether the number has WhatsApp is not known before
    the message is sent: the message fails then.
    """
    tenant_id = caller.require(PermissionAction.CONVERSATIONS_REPLY)
    file = None if body.file is None else await find_upload(request, tenant_id, body.file)
    recipient = _recipient(body)
    named = str(recipient.contact_id or sha256(recipient.phone.encode()).hexdigest()[:16])
    command_key = f"start:{named}:{caller.id}:{key or secrets.token_hex(8)}"
    command = cmd.StartConversation(str(caller.id), body.text, file)
    # A client that disconnects has given the command all the same: it must reach the audit log.
    work = _start(request, caller, (tenant_id, body.channel_id), recipient, (command_key, command))
    started: StartedConversationResponse | Exception = await asyncio.shield(
        _START_TASKS.start(work)
    )
    if isinstance(started, Exception):
        raise started
    if not started.done:
        response.status_code = 202
    return started


async def _start(
    request: Request,
    caller: Principal,
    place: tuple[UUID, UUID],
    recipient: ConversationRecipient,
    keyed: tuple[str, cmd.StartConversation],
) -> StartedConversationResponse | Exception:
    """Return an error instead of raising it: it is a result, not a failure of the task."""
    services, (key, command) = services_for(request), keyed
    actor = audit_actor_for(request, caller)
    try:
        thread = await services.conversation_starter.prepare(*place, recipient, key, actor)
        submitted = await services.command_submitter.submit(
            thread, key, command, services.command_timeout_s
        )
        done = submitted.done
        started = await services.conversation_starter.find_started(thread, key) if done else None
        target = f"conversation:{started}" if started else f"thread:{thread.thread_id}"
        entry = AuditEntry(
            place[0], actor, f"conversations.{command.type}", target, None, {"done": done}
        )
        await identity_services_for(request).audit_log.write_entry(entry)
    except Exception as error:  # noqa: BLE001 - raised again by start_conversation
        return error
    message_id = None
    if started is not None and submitted.inbox_id is not None:
        cause = inbox_cause(submitted.inbox_id)
        message_id = command_message_id(command, ConversationId(started), cause)
    return StartedConversationResponse(done=done, conversation_id=started, message_id=message_id)


def _recipient(body: StartConversationRequest) -> ConversationRecipient:
    if body.phone is None:
        return ConversationRecipient(body.contact_id, despite_opt_out=body.despite_opt_out)
    phone = require_phone(body.phone)
    return ConversationRecipient(None, phone, body.name, body.despite_opt_out)


def require_phone(written: str) -> str:
    """Return the digits of a complete phone number. Raises ``InvalidInputError``
    (``bad_phone``).
    """
    phone = parse_dialled_phone(written)
    if not phone:
        raise InvalidInputError(
            "The phone number is not valid. Send the area code and the number, or + and the country"
            " code for a number abroad.",
            code="bad_phone",
        )
    return phone
