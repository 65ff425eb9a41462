"""``/conversations``: what goes on, who has it, and how it is sorted."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import AwareDatetime, Field, model_validator

from niochat.access.callers import Caller
from niochat.conversation.desk import ConversationFilter, ConversationListCursor
from niochat.conversation.reading import ReadMarkerStore
from niochat.domain import commands as cmd
from niochat.domain.conversation import ConversationPriority, ConversationStatus
from niochat.domain.errors import InvalidInputError
from niochat.domain.ids import ConversationId
from niochat.domain.permissions import PermissionAction
from niochat.ingress.api.acting import Done, Found, NeedsOf, note_read, sight_of, views_of
from niochat.ingress.api.doorway import Needs
from niochat.ingress.api.rooms import rooms_of
from niochat.ingress.api.shapes import (
    Body,
    Cursor,
    Limit,
    Page,
    Shown,
    decoded,
    encoded,
    moment_cursor,
    moment_of,
    number,
)
from niochat.live.frames import ConversationRow, PriorityName
from niochat.live.passing import FrameEnvelope, ReadFrame

MOST_TEXT = 4096
"""Characters of a WhatsApp text."""
Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
MayList = Annotated[Caller, Depends(Needs(PermissionAction.CONVERSATIONS_READ))]
Seen = Annotated[Found, Depends(NeedsOf(PermissionAction.CONVERSATIONS_READ))]
Answered = Annotated[Found, Depends(NeedsOf(PermissionAction.CONVERSATIONS_REPLY))]
Assigned = Annotated[Found, Depends(NeedsOf(PermissionAction.CONVERSATIONS_ASSIGN))]

router = APIRouter(prefix="/conversations", tags=["conversations"])


class Counts(Shown):
    """Numbers of unresolved conversations that the caller may see."""

    mine: int
    unassigned: int
    with_assistant: int
    all: int


class UnreadRow(Shown):
    """The number of unread customer messages in a conversation."""

    conversation_id: UUID
    unread: int


class ReadUpto(Body):
    """The ``version`` of the last message that the user has read."""

    upto: Annotated[int, Field(ge=0, lt=2**63)]


class Assignment(Body):
    """The agent who takes over. Without ``agent``, the caller takes over."""

    agent: UUID | None = None


class Transfer(Body):
    """The target of the transfer: either a team or an agent. ``note`` is shown to colleagues only."""

    team: Slug | None = None
    agent: UUID | None = None
    note: Annotated[str, Field(max_length=MOST_TEXT)] = ""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.team is None) == (self.agent is None):
            raise ValueError("send either team or agent")
        return self


class Snooze(Body):
    """The time at which the conversation returns. It returns earlier if the customer writes."""

    until: AwareDatetime


class Labels(Body):
    """The complete list of labels. It replaces all labels of the conversation."""

    labels: Annotated[list[Slug], Field(max_length=20)]


class Urgency(Body):
    """The priority of the conversation in its queue."""

    priority: PriorityName


def _walk_of(cursor: str | None) -> ConversationListCursor | None:
    found = decoded(cursor, datetime.fromisoformat, UUID, datetime.fromisoformat, number, number)
    if found is None:
        return None
    at, last, since, horizon, again = found
    return ConversationListCursor(at, last, since, str(horizon % 2**32), bool(again))


def _walk_cursor(walk: ConversationListCursor) -> str:
    at, since = walk.at.isoformat(), walk.since.isoformat()
    return encoded(at, walk.id, since, walk.horizon, int(walk.again))


def reading_of(request: Request) -> ReadMarkerStore:
    """Who has read what."""
    return rooms_of(request).reading


@router.get("")
async def conversations(
    caller: MayList, request: Request, *, status: ConversationStatus | None = None,
    team: Slug | None = None, agent: Annotated[str | None, Query(max_length=64)] = None,
    label: Slug | None = None, sort: Literal["changed", "waiting"] = "changed",
    limit: Limit = 50, cursor: Cursor = None,
) -> Page[ConversationRow]:  # fmt: skip
    """List conversations, latest change first. Without ``status``, resolved conversations are left
    out. ``agent=me`` selects the conversations of the caller. ``sort=waiting`` selects the
    conversations whose customer waits for a person, longest wait first.

    A conversation that changes while pages are read is repeated on the last pages, oldest change
    first. If a conversation appears twice, keep the row with the higher ``version``. No
    conversation that exists throughout is left out.
    """
    if sort == "waiting" and status is ConversationStatus.RESOLVED:
        raise InvalidInputError(
            "sort=waiting cannot be combined with status=resolved. Leave out one of them."
        )
    tenant_id = caller.need(PermissionAction.CONVERSATIONS_READ)
    who = str(caller.id) if agent == "me" else agent
    wanted = ConversationFilter(status, team, who, label, limit)
    views, sight = views_of(request), sight_of(caller)
    if sort == "waiting":
        rows, place = await views.list_waiting(tenant_id, sight, wanted, moment_of(cursor))
        following = None if place is None else moment_cursor(*place)
    else:
        rows, walk = await views.list_page(tenant_id, sight, wanted, _walk_of(cursor))
        following = None if walk is None else _walk_cursor(walk)
    items = [ConversationRow.model_validate(row) for row in rows]
    await note_read(request, caller, tenant_id, "conversations", {"shown": len(items)})
    return Page(items=items, next_cursor=following)


@router.get("/counts")
async def counts(caller: MayList, request: Request) -> Counts:
    """Count the conversations in each list of the desk."""
    tenant_id = caller.need(PermissionAction.CONVERSATIONS_READ)
    return Counts.model_validate(
        await views_of(request).count_conversations(tenant_id, sight_of(caller))
    )


@router.get("/unread")
async def unread(caller: MayList, request: Request) -> list[UnreadRow]:
    """List the conversations of the caller with unread customer messages."""
    tenant_id = caller.need(PermissionAction.CONVERSATIONS_READ)
    rows = await reading_of(request).list_unread(tenant_id, caller.id)
    return [UnreadRow.model_validate(row) for row in rows]


@router.get("/{conversation_id}")
async def conversation(found: Seen) -> ConversationRow:
    """Return one conversation."""
    await found.read()
    return ConversationRow.model_validate(found.row)


@router.put("/{conversation_id}/read", status_code=204)
async def read(body: ReadUpto, found: Seen) -> None:
    """Mark a conversation as read up to a version. A lower version than before has no effect."""
    marks = reading_of(found.request)
    if await marks.mark_read(found.tenant_id, found.caller.id, found.id, body.upto):
        told = ReadFrame(conversation_id=found.id, upto=body.upto)
        passing = FrameEnvelope.wrap(found.tenant_id, told, user_id=found.caller.id)
        await rooms_of(found.request).say(passing.encode())


@router.post("/{conversation_id}/assign")
async def assign(body: Assignment, found: Assigned) -> Done:
    """Take over a conversation, or assign it to an agent. The assistant stops answering in it."""
    if body.agent is not None:
        await found.views.require_assignees(found.tenant_id, None, [body.agent])
    return await found.ask(cmd.AssignConversation(str(body.agent or found.caller.id)))


@router.post("/{conversation_id}/transfer")
async def transfer(body: Transfer, found: Assigned) -> Done:
    """Transfer a conversation to a team or an agent, with an optional note."""
    users = [body.agent] if body.agent is not None else []
    await found.views.require_assignees(found.tenant_id, body.team, users)
    agent = str(body.agent) if body.agent is not None else None
    by = str(found.caller.id)
    return await found.ask(cmd.TransferConversation(by, body.team, agent, body.note))


@router.post("/{conversation_id}/return-to-assistant")
async def give_back(found: Assigned) -> Done:
    """Return a conversation to the assistant. The assistant starts with the unanswered messages."""
    return await found.ask(cmd.ReturnConversationToAssistant(str(found.caller.id)))


@router.post("/{conversation_id}/snooze")
async def snooze(body: Snooze, found: Answered) -> Done:
    """Snooze a conversation until a given time."""
    return await found.ask(cmd.SnoozeConversation(str(found.caller.id), body.until))


@router.post("/{conversation_id}/resolve")
async def resolve(found: Answered) -> Done:
    """Resolve a conversation. The next message of the customer opens a new conversation."""
    return await found.ask(cmd.ResolveConversation(str(found.caller.id)))


@router.post("/{conversation_id}/reopen")
async def reopen(found: Answered) -> Done:
    """Reopen a resolved conversation, unless the customer has opened a new one since."""
    conversation_id = ConversationId(found.id)
    return await found.ask(cmd.ReopenConversation(str(found.caller.id), conversation_id))


@router.put("/{conversation_id}/labels")
async def label(body: Labels, found: Answered) -> Done:
    """Replace the labels of a conversation."""
    return await found.ask(cmd.SetConversationLabels(str(found.caller.id), tuple(body.labels)))


@router.put("/{conversation_id}/priority")
async def prioritise(body: Urgency, found: Answered) -> Done:
    """Set the priority of a conversation."""
    priority = ConversationPriority[body.priority.upper()]
    return await found.ask(cmd.SetConversationPriority(str(found.caller.id), priority))
