"""Commands of the gateway and of the product; ``agent_commands`` holds those of people. Exactly
one branch of ``decide`` handles each command.

Commands of the first two groups are durable: the inbox stores them as JSON until their step
commits. Commands of the last group stand for rows (turn, outbox, timer) that a sweep finds again,
so losing such a command costs only time.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Literal
from uuid import UUID

from niochat.domain.conversation.agent_commands import (
    AddNote,
    AssignConversation,
    AttachedFile,
    ChangeConversationLabels,
    DeleteReply,
    EditReply,
    HandOffConversation,
    ReactToMessage,
    ReopenConversation,
    ReplyToCustomer,
    ResolveConversation,
    ReturnConversationToAssistant,
    SetConversationLabels,
    SetConversationPriority,
    SnoozeConversation,
    StartConversation,
    TransferConversation,
)
from niochat.domain.conversation.file_reading import FileReading
from niochat.domain.ids import ConversationId, MessageId, OutboxId, TurnId
from niochat.domain.message import DeliveryStatus, MessageContent
from niochat.domain.sla.sla_policy import SlaTarget

__all__ = [
    "AddNote",
    "AssignConversation",
    "AttachedFile",
    "ChangeConversationLabels",
    "DeleteReply",
    "EditReply",
    "HandOffConversation",
    "ReactToMessage",
    "ReopenConversation",
    "ReplyToCustomer",
    "ResolveConversation",
    "ReturnConversationToAssistant",
    "SetConversationLabels",
    "SetConversationPriority",
    "SnoozeConversation",
    "StartConversation",
    "TransferConversation",
]

# -- from the gateway -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReceiveMessage:
    """A customer sent a message."""

    external_id: str
    content: MessageContent
    sent_at: datetime
    reply_to: str | None = None
    type: Literal["receive_message"] = "receive_message"


@dataclass(frozen=True, slots=True)
class ReceiveProviderPhoneMessage:
    """A message was sent from the provider's own phone."""

    external_id: str
    content: MessageContent
    sent_at: datetime
    reply_to: str | None = None
    type: Literal["receive_phone_message"] = "receive_phone_message"


@dataclass(frozen=True, slots=True)
class ReceiveEcho:
    """The gateway reports a message sent through its API; ``track_id`` may name our outbox row."""

    external_id: str
    track_id: str
    content: MessageContent
    sent_at: datetime
    type: Literal["receive_echo"] = "receive_echo"


@dataclass(frozen=True, slots=True)
class ReceiveReaction:
    """Somebody reacted to a message; an empty ``emoji`` removed the reaction."""

    external_id: str
    target: str
    emoji: str
    from_provider: bool
    type: Literal["receive_reaction"] = "receive_reaction"


@dataclass(frozen=True, slots=True)
class ReceiveSystemNotice:
    """A WhatsApp event that carries no message. It is stored for diagnosis only.

    ``shape`` names its type (``pinInChatMessage``, ``empty``, ``unknown``, …).
    """

    external_id: str
    shape: str
    type: Literal["receive_notice"] = "receive_notice"


@dataclass(frozen=True, slots=True)
class ReceiveEdit:
    """The text of an earlier message was replaced.

    ``edited_at`` is the time of the edit by WhatsApp's clock. The edit with the latest time wins,
    whatever the order of arrival.
    """

    external_id: str
    target: str
    text: str
    edited_at: datetime | None = None
    type: Literal["receive_edit"] = "receive_edit"


@dataclass(frozen=True, slots=True)
class ReceiveDeletion:
    """Messages were deleted for everyone."""

    targets: tuple[str, ...]
    type: Literal["receive_deletion"] = "receive_deletion"


@dataclass(frozen=True, slots=True)
class ReceiveDeliveryReceipt:
    """The delivery status of sent messages advanced."""

    targets: tuple[str, ...]
    status: DeliveryStatus
    type: Literal["receive_receipt"] = "receive_receipt"


# -- from the product ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SuspendAssistant:
    """The tenant was suspended: the assistant's conversations go to people."""

    type: Literal["suspend_assistant"] = "suspend_assistant"


@dataclass(frozen=True, slots=True)
class MergeThread:
    """The thread ``other`` belongs to the same person. SQL statements merge the threads."""

    other: str
    type: Literal["link_thread"] = "link_thread"


@dataclass(frozen=True, slots=True)
class RecordSlaMoment:
    """A promise of an SLA policy is close to its time (``breached`` is false), or was not kept.
    ``promise`` and ``number`` name its clock. (A ``target`` of a command is a message.)
    """

    conversation: ConversationId
    promise: SlaTarget
    number: int
    policy: str
    due_at: datetime
    breached: bool
    type: Literal["record_sla"] = "record_sla"


@dataclass(frozen=True, slots=True)
class SendFollowUp:
    """Attempt ``number`` to win the customer of ``conversation`` back is due, in the text
    ``variant``. It was planned for a conversation of this ``version`` and must leave by
    ``send_until``. ``round`` counts the times that the attempt was ordered.
    """

    conversation: ConversationId
    number: int
    round: int
    variant: int
    text: str
    version: int
    send_until: datetime
    type: Literal["send_follow_up"] = "send_follow_up"


