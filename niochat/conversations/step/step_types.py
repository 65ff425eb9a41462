"""Types of the step: its request, its plan and its result."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from niochat.domain.conversation.commands import (
    FinishAssistantTurn,
    RestartTurn,
    SettleFile,
    SettleFileReading,
    SettleSend,
)
from niochat.domain.conversation.effects import Effect, UpdateMessageEffect
from niochat.domain.conversation.events import Event
from niochat.domain.conversation.state import ConversationState, ConversationStatus
from niochat.domain.ids import MessageId, ThreadId
from niochat.domain.rating.rating_message import RatingOpinion

MemoryCommand = FinishAssistantTurn | RestartTurn | SettleSend | SettleFile | SettleFileReading
"""Commands that stand for other rows (turns, sends, files) and need no inbox row of their own."""

MAX_ROWS_PER_STEP = 50
"""Inbox rows of one thread that one step takes."""


@dataclass(frozen=True, slots=True)
class ThreadSnapshot:
    """A thread as stored in the database. ``conversation`` is the unresolved one, if any, or else
    the resolved one whose rating may still change or whose follow-up may be answered.
    """

    id: ThreadId
    tenant_id: UUID
    channel_id: UUID
    conversation: ConversationState | None

    @property
    def version(self) -> int:
        """Version of the conversation; 0 if there is none."""
        return self.conversation.version if self.conversation is not None else 0

    @property
    def unresolved(self) -> ConversationState | None:
        """The conversation, unless it is resolved."""
        c = self.conversation
        return c if c is not None and c.status is not ConversationStatus.RESOLVED else None


@dataclass(slots=True)
class StepRequest:
    """A request to run a step of one thread. ``cached`` is the copy of it in the host's memory."""

    thread_id: ThreadId
    epoch: int
    cached: ThreadSnapshot | None = None
    commands: list[MemoryCommand] = field(default_factory=list)
    rows: int = MAX_ROWS_PER_STEP
    opinions: Mapping[int, RatingOpinion] = field(default_factory=dict)
    """What a model says of messages that may belong to a rating, by inbox id."""


@dataclass(frozen=True, slots=True)
class UnclearRatingMessage:
    """A message after a rating was requested: it may evaluate, or be about something else."""

    inbox_id: int
    text: str


@dataclass(slots=True)
class StepPlan:
    """Everything that one thread's step has to write."""

    before: ThreadSnapshot
    epoch: int
    now: datetime
    after: ConversationState | None
    events: list[Event] = field(default_factory=list)
    causes: list[str] = field(default_factory=list)
    """For each event the command that led to it, as ``<type>:<ids>``."""
    effects: list[Effect] = field(default_factory=list)
    rows: list[tuple[int, str]] = field(default_factory=list)
    """Inbox id and outcome of each processed row."""
    timers: list[tuple[str, int]] = field(default_factory=list)
    """Name and generation of each fired timer."""
    matched: list[str] = field(default_factory=list)
    """Gateway ids of messages whose stored updates were applied."""
    more: bool = False
    """Whether rows remain for another step."""
    failed_row: int | None = None
    """The inbox row whose decision raised. It is then the first pending row of the thread."""
    unclear: UnclearRatingMessage | None = None
    """The row at which the step stopped, because a model has to say what it means."""
    merge: tuple[int, UUID] | None = None
    """Inbox id of a merge command and the other thread; the merge comes before anything else."""

    @property
    def opens(self) -> bool:
        """Whether the events open a conversation."""
        return bool(self.events) and (
            self.before.conversation is None
            or self.after is None
            or self.before.conversation.id != self.after.id
        )

    @property
    def reopens(self) -> bool:
        """Whether the events belong to a conversation that was resolved: they resume it, or they
        are about its rating or its follow-ups.
        """
        before = self.before.conversation
        return (
            before is not None and before.status is ConversationStatus.RESOLVED and not self.opens
        )

    @property
    def unlogged_changes(self) -> tuple[MessageId, ...]:
        """Messages whose change no event tells: those of other conversations than the current
        one.
        """
        logged = {getattr(event, "message", None) for event in self.events}
        changed = (each for each in self.effects if isinstance(each, UpdateMessageEffect))
        return tuple(
            dict.fromkeys(
                each.message
                for each in changed
                if each.message not in logged
                and (each.status or each.text is not None or each.deleted or each.reaction)
            )
        )

    @property
    def empty(self) -> bool:
        """Whether there is nothing to write."""
        return not (self.events or self.effects or self.rows or self.timers)


class StepVerdict(StrEnum):
    """How a thread's step ended."""

    DONE = "done"
    LOST = "lost"
    """Another writer was first, or this host does not own the shard: the thread must be loaded
    again.
    """
    FAILED = "failed"
    """An error of this thread only. The failure was counted on its row."""


@dataclass(frozen=True, slots=True)
class StepResult:
    """The result for one thread. ``effects`` are committed, so that work on them may start."""

    thread_id: ThreadId
    verdict: StepVerdict
    thread: ThreadSnapshot | None = None
    effects: tuple[Effect, ...] = ()
    more: bool = False
    moved_to: UUID | None = None
    """The thread into which this one was merged; its rows have moved there."""
    unlogged_changes: tuple[MessageId, ...] = ()
    """Messages that were changed without an event."""
    unclear: UnclearRatingMessage | None = None
    """The message that waits until a model says what it means."""
