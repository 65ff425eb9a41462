"""Responses of the history of a conversation."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from niochat.conversations.history.history_labels import HistoryActorKind, HistorySummary
from niochat.domain.conversation.state import ConversationStatus
from niochat.http.api.schemas import ResponseModel
from niochat.http.rest.history.turn_routes import TurnResponse
from niochat.live.frames import LiveMessage, PriorityName

ChangedField = Literal[
    "status",
    "team",
    "agent",
    "turn",
    "waiting",
    "unanswered",
    "priority",
    "labels",
    "snoozed_until",
    "paused_until",
    "after_hours",
    "reminded",
]


class HistoryActorResponse(ResponseModel):
    """Who caused an event. ``id`` is the id of a user or API key, or the slug of a team for the
    kind ``queue``; ``name`` is the name of the user or key.
    """

    kind: HistoryActorKind
    id: str | None
    name: str | None


class HistoryCauseResponse(ResponseModel):
    """The command that led to the event. ``received_at`` is null if it was not stored, or is not
    stored any more.
    """

    command: str
    reference: str | None
    received_at: datetime | None


class HistoryChangeResponse(ResponseModel):
    """A field of the state before and after the event."""

    field: ChangedField
    before: Any
    after: Any


class HistoryEventResponse(ResponseModel):
    """An event. ``seq`` is its number in the conversation, from 1 to the conversation's
    ``version``. ``summary`` is the code of a sentence that the screen translates with ``details``,
    which hold ids, codes and numbers. ``turn_id`` is the turn that the event belongs to.
    """

    seq: int
    at: datetime
    type: str
    summary: HistorySummary
    details: dict[str, Any]
    actor: HistoryActorResponse
    cause: HistoryCauseResponse | None
    message_id: UUID | None
    message_author: str | None
    message_kind: str | None
    turn_id: UUID | None
    changes: list[HistoryChangeResponse]


class HistoryTurnState(ResponseModel):
    """The turn that was running."""

    id: UUID
    attempt: int
    messages: int


class HistoryStateResponse(ResponseModel):
    """The state of a conversation after an event. ``holder`` says who held the right to reply:
    ``assistant``, ``agent``, ``team`` (it waited in a queue) or ``nobody`` (resolved).
    ``unanswered`` counts customer messages.
    """

    status: ConversationStatus
    holder: Literal["assistant", "agent", "team", "nobody"]
    assistant_may_reply: bool
    team: str | None
    agent: str | None
    agent_name: str | None
    waiting: bool
    unanswered: int
    priority: PriorityName
    labels: list[str]
    snoozed_until: datetime | None
    paused_until: datetime | None
    after_hours: bool
    reminded: bool
    turn: HistoryTurnState | None


class HistoryMessageResponse(LiveMessage):
    """A message as it was after the event. ``text`` is the text of that moment; ``text_known`` is
    false if that text was not stored, and ``text`` is then the current one. ``reactions`` and
    ``file`` are the current ones.
    """

    text_known: bool


class HistoryEffectResponse(ResponseModel):
    """Work that the event started: ``code`` is send_queued, sends_cancelled, turn_run,
    turn_stopped, turn_settled, timer_set or queue_joined. ``details`` hold its values.
    """

    code: str
    details: dict[str, Any]


class HistorySendResponse(ResponseModel):
    """The send that the event queued, as it is today."""

    id: UUID
    origin: str
    kind: str
    status: str
    attempts: int
    code: str | None
    created_at: datetime
    settled_at: datetime | None


class HistoryMomentResponse(ResponseModel):
    """A conversation after an event. ``messages`` are the newest messages of that moment, newest
    first. ``messages_before`` is the version to request earlier messages with; null: there are
    none. ``turn`` is the turn of the event, complete, as it is today.
    """

    event: HistoryEventResponse
    state: HistoryStateResponse
    messages: list[HistoryMessageResponse]
    messages_before: int | None
    effects: list[HistoryEffectResponse]
    send: HistorySendResponse | None
    turn: TurnResponse | None
