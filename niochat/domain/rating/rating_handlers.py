"""Asks for a rating after a conversation was resolved, and takes its answer."""

from datetime import datetime, timedelta
from decimal import Decimal
from uuid import uuid5
from zoneinfo import ZoneInfo

from niochat.domain.conversation import commands as cmd
from niochat.domain.conversation import effects as fx
from niochat.domain.conversation import events as e
from niochat.domain.conversation.decision import DecisionBuilder
from niochat.domain.conversation.handlers.outbound_messages import (
    add_note,
    queue_messages,
    render_text,
)
from niochat.domain.conversation.handlers.scheduling import set_timer
from niochat.domain.conversation.state import ConversationState, ConversationStatus, TimerName
from niochat.domain.ids import MessageId, inbound_message_id, outbox_id, rating_id
from niochat.domain.message import Author, MessageContent, MessageKind
from niochat.domain.rating.conversation_rating import (
    ANSWER_WINDOW,
    ConversationRating,
    RatingStatus,
)
from niochat.domain.rating.rating_answer import SCALE, read_rating
from niochat.domain.rating.rating_events import (
    LowRatingReported,
    RatingAnswered,
    RatingCommented,
    RatingEvent,
    RatingExpired,
    RatingFailed,
    RatingRequested,
    RatingScheduled,
    RatingSent,
    RatingSkipped,
)
from niochat.domain.rating.rating_message import MessageMeaning, read_message


def open_rating(conversation: ConversationState | None) -> ConversationRating | None:
    """Returns the rating of a resolved conversation, whatever its status."""
    resolved = conversation is not None and conversation.status is ConversationStatus.RESOLVED
    return conversation.rating if resolved and conversation is not None else None


def schedule_rating(builder: DecisionBuilder) -> None:
    """The conversation was just resolved: plans the request, or says why there is none. A tenant
    without ratings records nothing.
    """
    policy, c = builder.context.policy.ratings, builder.conversation
    if policy.after_s <= 0:
        return
    rating = rating_id(c.id, c.version + 1)
    if not c.served:
        _emit(builder, RatingSkipped(rating, "no_service"))
        return
    due = builder.context.now + timedelta(seconds=policy.after_s)
    _emit(builder, RatingScheduled(rating, due))
    set_timer(builder, TimerName.RATING, due)


def fire_rating_timer(builder: DecisionBuilder, unsent: bool) -> None:
    """Sends the request that is due, or gives up waiting for its answer. The request waits while
    earlier messages are unsent, and in quiet hours.
    """
    rating = open_rating(builder.current)
    if rating is None or not rating.is_unanswered:
        return
    if rating.request is not None:
        end_rating(builder, "no_answer")
        return
    reason = _reason_to_skip(builder)
    if reason:
        _emit(builder, RatingSkipped(rating.id, reason))
        return
    due = _postponed(builder, unsent)
    if due is None:
        _request(builder, rating)
    else:
        _emit(builder, RatingScheduled(rating.id, due))
        set_timer(builder, TimerName.RATING, due)


def end_rating(builder: DecisionBuilder, reason: str) -> None:
    """Nobody waits for an answer any longer: the rating expires, or is skipped if the request was
    not sent. A request that still waits in the outbox is cancelled.
    """
    rating = open_rating(builder.current)
    if rating is None or not rating.is_unanswered:
        return
    if rating.request is not None and rating.sent_at is None:
        builder.add_effect(fx.CancelSendEffect(outbox_id(rating.request)))
    if rating.request is None:
        _emit(builder, RatingSkipped(rating.id, reason))
    else:
        _emit(builder, RatingExpired(rating.id, reason))


def settle_request(builder: DecisionBuilder, message: MessageId, code: str | None) -> None:
    """The send of ``message`` is settled: ``code`` is ``None`` if it was sent. Does nothing unless
    it is the request.
    """
    rating = open_rating(builder.current)
    if rating is None or rating.request != message or not rating.is_unanswered:
        return
    if code is not None:
        _emit(builder, RatingFailed(rating.id, code))
    elif rating.sent_at is None:
        _emit(builder, RatingSent(rating.id, builder.context.now))
        set_timer(builder, TimerName.RATING, builder.context.now + ANSWER_WINDOW)


def take_message(builder: DecisionBuilder, command: cmd.ReceiveMessage) -> bool:
    """Takes the customer's message if it answers or comments on a rating; returns whether it did.
    Any other message is left to open a conversation.
    """
    rating = open_rating(builder.current)
    if rating is None:
        return False
    context = builder.context
    read = read_message(rating, command.content, context.now, context.rating_opinion)
    if read.meaning not in (MessageMeaning.ANSWER, MessageMeaning.COMMENT):
        return False
    message = inbound_message_id(context.thread, command.external_id)
    if read.meaning is MessageMeaning.COMMENT:
        _emit(builder, RatingCommented(rating.id, message))
    else:
        _emit(builder, RatingAnswered(rating.id, message, read.score, context.now))
    builder.add_effect(
        fx.StoreMessageEffect(
            message,
            Author.CUSTOMER,
            command.content,
            command.sent_at,
            command.external_id,
            command.reply_to,
            version=builder.conversation.version,
        )
    )
    if read.meaning is MessageMeaning.ANSWER:
        _respond(builder, rating)
    return True


