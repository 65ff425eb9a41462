"""Effects: the rows that a step writes besides its events.

The commit that stores the events also writes the effects. Work outside the database starts from
the committed row, never from memory alone.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from niochat.domain.conversation.file_reading import FileReading, ReadableFileKind
from niochat.domain.ids import ConversationId, MessageId, OutboxId, TurnId
from niochat.domain.message import Author, DeliveryStatus, MessageChange, MessageContent
from niochat.domain.rating.conversation_rating import ConversationRating


@dataclass(frozen=True, slots=True)
class StoreMessageEffect:
    """Stores a new message. Storing the same id again changes nothing."""

    message: MessageId
    author: Author
    content: MessageContent
    sent_at: datetime
    external_id: str | None = None
    reply_to: str | None = None
    status: DeliveryStatus | None = None
    version: int | None = None
    """Number of the event that added it; ``None`` if no conversation was open."""


@dataclass(frozen=True, slots=True)
class UpdateMessageEffect:
    """Updates a stored message. ``None`` keeps a value; ``status`` only moves forward."""

    message: MessageId
    status: DeliveryStatus | None = None
    external_id: str | None = None
    code: str | None = None
    text: str | None = None
    at: datetime | None = None
    """When the text was replaced; ``None`` means now."""
    version: int | None = None
    """Number of the event that replaced the text; ``None`` if it has none."""
    deleted: bool = False
    reaction: tuple[str, str] | None = None
    """``customer`` or ``provider``, and the emoji; an empty emoji removes the reaction."""


@dataclass(frozen=True, slots=True)
class QueueSendEffect:
    """Adds a message to the outbox. ``origin`` decides who may cancel the send.

    ``content.details["attachment"]`` is the id of the file that is sent with it.
    """

    outbox: OutboxId
    message: MessageId
    origin: Author
    content: MessageContent
    send_until: datetime | None = None
    """Set if the provider begins with this message: it does not leave after that time, or after
    the customer's opt-out.
    """


@dataclass(frozen=True, slots=True)
class QueueMessageChangeEffect:
    """Adds a change of a sent message to the outbox. ``value`` is the new text or the emoji."""

    outbox: OutboxId
    message: MessageId
    change: MessageChange
    value: str = ""


@dataclass(frozen=True, slots=True)
class FetchFileEffect:
    """Requests the file of a customer's message from the gateway, by the message's
    ``external_id``.
    """

    file: UUID
    message: MessageId
    external_id: str
    filename: str


@dataclass(frozen=True, slots=True)
class SettleFileFetchEffect:
    """Records that the file is stored, or in ``code`` why it is not."""

    file: UUID
    mimetype: str
    filename: str
    size: int
    sha256: str
    code: str


@dataclass(frozen=True, slots=True)
class KeepNoteFileEffect:
    """Keeps an uploaded file that belongs to a note. It is never sent."""

    file: UUID
    message: MessageId


@dataclass(frozen=True, slots=True)
class RequestFileReadingEffect:
    """Requests that the message's file is read once it is stored. A second request changes
    nothing.
    """

    file: UUID
    message: MessageId
    sort: ReadableFileKind
    seconds: float = 0.0
    """Length of a voice note as reported by the sender's phone."""


@dataclass(frozen=True, slots=True)
class StoreFileReadingEffect:
    """Stores the result of reading a file. Only the first result is kept."""

    message: MessageId
    reading: FileReading


@dataclass(frozen=True, slots=True)
class SettleOutboxEffect:
    """Moves the outbox row to ``status``: sent, failed, uncertain, cancelled, or queued again."""

    outbox: OutboxId
    status: str
    external_id: str | None = None
    code: str = ""
    retry_in_s: float = 0.0


@dataclass(frozen=True, slots=True)
class CancelAssistantSendsEffect:
    """Cancels the assistant's queued sends of the thread. A send in progress is not stopped."""


@dataclass(frozen=True, slots=True)
class CancelSendEffect:
    """Cancels one queued send. A send in progress is not stopped."""

    outbox: OutboxId


@dataclass(frozen=True, slots=True)
class StoreRatingEffect:
    """Stores the rating as it is now. ``team`` and ``agent`` are those of the first time."""

    rating: ConversationRating
    team: str | None
    agent: str | None
    classify: bool = False
    """Whether a model has to classify what the customer wrote."""
    cost: Decimal = Decimal(0)
    """Of the opinion that led to this, in the currency of the model's prices."""


@dataclass(frozen=True, slots=True)
class StoreFollowUpAttemptEffect:
    """Stores that attempt ``number`` was made as ``message``; without a message, that it was not
    made in this ``round``, for ``reason``.
    """

    conversation: ConversationId
    number: int
    round: int
    message: MessageId | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class OptOutEffect:
    """The thread's contact wants no more messages that the provider begins, as said in
    ``conversation`` in answer to ``answered``: follow_up, rating or conversation.
    """

    conversation: ConversationId
    answered: str


@dataclass(frozen=True, slots=True)
class SetTimerEffect:
    """Sets the timer ``name``; only its newest generation fires."""

    name: str
    generation: int
    due_at: datetime


@dataclass(frozen=True, slots=True)
class RunTurnEffect:
    """Asks the assistant's pool for this attempt. Its input is the messages up to
    ``upto_version``.
    """

    turn: TurnId
    attempt: int
    upto_version: int


@dataclass(frozen=True, slots=True)
class SettleTurnEffect:
    """Closes the turn's row with ``outcome``: answered, failed or cancelled."""

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
    """Part of ``tokens_in``."""
    model_calls: int = 0


@dataclass(frozen=True, slots=True)
class StoreUnmatchedUpdateEffect:
    """Stores an update of a message that has not arrived yet; it is applied on arrival."""

    external_id: str
    kind: str
    """``receipt``, ``edit``, ``deletion`` or ``reaction``."""
    value: str


@dataclass(frozen=True, slots=True)
class NotifyTeamQueueEffect:
    """Tells the team's queue that the conversation began or stopped waiting in it."""

    team: str
    waiting: bool


@dataclass(frozen=True, slots=True)
class NotifyAgentCapacityEffect:
    """Tells the queues that the agent may have room for another conversation."""

    agent: str


Effect = (
    StoreMessageEffect
    | UpdateMessageEffect
    | QueueSendEffect
    | QueueMessageChangeEffect
    | FetchFileEffect
    | SettleFileFetchEffect
    | KeepNoteFileEffect
    | RequestFileReadingEffect
    | StoreFileReadingEffect
    | SettleOutboxEffect
    | CancelAssistantSendsEffect
    | CancelSendEffect
    | StoreRatingEffect
    | StoreFollowUpAttemptEffect
    | OptOutEffect
    | SetTimerEffect
    | RunTurnEffect
    | SettleTurnEffect
    | StoreUnmatchedUpdateEffect
    | NotifyTeamQueueEffect
    | NotifyAgentCapacityEffect
)
