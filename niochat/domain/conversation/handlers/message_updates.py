"""News of a message that is known: how far it got, edits, deletions, reactions."""

from dataclasses import replace
from datetime import datetime, timedelta

from niochat.domain.conversation import effects as fx
from niochat.domain.conversation import events as e
from niochat.domain.conversation.decision import DecisionBuilder, StoredMessage
from niochat.domain.conversation.state import ConversationStatus
from niochat.domain.message import Author, DeliveryStatus, is_status_advance

EDIT_WINDOW = timedelta(minutes=16)
"""WhatsApp takes edits for a quarter of an hour; some seconds more are on their way."""


def apply_or_store_update(draft: DecisionBuilder, target: str, kind: str, value: str) -> None:
    """News of a message that is not known yet is kept until it comes."""
    known = draft.context.messages.get(target)
    if known is None:
        draft.add_effect(fx.StoreUnmatchedUpdate(target, kind, value))
    else:
        apply_update(draft, known, kind, value)


def apply_stored_updates(draft: DecisionBuilder, external_id: str, known: StoredMessage) -> None:
    """The message came: what was kept for it is applied, in the order it arrived."""
    for news in draft.context.unmatched.get(external_id, ()):
        known = apply_update(draft, known, news.kind, news.value)


def advance_status(
    draft: DecisionBuilder,
    known: StoredMessage,
    status: DeliveryStatus,
    code: str = "",
    external_id: str | None = None,
) -> StoredMessage:
    """How far a message got, forward only; the message as it is known from now on."""
    forward = is_status_advance(known.status, status)
    if forward and known.in_current_conversation and draft.current is not None:
        draft.emit(e.MessageStatusChanged(known.id, status, code))
    if forward or external_id is not None:
        new = status if forward else None
        draft.add_effect(fx.UpdateMessage(known.id, new, external_id, code=code or None))
    return replace(known, status=status) if forward else known


def apply_update(
    draft: DecisionBuilder, known: StoredMessage, kind: str, value: str
) -> StoredMessage:
    """What happened to a known message; the message as it is known from now on."""
    live = known.in_current_conversation and draft.current is not None
    match kind:
        case "receipt":
            if known.author is not Author.CUSTOMER:
                return advance_status(draft, known, DeliveryStatus(value))
        case "edit":
            return _edit(draft, known, value)
        case "deletion":
            if live and not known.deleted:
                draft.emit(e.MessageDeleted(known.id))
            draft.add_effect(fx.UpdateMessage(known.id, deleted=True))
            return replace(known, deleted=True)
        case "reaction":
            who, _, emoji = value.partition(":")
            if live:
                draft.emit(e.MessageReacted(known.id, by_provider=who == "provider"))
            draft.add_effect(fx.UpdateMessage(known.id, reaction=(who, emoji)))
        case _:
            raise ValueError(f"unknown news of a message: {kind}")
    return known


def format_edit(at: datetime | None, text: str) -> str:
    """An edit as it is kept: its own time, where it has one, and the new text."""
    return text if at is None else f"{at.isoformat()} {text}"


def _parse_edit(value: str) -> tuple[datetime | None, str]:
    said, _, text = value.partition(" ")
    try:
        at = datetime.fromisoformat(said)
    except ValueError:
        return None, value
    return (at, text) if at.tzinfo is not None else (None, value)


def _edit(draft: DecisionBuilder, known: StoredMessage, value: str) -> StoredMessage:
    """The newest one counts, by the time at which it was made; an older one came too late."""
    said_at, text = _parse_edit(value)
    at = said_at or draft.context.now
    if known.edited_at is not None and at < known.edited_at:
        return known
    if known.in_current_conversation and draft.current is not None:
        draft.emit(e.MessageEdited(known.id, again=_needs_another_answer(draft, known, at)))
    draft.add_effect(fx.UpdateMessage(known.id, text=text, at=at))
    return replace(known, edited_at=at)


def _needs_another_answer(draft: DecisionBuilder, known: StoredMessage, at: datetime) -> bool:
    """What was answered, or is being answered, says something else now."""
    c = draft.conversation
    return (
        known.author is Author.CUSTOMER
        and not known.deleted
        and c.status is not ConversationStatus.RESOLVED
        and known.id not in c.asked
        and known.sent_at is not None
        and at - known.sent_at <= EDIT_WINDOW
    )
