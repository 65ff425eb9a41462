"""``/conversations/…/messages``: reading, sending and changing messages, and internal notes."""

from dataclasses import replace
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import AwareDatetime, Field, model_validator

from niochat.adapters.clock import database_clock
from niochat.attachments.attachment_store import AttachmentStore, StoredFile
from niochat.attachments.file_type import message_kind_for
from niochat.conversations.message_history import HistoryPage
from niochat.domain.conversation import commands as cmd
from niochat.domain.errors import InvalidInputError, NotFoundError, OperationRefusedError
from niochat.domain.ids import MessageId
from niochat.domain.message import FILE_KINDS, Author, MessageKind
from niochat.domain.permissions import PermissionAction
from niochat.http.api.pagination import (
    CursorPage,
    PageCursor,
    PageLimit,
    decode_cursor,
    encode_cursor,
    parse_cursor_number,
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
from niochat.live.activities import LiveActivity, activity_from_event
from niochat.live.frames import LiveMessage

MessageText = Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]
AnnotatableConversation = Annotated[
    AccessibleConversation, Depends(ConversationDependency(PermissionAction.CONVERSATIONS_NOTE))
]
MESSAGES_PATH = "/{conversation_id}/messages"

router = APIRouter(prefix="/conversations", tags=["messages"])


class SendMessageRequest(RequestModel):
    """A message for the customer. ``reply_to`` is the message to quote. ``file`` is the id of an
    upload (``POST /files``); ``text`` is then the caption. A recording that was uploaded as a voice
    note (``voice``) is sent as one, unless ``as_voice`` is false; with ``as_voice`` true, any other
    file is rejected. A voice note has no caption.
    """

    text: Annotated[str, Field(max_length=MAX_TEXT)] = ""
    reply_to: UUID | None = None
    file: UUID | None = None
    as_voice: bool | None = None

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
    """An internal note, never shown to the customer. ``mentions`` are ids of users. ``file`` is the
    id of an upload (``POST /files``).
    """

    text: Annotated[str, Field(max_length=MAX_TEXT)] = ""
    mentions: Annotated[list[UUID], Field(max_length=20)] = Field(default_factory=list)
    file: UUID | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.text and self.file is None:
            raise ValueError("send text, file or both")
        return self


class MessagePage(CursorPage[LiveMessage]):
    """Messages of a conversation, newest first. Send ``older`` (the same as ``next_cursor``) or
    ``newer`` as ``cursor`` to get the adjacent page; it is null if no message lies there.

    ``activities`` are the events to show between these messages, newest first: those of the span
    from the oldest message of the page to the first message of the next newer page. The last page
    in each direction also has those before the first and after the last message. Adjacent pages
    thus give each activity once. Of more than 500 the newest are returned.
    """

    older: str | None = None
    newer: str | None = None
    activities: list[LiveActivity]


class MessageVersionResponse(ResponseModel):
    """An earlier text of an edited message, and when an edit replaced it."""

    text: str
    replaced_at: AwareDatetime


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
    conversation: ReadableConversation,
    limit: PageLimit = 50,
    cursor: PageCursor = None,
    around: Annotated[
        UUID | None, Query(description="A message. The page has it in its middle.")
    ] = None,
) -> MessagePage:
    """List the messages of a conversation, newest first, with the activities between them. Pages
    lead in both directions: from the newest message, or from the message ``around``.
    """
    history = services_for(conversation.request).message_history
    key = (conversation.tenant_id, conversation.id)
    if around is not None:
        if cursor is not None:
            raise InvalidInputError("Send cursor or around, not both.", code="one_place")
        page = await history.load_around(*key, around, limit)
    else:
        version, newer = _parse_history_cursor(cursor)
        if newer and version is not None:
            page = await history.load_from(*key, version, limit)
        else:
            page = await history.load_before(*key, version, limit)
    await conversation.audit_read(messages=True)
    return _message_page(page)


@router.get(MESSAGES_PATH + "/{message_id}/versions")
async def list_message_versions(
    message_id: UUID, conversation: ReadableConversation
) -> list[MessageVersionResponse]:
    """List the earlier texts of an edited message, oldest first. The message has the current text.
    Texts that were replaced before the database kept them are not known.
    """
    await conversation.find_message(message_id)
    history = services_for(conversation.request).message_history
    rows = await history.list_versions(conversation.tenant_id, message_id)
    await conversation.audit_read(versions_of=str(message_id))
    return [MessageVersionResponse.model_validate(row) for row in rows]


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
        command = replace(command, file=_attached_file(file, _sending_kind(file, body)))
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
async def add_note(
    body: AddNoteRequest, conversation: AnnotatableConversation, request: Request
) -> CommandResponse:
    """Add an internal note for colleagues, with an optional file."""
    await conversation.queries.require_assignees(conversation.tenant_id, None, body.mentions)
    mentions = tuple(str(each) for each in body.mentions)
    command = cmd.AddNote(str(conversation.caller.id), body.text, mentions)
    if body.file is not None:
        file = await attachments_for(request).find_upload(conversation.tenant_id, body.file)
        command = replace(command, file=_attached_file(file, message_kind_for(file.mimetype)))
    return await conversation.submit(command)


def attachments_for(request: Request) -> AttachmentStore:
    """Return the store of files."""
    return services_for(request).attachments


async def find_upload(request: Request, tenant_id: UUID, file_id: UUID) -> cmd.AttachedFile:
    """Return an uploaded file as a message takes it. Raises ``NotFoundError``."""
    file = await attachments_for(request).find_upload(tenant_id, file_id)
    kind = MessageKind.VOICE if file.voice else message_kind_for(file.mimetype)
    return _attached_file(file, kind)


def _require_external_id(row: dict[str, Any]) -> str:
    """Return the gateway's id of a message. Raises ``OperationRefusedError`` before it has one."""
    if row["external_id"] is None:
        raise OperationRefusedError("The message has not been sent.", code="not_sent")
    return str(row["external_id"])


def _parse_history_cursor(cursor: str | None) -> tuple[int | None, bool]:
    """Return the version in a cursor, and whether the cursor leads to newer messages."""
    parts = decode_cursor(cursor, parse_cursor_number, parse_cursor_number)
    return (None, False) if parts is None else (parts[0], bool(parts[1]))


def _message_page(page: HistoryPage) -> MessagePage:
    older = None if page.older is None else encode_cursor(page.older, 0)
    events = (
        activity_from_event(row["version"], row["type"], row["at"], row["body"])
        for row in page.activities
    )
    return MessagePage(
        items=[LiveMessage.model_validate(row) for row in page.messages],
        next_cursor=older,
        older=older,
        newer=None if page.newer is None else encode_cursor(page.newer, 1),
        activities=[each for each in events if each is not None],
    )


def _sending_kind(file: StoredFile, body: SendMessageRequest) -> MessageKind:
    """Return the kind of message that carries the file. Raises ``InvalidInputError``."""
    if body.as_voice and not file.voice:
        raise InvalidInputError(
            "The file is not a voice note. Upload the recording with as_voice=true.",
            code="not_voice",
        )
    if not file.voice or body.as_voice is False:
        return message_kind_for(file.mimetype)
    if body.text:
        raise InvalidInputError(
            "A voice note has no caption. Send the text as a message of its own.",
            code="voice_caption",
        )
    return MessageKind.VOICE


def _attached_file(file: StoredFile, kind: MessageKind) -> cmd.AttachedFile:
    return cmd.AttachedFile(str(file.id), kind, file.filename, file.mimetype, file.size)


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