def take_reaction(builder: DecisionBuilder, message: MessageId, emoji: str) -> None:
    """A reaction of the customer to the request is an answer if its emoji says a score."""
    rating, now = open_rating(builder.current), builder.context.now
    if rating is None or rating.request != message:
        return
    answer = read_rating(emoji)
    if answer is None or not (rating.awaits_answer(now) or rating.awaits_comment(now)):
        return
    _emit(builder, RatingAnswered(rating.id, None, answer.score, now))
    _respond(builder, rating)


def _emit(builder: DecisionBuilder, event: RatingEvent) -> None:
    """Records the event and stores the rating as it is after it."""
    builder.emit(event)
    c = builder.conversation
    rating = c.rating
    if rating is None or rating.id != event.rating:
        # The conversation keeps its answered rating; the one that was skipped is only a row.
        reason = event.reason if isinstance(event, RatingSkipped) else ""
        rating = ConversationRating(event.rating, RatingStatus.SKIPPED, reason=reason)
    opinion = builder.context.rating_opinion
    cost = opinion.cost if opinion is not None else Decimal(0)
    classify = builder.context.policy.ratings.classify_comments and _has_words(event)
    builder.add_effect(fx.StoreRatingEffect(rating, c.team, c.agent, classify, cost))


def _has_words(event: RatingEvent) -> bool:
    """Whether the customer said more than a score."""
    scored = isinstance(event, RatingAnswered) and event.score is not None
    return isinstance(event, RatingCommented | RatingAnswered) and not scored


def _reason_to_skip(builder: DecisionBuilder) -> str:
    """Returns why the customer must not be asked now, or ``""``."""
    context = builder.context
    if context.policy.suspended:
        return "suspended"
    if context.contact_blocked:
        return "blocked"
    if context.opted_out:
        return "opted_out"
    days, asked_at = context.policy.ratings.ask_again_days, context.rating_requested_at
    if asked_at is not None and context.now < asked_at + timedelta(days=days):
        return "asked_recently"
    return ""


def _postponed(builder: DecisionBuilder, unsent: bool) -> datetime | None:
    """Returns when the request may be sent; ``None`` means now."""
    context, policy = builder.context, builder.context.policy.ratings
    if unsent:
        return context.now + timedelta(seconds=max(policy.after_s, 1.0))
    local = context.now.astimezone(ZoneInfo(context.timezone))
    allowed = policy.next_allowed(local)
    return allowed.astimezone(context.now.tzinfo) if allowed > local else None


def _request(builder: DecisionBuilder, rating: ConversationRating) -> None:
    policy, now = builder.context.policy.ratings, builder.context.now
    text = render_text(builder, policy.request_text).text
    details: dict[str, object] = {"rating": str(rating.id)}
    if policy.form == "list":
        details["choices"] = [f"{emoji} {n}" for n, emoji in enumerate(SCALE, 1)]
    content = MessageContent(MessageKind.TEXT, text, details)
    local = now.astimezone(ZoneInfo(builder.context.timezone))
    until = policy.allowed_until(local).astimezone(now.tzinfo)
    queue_messages(builder, Author.SYSTEM, rating.id, content, send_until=until)
    request = next(
        each.message for each in reversed(builder.events) if isinstance(each, e.MessageQueued)
    )
    _emit(builder, RatingRequested(rating.id, request, now))
    set_timer(builder, TimerName.RATING, now + ANSWER_WINDOW)


def _respond(builder: DecisionBuilder, before: ConversationRating) -> None:
    """Thanks once, and reports a score that has become low."""
    policy, c = builder.context.policy.ratings, builder.conversation
    assert c.rating is not None
    score = c.rating.score
    low, was_low = policy.is_low(score), policy.is_low(before.score)
    if before.answered_at is None or low != was_low:
        text = policy.regret_text if low else policy.thanks_text
        cause = uuid5(before.id, "regret" if low else "thanks")
        queue_messages(builder, Author.SYSTEM, cause, render_text(builder, text))
    if low and not was_low and score is not None:
        builder.emit(LowRatingReported(before.id, score))
        _reopen_for_team(builder, score)


def _reopen_for_team(builder: DecisionBuilder, score: int) -> None:
    team = builder.context.policy.ratings.reopen_team
    if not team:
        return
    builder.emit(e.ConversationReopenedForTeam(team, "low_rating"))
    c = builder.conversation
    note = f"Reaberta por avaliação baixa: {SCALE[score - 1]} ({score} de 5)."
    add_note(builder, uuid5(c.id, f"low_rating:{c.version}"), note)
    builder.add_effect(fx.NotifyTeamQueueEffect(team, waiting=True))
