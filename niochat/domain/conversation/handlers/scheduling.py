"""Cancels a conversation's turn and sets its timers."""

from datetime import datetime, timedelta

from niochat.domain.conversation import effects as fx
from niochat.domain.conversation import events as e
from niochat.domain.conversation.decision import DecisionBuilder
from niochat.domain.conversation.state import TimerName


def cancel_turn(builder: DecisionBuilder, reason: str) -> None:
    """Cancels the turn in progress, if any; its result is ignored then."""
    turn = builder.conversation.turn
    if turn is None:
        return
    builder.emit(e.TurnCancelled(turn.id, reason))
    builder.add_effect(fx.SettleTurnEffect(turn.id, "cancelled", code=reason))


def set_timer(builder: DecisionBuilder, name: TimerName, due: datetime) -> None:
    """Sets a new generation of the timer; older generations do nothing when they fire."""
    generation = builder.conversation.timers.get(name, 0) + 1
    builder.emit(e.TimerSet(name, generation, set_at=builder.context.now, due_at=due))
    builder.add_effect(fx.SetTimerEffect(name, generation, due))


def start_idle_timer(builder: DecisionBuilder) -> None:
    """Starts to measure the customer's silence, from now or from the end of a pause. A policy with
    0 seconds measures none.
    """
    c, policy, now = builder.conversation, builder.context.policy, builder.context.now
    seconds = policy.close_after_s if c.reminded else policy.reminder_after_s
    if seconds > 0 and policy.reminder_after_s > 0:
        begins = max(now, c.paused_until or now)
        set_timer(builder, TimerName.IDLE, begins + timedelta(seconds=seconds))


def set_burst_timer(builder: DecisionBuilder) -> None:
    """Sets the end of the burst: the burst window from now, within the burst limit."""
    c, now, policy = builder.conversation, builder.context.now, builder.context.policy
    limit = (c.burst_since or now) + timedelta(seconds=policy.burst_limit_s)
    due = min(now + timedelta(seconds=policy.burst_window_s), limit)
    set_timer(builder, TimerName.BURST, due)
