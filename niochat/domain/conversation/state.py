"""The state of a conversation, with its statuses, priorities and timers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum

from niochat.domain.follow_up.conversation_follow_up import ConversationFollowUp
from niochat.domain.ids import ConversationId, MessageId, TurnId
from niochat.domain.rating.conversation_rating import ConversationRating

SCHEMA_VERSION = 7
"""Version of stored states and events. Code that loads a newer version raises an error and its
actor passivates.
"""


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
    """Order of a queue: the highest priority first, within one priority the longest wait."""

    LOW = 0
    NORMAL = 1
    HIGH = 2
    URGENT = 3


class AssistantStopReason(StrEnum):
    """Reasons for which the assistant stops answering a conversation for good, also after hours."""

    BOT_LOOP = "bot_loop"
    TURN_LIMIT = "turn_limit"
    COST_LIMIT = "cost_limit"


class TimerName(StrEnum):
    """Names of a conversation's timers."""

    BURST = "burst"
    READING = "reading"
    """The burst is over, and some of its files are still being read."""
    IDLE = "idle"
    """The customer was answered and is silent: first a reminder, then the end."""
    SNOOZE = "snooze"
    """A snoozed conversation returns."""
    OPENING = "opening"
    """People return, and after-hours service ends."""
    RATING = "rating"
    """The request for a rating is due, or nobody waits for its answer any longer."""


@dataclass(frozen=True, slots=True)
class TurnInProgress:
    """The assistant's current turn. ``messages`` is the number of messages that it answers."""

    id: TurnId
    attempt: int
    messages: int


@dataclass(frozen=True, slots=True)
class ConversationState:
    """One conversation, from its first message until it is resolved. ``version`` is the number of
    its last event.
    """

    id: ConversationId
    protocol: str
    status: ConversationStatus
    version: int
    team: str | None = None
    agent: str | None = None
    paused_until: datetime | None = None
    """The assistant stays silent until then, because a person wrote on the provider's phone."""
    unanswered: int = 0
    """Customer messages that nobody has answered and that no current turn answers."""
    asked: tuple[MessageId, ...] = ()
    """Ids of the newest unanswered messages, at most ``evolve.MAX_UNANSWERED_IDS``."""
    in_hand: tuple[MessageId, ...] = ()
    """Ids of the messages that the current turn answers."""
    first_heard_at: datetime | None = None
    """When the customer sent the conversation's first message, by WhatsApp's clock."""
    heard_at: datetime | None = None
    """When the customer sent the latest message, by WhatsApp's clock."""
    burst_since: datetime | None = None
    """When the current burst began."""
    awaited: tuple[MessageId, ...] = ()
    """Messages whose files are being read before the next answer."""
    awaited_until: datetime | None = None
    """Until when the next answer waits for these files."""
    held: bool = False
    """The burst is over, and only the reading of its files delays the turn."""
    turn: TurnInProgress | None = None
    cancels: int = 0
    """How many turns in a row were cancelled because the customer kept writing."""
    reminded: bool = False
    """The customer got a reminder and has not written since."""
    waits: bool = False
    """The customer waits for a person's answer."""
    priority: ConversationPriority = ConversationPriority.NORMAL
    labels: tuple[str, ...] = ()
    """Labels of the provider, sorted alphabetically."""
    snoozed_until: datetime | None = None
    after_hours: bool = False
    """People hold the conversation while the provider is closed, and the assistant answers."""
    spoken_for: bool = False
    """The agent has written, reopened the conversation or took it after hours, so after-hours
    service must not begin.
    """
    unserved: bool = False
    """The handoff had an ``AssistantStopReason``, so after-hours service must not begin."""
    rest_until: datetime | None = None
    """After-hours service failed and must not begin again before then."""
    served: bool = False
    """The assistant or a person has answered the customer."""
    rating: ConversationRating | None = None
    """The rating of the resolved conversation, or of the last time that it was resolved."""
    follow_up: ConversationFollowUp | None = None
    """The latest message to win the customer back."""
    timers: Mapping[str, int] = field(default_factory=dict)
    """Newest generation of each timer ever set."""

    def waits_for_files(self, now: datetime) -> bool:
        """Whether an answer still has to wait at ``now`` for files to be read."""
        return bool(self.awaited) and self.awaited_until is not None and self.awaited_until > now

    def assistant_may_reply(self, now: datetime) -> bool:
        """Whether the assistant holds the reply right at ``now``."""
        paused = self.paused_until is not None and self.paused_until > now
        return (self.status is ConversationStatus.PENDING or self.after_hours) and not paused
