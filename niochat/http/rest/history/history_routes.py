"""``/conversations/…/history``: the events of a conversation, and its state after any of them."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, cast

from fastapi import APIRouter, Path, Query
from pydantic import AwareDatetime

from niochat.conversations.history.conversation_history import (
    ConversationHistory,
    HistoryMoment,
    HistoryRow,
)
from niochat.conversations.history.history_labels import (
    actor_of,
    effects_of,
    is_id,
    parse_cause,
    summarize,
)
from niochat.domain.conversation.state import (
    ConversationPriority,
    ConversationState,
    ConversationStatus,
)
from niochat.domain.errors import NotFoundError
from niochat.http.api.pagination import (
    CursorPage,
    PageCursor,
    PageLimit,
    format_number_cursor,
    parse_number_cursor,
)
from niochat.http.rest.conversation_access import AccessibleConversation
from niochat.http.rest.conversations.conversation_routes import ReadableConversation
from niochat.http.rest.history.history_schemas import (
    ChangedField,
    HistoryActorResponse,
    HistoryCauseResponse,
    HistoryChangeResponse,
    HistoryEffectResponse,
    HistoryEventResponse,
    HistoryMessageResponse,
    HistoryMomentResponse,
    HistorySendResponse,
    HistoryStateResponse,
    HistoryTurnState,
)
from niochat.http.rest.history.turn_routes import TurnResponse, present_turns
from niochat.http.rest.rest_services import services_for
from niochat.live.frames import PriorityName

MAX_MESSAGES = 100
VersionNumber = Annotated[int, Path(ge=1, lt=2**63)]
_FIELDS: dict[ChangedField, str] = {
    "status": "status",
    "team": "team",
    "agent": "agent",
    "turn": "turn",
    "waiting": "waits",
    "unanswered": "unanswered",
    "priority": "priority",
    "labels": "labels",
    "snoozed_until": "snoozed_until",
    "paused_until": "paused_until",
    "after_hours": "after_hours",
    "reminded": "reminded",
}
"""The fields of the state that screens show, with the names of the domain."""

router = APIRouter(prefix="/conversations", tags=["conversations"])


@router.get("/{conversation_id}/history")
async def list_history(
    conversation: ReadableConversation,
    after: Annotated[
        int, Query(ge=0, lt=2**63, description="Start after this event. 0: with the first one.")
    ] = 0,
    limit: PageLimit = 50,
    cursor: PageCursor = None,
) -> CursorPage[HistoryEventResponse]:
    """List the events of a conversation, oldest first. With ``cursor``, ``after`` is ignored."""
    from_cursor = parse_number_cursor(cursor)
    start = min(after if from_cursor is None else from_cursor, conversation.row["version"])
    history = history_for(conversation)
    rows = await history.list_rows(conversation.tenant_id, conversation.id, start, limit + 1)
    shown = rows[:limit]
    names = await _load_names(conversation, shown)
    await conversation.audit_read(history=len(shown))
    following = format_number_cursor(shown[-1].entry.version) if len(rows) > limit else None
    return CursorPage(items=[_present_event(row, names) for row in shown], next_cursor=following)


@router.get("/{conversation_id}/history/{seq}")
async def get_history_moment(
    conversation: ReadableConversation,
    seq: VersionNumber,
    messages: Annotated[
        int, Query(ge=0, le=MAX_MESSAGES, description="The maximum number of messages.")
    ] = 30,
    messages_before: Annotated[
        int | None,
        Query(ge=1, lt=2**63, description="messages_before of the previous response."),
    ] = None,
) -> HistoryMomentResponse:
    """Return a conversation as it was after one of its events."""
    if seq > conversation.row["version"]:
        raise NotFoundError("The conversation has no such event.")
    moment = await history_for(conversation).get_moment(
        conversation.tenant_id, conversation.id, seq, messages + 1, messages_before
    )
    names = await _load_names(conversation, [moment.row], moment.state.agent)
    event = _present_event(moment.row, names)
    turn = None
    if event.turn_id is not None:
        rows = await services_for(conversation.request).turn_queries.list_turns(
            conversation.tenant_id, conversation.id, [event.turn_id], limit=1
        )
        turn = next(iter(await present_turns(conversation.request, conversation, rows)), None)
    await conversation.audit_read(history_event=seq)
    return _present_moment(moment, event, turn, names, messages)


def history_for(conversation: AccessibleConversation) -> ConversationHistory:
    """Return the history of conversations."""
    return services_for(conversation.request).conversation_history


def _present_moment(
    moment: HistoryMoment,
    event: HistoryEventResponse,
    turn: TurnResponse | None,
    names: Mapping[str, str],
    limit: int,
) -> HistoryMomentResponse:
    shown = moment.messages[:limit]
    more = len(moment.messages) > limit and bool(shown)
    effects = effects_of(moment.row.entry.event)
    return HistoryMomentResponse(
        event=event,
        state=_present_state(moment.state, moment.row.entry.at, names),
        messages=[HistoryMessageResponse.model_validate(each) for each in shown],
        messages_before=shown[-1]["version"] if more else None,
        effects=[
            HistoryEffectResponse(code=effect.pop("code"), details=effect) for effect in effects
        ],
        send=None if moment.send is None else HistorySendResponse.model_validate(moment.send),
        turn=turn,
    )


def _present_state(
    state: ConversationState, at: AwareDatetime, names: Mapping[str, str]
) -> HistoryStateResponse:
    may_reply = state.assistant_may_reply(at)
    return HistoryStateResponse(
        status=state.status,
        holder=_holder(state, may_reply),
        assistant_may_reply=may_reply,
        team=state.team,
        agent=state.agent,
        agent_name=names.get(state.agent or ""),
        waiting=state.waits,
        unanswered=state.unanswered,
        priority=_priority_name(state.priority),
        labels=list(state.labels),
        snoozed_until=state.snoozed_until,
        paused_until=state.paused_until,
        after_hours=state.after_hours,
        reminded=state.reminded,
        turn=None if state.turn is None else HistoryTurnState.model_validate(state.turn),
    )


def _holder(
    state: ConversationState, may_reply: bool
) -> Literal["assistant", "agent", "team", "nobody"]:
    if state.status is ConversationStatus.RESOLVED:
        return "nobody"
    if may_reply:
        return "assistant"
    if state.agent is not None:
        return "agent"
    return "team" if state.team is not None else "nobody"


def _present_event(row: HistoryRow, names: Mapping[str, str]) -> HistoryEventResponse:
    entry = row.entry
    command, reference = parse_cause(entry.cause)
    actor = actor_of(command, entry.event, row.caller, row.author)
    return HistoryEventResponse(
        seq=entry.version,
        at=entry.at,
        type=entry.event["type"],
        summary=summarize(entry.event),
        details={name: value for name, value in entry.event.items() if name != "type"},
        actor=HistoryActorResponse(kind=actor.kind, id=actor.id, name=names.get(actor.id or "")),
        cause=None
        if command is None
        else HistoryCauseResponse(
            command=command, reference=reference, received_at=entry.command_stored_at
        ),
        message_id=entry.event.get("message"),
        message_author=row.author,
        message_kind=row.kind,
        turn_id=_turn_of(entry.event, command, reference),
        changes=_present_changes(entry.changed),
    )


def _turn_of(event: Mapping[str, Any], command: str | None, reference: str | None) -> Any:
    """The turn that the event names, or whose end caused it."""
    if command in ("finish_assistant_turn", "restart_turn") and reference is not None:
        return reference.partition(":")[0]
    return event.get("turn")


def _present_changes(changed: Mapping[str, tuple[Any, Any]]) -> list[HistoryChangeResponse]:
    return [
        HistoryChangeResponse(
            field=field,
            before=_value(field, changed[name][0]),
            after=_value(field, changed[name][1]),
        )
        for field, name in _FIELDS.items()
        if name in changed
    ]


def _priority_name(priority: int) -> PriorityName:
    return cast(PriorityName, ConversationPriority(priority).name.lower())


def _value(field: ChangedField, value: Any) -> Any:
    return _priority_name(value) if field == "priority" and value is not None else value


async def _load_names(
    conversation: AccessibleConversation, rows: Iterable[HistoryRow], *more: str | None
) -> dict[str, str]:
    """Load the names of the people that the events name."""
    ids = {each for each in more if each}
    for row in rows:
        command, _ = parse_cause(row.entry.cause)
        actor = actor_of(command, row.entry.event, row.caller, row.author)
        ids |= {each for each in (actor.id, row.entry.event.get("agent")) if each}
    ids = {each for each in ids if is_id(each)}
    if not ids:
        return {}
    return await history_for(conversation).load_names(conversation.tenant_id, ids)
