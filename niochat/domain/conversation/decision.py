"""The working copy of a decision: what is known, and what was decided so far."""

from collections.abc import Mapping
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


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A stored message that a command speaks of."""

    id: MessageId
    author: Author
    status: DeliveryStatus | None
    in_current_conversation: bool
    """Whether it belongs to the thread's live conversation (its events go there)."""
    sent_at: datetime | None = None
    edited_at: datetime | None = None
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class StoredSend:
    """An outbox row that a command speaks of."""

    message: StoredMessage
    status: str
    in_current_conversation: bool
    """Whether it leaves in the name of the thread's live conversation."""
    attempts: int = 0
    """How often it started to leave."""
    change: MessageChange | None = None
    """What it does to a message that has left, where it is not a message itself."""
    value: str = ""
    """The new text, or the emoji."""


@dataclass(frozen=True, slots=True)
class UnmatchedUpdate:
    """News that came before its message: ``receipt``, ``edit``, ``deletion``, ``reaction``."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class DecisionContext:
    """All that a decision may look at besides the state. Nothing here is read from outside."""

    thread: ThreadId
    cause: str
    """Unique name of the command; ids of what it creates are derived from it."""
    now: datetime
    protocol: str
    """Protocol number for a conversation, should one be opened."""
    policy: ConversationPolicy
    staff: StaffAvailability = field(default_factory=StaffAvailability)
    """Whether people of the tenant are there."""
    messages: Mapping[str, StoredMessage] = field(default_factory=dict)
    """By the gateway's message id."""
    sends: Mapping[OutboxId, StoredSend] = field(default_factory=dict)
    unmatched: Mapping[str, tuple[UnmatchedUpdate, ...]] = field(default_factory=dict)
    phone_used_recently: bool = False
    """Whether a person typed to this customer on the provider's phone within the last hour."""
    automatic_texts: frozenset[str] = frozenset()
    """Texts that the provider's phone sent to several customers by itself lately."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a command leads to. ``conversation`` is the state after ``events``."""

    conversation: ConversationState | None
    events: tuple[Event, ...] = ()
    effects: tuple[Effect, ...] = ()


class DecisionBuilder:
    """Collects events and effects; the state moves only through :func:`evolve`."""

    def __init__(self, conversation: ConversationState | None, context: DecisionContext) -> None:
        self._conversation = conversation
        self.context = context
        self._events: list[Event] = []
        self._effects: list[Effect] = []

    @property
    def current(self) -> ConversationState | None:
        """The conversation, if one is open."""
        return self._conversation

    @property
    def conversation(self) -> ConversationState:
        """The conversation; only asked for where one is certainly open."""
        assert self._conversation is not None
        return self._conversation

    def require_unresolved(self) -> ConversationState:
        """The conversation that goes on. Raises ``Refused`` where there is none."""
        c = self._conversation
        if c is None or c.status is ConversationStatus.RESOLVED:
            raise OperationRefusedError("The conversation is already resolved.", code="resolved")
        return c

    def start_new(self) -> None:
        """The last conversation is over; what is emitted next belongs to a new one."""
        self._conversation = None

    def emit(self, event: Event) -> None:
        """Something happened: it is recorded, and the state moves."""
        self._conversation = evolve(self._conversation, event)
        self._events.append(event)

    def add_effect(self, effect: Effect) -> None:
        """Something must happen besides."""
        self._effects.append(effect)

    def build(self) -> Decision:
        """What was decided."""
        return Decision(self._conversation, tuple(self._events), tuple(self._effects))
