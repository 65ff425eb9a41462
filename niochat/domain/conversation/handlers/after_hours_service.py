"""After a hand-off, while nobody of the provider is there: the assistant goes on serving.

The conversation stays with people, in its team's queue or with the agent who has it. Whatever a
person does with it ends this, and so does the hour at which people are back.
"""

from datetime import datetime, timedelta

from niochat.domain.conversation import effects as fx
from niochat.domain.conversation import events as e
from niochat.domain.conversation.decision import DecisionBuilder, DecisionContext
from niochat.domain.conversation.handlers.scheduling import cancel_turn, set_timer
from niochat.domain.conversation.state import ConversationState, ConversationStatus, TimerName

TURN_RECHECK_INTERVAL = timedelta(seconds=15)
"""A turn that runs when people come ends by itself: its tools may have done something that the
customer has to hear. So often is looked whether it has.
"""
REST_AFTER_FAILURE = timedelta(hours=12)
"""After a failure, where nobody knows when people return."""


def start_after_hours(draft: DecisionBuilder) -> None:
    """The customer wrote to people who are not there, and nobody of them is at it."""
    c = draft.conversation
    if not c.after_hours and _may_begin(c, draft.context):
        draft.emit(e.AfterHoursBegan(draft.context.staff.returns_at))
        _set_opening_timer(draft)


def end_after_hours_if_staffed(draft: DecisionBuilder) -> None:
    """The hour has come; not where the provider's hours were changed meanwhile."""
    c, context = draft.conversation, draft.context
    if not c.after_hours:
        return
    if not context.staff.available:
        _set_opening_timer(draft)
    elif c.turn is not None:
        set_timer(draft, TimerName.OPENING, context.now + TURN_RECHECK_INTERVAL)
    else:
        stop_after_hours(draft, "people_there")


def stop_after_hours(
    draft: DecisionBuilder, reason: str, rest_until: datetime | None = None
) -> None:
    """From this commit on no message of the assistant starts to leave."""
    c = draft.current
    if c is None or not c.after_hours:
        return
    cancel_turn(draft, reason)
    draft.add_effect(fx.CancelAssistantSends())
    draft.emit(e.AfterHoursEnded(reason, rest_until))


def suspend_after_hours(draft: DecisionBuilder, reason: str) -> None:
    """It cannot go on, or must not: silence until people return."""
    context = draft.context
    stop_after_hours(draft, reason, context.staff.returns_at or context.now + REST_AFTER_FAILURE)


def _may_begin(c: ConversationState, context: DecisionContext) -> bool:
    policy, resting = context.policy, c.rest_until is not None and c.rest_until > context.now
    return (
        not context.staff.available
        and policy.serve_after_hours
        and policy.assistant_answers
        and c.status in (ConversationStatus.WAITING, ConversationStatus.OPEN)
        and not (c.spoken_for or c.unserved or resting)
    )


def _set_opening_timer(draft: DecisionBuilder) -> None:
    returns_at = draft.context.staff.returns_at
    if returns_at is not None:
        set_timer(draft, TimerName.OPENING, returns_at)
