"""``/conversations/…/messages``: reading, sending and changing messages, and internal notes."""

from dataclasses import replace
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import AwareDatetime, Field, model_validator

from niochat.adapters.clock import database_clock
from niochat.attachments.attachment_store import AttachmentStore
from niochat.attachments.file_type import message_kind_for
from niochat.domain.conversation import commands as cmd
from niochat.domain.errors import NotFoundError, OperationRefusedError
from niochat.domain.ids import MessageId
from niochat.domain.message import FILE_KINDS, Author, MessageKind
from niochat.domain.permissions import PermissionAction
from niochat.http.api.pagination import (
    CursorPage,
    PageCursor,
    PageLimit,
    format_number_cursor,
    parse_number_cursor,
)
from niochat.http.api.schemas import RequestModel, ResponseModel
from niochat.http.rest.conversation_access import (
    AccessibleConversation,
    CommandResponse,
    ConversationDependency,
)
from niochat.http.rest.conversations.conversation_routes import (
    MAX_TEXT,
    ReadableConversation,
    ReplyableConversation,
)
from niochat.http.rest.rest_services import services_for
from niochat.live.frames import LiveMessage

MessageText = Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]
AnnotatableConversation = Annotated[
    AccessibleConversation, Depends(ConversationDependency(PermissionAction.CONVERSATIONS_NOTE))
]
MESSAGES_PATH = "/{conversation_id}/messages"

router = APIRouter(prefix="/conversations", tags=["messages"])


class SendMessageRequest(RequestModel):
    """A message for the customer. ``reply_to`` is the message to quote. ``file`` is the id of an
    upload (``POST /files``); ``text`` is then the caption.
    """

    text: Annotated[str, Field(max_length=MAX_TEXT)] = ""
    reply_to: UUID | None = None
    file: UUID | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.text and self.file is None:
            raise ValueError("send text, file or both")
        return self


class EditMessageRequest(RequestModel):
    """The new text of the message."""

    text: MessageText


class SetReactionRequest(RequestModel):
    """An emoji. An empty string removes the reaction."""

    emoji: Annotated[str, Field(max_length=16)]


class AddNoteRequest(RequestModel):
    """An internal note, never shown to the customer. ``mentions`` are ids of users."""

    text: MessageText
    mentions: Annotated[list[UUID], Field(max_length=20)] = Field(default_factory=list)


class FileUrlResponse(ResponseModel):
    """A signed ``url`` of the file. Anyone who has the URL can open the file until
    ``expires_at``.
    """

    url: str
    expires_at: AwareDatetime
    mimetype: str
    filename: str
    size: int


@router.get(MESSAGES_PATH)
async def list_messages(
    conversation: ReadableConversation, limit: PageLimit = 50, cursor: PageCursor = None
) -> CursorPage[LiveMessage]:
    """List the messages of a conversation, newest first."""
    rows = await conversation.queries.list_messages(
        conversation.tenant_id, conversation.id, parse_number_cursor(cursor), limit + 1
    )
    await conversation.audit_read(messages=True)
    following = None
    if len(rows) > limit:
        rows = rows[:limit]
        following = format_number_cursor(rows[-1]["version"])
    return CursorPage(
        items=[LiveMessage.model_validate(row) for row in rows], next_cursor=following
    )


@router.post(MESSAGES_PATH)
async def send_message(
    body: SendMessageRequest, conversation: ReplyableConversation, request: Request
) -> CommandResponse:
    """Send a message to the customer. Take over the conversation first."""
    command = cmd.ReplyToCustomer(str(conversation.caller.id), body.text)
    if body.reply_to is not None:
        command = replace(
            command, reply_to=_require_external_id(await conversation.find_message(body.reply_to))
        )
    if body.file is not None:
        file = await attachments_for(request).find_upload(conversation.tenant_id, body.file)
        kind = message_kind_for(file.mimetype)
        command = replace(
            command,
            file=cmd.AttachedFile(str(file.id), kind, file.filename, file.mimetype, file.size),
        )
    return await conversation.submit(command)


