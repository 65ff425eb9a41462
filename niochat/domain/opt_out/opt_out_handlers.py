"""Takes a customer's request for no more messages, in the step of the message that asks for it."""

from datetime import datetime
from uuid import uuid5

from niochat.domain.conversation import commands as cmd
from niochat.domain.conversation import effects as fx
from niochat.domain.conversation.decision import DecisionBuilder
from niochat.domain.conversation.handlers.outbound_messages import queue_messages, render_text
from niochat.domain.conversation.handlers.transitions import close_conversation
from niochat.domain.conversation.state import ConversationState, ConversationStatus
from niochat.domain.follow_up.follow_up_handlers import end_follow_up
from niochat.domain.ids import MessageId, inbound_message_id
from niochat.domain.message import Author, MessageContent, MessageKind
from niochat.domain.opt_out.opt_out_events import ContactOptedOut
from niochat.domain.opt_out.opt_out_message import OptOutWording, read_opt_out
from niochat.domain.rating.rating_handlers import end_rating


def begun_message_answered(c: ConversationState | None, now: datetime) -> str:
    """Returns which message that the provider began a message at ``now`` answers: follow_up, rating
    or conversation; ``""`` if it answers none.
    """
    if c is None:
        return ""
    if c.follow_up is not None and c.follow_up.awaits_answer(now):
        return "follow_up"
    if c.status is ConversationStatus.RESOLVED:
        return "rating" if c.rating is not None and c.rating.awaits_answer(now) else ""
    return "" if c.first_heard_at is not None else "conversation"


def read_request(
    c: ConversationState | None, content: MessageContent, now: datetime
) -> OptOutWording | None:
    """Returns how a message at ``now`` asks for no more messages; ``None`` if it does not, or does
    not answer a message that the provider began.
    """
    if content.kind not in (MessageKind.TEXT, MessageKind.CHOICE):
        return None
    return read_opt_out(content.text) if begun_message_answered(c, now) else None


def take_opt_out(builder: DecisionBuilder, command: cmd.ReceiveMessage) -> bool:
    """Records the opt-out if the message asks for one; returns whether the message is taken: it
    says nothing else, and no person holds the conversation. What else a message to a resolved
    conversation says opens another one, so its opt-out is a ``RecordOptOut`` of its own.
    """
    c = builder.current
    wording = read_request(c, command.content, builder.context.now)
    if c is None or wording is None:
        return False
    if wording is OptOutWording.PART and c.status is ConversationStatus.RESOLVED:
        return False
    message = inbound_message_id(builder.context.thread, command.external_id)
    taken = wording is OptOutWording.WHOLE and c.status in (
        ConversationStatus.PENDING,
        ConversationStatus.RESOLVED,
    )
    if taken and c.status is ConversationStatus.PENDING:
        # Nothing is left to say: no reminder, and no words about the end.
        close_conversation(builder, "inactivity", uuid5(message, "closed"))
    record_opt_out(builder, message)
    if taken:
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
        end_rating(builder, "opted_out")
        end_follow_up(builder, "opted_out")
    return taken


def record_opt_out(builder: DecisionBuilder, message: MessageId) -> None:
    """Records that the customer's ``message`` asks for no more messages, and confirms it."""
    c = builder.conversation
    answered = begun_message_answered(c, builder.context.now) or "conversation"
    builder.emit(ContactOptedOut(message, answered))
    builder.add_effect(fx.OptOutEffect(c.id, answered))
    if builder.context.contact_blocked:
        return
    text = builder.context.policy.follow_ups.opt_out_text
    queue_messages(builder, Author.SYSTEM, uuid5(message, "opted_out"), render_text(builder, text))
