"""After-hours service: the assistant answers a conversation that people hold while the provider is
closed.

The conversation stays in its team's queue or with its agent. The service ends when a person acts
on the conversation or when people return.
"""

from datetime import datetime, timedelta

from niochat.domain.conversation import effects as fx
from niochat.domain.conversation import events as e
from niochat.domain.conversation.decision import DecisionBuilder, DecisionContext
from niochat.domain.conversation.handlers.scheduling import cancel_turn, set_timer
from niochat.domain.conversation.state import ConversationState, ConversationStatus, TimerName

TURN_RECHECK_INTERVAL = timedelta(seconds=15)
"""How often an ended opening timer is set again while a turn runs. The turn is not cancelled when
people return, because its tools may have done something that the customer must be told.
"""
REST_AFTER_FAILURE = timedelta(hours=12)
"""How long the service stays off after a failure if the next opening time is unknown."""


def start_after_hours(builder: DecisionBuilder) -> None:
    """Begins the service if people hold the conversation, the provider is closed and no agent has
    engaged with it.
    """
    c = builder.conversation
    if not c.after_hours and _may_begin(c, builder.context):
        builder.emit(e.AfterHoursBegan(builder.context.staff.returns_at))
        _set_opening_timer(builder)


def end_after_hours_if_staffed(builder: DecisionBuilder) -> None:
    """Ends the service when its timer fires, or sets the timer again if the provider's hours were
    changed or a turn runs.
    """
    c, context = builder.conversation, builder.context
    if not c.after_hours:
        return
    if not context.staff.available:
        _set_opening_timer(builder)
    elif c.turn is not None:
        set_timer(builder, TimerName.OPENING, context.now + TURN_RECHECK_INTERVAL)
    else:
        stop_after_hours(builder, "people_there")


def stop_after_hours(
    builder: DecisionBuilder, reason: str, rest_until: datetime | None = None
) -> None:
    """Ends the service. From this commit on, no assistant message starts to be sent."""
    c = builder.current
    if c is None or not c.after_hours:
        return
    cancel_turn(builder, reason)
    builder.add_effect(fx.CancelAssistantSendsEffect())
    builder.emit(e.AfterHoursEnded(reason, rest_until))


def suspend_after_hours(builder: DecisionBuilder, reason: str) -> None:
    """Ends the service and keeps it off until people return."""
    context = builder.context
    stop_after_hours(builder, reason, context.staff.returns_at or context.now + REST_AFTER_FAILURE)


def _may_begin(c: ConversationState, context: DecisionContext) -> bool:
    policy, resting = context.policy, c.rest_until is not None and c.rest_until > context.now
    return (
        not context.staff.available
        and policy.serve_after_hours
        and policy.assistant_answers
        and c.status in (ConversationStatus.WAITING, ConversationStatus.OPEN)
        and not (c.spoken_for or c.unserved or resting)
    )


def _set_opening_timer(builder: DecisionBuilder) -> None:
    returns_at = builder.context.staff.returns_at
    if returns_at is not None:
        set_timer(builder, TimerName.OPENING, returns_at)