@router.post(MESSAGES_PATH + "/{message_id}/retry")
async def retry_message(message_id: UUID, conversation: ReplyableConversation) -> CommandResponse:
    """Send a failed message again, as a new message."""
    row = await conversation.find_message(message_id)
    if row["status"] != "failed" or row["author"] != Author.AGENT:
        raise OperationRefusedError(
            "Only a failed message of an agent can be sent again.", code="not_failed"
        )
    retried = MessageId(message_id)
    command = cmd.ReplyToCustomer(
        str(conversation.caller.id),
        row["text"],
        row["quoted"],
        _attached_file_from_row(row),
        retried,
    )
    return await conversation.submit(command, dedupe_key=f"again:{message_id}")


@router.patch(MESSAGES_PATH + "/{message_id}")
async def edit_message(
    message_id: UUID, body: EditMessageRequest, conversation: ReplyableConversation
) -> CommandResponse:
    """Edit a sent message. The edit takes effect when WhatsApp accepts it; WhatsApp accepts edits
    for some minutes.
    """
    target = _require_external_id(await conversation.find_message(message_id))
    return await conversation.submit(cmd.EditReply(str(conversation.caller.id), target, body.text))


@router.delete(MESSAGES_PATH + "/{message_id}")
async def delete_message(message_id: UUID, conversation: ReplyableConversation) -> CommandResponse:
    """Delete a sent message for everyone."""
    target = _require_external_id(await conversation.find_message(message_id))
    return await conversation.submit(cmd.DeleteReply(str(conversation.caller.id), target))


@router.put(MESSAGES_PATH + "/{message_id}/reaction")
async def set_message_reaction(
    message_id: UUID, body: SetReactionRequest, conversation: ReplyableConversation
) -> CommandResponse:
    """Set or remove the reaction to a message."""
    target = _require_external_id(await conversation.find_message(message_id))
    return await conversation.submit(
        cmd.ReactToMessage(str(conversation.caller.id), target, body.emoji)
    )


@router.get(MESSAGES_PATH + "/{message_id}/file")
async def get_message_file_url(
    message_id: UUID, conversation: ReadableConversation, request: Request
) -> FileUrlResponse:
    """Return a signed URL of the file of a message. The URL expires after some minutes."""
    row = await conversation.find_message(message_id)
    if row["file"] is None or row["file"]["status"] != "kept":
        raise NotFoundError(
            "The file of the message is not available. See file.status of the message."
        )
    attachments = attachments_for(request)
    file = await attachments.find(conversation.tenant_id, UUID(row["file"]["id"]))
    await conversation.audit_read(file=str(file.id))
    token, until = attachments.create_download_token(file, database_clock.now())
    return FileUrlResponse(
        url=f"/api/v1/files/content/{token}",
        expires_at=until,
        mimetype=file.mimetype,
        filename=file.filename,
        size=file.size,
    )


@router.post("/{conversation_id}/notes")
async def add_note(body: AddNoteRequest, conversation: AnnotatableConversation) -> CommandResponse:
    """Add an internal note for colleagues."""
    await conversation.queries.require_assignees(conversation.tenant_id, None, body.mentions)
    mentions = tuple(str(each) for each in body.mentions)
    return await conversation.submit(cmd.AddNote(str(conversation.caller.id), body.text, mentions))


def attachments_for(request: Request) -> AttachmentStore:
    """Return the store of files."""
    return services_for(request).attachments


def _require_external_id(row: dict[str, Any]) -> str:
    """Return the gateway's id of a message. Raises ``OperationRefusedError`` before it has one."""
    if row["external_id"] is None:
        raise OperationRefusedError("The message has not been sent.", code="not_sent")
    return str(row["external_id"])


def _attached_file_from_row(row: dict[str, Any]) -> cmd.AttachedFile | None:
    if row["kind"] not in FILE_KINDS:
        return None
    details = row["details"]
    return cmd.AttachedFile(
        details["attachment"],
        MessageKind(row["kind"]),
        details["filename"],
        details["mimetype"],
        details["length"],
    )
