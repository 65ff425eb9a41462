"""The input of a decision, its result, and the builder that collects the result."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from niochat.domain.conversation.effects import Effect
from niochat.domain.conversation.events import Event
from niochat.domain.conversation.evolve import evolve
from niochat.domain.conversation.policy import ConversationPolicy, StaffAvailability
from niochat.domain.conversation.state import ConversationState, ConversationStatus
from niochat.domain.errors import OperationRefusedError
from niochat.domain.ids import MessageId, OutboxId, ThreadId
from niochat.domain.message import Author, DeliveryStatus, MessageChange
from niochat.domain.rating.rating_message import RatingOpinion


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A stored message that a command refers to."""

    id: MessageId
    author: Author
    status: DeliveryStatus | None
    in_current_conversation: bool
    """Whether the message belongs to the thread's current conversation, which gets its events."""
    sent_at: datetime | None = None
    edited_at: datetime | None = None
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class StoredSend:
    """An outbox row that a command refers to."""

    message: StoredMessage
    status: str
    in_current_conversation: bool
    """Whether the send belongs to the thread's current conversation."""
    attempts: int = 0
    """How many attempts to send it have started."""
    change: MessageChange | None = None
    """The change to an earlier message; ``None`` if the row sends a message."""
    value: str = ""
    """The new text, or the emoji."""


@dataclass(frozen=True, slots=True)
class UnmatchedUpdate:
    """An update that arrived before its message. ``kind`` is ``receipt``, ``edit``, ``deletion``
    or ``reaction``.
    """

    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class DecisionContext:
    """Everything that a decision may depend on besides the state and the command."""

    thread: ThreadId
    cause: str
    """Unique name of the command, from which the ids of new rows are derived."""
    now: datetime
    protocol: str
    """Protocol number of a conversation that the command may open."""
    policy: ConversationPolicy
    staff: StaffAvailability = field(default_factory=StaffAvailability)
    """Whether people of the tenant can answer now."""
    messages: Mapping[str, StoredMessage] = field(default_factory=dict)
    """By the gateway's message id."""
    sends: Mapping[OutboxId, StoredSend] = field(default_factory=dict)
    unmatched: Mapping[str, tuple[UnmatchedUpdate, ...]] = field(default_factory=dict)
    phone_used_recently: bool = False
    """Whether a person wrote to this customer on the provider's phone within the last hour."""
    contact_blocked: bool = False
    """Whether people have blocked the customer, so that a message opens and wakes nothing."""
    automatic_texts: frozenset[str] = frozenset()
    """Texts that the provider's phone recently sent to several customers automatically."""
    timezone: str = "UTC"
    """The tenant's time zone."""
    opted_out: bool = False
    """Whether the customer does not want messages that the provider begins."""
    rating_requested_at: datetime | None = None
    """When the customer was last asked for a rating."""
    rating_opinion: RatingOpinion | None = None
    """What a model says of the message that may belong to a rating."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The result of a command. ``conversation`` is the state after ``events``."""

    conversation: ConversationState | None
    events: tuple[Event, ...] = ()
    effects: tuple[Effect, ...] = ()


class DecisionBuilder:
    """Collects events and effects. The state changes only through :func:`evolve`."""

    def __init__(self, conversation: ConversationState | None, context: DecisionContext) -> None:
        self._conversation = conversation
        self.context = context
        self._events: list[Event] = []
        self._effects: list[Effect] = []

    @property
    def current(self) -> ConversationState | None:
        """The thread's last conversation, perhaps resolved; ``None`` if there is none."""
        return self._conversation

    @property
    def active(self) -> ConversationState | None:
        """The thread's conversation, unless it is resolved."""
        c = self._conversation
        return c if c is not None and c.status is not ConversationStatus.RESOLVED else None

    @property
    def conversation(self) -> ConversationState:
        """The thread's last conversation, for callers that know there is one."""
        assert self._conversation is not None
        return self._conversation

    def require_unresolved(self) -> ConversationState:
        """Returns the conversation, unless there is none or it is resolved: then it raises
        ``OperationRefusedError``.
        """
        if self.active is None:
            raise OperationRefusedError("The conversation is already resolved.", code="resolved")
        return self.active

    def start_new(self) -> None:
        """Forgets the resolved conversation, so that the next event opens a new one."""
        self._conversation = None

    def emit(self, event: Event) -> None:
        """Records an event and applies it to the state."""
        self._conversation = evolve(self._conversation, event)
        self._events.append(event)

    @property
    def events(self) -> Sequence[Event]:
        """The events so far."""
        return self._events

    def add_effect(self, effect: Effect) -> None:
        """Records an effect."""
        self._effects.append(effect)

    def build(self) -> Decision:
        """Returns the decision."""
        return Decision(self._conversation, tuple(self._events), tuple(self._effects))
