"""What leaves for the customer, and what is only for the provider's people."""

from collections.abc import Mapping
from uuid import UUID

from niochat.domain.conversation import effects as fx
from niochat.domain.conversation import events as e
from niochat.domain.conversation.decision import DecisionBuilder
from niochat.domain.ids import MessageId, note_id, outbound_message_id, outbox_id
from niochat.domain.message import Author, DeliveryStatus, MessageContent, MessageKind


def queue_messages(
    draft: DecisionBuilder,
    author: Author,
    cause: UUID,
    *contents: MessageContent,
    reply_to: str | None = None,
) -> None:
    """Said in this order; ids are derived from ``cause``, which says only once. ``reply_to`` is
    the gateway's id of the message that they quote.
    """
    for ordinal, content in enumerate(contents):
        _queue(draft, author, outbound_message_id(cause, ordinal), content, reply_to)


def _queue(
    draft: DecisionBuilder,
    author: Author,
    message: MessageId,
    content: MessageContent,
    reply_to: str | None,
) -> None:
    outbox = outbox_id(message)
    draft.emit(e.MessageQueued(message, outbox, author))
    draft.add_effect(
        fx.StoreMessage(
            message,
            author,
            content,
            sent_at=draft.context.now,
            reply_to=reply_to,
            status=DeliveryStatus.QUEUED,
            version=draft.conversation.version,
        )
    )
    draft.add_effect(fx.QueueSend(outbox, message, author, content))


def add_note(
    draft: DecisionBuilder,
    cause: UUID,
    note: str,
    author: Author = Author.SYSTEM,
    details: Mapping[str, object] | None = None,
) -> None:
    """For people of the provider: it is stored with the conversation and never sent."""
    if not note:
        return
    message = note_id(cause)
    draft.emit(e.NoteAdded(message))
    draft.add_effect(
        fx.StoreMessage(
            message,
            author,
            MessageContent(MessageKind.NOTE, note, details or {}),
            sent_at=draft.context.now,
            version=draft.conversation.version,
        )
    )


def render_text(draft: DecisionBuilder, text: str) -> MessageContent:
    """A tenant's sentence with the protocol number in it."""
    return MessageContent(MessageKind.TEXT, text.replace("{protocol}", draft.conversation.protocol))
