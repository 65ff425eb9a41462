"""What a step is given, what it plans, and what it answers."""

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
from niochat.domain.conversation.effects import Effect
from niochat.domain.conversation.events import Event
from niochat.domain.conversation.state import ConversationState, ConversationStatus
from niochat.domain.ids import ThreadId

MemoryCommand = FinishAssistantTurn | RestartTurn | SettleSend | SettleFile | SettleFileReading
"""Commands that stand for rows and need no inbox row of their own."""

MAX_ROWS_PER_STEP = 50
"""Inbox rows of one thread in one step."""


@dataclass(frozen=True, slots=True)
class ThreadSnapshot:
    """A thread as the database has it. ``conversation`` is the live one."""

    id: ThreadId
    tenant_id: UUID
    channel_id: UUID
    conversation: ConversationState | None

    @property
    def version(self) -> int:
        """Version of the live conversation; 0 when there is none."""
        return self.conversation.version if self.conversation is not None else 0


@dataclass(slots=True)
class StepRequest:
    """One thread's turn at the step. ``known`` is what the host remembers of it."""

    thread_id: ThreadId
    epoch: int
    known: ThreadSnapshot | None = None
    commands: list[MemoryCommand] = field(default_factory=list)
    rows: int = MAX_ROWS_PER_STEP


@dataclass(slots=True)
class StepPlan:
    """What one thread's step wants to write."""

    before: ThreadSnapshot
    epoch: int
    now: datetime
    after: ConversationState | None
    events: list[Event] = field(default_factory=list)
    causes: list[str] = field(default_factory=list)
    """Of each event: the command that it came from, as ``<type>:<ids>``."""
    effects: list[Effect] = field(default_factory=list)
    rows: list[tuple[int, str]] = field(default_factory=list)
    """(inbox id, outcome)."""
    timers: list[tuple[str, int]] = field(default_factory=list)
    """Fired: (name, generation)."""
    matched: list[str] = field(default_factory=list)
    """Gateway ids of messages whose news had been kept for them."""
    more: bool = False
    """Rows remain for another step."""
    failed_row: int | None = None
    """The inbox row whose decision raised; it is the thread's first one then."""
    merge: tuple[int, UUID] | None = None
    """(inbox id, other thread) that has to be joined before anything else."""

    @property
    def opens(self) -> bool:
        """Whether the events begin a conversation."""
        return bool(self.events) and (
            self.before.conversation is None
            or self.after is None
            or self.before.conversation.id != self.after.id
        )

    @property
    def reopens(self) -> bool:
        """Whether the events go on with a conversation that was over."""
        before = self.before.conversation
        return (
            before is not None and before.status is ConversationStatus.RESOLVED and not self.opens
        )

    @property
    def empty(self) -> bool:
        """Whether there is nothing to write at all."""
        return not (self.events or self.effects or self.rows or self.timers)


class StepVerdict(StrEnum):
    """How a thread's step ended."""

    DONE = "done"
    LOST = "lost"
    """Another writer was first or the shard is not ours: forget, and load again."""
    FAILED = "failed"
    """An error of this thread alone; the row is counted, the others were not disturbed."""


@dataclass(frozen=True, slots=True)
class StepResult:
    """Answer for one thread; ``effects`` are committed and may now be acted on."""

    thread_id: ThreadId
    verdict: StepVerdict
    thread: ThreadSnapshot | None = None
    effects: tuple[Effect, ...] = ()
    more: bool = False
    moved_to: UUID | None = None
    """The thread was joined to this one: rows went there."""
