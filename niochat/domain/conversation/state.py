"""The state of one visit in a thread, and the words for where it stands."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum

from niochat.domain.ids import ConversationId, MessageId, TurnId

SCHEMA_VERSION = 5
"""Of stored states and events; code that meets a newer one refuses and passivates."""


class ConversationStatus(StrEnum):
    """The status of a conversation. Screens show: Com IA, Em espera, Em atendimento, Adiada,
    Encerrada.
    """

    PENDING = "pending"
    WAITING = "waiting"
    OPEN = "open"
    SNOOZED = "snoozed"
    RESOLVED = "resolved"


class ConversationPriority(IntEnum):
    """Who comes first in a queue; within one priority it is who waits longest."""

    LOW = 0
    NORMAL = 1
    HIGH = 2
    URGENT = 3


class AssistantStopReason(StrEnum):
    """Why the assistant lets a conversation go that goes round; it says nothing more then, after
    hours neither.
    """

    BOT_LOOP = "bot_loop"
    TURN_LIMIT = "turn_limit"
    COST_LIMIT = "cost_limit"


class TimerName(StrEnum):
    """Names of a conversation's timers."""

    BURST = "burst"
    READING = "reading"
    """The burst is over, and something of it is still being listened to or looked at."""
    IDLE = "idle"
    """The customer was answered and says nothing: a reminder, then the end."""
    SNOOZE = "snooze"
    """A conversation that was put off comes back."""
    OPENING = "opening"
    """People are back: the assistant, which served meanwhile, is silent again."""


@dataclass(frozen=True, slots=True)
class TurnInProgress:
    """The assistant's run in progress. ``messages`` is how many it answers."""

    id: TurnId
    attempt: int
    messages: int


@dataclass(frozen=True, slots=True)
class ConversationState:
    """One visit, from first word to resolved. ``version`` is its last event's number."""

    id: ConversationId
    protocol: str
    status: ConversationStatus
    version: int
    team: str | None = None
    agent: str | None = None
    paused_until: datetime | None = None
    """A person typed on the provider's phone: the assistant keeps silent until then."""
    unanswered: int = 0
    """Customer messages that nobody has answered and no turn has in hand."""
    asked: tuple[MessageId, ...] = ()
    """Which ones, as far as known: the newest of them, see ``evolve.MAX_UNANSWERED_IDS``."""
    in_hand: tuple[MessageId, ...] = ()
    """Those that the turn in progress answers."""
    first_heard_at: datetime | None = None
    """When the customer's first message of this visit was sent, by WhatsApp's clock."""
    heard_at: datetime | None = None
    """And the last one."""
    burst_since: datetime | None = None
    """When the first message of the burst that is still open came."""
    awaited: tuple[MessageId, ...] = ()
    """Messages whose files are being read, which the next answer waits for."""
    awaited_until: datetime | None = None
    """And until when it does."""
    held: bool = False
    """The burst is over, and only that is waited for."""
    turn: TurnInProgress | None = None
    cancels: int = 0
    """Turns cancelled in a row by a customer who went on writing."""
    reminded: bool = False
    """The customer was asked whether anybody is there, and has not answered since."""
    waits: bool = False
    """The customer waits for a person: called for, or written since a person answered."""
    priority: ConversationPriority = ConversationPriority.NORMAL
    labels: tuple[str, ...] = ()
    """What the provider's people sort it by, in the order of the alphabet."""
    snoozed_until: datetime | None = None
    after_hours: bool = False
    """People have it and are not there: the assistant goes on serving until they come."""
    spoken_for: bool = False
    """Its agent has written, or took it after hours: nobody speaks over them."""
    unserved: bool = False
    """It was handed off because the assistant must not go on, after hours neither."""
    rest_until: datetime | None = None
    """The assistant failed after hours: it does not begin again until then."""
    timers: Mapping[str, int] = field(default_factory=dict)
    """Newest generation of each timer ever set."""

    def waits_for_files(self, now: datetime) -> bool:
        """Whether an answer has to wait at ``now`` for what files say."""
        return bool(self.awaited) and self.awaited_until is not None and self.awaited_until > now

    def assistant_may_reply(self, now: datetime) -> bool:
        """Whether the assistant holds the reply right at ``now``."""
        paused = self.paused_until is not None and self.paused_until > now
        return (self.status is ConversationStatus.PENDING or self.after_hours) and not paused
