"""Updates of stored messages: receipts, edits, deletions and reactions."""

from dataclasses import replace
from datetime import datetime, timedelta

from niochat.domain.conversation import effects as fx
from niochat.domain.conversation import events as e
from niochat.domain.conversation.decision import DecisionBuilder, StoredMessage
from niochat.domain.conversation.state import ConversationStatus
from niochat.domain.message import Author, DeliveryStatus, is_status_advance

EDIT_WINDOW = timedelta(minutes=16)
"""WhatsApp accepts edits for 15 minutes; one more minute allows for their transport."""


def apply_or_store_update(builder: DecisionBuilder, target: str, kind: str, value: str) -> None:
    """Applies an update, or stores it until its message arrives."""
    stored = builder.context.messages.get(target)
    if stored is None:
        builder.add_effect(fx.StoreUnmatchedUpdateEffect(target, kind, value))
    else:
        apply_update(builder, stored, kind, value)


def apply_stored_updates(builder: DecisionBuilder, external_id: str, stored: StoredMessage) -> None:
    """Applies the updates that were stored before the message arrived, in order of arrival."""
    for update in builder.context.unmatched.get(external_id, ()):
        stored = apply_update(builder, stored, update.kind, update.value)


def advance_status(
    builder: DecisionBuilder,
    stored: StoredMessage,
    status: DeliveryStatus,
    code: str = "",
    external_id: str | None = None,
) -> StoredMessage:
    """Moves a message's delivery status forward, never back; returns the updated message."""
    forward = is_status_advance(stored.status, status)
    if forward and stored.in_current_conversation and builder.current is not None:
        builder.emit(e.MessageStatusChanged(stored.id, status, code))
    if forward or external_id is not None:
        new = status if forward else None
        builder.add_effect(fx.UpdateMessageEffect(stored.id, new, external_id, code=code or None))
    return replace(stored, status=status) if forward else stored


def apply_update(
    builder: DecisionBuilder, stored: StoredMessage, kind: str, value: str
) -> StoredMessage:
    """Applies an update to a stored message; returns the updated message."""
    in_conversation = stored.in_current_conversation and builder.current is not None
    match kind:
        case "receipt":
            if stored.author is not Author.CUSTOMER:
                return advance_status(builder, stored, DeliveryStatus(value))
        case "edit":
            return _edit(builder, stored, value)
        case "deletion":
            if in_conversation and not stored.deleted:
                builder.emit(e.MessageDeleted(stored.id))
            builder.add_effect(fx.UpdateMessageEffect(stored.id, deleted=True))
            return replace(stored, deleted=True)
        case "reaction":
            side, _, emoji = value.partition(":")
            if in_conversation:
                builder.emit(e.MessageReacted(stored.id, by_provider=side == "provider"))
            builder.add_effect(fx.UpdateMessageEffect(stored.id, reaction=(side, emoji)))
        case _:
            raise ValueError(f"unknown kind of message update: {kind}")
    return stored


def format_edit(at: datetime | None, text: str) -> str:
    """Formats an edit for storage: its time, if known, and the new text."""
    return text if at is None else f"{at.isoformat()} {text}"


def _parse_edit(value: str) -> tuple[datetime | None, str]:
    time, _, text = value.partition(" ")
    try:
        at = datetime.fromisoformat(time)
    except ValueError:
        return None, value
    return (at, text) if at.tzinfo is not None else (None, value)


def _edit(builder: DecisionBuilder, stored: StoredMessage, value: str) -> StoredMessage:
    """Applies an edit unless one with a later time was applied before."""
    edited_at, text = _parse_edit(value)
    at = edited_at or builder.context.now
    if stored.edited_at is not None and at < stored.edited_at:
        return stored
    version = None
    if stored.in_current_conversation and builder.current is not None:
        builder.emit(e.MessageEdited(stored.id, again=_needs_another_answer(builder, stored, at)))
        version = builder.conversation.version
    builder.add_effect(fx.UpdateMessageEffect(stored.id, text=text, at=at, version=version))
    return replace(stored, edited_at=at)


def _needs_another_answer(builder: DecisionBuilder, stored: StoredMessage, at: datetime) -> bool:
    """Whether the edited message was answered, or is being answered, and so needs an answer to its
    new text.
    """
    c = builder.conversation
    return (
        stored.author is Author.CUSTOMER
        and not stored.deleted
        and c.status is not ConversationStatus.RESOLVED
        and stored.id not in c.asked
        and stored.sent_at is not None
        and at - stored.sent_at <= EDIT_WINDOW
    )
