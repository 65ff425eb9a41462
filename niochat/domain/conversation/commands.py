"""What is asked of a conversation: here by the gateway and the product, in ``desk_commands`` by
people. Each is handled by exactly one branch of ``decide``.

Commands of the first two groups are durable: they lie in the inbox as JSON until their
step commits. Those of the last group stand for rows (turn, outbox, timer) that are found
again by themselves, so losing one costs time only.
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
    TransferConversation,
)
from niochat.domain.conversation.file_reading import FileReading
from niochat.domain.ids import ConversationId, MessageId, OutboxId, TurnId
from niochat.domain.message import DeliveryStatus, MessageContent

__all__ = [
    "AddNote",
    "AssignConversation",
    "AttachedFile",
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
    "TransferConversation",
]

# -- from the gateway -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReceiveMessage:
    """A customer said something."""

    external_id: str
    content: MessageContent
    sent_at: datetime
    reply_to: str | None = None
    type: Literal["receive_message"] = "receive_message"


@dataclass(frozen=True, slots=True)
class ReceiveProviderPhoneMessage:
    """Somebody of the provider typed on the provider's phone."""

    external_id: str
    content: MessageContent
    sent_at: datetime
    reply_to: str | None = None
    type: Literal["receive_phone_message"] = "receive_phone_message"


@dataclass(frozen=True, slots=True)
class ReceiveEcho:
    """The gateway shows what was sent through its API; ``track_id`` names our outbox row."""

    external_id: str
    track_id: str
    content: MessageContent
    sent_at: datetime
    type: Literal["receive_echo"] = "receive_echo"


@dataclass(frozen=True, slots=True)
class ReceiveReaction:
    """An emoji was put on a message, or taken off (empty)."""

    external_id: str
    target: str
    emoji: str
    from_provider: bool
    type: Literal["receive_reaction"] = "receive_reaction"


@dataclass(frozen=True, slots=True)
class ReceiveSystemNotice:
    """WhatsApp's own traffic: kept for who looks into it, and nothing that anybody said.

    ``shape`` names it (``pinInChatMessage``, ``empty``, ``unknown``, …).
    """

    external_id: str
    shape: str
    type: Literal["receive_notice"] = "receive_notice"


@dataclass(frozen=True, slots=True)
class ReceiveEdit:
    """The text of an earlier message was replaced. ``edited_at``: when, by WhatsApp's clock; of
    several edits the newest counts, in whatever order they come.
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
class ReceiveReceipt:
    """Messages of ours got further."""

    targets: tuple[str, ...]
    status: DeliveryStatus
    type: Literal["receive_receipt"] = "receive_receipt"


# -- from the product ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SuspendAssistant:
    """The tenant was suspended: what the assistant holds goes to people."""

    type: Literal["suspend_assistant"] = "suspend_assistant"


@dataclass(frozen=True, slots=True)
class MergeThread:
    """The thread ``other`` belongs to the same person; executed by statement, not decided."""

    other: str
    type: Literal["link_thread"] = "link_thread"


@dataclass(frozen=True, slots=True)
class DeadLetterCommand:
    """The step of an inbox row failed three times: set it aside, call a team."""

    inbox_id: int
    code: str
    opens: bool = False
    """It was a customer's message: people are called even where no conversation is live."""
    type: Literal["park_command"] = "park_command"


# -- from turns, sends and timers -------------------------------------------------------------


class TurnOutcome(StrEnum):
    """How a turn ended."""

    ANSWERED = "answered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class HandoffRequest:
    """The assistant gives the conversation to a team. ``reason`` is a code, ``note`` is for
    the team's eyes only: what the customer wants, and what was found out.
    """

    team: str
    reason: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class FinishAssistantTurn:
    """A turn ended. ``code`` says what failed; ``says`` leave in order.

    A failed turn says nothing of its own: the tenant's fixed sentence is said, and
    ``handoff`` names the team, if the turn still knew which. ``close``: the visit is over,
    and why. ``cost`` in the currency of the assistant's prices.
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
    """Of ``tokens_in``."""
    model_calls: int = 0


@dataclass(frozen=True, slots=True)
class RestartTurn:
    """The turn's runner is gone; ``attempt`` is the one that was lost."""

    turn: TurnId
    attempt: int


class SendStatus(StrEnum):
    """What is known of a send."""

    SENT = "sent"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    RETRY = "retry"
    """Certainly not sent: back to the queue."""


@dataclass(frozen=True, slots=True)
class SettleSend:
    """A send ended, or was looked up."""

    outbox: OutboxId
    result: SendStatus
    external_id: str | None = None
    code: str = ""
    retry_in_s: float = 0.0
    attempt: int | None = None
    """Which start of the send it speaks of; ``None``: of whichever is the last."""


@dataclass(frozen=True, slots=True)
class SettleFile:
    """A customer's file was fetched and is kept, or cannot be had: ``code`` says why."""

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
    """A file was read, or will not be."""

    message: MessageId
    conversation: ConversationId | None
    reading: FileReading


@dataclass(frozen=True, slots=True)
class FireTimer:
    """A timer is due; a stale ``generation`` does nothing.

    ``unsent``: something that was said to the customer has not certainly left yet.
    """

    name: str
    generation: int
    unsent: bool = False


DurableCommand = (
    ReceiveMessage
    | ReceiveProviderPhoneMessage
    | ReceiveEcho
    | ReceiveSystemNotice
    | ReceiveReaction
    | ReceiveEdit
    | ReceiveDeletion
    | ReceiveReceipt
    | AssignConversation
    | ReturnConversationToAssistant
    | HandOffConversation
    | ReplyToCustomer
    | EditReply
    | DeleteReply
    | ReactToMessage
    | AddNote
    | TransferConversation
    | SnoozeConversation
    | SetConversationPriority
    | SetConversationLabels
    | ResolveConversation
    | ReopenConversation
    | SuspendAssistant
    | MergeThread
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
)
