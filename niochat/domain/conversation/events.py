"""Events of a conversation. They hold ids, codes and numbers, never text or names: text is in
``messages`` and personal fields are in ``contacts``, so that erasure leaves the log intact.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from niochat.domain.conversation.state import ConversationPriority
from niochat.domain.follow_up.follow_up_events import FollowUpEvent
from niochat.domain.ids import ConversationId, MessageId, OutboxId, TurnId
from niochat.domain.message import Author, DeliveryStatus, MessageChange, MessageKind
from niochat.domain.opt_out.opt_out_events import ContactOptedOut
from niochat.domain.rating.rating_events import LowRatingReported, RatingEvent
from niochat.domain.sla.sla_events import SlaEvent


@dataclass(frozen=True, slots=True)
class ConversationOpened:
    """A thread has a new conversation, under a protocol number of its own."""

    conversation: ConversationId
    protocol: str
    type: Literal["conversation_opened"] = "conversation_opened"


@dataclass(frozen=True, slots=True)
class MessageReceived:
    """A message of the customer is in the thread."""

    message: MessageId
    kind: MessageKind
    sent_at: datetime | None = None
    awaits: datetime | None = None
    """Until when an answer waits for the message's file to be read."""
    type: Literal["message_received"] = "message_received"


@dataclass(frozen=True, slots=True)
class ProviderMessageObserved:
    """A message from the provider's side was seen that did not come from our outbox."""

    message: MessageId
    author: Author
    type: Literal["provider_spoke"] = "provider_spoke"


@dataclass(frozen=True, slots=True)
class AssistantPaused:
    """The assistant does not reply in this conversation before ``until``."""

    until: datetime
    type: Literal["assistant_paused"] = "assistant_paused"


@dataclass(frozen=True, slots=True)
class MessageEdited:
    """``again`` says that the message had been answered and needs another answer."""

    message: MessageId
    again: bool = False
    type: Literal["message_edited"] = "message_edited"


@dataclass(frozen=True, slots=True)
class MessageDeleted:
    """Its author deleted a message."""

    message: MessageId
    type: Literal["message_deleted"] = "message_deleted"


@dataclass(frozen=True, slots=True)
class MessageReacted:
    """Somebody reacted to a message or took a reaction back."""

    message: MessageId
    by_provider: bool
    type: Literal["message_reacted"] = "message_reacted"


@dataclass(frozen=True, slots=True)
class MessageChangeFailed:
    """The gateway rejected a change, so the message stays as it was."""

    message: MessageId
    change: MessageChange
    code: str
    type: Literal["change_failed"] = "change_failed"


@dataclass(frozen=True, slots=True)
class FileFetchSettled:
    """The file of a customer's message was stored, or cannot be fetched (``code``)."""

    message: MessageId
    code: str
    type: Literal["file_settled"] = "file_settled"


@dataclass(frozen=True, slots=True)
class FileRead:
    """A message's file was read, or reading it was given up (``code``)."""

    message: MessageId
    code: str
    type: Literal["file_read"] = "file_read"


@dataclass(frozen=True, slots=True)
class MessageQueued:
    """A message waits in the outbox to be sent."""

    message: MessageId
    outbox: OutboxId
    author: Author
    type: Literal["message_queued"] = "message_queued"


@dataclass(frozen=True, slots=True)
class NoteAdded:
    """An internal note was added."""

    message: MessageId
    type: Literal["note_added"] = "note_added"


@dataclass(frozen=True, slots=True)
class CustomerReminded:
    """A silent customer got a reminder; further silence ends the conversation."""

    type: Literal["customer_reminded"] = "customer_reminded"


@dataclass(frozen=True, slots=True)
class MessageStatusChanged:
    """A sent message has another delivery status; ``code`` says why it failed."""

    message: MessageId
    status: DeliveryStatus
    code: str = ""
    type: Literal["message_status_changed"] = "message_status_changed"


@dataclass(frozen=True, slots=True)
class TimerSet:
    """A timer replaced the earlier generation of the same name."""

    name: str
    generation: int
    set_at: datetime
    due_at: datetime
    type: Literal["timer_set"] = "timer_set"


@dataclass(frozen=True, slots=True)
class TurnStarted:
    """A turn began to answer ``messages`` messages."""

    turn: TurnId
    messages: int
    type: Literal["turn_started"] = "turn_started"


@dataclass(frozen=True, slots=True)
class TurnRestarted:
    """Another attempt of the turn began, because the one before was lost or failed."""

    turn: TurnId
    attempt: int
    type: Literal["turn_restarted"] = "turn_restarted"


@dataclass(frozen=True, slots=True)
class TurnCancelled:
    """``reason`` is customer_wrote, deleted, takeover, phone, resolved, the reason of a handoff, or
    the reason why after-hours service ended.
    """

    turn: TurnId
    reason: str
    type: Literal["turn_cancelled"] = "turn_cancelled"


@dataclass(frozen=True, slots=True)
class TurnFinished:
    """The turn's newest attempt ended: ``outcome``, and ``code`` where it failed."""

    turn: TurnId
    attempt: int
    outcome: str
    code: str
    type: Literal["turn_finished"] = "turn_finished"


