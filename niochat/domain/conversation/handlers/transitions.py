"""Status changes that several handlers share: handoff, end of a snooze, close."""

from uuid import UUID

from niochat.domain.conversation import effects as fx
from niochat.domain.conversation import events as e
from niochat.domain.conversation.decision import DecisionBuilder
from niochat.domain.conversation.handlers.after_hours_service import stop_after_hours
from niochat.domain.conversation.handlers.outbound_messages import queue_messages
from niochat.domain.conversation.handlers.scheduling import cancel_turn
from niochat.domain.conversation.state import ConversationStatus
from niochat.domain.message import Author, MessageContent
from niochat.domain.rating.rating_handlers import schedule_rating


def hand_off(builder: DecisionBuilder, reason: str, team: str | None = None) -> None:
    """Hands the conversation to a team and cancels the assistant's queued sends."""
    cancel_turn(builder, reason)
    team = team or builder.context.policy.team
    builder.emit(e.ConversationHandedOff(team, reason))
    builder.add_effect(fx.CancelAssistantSendsEffect())
    builder.add_effect(fx.NotifyTeamQueueEffect(team, waiting=True))


def escalate_if_disabled(builder: DecisionBuilder) -> None:
    """Hands the conversation to people if the assistant is off or its tenant suspended."""
    c, policy = builder.current, builder.context.policy
    if c is None:
        return
    if c.after_hours and not (policy.assistant_answers and policy.serve_after_hours):
        stop_after_hours(builder, "switched_off")
    if c.status is ConversationStatus.PENDING and not policy.assistant_answers:
        hand_off(builder, "tenant_suspended" if policy.suspended else "assistant_disabled")


def unsnooze(builder: DecisionBuilder, reason: str) -> None:
    """Ends a snooze: the conversation returns to its agent or to its team's queue."""
    c = builder.conversation
    if c.status is not ConversationStatus.SNOOZED:
        return
    builder.emit(e.ConversationUnsnoozed(reason))
    if builder.conversation.status is ConversationStatus.WAITING and c.team is not None:
        builder.add_effect(fx.NotifyTeamQueueEffect(c.team, waiting=True))


def close_conversation(
    builder: DecisionBuilder, reason: str, cause: UUID, *farewell: MessageContent
) -> None:
    """Ends the conversation. The system sends the farewell, because the assistant has lost the
    reply right and its queued sends are cancelled.
    """
    builder.add_effect(fx.CancelAssistantSendsEffect())
    queue_messages(builder, Author.SYSTEM, cause, *farewell)
    builder.emit(e.ConversationResolved(reason))
    schedule_rating(builder)
