"""What happened to a conversation. Ids, codes and numbers only, never text or names:
text lives in ``messages``, personal fields in ``contacts``, so erasure leaves the log whole.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from niochat.domain.conversation.state import ConversationPriority
from niochat.domain.ids import ConversationId, MessageId, OutboxId, TurnId
from niochat.domain.message import Author, DeliveryStatus, MessageChange, MessageKind


@dataclass(frozen=True, slots=True)
class ConversationOpened:
    conversation: ConversationId
    protocol: str
    type: Literal["conversation_opened"] = "conversation_opened"


@dataclass(frozen=True, slots=True)
class MessageReceived:
    message: MessageId
    kind: MessageKind
    sent_at: datetime | None = None
    awaits: datetime | None = None
    """Until when an answer waits for what the message's file says."""
    type: Literal["message_received"] = "message_received"


@dataclass(frozen=True, slots=True)
class ProviderMessageObserved:
    """A message of the provider's side that did not come from our outbox."""

    message: MessageId
    author: Author
    type: Literal["provider_spoke"] = "provider_spoke"


@dataclass(frozen=True, slots=True)
class AssistantPaused:
    until: datetime
    type: Literal["assistant_paused"] = "assistant_paused"


@dataclass(frozen=True, slots=True)
class MessageEdited:
    """``again``: it had been answered, and wants another answer now."""

    message: MessageId
    again: bool = False
    type: Literal["message_edited"] = "message_edited"


@dataclass(frozen=True, slots=True)
class MessageDeleted:
    message: MessageId
    type: Literal["message_deleted"] = "message_deleted"


@dataclass(frozen=True, slots=True)
class MessageReacted:
    message: MessageId
    by_provider: bool
    type: Literal["message_reacted"] = "message_reacted"


@dataclass(frozen=True, slots=True)
class MessageChangeFailed:
    """A message stays as it was: the gateway did not take the change."""

    message: MessageId
    change: MessageChange
    code: str
    type: Literal["change_failed"] = "change_failed"


@dataclass(frozen=True, slots=True)
class FileFetchSettled:
    """The file of a customer's message is here, or will not come: ``code`` says why."""

    message: MessageId
    code: str
    type: Literal["file_settled"] = "file_settled"


@dataclass(frozen=True, slots=True)
class FileRead:
    """It is known what a message's file says, or that it will not be (``code``)."""

    message: MessageId
    code: str
    type: Literal["file_read"] = "file_read"


@dataclass(frozen=True, slots=True)
class MessageQueued:
    message: MessageId
    outbox: OutboxId
    author: Author
    type: Literal["message_queued"] = "message_queued"


@dataclass(frozen=True, slots=True)
class NoteAdded:
    """Something for the eyes of the provider's people."""

    message: MessageId
    type: Literal["note_added"] = "note_added"


@dataclass(frozen=True, slots=True)
class CustomerReminded:
    """The customer has been silent and was asked; the next silence ends the visit."""

    type: Literal["customer_reminded"] = "customer_reminded"


@dataclass(frozen=True, slots=True)
class MessageStatusChanged:
    message: MessageId
    status: DeliveryStatus
    code: str = ""
    type: Literal["message_status_changed"] = "message_status_changed"


@dataclass(frozen=True, slots=True)
class TimerSet:
    name: str
    generation: int
    set_at: datetime
    due_at: datetime
    type: Literal["timer_set"] = "timer_set"


@dataclass(frozen=True, slots=True)
class TurnStarted:
    turn: TurnId
    messages: int
    type: Literal["turn_started"] = "turn_started"


@dataclass(frozen=True, slots=True)
class TurnRestarted:
    turn: TurnId
    attempt: int
    type: Literal["turn_restarted"] = "turn_restarted"


@dataclass(frozen=True, slots=True)
class TurnCancelled:
    """``reason``: customer_wrote, deleted, takeover, phone, tenant_suspended, resolved, or why
    serving after hours ended.
    """

    turn: TurnId
    reason: str
    type: Literal["turn_cancelled"] = "turn_cancelled"


@dataclass(frozen=True, slots=True)
class TurnFinished:
    turn: TurnId
    attempt: int
    outcome: str
    code: str
    type: Literal["turn_finished"] = "turn_finished"


@dataclass(frozen=True, slots=True)
class ConversationHandedOff:
    """From the assistant to a team. ``reason`` is a code that ``niochat show`` explains."""

    team: str
    reason: str
    type: Literal["conversation_handed_off"] = "conversation_handed_off"


@dataclass(frozen=True, slots=True)
class ConversationAssigned:
    """``queue``: the team whose queue gave it to them; ``None``: a person took it.
    ``after_hours``: it was taken while the others were gone.
    """

    agent: str
    queue: str | None = None
    after_hours: bool = False
    type: Literal["conversation_assigned"] = "conversation_assigned"


@dataclass(frozen=True, slots=True)
class ConversationTransferred:
    """Between people: to a team's queue, or to an agent, who has it at once. ``reason``: why the
    product did it (``offline``); empty: a person did.
    """

    by: str
    team: str | None
    agent: str | None
    reason: str = ""
    type: Literal["conversation_transferred"] = "conversation_transferred"


@dataclass(frozen=True, slots=True)
class ConversationReturnedToAssistant:
    by: str
    type: Literal["conversation_given_back"] = "conversation_given_back"


@dataclass(frozen=True, slots=True)
class ConversationSnoozed:
    by: str
    until: datetime
    type: Literal["conversation_snoozed"] = "conversation_snoozed"


@dataclass(frozen=True, slots=True)
class ConversationUnsnoozed:
    """It was put off and is back. ``reason``: due, customer_wrote."""

    reason: str
    type: Literal["conversation_woken"] = "conversation_woken"


@dataclass(frozen=True, slots=True)
class PriorityChanged:
    by: str
    priority: ConversationPriority
    type: Literal["priority_changed"] = "priority_changed"


@dataclass(frozen=True, slots=True)
class LabelsChanged:
    by: str
    labels: tuple[str, ...]
    type: Literal["labels_changed"] = "labels_changed"


@dataclass(frozen=True, slots=True)
class AfterHoursBegan:
    """People have it and are not there: the assistant serves. ``until``: when they return, as far
    as is known.
    """

    until: datetime | None
    type: Literal["after_hours_began"] = "after_hours_began"


@dataclass(frozen=True, slots=True)
class AfterHoursEnded:
    """The assistant is silent again. ``reason``: people_there, agent, switched_off, or why it
    must not go on; then it does not begin again until ``rest_until``.
    """

    reason: str
    rest_until: datetime | None = None
    type: Literal["after_hours_ended"] = "after_hours_ended"


@dataclass(frozen=True, slots=True)
class ConversationReopened:
    by: str
    type: Literal["conversation_reopened"] = "conversation_reopened"


@dataclass(frozen=True, slots=True)
class ConversationResolved:
    """``reason``: who ended it, or ``merged``, ``assistant``, ``inactivity``."""

    reason: str
    type: Literal["conversation_resolved"] = "conversation_resolved"


@dataclass(frozen=True, slots=True)
class ThreadsMerged:
    """Another thread of the same person was joined to this one."""

    other_conversation: ConversationId | None
    unanswered: int = 0
    """Messages of the other conversation that nobody had answered."""
    messages: tuple[MessageId, ...] = ()
    """Which ones."""
    type: Literal["threads_linked"] = "threads_linked"


@dataclass(frozen=True, slots=True)
class CommandDeadLettered:
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
    | AfterHoursBegan
    | AfterHoursEnded
    | ConversationResolved
    | ThreadsMerged
    | CommandDeadLettered
)
