"""News of a message that is known: how far it got, edits, deletions, reactions."""

from dataclasses import replace
from datetime import datetime, timedelta

from niochat.domain import effects as fx
from niochat.domain import events as e
from niochat.domain.conversation import Status
from niochat.domain.draft import Draft, KnownMessage
from niochat.domain.message import Author, DeliveryStatus, advances

EDITABLE_FOR = timedelta(minutes=16)
"""WhatsApp takes edits for a quarter of an hour; some seconds more are on their way."""


def apply_or_keep(draft: Draft, target: str, kind: str, value: str) -> None:
    """News of a message that is not known yet is kept until it comes."""
    known = draft.context.messages.get(target)
    if known is None:
        draft.also(fx.KeepUnmatched(target, kind, value))
    else:
        apply_news(draft, known, kind, value)


def apply_unmatched(draft: Draft, external_id: str, known: KnownMessage) -> None:
    """The message came: what was kept for it is applied, in the order it arrived."""
    for news in draft.context.unmatched.get(external_id, ()):
        known = apply_news(draft, known, news.kind, news.value)


def set_status(
    draft: Draft,
    known: KnownMessage,
    status: DeliveryStatus,
    code: str = "",
    external_id: str | None = None,
) -> KnownMessage:
    """How far a message got, forward only; the message as it is known from now on."""
    forward = advances(known.status, status)
    if forward and known.live and draft.live is not None:
        draft.emit(e.MessageStatusChanged(known.id, status, code))
    if forward or external_id is not None:
        new = status if forward else None
        draft.also(fx.ChangeMessage(known.id, new, external_id, code=code or None))
    return replace(known, status=status) if forward else known


def apply_news(draft: Draft, known: KnownMessage, kind: str, value: str) -> KnownMessage:
    """What happened to a known message; the message as it is known from now on."""
    live = known.live and draft.live is not None
    match kind:
        case "receipt":
            if known.author is not Author.CUSTOMER:
                return set_status(draft, known, DeliveryStatus(value))
        case "edit":
            return _edit(draft, known, value)
        case "deletion":
            if live and not known.deleted:
                draft.emit(e.MessageDeleted(known.id))
            draft.also(fx.ChangeMessage(known.id, deleted=True))
            return replace(known, deleted=True)
        case "reaction":
            who, _, emoji = value.partition(":")
            if live:
                draft.emit(e.MessageReacted(known.id, by_provider=who == "provider"))
            draft.also(fx.ChangeMessage(known.id, reaction=(who, emoji)))
        case _:
            raise ValueError(f"unknown news of a message: {kind}")
    return known


def edit_value(at: datetime | None, text: str) -> str:
    """An edit as it is kept: its own time, where it has one, and the new text."""
    return text if at is None else f"{at.isoformat()} {text}"


def _edit_of(value: str) -> tuple[datetime | None, str]:
    said, _, text = value.partition(" ")
    try:
        at = datetime.fromisoformat(said)
    except ValueError:
        return None, value
    return (at, text) if at.tzinfo is not None else (None, value)


def _edit(draft: Draft, known: KnownMessage, value: str) -> KnownMessage:
    """The newest one counts, by the time at which it was made; an older one came too late."""
    said_at, text = _edit_of(value)
    at = said_at or draft.context.now
    if known.edited_at is not None and at < known.edited_at:
        return known
    if known.live and draft.live is not None:
        draft.emit(e.MessageEdited(known.id, again=_asks_again(draft, known, at)))
    draft.also(fx.ChangeMessage(known.id, text=text, at=at))
    return replace(known, edited_at=at)


def _asks_again(draft: Draft, known: KnownMessage, at: datetime) -> bool:
    """What was answered, or is being answered, says something else now."""
    c = draft.conversation
    return (
        known.author is Author.CUSTOMER
        and not known.deleted
        and c.status is not Status.RESOLVED
        and known.id not in c.asked
        and known.sent_at is not None
        and at - known.sent_at <= EDITABLE_FOR
    )