@dataclass(frozen=True, slots=True)
class ConversationHandedOff:
    """The assistant handed the conversation to a team. ``niochat show`` explains ``reason``."""

    team: str
    reason: str
    type: Literal["conversation_handed_off"] = "conversation_handed_off"


@dataclass(frozen=True, slots=True)
class ConversationAssigned:
    """An agent got the conversation.

    ``queue`` is the team whose queue assigned it; ``None`` means that a person did: ``by``, or the
    agent if that is ``None``. ``after_hours`` says that it was taken while the provider was closed.
    """

    agent: str
    queue: str | None = None
    after_hours: bool = False
    by: str | None = None
    type: Literal["conversation_assigned"] = "conversation_assigned"


@dataclass(frozen=True, slots=True)
class ConversationTransferred:
    """The conversation moved to a team's queue, or directly to an agent.

    ``reason`` is ``offline`` if the product moved it because its agent went offline, and empty if
    a person did.
    """

    by: str
    team: str | None
    agent: str | None
    reason: str = ""
    type: Literal["conversation_transferred"] = "conversation_transferred"


@dataclass(frozen=True, slots=True)
class ConversationReturnedToAssistant:
    """An agent (``by``) returned the conversation to the assistant."""

    by: str
    type: Literal["conversation_given_back"] = "conversation_given_back"


@dataclass(frozen=True, slots=True)
class ConversationSnoozed:
    """An agent (``by``) put the conversation off until ``until``."""

    by: str
    until: datetime
    type: Literal["conversation_snoozed"] = "conversation_snoozed"


@dataclass(frozen=True, slots=True)
class ConversationUnsnoozed:
    """The conversation is no longer snoozed. ``reason`` is due or customer_wrote."""

    reason: str
    type: Literal["conversation_woken"] = "conversation_woken"


@dataclass(frozen=True, slots=True)
class PriorityChanged:
    """An agent (``by``) changed the conversation's priority."""

    by: str
    priority: ConversationPriority
    type: Literal["priority_changed"] = "priority_changed"


@dataclass(frozen=True, slots=True)
class LabelsChanged:
    """An agent (``by``) replaced the conversation's labels."""

    by: str
    labels: tuple[str, ...]
    type: Literal["labels_changed"] = "labels_changed"


@dataclass(frozen=True, slots=True)
class AfterHoursBegan:
    """The assistant serves a conversation that people hold while the provider is closed.

    ``until`` is when people return, if that is known.
    """

    until: datetime | None
    type: Literal["after_hours_began"] = "after_hours_began"


@dataclass(frozen=True, slots=True)
class AfterHoursEnded:
    """The assistant stopped serving after hours.

    ``reason`` is people_there, agent, switched_off, or the reason why the assistant must not go
    on. In the last case it does not begin again before ``rest_until``.
    """

    reason: str
    rest_until: datetime | None = None
    type: Literal["after_hours_ended"] = "after_hours_ended"


@dataclass(frozen=True, slots=True)
class ConversationReopened:
    """An agent (``by``) reopened a resolved conversation."""

    by: str
    type: Literal["conversation_reopened"] = "conversation_reopened"


@dataclass(frozen=True, slots=True)
class ConversationResolved:
    """``reason`` is the id of the person who ended it, or ``merged``, ``assistant`` or
    ``inactivity``.
    """

    reason: str
    type: Literal["conversation_resolved"] = "conversation_resolved"


@dataclass(frozen=True, slots=True)
class ConversationReopenedForTeam:
    """A rule reopened a resolved conversation for a team; ``reason`` is ``low_rating``."""

    team: str
    reason: str
    type: Literal["conversation_reopened_for_team"] = "conversation_reopened_for_team"


@dataclass(frozen=True, slots=True)
class ThreadsMerged:
    """Another thread of the same person was merged into this one."""

    other_conversation: ConversationId | None
    unanswered: int = 0
    """How many messages of the other conversation were unanswered."""
    messages: tuple[MessageId, ...] = ()
    """The ids of these messages, as far as known."""
    type: Literal["threads_linked"] = "threads_linked"


@dataclass(frozen=True, slots=True)
class CommandDeadLettered:
    """An inbox row was set aside for people after its step failed; ``code`` says how."""

    inbox_id: int
    code: str
    type: Literal["command_parked"] = "command_parked"


Event = (
    ConversationOpened
    | MessageReceived
    | ProviderMessageObserved
    | AssistantPaused
    | MessageEdited
    | MessageDeleted
    | MessageReacted
    | MessageChangeFailed
    | FileFetchSettled
    | FileRead
    | MessageQueued
    | NoteAdded
    | CustomerReminded
    | MessageStatusChanged
    | TimerSet
    | TurnStarted
    | TurnRestarted
    | TurnCancelled
    | TurnFinished
    | ConversationHandedOff
    | ConversationAssigned
    | ConversationTransferred
    | ConversationReturnedToAssistant
    | ConversationSnoozed
    | ConversationUnsnoozed
    | PriorityChanged
    | LabelsChanged
    | ConversationReopened
    | ConversationReopenedForTeam
    | AfterHoursBegan
    | AfterHoursEnded
    | ConversationResolved
    | RatingEvent
    | LowRatingReported
    | SlaEvent
    | FollowUpEvent
    | ContactOptedOut
    | ThreadsMerged
    | CommandDeadLettered
)
