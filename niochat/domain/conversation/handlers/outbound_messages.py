"""Queues messages to the customer and stores internal notes."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from niochat.domain.conversation import commands as cmd
from niochat.domain.conversation import effects as fx
from niochat.domain.conversation import events as e
from niochat.domain.conversation.decision import DecisionBuilder
from niochat.domain.ids import (
    ConversationId,
    MessageId,
    agent_action_cause,
    note_id,
    outbound_message_id,
    outbox_id,
)
from niochat.domain.message import Author, DeliveryStatus, MessageContent, MessageKind


def queue_messages(
    builder: DecisionBuilder,
    author: Author,
    cause: UUID,
    *contents: MessageContent,
    reply_to: str | None = None,
    send_until: datetime | None = None,
) -> None:
    """Queues ``contents`` in this order. ``reply_to`` is the gateway's id of the quoted message.
    A message with ``send_until`` is one that the provider begins: it never leaves after that time,
    or after the customer's opt-out.

    The ids derive from ``cause``, so queueing twice for one cause stores the messages once.
    """
    for ordinal, content in enumerate(contents):
        message = outbound_message_id(cause, ordinal)
        _store(builder, author, message, content, reply_to)
        builder.add_effect(
            fx.QueueSendEffect(outbox_id(message), message, author, content, send_until)
        )


def _store(
    builder: DecisionBuilder,
    author: Author,
    message: MessageId,
    content: MessageContent,
    reply_to: str | None,
) -> None:
    builder.emit(e.MessageQueued(message, outbox_id(message), author))
    builder.add_effect(
        fx.StoreMessageEffect(
            message,
            author,
            content,
            sent_at=builder.context.now,
            reply_to=reply_to,
            status=DeliveryStatus.QUEUED,
            version=builder.conversation.version,
        )
    )


def add_note(
    builder: DecisionBuilder,
    cause: UUID,
    note: str,
    author: Author = Author.SYSTEM,
    details: Mapping[str, object] | None = None,
) -> None:
    """Stores an internal note with the conversation; it is never sent. A note without text and
    file is ignored.
    """
    file = str((details or {}).get("attachment", ""))
    if not note and not file:
        return
    message = note_id(cause)
    builder.emit(e.NoteAdded(message))
    builder.add_effect(
        fx.StoreMessageEffect(
            message,
            author,
            MessageContent(MessageKind.NOTE, note, details or {}),
            sent_at=builder.context.now,
            version=builder.conversation.version,
        )
    )
    if file:
        builder.add_effect(fx.KeepNoteFileEffect(UUID(file), message))


def command_message_id(
    command: cmd.DurableCommand, conversation: ConversationId, cause: str
) -> MessageId | None:
    """Returns the id of the message that an agent's command adds to the conversation if it is
    executed there; ``None`` if the command adds none. ``cause`` names the command.
    """
    match command:
        case cmd.ReplyToCustomer() | cmd.StartConversation():
            return outbound_message_id(agent_action_cause(conversation, cause), 0)
        case cmd.AddNote():
            return note_id(agent_action_cause(conversation, cause))
        case _:
            return None


def render_text(builder: DecisionBuilder, text: str) -> MessageContent:
    """Returns the tenant's text with ``{protocol}`` replaced by the protocol number."""
    return MessageContent(
        MessageKind.TEXT, text.replace("{protocol}", builder.conversation.protocol)
    )
