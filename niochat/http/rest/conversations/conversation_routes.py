"""``/conversations``: what goes on, who has it, and how it is sorted."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import AwareDatetime, Field, model_validator

from niochat.conversations.conversation_queries import ConversationFilter, ConversationListCursor
from niochat.conversations.read_markers import ReadMarkerStore
from niochat.domain.conversation import commands as cmd
from niochat.domain.conversation.state import ConversationPriority, ConversationStatus
from niochat.domain.errors import InvalidInputError
from niochat.domain.ids import ConversationId
from niochat.domain.permissions import PermissionAction
from niochat.http.rest.conversation_access import (
    CommandResponse,
    ConversationContext,
    ConversationDependency,
    audit_conversation_read,
    conversation_queries_for,
    visibility_for,
)
from niochat.http.rest.dependencies import PermissionDependency
from niochat.http.rest.rest_services import services_for
from niochat.http.rest.schemas import (
    CursorPage,
    PageCursor,
    PageLimit,
    RequestModel,
    ResponseModel,
    decode_cursor,
    encode_cursor,
    format_time_cursor,
    parse_cursor_number,
    parse_time_cursor,
)
from niochat.identity.authentication import Principal
from niochat.live.ephemeral import FrameEnvelope, ReadFrame
from niochat.live.frames import ConversationRow, PriorityName

MAX_TEXT = 4096
"""Characters of a WhatsApp text."""
Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
MayRead = Annotated[Principal, Depends(PermissionDependency(PermissionAction.CONVERSATIONS_READ))]
ReadableConversation = Annotated[
    ConversationContext, Depends(ConversationDependency(PermissionAction.CONVERSATIONS_READ))
]
ReplyableConversation = Annotated[
    ConversationContext, Depends(ConversationDependency(PermissionAction.CONVERSATIONS_REPLY))
]
AssignableConversation = Annotated[
    ConversationContext, Depends(ConversationDependency(PermissionAction.CONVERSATIONS_ASSIGN))
]

router = APIRouter(prefix="/conversations", tags=["conversations"])


class ConversationCountsResponse(ResponseModel):
    """Numbers of unresolved conversations that the caller may see."""

    mine: int
    unassigned: int
    with_assistant: int
    all: int


class UnreadCountResponse(ResponseModel):
    """The number of unread customer messages in a conversation."""

    conversation_id: UUID
    unread: int


class MarkReadRequest(RequestModel):
    """The ``version`` of the last message that the user has read."""

    upto: Annotated[int, Field(ge=0, lt=2**63)]


class AssignConversationRequest(RequestModel):
    """The agent who takes over. Without ``agent``, the caller takes over."""

    agent: UUID | None = None


class TransferConversationRequest(RequestModel):
    """The target of the transfer: either a team or an agent. ``note`` is shown to colleagues
    only.
    """

    team: Slug | None = None
    agent: UUID | None = None
    note: Annotated[str, Field(max_length=MAX_TEXT)] = ""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.team is None) == (self.agent is None):
            raise ValueError("send either team or agent")
        return self


class SnoozeConversationRequest(RequestModel):
    """The time at which the conversation returns. It returns earlier if the customer writes."""

    until: AwareDatetime


class SetLabelsRequest(RequestModel):
    """The complete list of labels. It replaces all labels of the conversation."""

    labels: Annotated[list[Slug], Field(max_length=20)]


class SetPriorityRequest(RequestModel):
    """The priority of the conversation in its queue."""

    priority: PriorityName


def _parse_walk_cursor(cursor: str | None) -> ConversationListCursor | None:
    found = decode_cursor(
        cursor,
        datetime.fromisoformat,
        UUID,
        datetime.fromisoformat,
        parse_cursor_number,
        parse_cursor_number,
    )
    if found is None:
        return None
    at, last, since, horizon, again = found
    return ConversationListCursor(at, last, since, str(horizon % 2**32), bool(again))


def _format_walk_cursor(walk: ConversationListCursor) -> str:
    at, since = walk.at.isoformat(), walk.since.isoformat()
    return encode_cursor(at, walk.id, since, walk.horizon, int(walk.again))


def read_markers_for(request: Request) -> ReadMarkerStore:
    """Who has read what."""
    return services_for(request).read_markers


@router.get("")
async def list_conversations(
    caller: MayRead,
    request: Request,
    *,
    status: ConversationStatus | None = None,
    team: Slug | None = None,
    agent: Annotated[str | None, Query(max_length=64)] = None,
    label: Slug | None = None,
    sort: Literal["changed", "waiting"] = "changed",
    limit: PageLimit = 50,
    cursor: PageCursor = None,
) -> CursorPage[ConversationRow]:
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
    tenant_id = caller.require(PermissionAction.CONVERSATIONS_READ)
    who = str(caller.id) if agent == "me" else agent
    wanted = ConversationFilter(status, team, who, label, limit)
    views, sight = conversation_queries_for(request), visibility_for(caller)
    if sort == "waiting":
        rows, place = await views.list_waiting(tenant_id, sight, wanted, parse_time_cursor(cursor))
        following = None if place is None else format_time_cursor(*place)
    else:
        rows, walk = await views.list_page(tenant_id, sight, wanted, _parse_walk_cursor(cursor))
        following = None if walk is None else _format_walk_cursor(walk)
    items = [ConversationRow.model_validate(row) for row in rows]
    await audit_conversation_read(
        request, caller, tenant_id, "conversations", {"shown": len(items)}
    )
    return CursorPage(items=items, next_cursor=following)


@router.get("/counts")
async def count_conversations(caller: MayRead, request: Request) -> ConversationCountsResponse:
    """Count the conversations in each list of the desk."""
    tenant_id = caller.require(PermissionAction.CONVERSATIONS_READ)
    return ConversationCountsResponse.model_validate(
        await conversation_queries_for(request).count_conversations(
            tenant_id, visibility_for(caller)
        )
    )


@router.get("/unread")
async def list_unread_counts(caller: MayRead, request: Request) -> list[UnreadCountResponse]:
    """List the conversations of the caller with unread customer messages."""
    tenant_id = caller.require(PermissionAction.CONVERSATIONS_READ)
    rows = await read_markers_for(request).list_unread(tenant_id, caller.id)
    return [UnreadCountResponse.model_validate(row) for row in rows]


@router.get("/{conversation_id}")
async def get_conversation(found: ReadableConversation) -> ConversationRow:
    """Return one conversation."""
    await found.audit_read()
    return ConversationRow.model_validate(found.row)


@router.put("/{conversation_id}/read", status_code=204)
async def mark_conversation_read(body: MarkReadRequest, found: ReadableConversation) -> None:
    """Mark a conversation as read up to a version. A lower version than before has no effect."""
    marks = read_markers_for(found.request)
    if await marks.mark_read(found.tenant_id, found.caller.id, found.id, body.upto):
        told = ReadFrame(conversation_id=found.id, upto=body.upto)
        passing = FrameEnvelope.wrap(found.tenant_id, told, user_id=found.caller.id)
        await services_for(found.request).publish_frame(passing.encode())


@router.post("/{conversation_id}/assign")
async def assign_conversation(
    body: AssignConversationRequest, found: AssignableConversation
) -> CommandResponse:
    """Take over a conversation, or assign it to an agent. The assistant stops answering in it."""
    if body.agent is not None:
        await found.queries.require_assignees(found.tenant_id, None, [body.agent])
    return await found.submit(cmd.AssignConversation(str(body.agent or found.caller.id)))


@router.post("/{conversation_id}/transfer")
async def transfer_conversation(
    body: TransferConversationRequest, found: AssignableConversation
) -> CommandResponse:
    """Transfer a conversation to a team or an agent, with an optional note."""
    users = [body.agent] if body.agent is not None else []
    await found.queries.require_assignees(found.tenant_id, body.team, users)
    agent = str(body.agent) if body.agent is not None else None
    by = str(found.caller.id)
    return await found.submit(cmd.TransferConversation(by, body.team, agent, body.note))


@router.post("/{conversation_id}/return-to-assistant")
async def return_conversation_to_assistant(found: AssignableConversation) -> CommandResponse:
    """Return a conversation to the assistant. The assistant starts with the unanswered messages."""
    return await found.submit(cmd.ReturnConversationToAssistant(str(found.caller.id)))


@router.post("/{conversation_id}/snooze")
async def snooze_conversation(
    body: SnoozeConversationRequest, found: ReplyableConversation
) -> CommandResponse:
    """Snooze a conversation until a given time."""
    return await found.submit(cmd.SnoozeConversation(str(found.caller.id), body.until))


@router.post("/{conversation_id}/resolve")
async def resolve_conversation(found: ReplyableConversation) -> CommandResponse:
    """Resolve a conversation. The next message of the customer opens a new conversation."""
    return await found.submit(cmd.ResolveConversation(str(found.caller.id)))


@router.post("/{conversation_id}/reopen")
async def reopen_conversation(found: ReplyableConversation) -> CommandResponse:
    """Reopen a resolved conversation, unless the customer has opened a new one since."""
    conversation_id = ConversationId(found.id)
    return await found.submit(cmd.ReopenConversation(str(found.caller.id), conversation_id))


@router.put("/{conversation_id}/labels")
async def set_conversation_labels(
    body: SetLabelsRequest, found: ReplyableConversation
) -> CommandResponse:
    """Replace the labels of a conversation."""
    return await found.submit(cmd.SetConversationLabels(str(found.caller.id), tuple(body.labels)))


@router.put("/{conversation_id}/priority")
async def set_conversation_priority(
    body: SetPriorityRequest, found: ReplyableConversation
) -> CommandResponse:
    """Set the priority of a conversation."""
    priority = ConversationPriority[body.priority.upper()]
    return await found.submit(cmd.SetConversationPriority(str(found.caller.id), priority))
