"""Makes the attempts that the watcher orders, and ends the wait for their answers."""

from zoneinfo import ZoneInfo

from niochat.domain.conversation import commands as cmd
from niochat.domain.conversation import effects as fx
from niochat.domain.conversation.decision import DecisionBuilder
from niochat.domain.conversation.handlers.outbound_messages import queue_messages
from niochat.domain.conversation.state import ConversationState, ConversationStatus
from niochat.domain.follow_up.follow_up_events import (
    FollowUpEnded,
    FollowUpQueued,
    FollowUpSkipped,
)
from niochat.domain.follow_up.follow_up_plan import SkipReason
from niochat.domain.follow_up.follow_up_policy import SendingHours
from niochat.domain.ids import follow_up_cause, outbound_message_id, outbox_id
from niochat.domain.message import Author, MessageContent, MessageKind


def send_follow_up(builder: DecisionBuilder, command: cmd.SendFollowUp) -> None:
    """Queues the attempt's message once, or says why the attempt is not made now. The watcher has
    decided by what it had read: the version says whether anything has happened since.
    """
    c = builder.current
    here = c is not None and c.id == command.conversation
    if here and c is not None and _is_made(c, command.number):
        return
    reason = _reason_to_skip(builder, command)
    if reason is not None:
        if here:
            builder.emit(FollowUpSkipped(command.number, reason))
        builder.add_effect(
            fx.StoreFollowUpAttemptEffect(
                command.conversation, command.number, command.round, reason=reason
            )
        )
        return
    _queue(builder, command)


def end_follow_up(builder: DecisionBuilder, reason: str) -> None:
    """Nobody waits for an answer to the latest attempt any longer. A message of it that has not
    left yet never will.
    """
    c = builder.current
    if c is None or c.follow_up is None or c.follow_up.answer_until is None:
        return
    if not c.follow_up.awaits_answer(builder.context.now):
        return
    builder.add_effect(fx.CancelSendEffect(outbox_id(c.follow_up.message)))
    builder.emit(FollowUpEnded(reason))


def _queue(builder: DecisionBuilder, command: cmd.SendFollowUp) -> None:
    c, now = builder.conversation, builder.context.now
    cause = follow_up_cause(c.id, command.number)
    details: dict[str, object] = {"follow_up": command.number}
    content = MessageContent(MessageKind.TEXT, command.text, details)
    queue_messages(builder, Author.SYSTEM, cause, content, send_until=command.send_until)
    message = outbound_message_id(cause, 0)
    answer_until = now + builder.context.policy.follow_ups.window
    builder.emit(FollowUpQueued(command.number, command.variant, message, answer_until))
    builder.add_effect(
        fx.StoreFollowUpAttemptEffect(c.id, command.number, command.round, message=message)
    )


def _is_made(c: ConversationState, number: int) -> bool:
    return c.follow_up is not None and c.follow_up.number >= number


def _reason_to_skip(builder: DecisionBuilder, command: cmd.SendFollowUp) -> SkipReason | None:
    context, c = builder.context, builder.current
    policy = context.policy
    if policy.suspended:
        return SkipReason.SUSPENDED
    if not policy.follow_ups.enabled:
        return SkipReason.SWITCHED_OFF
    if context.contact_blocked:
        return SkipReason.BLOCKED
    if context.opted_out:
        return SkipReason.OPTED_OUT
    if c is None or c.id != command.conversation:
        return SkipReason.CUSTOMER_WROTE
    # Holidays are part of `send_until`, which is the end of a day on which messages leave.
    hours = SendingHours(policy.follow_ups, ZoneInfo(context.timezone))
    if context.now >= command.send_until or not hours.allows(context.now):
        return SkipReason.LATE
    if _is_held(builder, c):
        return SkipReason.HELD
    return SkipReason.CHANGED if c.version != command.version else None


def _is_held(builder: DecisionBuilder, c: ConversationState) -> bool:
    paused = c.paused_until is not None and c.paused_until > builder.context.now
    free = c.status in (ConversationStatus.PENDING, ConversationStatus.RESOLVED)
    answering = c.turn is not None or c.unanswered > 0
    return not free or c.after_hours or paused or answering
