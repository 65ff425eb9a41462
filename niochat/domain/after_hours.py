"""After a hand-off, while nobody of the provider is there: the assistant goes on serving.

The conversation stays with people, in its team's queue or with the agent who has it. Whatever a
person does with it ends this, and so does the hour at which people are back.
"""

from datetime import datetime, timedelta

from niochat.domain import effects as fx
from niochat.domain import events as e
from niochat.domain.conversation import Conversation, Status, Timer
from niochat.domain.draft import Context, Draft
from niochat.domain.under_way import cancel_turn, set_timer

TURN_ENDS_WITHIN = timedelta(seconds=15)
"""A turn that runs when people come ends by itself: its tools may have done something that the
customer has to hear. So often is looked whether it has.
"""
REST = timedelta(hours=12)
"""After a failure, where nobody knows when people return."""


def serve_on(draft: Draft) -> None:
    """The customer wrote to people who are not there, and nobody of them is at it."""
    c = draft.conversation
    if not c.after_hours and _may_begin(c, draft.context):
        draft.emit(e.AfterHoursBegan(draft.context.people.returns_at))
        _wait_for_people(draft)


def people_are_back(draft: Draft) -> None:
    """The hour has come; not where the provider's hours were changed meanwhile."""
    c, context = draft.conversation, draft.context
    if not c.after_hours:
        return
    if not context.people.there:
        _wait_for_people(draft)
    elif c.turn is not None:
        set_timer(draft, Timer.OPENING, context.now + TURN_ENDS_WITHIN)
    else:
        stop_serving(draft, "people_there")


def stop_serving(draft: Draft, reason: str, rest_until: datetime | None = None) -> None:
    """From this commit on no message of the assistant starts to leave."""
    c = draft.live
    if c is None or not c.after_hours:
        return
    cancel_turn(draft, reason)
    draft.also(fx.CancelReplies())
    draft.emit(e.AfterHoursEnded(reason, rest_until))


def rest(draft: Draft, reason: str) -> None:
    """It cannot go on, or must not: silence until people return."""
    context = draft.context
    stop_serving(draft, reason, context.people.returns_at or context.now + REST)


def _may_begin(c: Conversation, context: Context) -> bool:
    policy, resting = context.policy, c.rest_until is not None and c.rest_until > context.now
    return (
        not context.people.there
        and policy.serve_after_hours
        and policy.assistant_answers
        and c.status in (Status.WAITING, Status.OPEN)
        and not (c.spoken_for or c.unserved or resting)
    )


def _wait_for_people(draft: Draft) -> None:
    returns_at = draft.context.people.returns_at
    if returns_at is not None:
        set_timer(draft, Timer.OPENING, returns_at)
