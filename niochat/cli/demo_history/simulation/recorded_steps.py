"""A simulated conversation: the steps that it took, and what follows from them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from niochat.domain.conversation.effects import Effect
from niochat.domain.conversation.events import Event
from niochat.domain.conversation.state import ConversationState, ConversationStatus
from niochat.domain.ids import ThreadId


@dataclass(frozen=True, slots=True)
class RecordedStep:
    """What one command did. ``after`` is the state after ``events``."""

    at: datetime
    cause: str
    events: tuple[Event, ...]
    effects: tuple[Effect, ...]
    after: ConversationState


@dataclass(frozen=True, slots=True)
class SimulatedConversation:
    """A conversation with its steps, oldest first. ``timers`` (due times by name) are those that
    the product still has to fire.
    """

    thread: ThreadId
    steps: tuple[RecordedStep, ...]
    timers: Mapping[str, tuple[int, datetime]]

    @property
    def state(self) -> ConversationState:
        """The state after the last step."""
        return self.steps[-1].after

    @property
    def opened_at(self) -> datetime:
        """When the conversation was opened."""
        return self.steps[0].at

    @property
    def resolved_at(self) -> datetime | None:
        """When the conversation was last resolved; ``None`` if it is not."""
        at: datetime | None = None
        for step in self.steps:
            if step.events:
                resolved = step.after.status is ConversationStatus.RESOLVED
                at = (at or step.at) if resolved else None
        return at

    @property
    def rating_requests(self) -> tuple[datetime, ...]:
        """When requests for a rating were sent."""
        ratings = (each.after.rating for each in self.steps)
        return tuple(sorted({each.sent_at for each in ratings if each and each.sent_at}))
