"""Handles due timers: the end of a burst, of a snooze, of after-hours service, and silence."""

from niochat.domain.conversation import events as e
from niochat.domain.conversation.commands import FireTimer
from niochat.domain.conversation.decision import DecisionBuilder
from niochat.domain.conversation.handlers.after_hours_service import end_after_hours_if_staffed
from niochat.domain.conversation.handlers.outbound_messages import queue_messages, render_text
from niochat.domain.conversation.handlers.scheduling import start_idle_timer
from niochat.domain.conversation.handlers.transitions import (
    close_conversation,
    escalate_if_disabled,
    unsnooze,
)
from niochat.domain.conversation.handlers.turns import end_burst, may_assistant_answer
from niochat.domain.conversation.state import ConversationStatus, TimerName
from niochat.domain.ids import timer_cause
from niochat.domain.message import Author
from niochat.domain.rating.rating_handlers import fire_rating_timer


def fire_timer(builder: DecisionBuilder, command: FireTimer) -> None:
    """Does what the timer is for. A timer of an older generation does nothing."""
    c = builder.current
    if c is None or c.timers.get(command.name) != command.generation:
        return
    if command.name == TimerName.RATING:
        fire_rating_timer(builder, command.unsent)
    elif command.name == TimerName.OPENING:
        end_after_hours_if_staffed(builder)
    elif c.turn is not None:
        return
    elif command.name == TimerName.SNOOZE:
        unsnooze(builder, "due")
    elif command.name == TimerName.IDLE:
        _fire_idle_timer(builder, command)
    elif c.unanswered and (command.name != TimerName.READING or c.held):
        escalate_if_disabled(builder)
        if may_assistant_answer(builder):
            end_burst(builder)


def _fire_idle_timer(builder: DecisionBuilder, command: FireTimer) -> None:
    """Reacts to silence. The timer starts again if a message to the customer is not sent yet or the
    assistant is paused.
    """
    c, policy = builder.conversation, builder.context.policy
    if c.unanswered or c.status is not ConversationStatus.PENDING or not policy.assistant_answers:
        return
    if command.unsent or not c.assistant_may_reply(builder.context.now):
        start_idle_timer(builder)
    else:
        _remind_or_close(builder, command)


def _remind_or_close(builder: DecisionBuilder, command: FireTimer) -> None:
    """Sends a reminder after the first silence and ends the conversation after the second."""
    c, policy = builder.conversation, builder.context.policy
    cause = timer_cause(c.id, command.name, command.generation)
    if c.reminded:
        close_conversation(builder, "inactivity", cause, render_text(builder, policy.close_text))
        return
    queue_messages(builder, Author.ASSISTANT, cause, render_text(builder, policy.reminder_text))
    builder.emit(e.CustomerReminded())
    start_idle_timer(builder)
