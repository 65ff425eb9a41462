"""The working copy of a decision: what is known, and what was decided so far."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from niochat.domain.conversation import Conversation, Status
from niochat.domain.effects import Effect
from niochat.domain.errors import Refused
from niochat.domain.events import Event
from niochat.domain.evolve import evolve
from niochat.domain.ids import MessageId, OutboxId, ThreadId
from niochat.domain.message import Author, Change, DeliveryStatus
from niochat.domain.policy import Policy, Presence


@dataclass(frozen=True, slots=True)
class KnownMessage:
    """A stored message that a command speaks of."""

    id: MessageId
    author: Author
    status: DeliveryStatus | None
    live: bool
    """Whether it belongs to the thread's live conversation (its events go there)."""
    sent_at: datetime | None = None
    edited_at: datetime | None = None
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class KnownSend:
    """An outbox row that a command speaks of."""

    message: KnownMessage
    status: str
    live: bool
    """Whether it leaves in the name of the thread's live conversation."""
    attempts: int = 0
    """How often it started to leave."""
    change: Change | None = None
    """What it does to a message that has left, where it is not a message itself."""
    value: str = ""
    """The new text, or the emoji."""


@dataclass(frozen=True, slots=True)
class Unmatched:
    """News that came before its message: ``receipt``, ``edit``, ``deletion``, ``reaction``."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class Context:
    """All that a decision may look at besides the state. Nothing here is read from outside."""

    thread: ThreadId
    cause: str
    """Unique name of the command; ids of what it creates are derived from it."""
    now: datetime
    protocol: str
    """Protocol number for a conversation, should one be opened."""
    policy: Policy
    people: Presence = field(default_factory=Presence)
    """Whether people of the tenant are there."""
    messages: Mapping[str, KnownMessage] = field(default_factory=dict)
    """By the gateway's message id."""
    sends: Mapping[OutboxId, KnownSend] = field(default_factory=dict)
    unmatched: Mapping[str, tuple[Unmatched, ...]] = field(default_factory=dict)
    phone_lately: bool = False
    """Whether a person typed to this customer on the provider's phone within the last hour."""
    automatic: frozenset[str] = frozenset()
    """Texts that the provider's phone sent to several customers by itself lately."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a command leads to. ``conversation`` is the state after ``events``."""

    conversation: Conversation | None
    events: tuple[Event, ...] = ()
    effects: tuple[Effect, ...] = ()


class Draft:
    """Collects events and effects; the state moves only through :func:`evolve`."""

    def __init__(self, conversation: Conversation | None, context: Context) -> None:
        self._conversation = conversation
        self.context = context
        self._events: list[Event] = []
        self._effects: list[Effect] = []

    @property
    def live(self) -> Conversation | None:
        """The conversation, if one is open."""
        return self._conversation

    @property
    def conversation(self) -> Conversation:
        """The conversation; only asked for where one is certainly open."""
        assert self._conversation is not None
        return self._conversation

    def ongoing(self) -> Conversation:
        """The conversation that goes on. Raises ``Refused`` where there is none."""
        c = self._conversation
        if c is None or c.status is Status.RESOLVED:
            raise Refused("The conversation is already resolved.", code="resolved")
        return c

    def reopen(self) -> None:
        """The last conversation is over; what is emitted next belongs to a new one."""
        self._conversation = None

    def emit(self, event: Event) -> None:
        """Something happened: it is recorded, and the state moves."""
        self._conversation = evolve(self._conversation, event)
        self._events.append(event)

    def also(self, effect: Effect) -> None:
        """Something must happen besides."""
        self._effects.append(effect)

    def decision(self) -> Decision:
        """What was decided."""
        return Decision(self._conversation, tuple(self._events), tuple(self._effects))
