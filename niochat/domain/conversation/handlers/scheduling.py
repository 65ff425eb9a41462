"""What a conversation has under way: its turn, and its timers."""

from datetime import datetime

from niochat.domain.conversation import effects as fx
from niochat.domain.conversation import events as e
from niochat.domain.conversation.decision import DecisionBuilder
from niochat.domain.conversation.state import TimerName


def cancel_turn(draft: DecisionBuilder, reason: str) -> None:
    """The turn in progress, if any, must not answer any more."""
    turn = draft.conversation.turn
    if turn is None:
        return
    draft.emit(e.TurnCancelled(turn.id, reason))
    draft.add_effect(fx.SettleTurn(turn.id, "cancelled", code=reason))


def set_timer(draft: DecisionBuilder, name: TimerName, due: datetime) -> None:
    """The newest generation of it; whatever was set before does nothing any more."""
    generation = draft.conversation.timers.get(name, 0) + 1
    draft.emit(e.TimerSet(name, generation, set_at=draft.context.now, due_at=due))
    draft.add_effect(fx.SetTimer(name, generation, due))
