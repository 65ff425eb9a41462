"""``/conversations/…/messages``: what was said, answers, notes, and changes of what was said."""

from dataclasses import replace
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import AwareDatetime, Field, model_validator

from niochat.adapters.clock import agreed
from niochat.domain import commands as cmd
from niochat.domain.errors import NotFoundError, OperationRefusedError
from niochat.domain.ids import MessageId
from niochat.domain.message import FILE_KINDS, Author, MessageKind
from niochat.domain.permissions import PermissionAction
from niochat.ingress.api.acting import Done, Found, NeedsOf
from niochat.ingress.api.conversations import MOST_TEXT, Answered, Seen
from niochat.ingress.api.rooms import rooms_of
from niochat.ingress.api.shapes import (
    Body,
    Cursor,
    Limit,
    Page,
    Shown,
    number_cursor,
    number_of,
)
from niochat.live.frames import MessageRow
from niochat.media.library import AttachmentStore
from niochat.media.sniffing import message_kind_for

Text = Annotated[str, Field(min_length=1, max_length=MOST_TEXT)]
Noted = Annotated[Found, Depends(NeedsOf(PermissionAction.CONVERSATIONS_NOTE))]
PATH = "/{conversation_id}/messages"

router = APIRouter(prefix="/conversations", tags=["messages"])


class Saying(Body):
    """A message for the customer. ``reply_to`` is the message to quote. ``file`` is the id of an
    upload (``POST /files``); ``text`` is then the caption.
    """

    text: Annotated[str, Field(max_length=MOST_TEXT)] = ""
    reply_to: UUID | None = None
    file: UUID | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.text and self.file is None:
            raise ValueError("send text, file or both")
        return self


class NewText(Body):
    """The new text of the message."""

    text: Text


class Reaction(Body):
    """An emoji. An empty string removes the reaction."""

    emoji: Annotated[str, Field(max_length=16)]


class Note(Body):
    """An internal note, never shown to the customer. ``mentions`` are ids of users."""

    text: Text
    mentions: Annotated[list[UUID], Field(max_length=20)] = Field(default_factory=list)


class FileAddress(Shown):
    """A signed ``url`` of the file. Anyone who has the URL can open the file until ``expires_at``."""

    url: str
    expires_at: AwareDatetime
    mimetype: str
    filename: str
    size: int


@router.get(PATH)
async def messages(found: Seen, limit: Limit = 50, cursor: Cursor = None) -> Page[MessageRow]:
    """List the messages of a conversation, newest first."""
    rows = await found.views.list_messages(found.tenant_id, found.id, number_of(cursor), limit + 1)
    await found.read(messages=True)
    following = None
    if len(rows) > limit:
        rows = rows[:limit]
        following = number_cursor(rows[-1]["version"])
    return Page(items=[MessageRow.model_validate(row) for row in rows], next_cursor=following)


@router.post(PATH)
async def reply(body: Saying, found: Answered, request: Request) -> Done:
    """Send a message to the customer. Take over the conversation first."""
    command = cmd.ReplyToCustomer(str(found.caller.id), body.text)
    if body.reply_to is not None:
        command = replace(command, reply_to=_sent(await found.message(body.reply_to)))
    if body.file is not None:
        file = await library_of(request).find_upload(found.tenant_id, body.file)
        kind = message_kind_for(file.mimetype)
        command = replace(
            command,
            file=cmd.AttachedFile(str(file.id), kind, file.filename, file.mimetype, file.size),
        )
    return await found.ask(command)


@router.post(PATH + "/{message_id}/retry")
async def retry(message_id: UUID, found: Answered) -> Done:
    """Send a failed message again, as a new message."""
    row = await found.message(message_id)
    if row["status"] != "failed" or row["author"] != Author.AGENT:
        raise OperationRefusedError(
            "Only a failed message of an agent can be sent again.", code="not_failed"
        )
    again = MessageId(message_id)
    command = cmd.ReplyToCustomer(
        str(found.caller.id), row["text"], row["quoted"], _attached(row), again
    )
    return await found.ask(command, once=f"again:{message_id}")


@router.patch(PATH + "/{message_id}")
async def edit(message_id: UUID, body: NewText, found: Answered) -> Done:
    """Edit a sent message. The edit takes effect when WhatsApp accepts it; WhatsApp accepts edits
    for some minutes.
    """
    target = _sent(await found.message(message_id))
    return await found.ask(cmd.EditReply(str(found.caller.id), target, body.text))


@router.delete(PATH + "/{message_id}")
async def delete(message_id: UUID, found: Answered) -> Done:
    """Delete a sent message for everyone."""
    target = _sent(await found.message(message_id))
    return await found.ask(cmd.DeleteReply(str(found.caller.id), target))


@router.put(PATH + "/{message_id}/reaction")
async def react(message_id: UUID, body: Reaction, found: Answered) -> Done:
    """Set or remove the reaction to a message."""
    target = _sent(await found.message(message_id))
    return await found.ask(cmd.ReactToMessage(str(found.caller.id), target, body.emoji))


@router.get(PATH + "/{message_id}/file")
async def file(message_id: UUID, found: Seen, request: Request) -> FileAddress:
    """Return a signed URL of the file of a message. The URL expires after some minutes."""
    row = await found.message(message_id)
    if row["file"] is None or row["file"]["status"] != "kept":
        raise NotFoundError(
            "The file of the message is not available. See file.status of the message."
        )
    library = library_of(request)
    known = await library.find(found.tenant_id, UUID(row["file"]["id"]))
    await found.read(file=str(known.id))
    token, until = library.create_download_token(known, agreed.now())
    return FileAddress(
        url=f"/api/v1/files/content/{token}", expires_at=until, mimetype=known.mimetype,
        filename=known.filename, size=known.size,
    )  # fmt: skip


@router.post("/{conversation_id}/notes")
async def note(body: Note, found: Noted) -> Done:
    """Add an internal note for colleagues."""
    await found.views.require_assignees(found.tenant_id, None, body.mentions)
    mentions = tuple(str(each) for each in body.mentions)
    return await found.ask(cmd.AddNote(str(found.caller.id), body.text, mentions))


def library_of(request: Request) -> AttachmentStore:
    """Files of messages."""
    return rooms_of(request).library


def _sent(row: dict[str, Any]) -> str:
    """The gateway's id of a message. Raises ``Refused`` before there is one."""
    if row["external_id"] is None:
        raise OperationRefusedError("The message has not been sent.", code="not_sent")
    return str(row["external_id"])


def _attached(row: dict[str, Any]) -> cmd.AttachedFile | None:
    if row["kind"] not in FILE_KINDS:
        return None
    of = row["details"]
    return cmd.AttachedFile(
        of["attachment"], MessageKind(row["kind"]), of["filename"], of["mimetype"], of["length"]
    )