@dataclass(frozen=True, slots=True)
class DeadLetterCommand:
    """The step of an inbox row failed three times: the row is set aside and people are called."""

    inbox_id: int
    code: str
    opens: bool = False
    """The row was a customer's message, so people are called even if no conversation is open."""
    type: Literal["park_command"] = "park_command"


# -- from turns, sends and timers -------------------------------------------------------------


class TurnOutcome(StrEnum):
    """How a turn ended."""

    ANSWERED = "answered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class HandoffRequest:
    """The assistant hands the conversation to a team.

    ``reason`` is a code. ``note`` is internal and tells the team what the customer wants and what
    the assistant found out.
    """

    team: str
    reason: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class FinishAssistantTurn:
    """A turn ended. ``code`` says why it failed; ``replies`` are sent in order.

    The replies of a failed turn are ignored: the tenant's fixed text is sent instead, and
    ``handoff`` names the team if the turn had chosen one. A non-empty ``close`` ends the
    conversation and gives the reason. ``cost`` is in the currency of the assistant's prices.
    """

    turn: TurnId
    attempt: int
    outcome: TurnOutcome
    replies: tuple[MessageContent, ...] = ()
    handoff: HandoffRequest | None = None
    close: str = ""
    code: str = ""
    detail: str = ""
    model: str = ""
    prompt_version: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    cost: Decimal = Decimal(0)
    tokens_cached: int = 0
    """Part of ``tokens_in``."""
    model_calls: int = 0


@dataclass(frozen=True, slots=True)
class RestartTurn:
    """The process that ran the turn is gone; ``attempt`` is the lost attempt."""

    turn: TurnId
    attempt: int


class SendStatus(StrEnum):
    """The outcome of one attempt to send."""

    SENT = "sent"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    RETRY = "retry"
    """Certainly not sent: the row returns to the queue."""


@dataclass(frozen=True, slots=True)
class SettleSend:
    """A send ended, or a look-up found its outcome."""

    outbox: OutboxId
    result: SendStatus
    external_id: str | None = None
    code: str = ""
    retry_in_s: float = 0.0
    attempt: int | None = None
    """The attempt that ended; ``None`` means the latest."""


@dataclass(frozen=True, slots=True)
class SettleFile:
    """A customer's file was stored, or cannot be fetched; then ``code`` gives the reason."""

    file: UUID
    message: MessageId
    conversation: ConversationId | None
    mimetype: str = ""
    filename: str = ""
    size: int = 0
    sha256: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class SettleFileReading:
    """A file was read, or reading it was given up."""

    message: MessageId
    conversation: ConversationId | None
    reading: FileReading


@dataclass(frozen=True, slots=True)
class FireTimer:
    """A timer is due; a stale ``generation`` does nothing.

    ``unsent`` says that a message to the customer is not confirmed as sent yet.
    """

    name: str
    generation: int
    unsent: bool = False


@dataclass(frozen=True, slots=True)
class EndRating:
    """What comes next belongs to another conversation, so the open rating ends. ``reason`` is
    customer_wrote or conversation_started.
    """

    reason: str
    type: Literal["end_rating"] = "end_rating"


@dataclass(frozen=True, slots=True)
class EndFollowUp:
    """What comes next belongs to another conversation, so nobody waits for an answer to a follow-up
    in this one any longer. ``reason`` is customer_wrote, conversation_started, reopened or merged.
    """

    reason: str
    type: Literal["end_follow_up"] = "end_follow_up"


@dataclass(frozen=True, slots=True)
class RecordOptOut:
    """The customer's message asks for no more messages, and says something else too, so it opens
    another conversation.
    """

    message: MessageId
    type: Literal["record_opt_out"] = "record_opt_out"


DurableCommand = (
    ReceiveMessage
    | ReceiveProviderPhoneMessage
    | ReceiveEcho
    | ReceiveSystemNotice
    | ReceiveReaction
    | ReceiveEdit
    | ReceiveDeletion
    | ReceiveDeliveryReceipt
    | AssignConversation
    | ReturnConversationToAssistant
    | HandOffConversation
    | ReplyToCustomer
    | StartConversation
    | EditReply
    | DeleteReply
    | ReactToMessage
    | AddNote
    | TransferConversation
    | SnoozeConversation
    | SetConversationPriority
    | SetConversationLabels
    | ChangeConversationLabels
    | ResolveConversation
    | ReopenConversation
    | SuspendAssistant
    | MergeThread
    | RecordSlaMoment
    | SendFollowUp
    | DeadLetterCommand
)
Command = (
    DurableCommand
    | FinishAssistantTurn
    | RestartTurn
    | SettleSend
    | SettleFile
    | SettleFileReading
    | FireTimer
    | EndRating
    | EndFollowUp
    | RecordOptOut
)
