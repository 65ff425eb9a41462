"""``/conversations``: lists of conversations, and commands on one conversation."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import AwareDatetime, Field, StringConstraints, model_validator

from niochat.conversations.conversation_lists import (
    ConversationFilter,
    ConversationListCursor,
    priority_names,
)
from niochat.conversations.read_markers import ReadMarkerStore
from niochat.domain.conversation import commands as cmd
from niochat.domain.conversation.state import ConversationPriority, ConversationStatus
from niochat.domain.errors import InvalidInputError
from niochat.domain.ids import ConversationId
from niochat.domain.permissions import PermissionAction
from niochat.http.api.pagination import (
    CursorPage,
    PageCursor,
    PageLimit,
    decode_cursor,
    encode_cursor,
    format_time_cursor,
    parse_cursor_number,
    parse_time_cursor,
)
from niochat.http.api.schemas import RequestModel, ResponseModel, Slug
from niochat.http.rest.conversation_access import (
    READ_ACTION,
    AccessibleConversation,
    CommandResponse,
    ConversationDependency,
    ConversationLoader,
    conversation_queries_for,
    visibility_for,
)
from niochat.http.rest.dependencies import PermissionDependency, audit_read
from niochat.http.rest.rest_services import services_for
from niochat.identity.authentication import Principal
from niochat.live.ephemeral_frames import FrameEnvelope, ReadFrame
from niochat.live.frames import LiveConversation, PriorityName

MAX_TEXT = 4096
"""Characters of a WhatsApp text."""
MayRead = Annotated[Principal, Depends(PermissionDependency(PermissionAction.CONVERSATIONS_READ))]
ReadableConversation = Annotated[
    AccessibleConversation, Depends(ConversationDependency(PermissionAction.CONVERSATIONS_READ))
]
ReplyableConversation = Annotated[
    AccessibleConversation, Depends(ConversationDependency(PermissionAction.CONVERSATIONS_REPLY))
]
AssignableConversation = Annotated[
    AccessibleConversation, Depends(ConversationDependency(PermissionAction.CONVERSATIONS_ASSIGN))
]

ProtocolNumber = Annotated[
    str,
    Path(pattern=r"^[0-9]{14,24}$", description="Digits only, as in ``20261122000123``."),
]
AgentFilter = Annotated[str, StringConstraints(max_length=64)]
FilterQuery = Query(max_length=50)
"""A filter with at most so many values."""

router = APIRouter(prefix="/conversations", tags=["conversations"])


class ConversationCountsResponse(ResponseModel):
    """Numbers of unresolved conversations that the caller may see: ``mine`` (open with the caller),
    ``unassigned`` (waiting), ``with_assistant`` and ``all``, and the numbers for each value of each
    filter. Values without conversations are left out. ``agents`` has ``none`` for conversations
    without an agent; ``channels`` has the ids.
    """

    mine: int
    unassigned: int
    with_assistant: int
    all: int
    statuses: dict[str, int]
    teams: dict[str, int]
    agents: dict[str, int]
    channels: dict[str, int]
    labels: dict[str, int]
    priorities: dict[str, int]


class UnreadCountResponse(ResponseModel):
    """The number of unread customer messages in a conversation."""

    conversation_id: UUID
    unread: int


class MarkReadRequest(RequestModel):
    """The ``version`` of the last message that the user has read."""

    version: Annotated[int, Field(ge=0, lt=2**63)]


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


def _parse_list_cursor(cursor: str | None) -> ConversationListCursor | None:
    parts = decode_cursor(
        cursor,
        datetime.fromisoformat,
        UUID,
        datetime.fromisoformat,
        parse_cursor_number,
        parse_cursor_number,
    )
    if parts is None:
        return None
    at, last, since, horizon, again = parts
    return ConversationListCursor(at, last, since, str(horizon % 2**32), bool(again))


def _format_list_cursor(position: ConversationListCursor) -> str:
    at, since = position.at.isoformat(), position.since.isoformat()
    return encode_cursor(at, position.id, since, position.horizon, int(position.again))


def read_markers_for(request: Request) -> ReadMarkerStore:
    """Return the store of read markers."""
    return services_for(request).read_markers


@router.get("")
async def list_conversations(
    caller: MayRead,
    request: Request,
    *,
    status: Annotated[list[ConversationStatus] | None, FilterQuery] = None,
    team: Annotated[list[Slug] | None, FilterQuery] = None,
    agent: Annotated[list[AgentFilter] | None, FilterQuery] = None,
    label: Annotated[list[Slug] | None, FilterQuery] = None,
    channel: Annotated[list[UUID] | None, FilterQuery] = None,
    priority: Annotated[list[PriorityName] | None, FilterQuery] = None,
    unread: bool = False,
    sort: Literal["changed", "waiting", "opened", "due"] = "changed",
    limit: PageLimit = 50,
    cursor: PageCursor = None,
) -> CursorPage[LiveConversation]:
    """List conversations, latest change first. Each filter can be repeated: a conversation matches
    if it has one of the values. Without ``status``, resolved conversations are left out.
    ``agent=me`` selects the conversations of the caller, ``agent=none`` those without an agent;
    ``channel`` is an id. ``unread=true`` selects conversations of the caller with unread customer
    messages. ``sort=opened`` lists the latest opening first. ``sort=waiting`` selects the
    conversations whose customer waits for a person, longest wait first; ``sort=due`` those in which
    a promise of an SLA policy is due or breached, the one that is due next first.

    A conversation that changes while pages are read is repeated on the last pages, oldest change
    first. If a conversation appears twice, keep the row with the higher ``version``. No
    conversation that exists throughout is left out.
    """
    if sort in ("waiting", "due") and ConversationStatus.RESOLVED in (status or ()):
        raise InvalidInputError(
            f"sort={sort} cannot be combined with status=resolved. Leave out one of them."
        )
    tenant_id = caller.require(PermissionAction.CONVERSATIONS_READ)
    filters = ConversationFilter(
        statuses=tuple(status or ()),
        teams=tuple(team or ()),
        agents=tuple(str(caller.id) if each == "me" else each for each in agent or ()),
        labels=tuple(label or ()),
        priorities=tuple(ConversationPriority[each.upper()] for each in priority or ()),
        channels=tuple(channel or ()),
        unread=unread,
        limit=limit,
    )
    lists, visibility = services_for(request).conversation_lists, visibility_for(caller)
    if sort == "changed":
        rows, next_page = await lists.list_changed(
            tenant_id, visibility, filters, _parse_list_cursor(cursor)
        )
        following = None if next_page is None else _format_list_cursor(next_page)
    else:
        by_time = {
            "waiting": lists.list_waiting,
            "due": lists.list_due,
            "opened": lists.list_opened,
        }
        list_sorted = by_time[sort]
        rows, position = await list_sorted(
            tenant_id, visibility, filters, parse_time_cursor(cursor)
        )
        following = None if position is None else format_time_cursor(*position)
    items = [LiveConversation.model_validate(row) for row in rows]
    await audit_read(request, caller, READ_ACTION, "conversations", {"shown": len(items)})
    return CursorPage(items=items, next_cursor=following)


@router.get("/counts")
async def count_conversations(caller: MayRead, request: Request) -> ConversationCountsResponse:
    """Count the unresolved conversations in each list of the desk, and for each team, agent,
    channel, label, priority and status.
    """
    tenant_id = caller.require(PermissionAction.CONVERSATIONS_READ)
    counts = await services_for(request).conversation_lists.count_conversations(
        tenant_id, visibility_for(caller)
    )
    statuses = counts.get("status", {})
    return ConversationCountsResponse(
        mine=counts["mine"][""],
        unassigned=statuses.get(ConversationStatus.WAITING, 0),
        with_assistant=statuses.get(ConversationStatus.PENDING, 0),
        all=sum(statuses.values()),
        statuses=statuses,
        teams=counts.get("team", {}),
        agents=counts.get("agent", {}),
        channels=counts.get("channel", {}),
        labels=counts.get("label", {}),
        priorities=priority_names(counts.get("priority", {})),
    )


@router.get("/unread")
async def list_unread_counts(caller: MayRead, request: Request) -> list[UnreadCountResponse]:
    """List the conversations of the caller with unread customer messages."""
    tenant_id = caller.require(PermissionAction.CONVERSATIONS_READ)
    rows = await read_markers_for(request).list_unread(tenant_id, caller.id)
    return [UnreadCountResponse.model_validate(row) for row in rows]


@router.get("/by-protocol/{protocol}")
async def get_conversation_by_protocol(
    protocol: ProtocolNumber, request: Request, response: Response, caller: MayRead
) -> LiveConversation:
    """Return the conversation that a protocol number names, resolved or not. A customer is told the
    number and may quote it.
    """
    tenant_id = caller.require(PermissionAction.CONVERSATIONS_READ)
    found = await conversation_queries_for(request).find_conversation(tenant_id, protocol)
    loader = ConversationLoader(request, response, caller, None)
    conversation = await loader.load(found, PermissionAction.CONVERSATIONS_READ)
    await conversation.audit_read()
    return LiveConversation.model_validate(conversation.row)


@router.get("/{conversation_id}")
async def get_conversation(conversation: ReadableConversation) -> LiveConversation:
    """Return one conversation."""
    await conversation.audit_read()
    return LiveConversation.model_validate(conversation.row)


@router.put("/{conversation_id}/read", status_code=204)
async def mark_conversation_read(body: MarkReadRequest, conversation: ReadableConversation) -> None:
    """Mark a conversation as read up to a version. A lower version than before has no effect."""
    read_markers = read_markers_for(conversation.request)
    if await read_markers.mark_read(
        conversation.tenant_id, conversation.caller.id, conversation.id, body.version
    ):
        frame = ReadFrame(conversation_id=conversation.id, version=body.version)
        envelope = FrameEnvelope.wrap(conversation.tenant_id, frame, user_id=conversation.caller.id)
        await services_for(conversation.request).publish_frame(envelope.encode())


@router.post("/{conversation_id}/assign")
async def assign_conversation(
    body: AssignConversationRequest, conversation: AssignableConversation
) -> CommandResponse:
    """Take over a conversation, or assign it to an agent. The assistant stops answering in it."""
    if body.agent is not None:
        await conversation.queries.require_assignees(conversation.tenant_id, None, [body.agent])
    by = str(conversation.caller.id)
    agent = str(body.agent) if body.agent is not None else by
    return await conversation.submit(cmd.AssignConversation(agent, by=by))


@router.post("/{conversation_id}/transfer")
async def transfer_conversation(
    body: TransferConversationRequest, conversation: AssignableConversation
) -> CommandResponse:
    """Transfer a conversation to a team or an agent, with an optional note."""
    users = [body.agent] if body.agent is not None else []
    await conversation.queries.require_assignees(conversation.tenant_id, body.team, users)
    agent = str(body.agent) if body.agent is not None else None
    caller_id = str(conversation.caller.id)
    return await conversation.submit(
        cmd.TransferConversation(caller_id, body.team, agent, body.note)
    )


@router.post("/{conversation_id}/return-to-assistant")
async def return_conversation_to_assistant(conversation: AssignableConversation) -> CommandResponse:
    """Return a conversation to the assistant. The assistant starts with the unanswered messages."""
    return await conversation.submit(cmd.ReturnConversationToAssistant(str(conversation.caller.id)))


@router.post("/{conversation_id}/snooze")
async def snooze_conversation(
    body: SnoozeConversationRequest, conversation: ReplyableConversation
) -> CommandResponse:
    """Snooze a conversation until a given time."""
    return await conversation.submit(
        cmd.SnoozeConversation(str(conversation.caller.id), body.until)
    )


@router.post("/{conversation_id}/resolve")
async def resolve_conversation(conversation: ReplyableConversation) -> CommandResponse:
    """Resolve a conversation. The next message of the customer opens a new conversation."""
    return await conversation.submit(cmd.ResolveConversation(str(conversation.caller.id)))


@router.post("/{conversation_id}/reopen")
async def reopen_conversation(conversation: ReplyableConversation) -> CommandResponse:
    """Reopen a resolved conversation, unless the customer has opened a new one since."""
    conversation_id = ConversationId(conversation.id)
    return await conversation.submit(
        cmd.ReopenConversation(str(conversation.caller.id), conversation_id)
    )


@router.put("/{conversation_id}/labels")
async def set_conversation_labels(
    body: SetLabelsRequest, conversation: ReplyableConversation
) -> CommandResponse:
    """Replace the labels of a conversation."""
    return await conversation.submit(
        cmd.SetConversationLabels(str(conversation.caller.id), tuple(body.labels))
    )


@router.put("/{conversation_id}/priority")
async def set_conversation_priority(
    body: SetPriorityRequest, conversation: ReplyableConversation
) -> CommandResponse:
    """Set the priority of a conversation."""
    priority = ConversationPriority[body.priority.upper()]
    return await conversation.submit(
        cmd.SetConversationPriority(str(conversation.caller.id), priority)
    )
