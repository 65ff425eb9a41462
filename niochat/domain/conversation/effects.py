"""What must happen besides the events.

Each effect is a row that is written in the commit of the step which decided it; what then
happens in the world starts from the row, never from memory alone.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from niochat.domain.conversation.file_reading import FileReading, ReadableFileKind
from niochat.domain.ids import MessageId, OutboxId, TurnId
from niochat.domain.message import Author, DeliveryStatus, MessageChange, MessageContent


@dataclass(frozen=True, slots=True)
class StoreMessage:
    """A new message; a second one with the same id changes nothing."""

    message: MessageId
    author: Author
    content: MessageContent
    sent_at: datetime
    external_id: str | None = None
    reply_to: str | None = None
    status: DeliveryStatus | None = None
    version: int | None = None
    """Number of the event that added it; ``None`` when no conversation was live."""


@dataclass(frozen=True, slots=True)
class UpdateMessage:
    """What is not ``None`` replaces what stood there; ``status`` moves forward only."""

    message: MessageId
    status: DeliveryStatus | None = None
    external_id: str | None = None
    code: str | None = None
    text: str | None = None
    at: datetime | None = None
    """When the text was replaced; ``None``: now."""
    deleted: bool = False
    reaction: tuple[str, str] | None = None
    """(``customer`` or ``provider``, emoji or empty)."""


@dataclass(frozen=True, slots=True)
class QueueSend:
    """A row of the outbox. ``origin`` decides who may cancel it.

    ``content.details["attachment"]`` names the file that leaves with it.
    """

    outbox: OutboxId
    message: MessageId
    origin: Author
    content: MessageContent


@dataclass(frozen=True, slots=True)
class QueueMessageChange:
    """A row of the outbox that changes a message which has left. ``value`` is the new text or
    the emoji.
    """

    outbox: OutboxId
    message: MessageId
    change: MessageChange
    value: str = ""


@dataclass(frozen=True, slots=True)
class FetchFile:
    """The file of a customer's message is wanted from the gateway, by its own ``external_id``."""

    file: UUID
    message: MessageId
    external_id: str
    filename: str


@dataclass(frozen=True, slots=True)
class SettleFileFetch:
    """The file's row says that it is here, or why it is not (``code``)."""

    file: UUID
    mimetype: str
    filename: str
    size: int
    sha256: str
    code: str


@dataclass(frozen=True, slots=True)
class RequestFileReading:
    """What the message's file says is wanted, once it is here; a second one changes nothing."""

    file: UUID
    message: MessageId
    sort: ReadableFileKind
    seconds: float = 0.0
    """Length of a voice note, as its sender's phone says."""


@dataclass(frozen=True, slots=True)
class StoreFileReading:
    """What was read is written once; a later one changes nothing."""

    message: MessageId
    reading: FileReading


@dataclass(frozen=True, slots=True)
class SettleOutbox:
    """The outbox row reached ``status``: sent, failed, uncertain, or queued again."""

    outbox: OutboxId
    status: str
    external_id: str | None = None
    code: str = ""
    retry_in_s: float = 0.0


@dataclass(frozen=True, slots=True)
class CancelAssistantSends:
    """Queued assistant rows of the thread are cancelled; what is sending has left."""


@dataclass(frozen=True, slots=True)
class SetTimer:
    name: str
    generation: int
    due_at: datetime


@dataclass(frozen=True, slots=True)
class RunTurn:
    """The assistant's pool runs this attempt; messages up to ``upto_version`` are its input."""

    turn: TurnId
    attempt: int
    upto_version: int


@dataclass(frozen=True, slots=True)
class SettleTurn:
    """The turn's row is closed with ``outcome``: answered, failed, cancelled."""

    turn: TurnId
    outcome: str
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
class StoreUnmatchedUpdate:
    """News of a message that is not known yet: applied when the message comes."""

    external_id: str
    kind: str
    """``receipt``, ``edit``, ``deletion`` or ``reaction``."""
    value: str


@dataclass(frozen=True, slots=True)
class NotifyTeamQueue:
    """The team's queue changed for this conversation."""

    team: str
    waiting: bool


@dataclass(frozen=True, slots=True)
class NotifyAgentCapacity:
    """The agent may have room for another conversation."""

    agent: str


Effect = (
    StoreMessage
    | UpdateMessage
    | QueueSend
    | QueueMessageChange
    | FetchFile
    | SettleFileFetch
    | RequestFileReading
    | StoreFileReading
    | SettleOutbox
    | CancelAssistantSends
    | SetTimer
    | RunTurn
    | SettleTurn
    | StoreUnmatchedUpdate
    | NotifyTeamQueue
    | NotifyAgentCapacity
)
