"""News of a message that is known: how far it got, edits, deletions, reactions."""

from dataclasses import replace

from niochat.domain import effects as fx
from niochat.domain import events as e
from niochat.domain.draft import Draft, KnownMessage
from niochat.domain.message import Author, DeliveryStatus, advances


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
            if live:
                draft.emit(e.MessageEdited(known.id))
            draft.also(fx.ChangeMessage(known.id, text=value))
        case "deletion":
            if live:
                draft.emit(e.MessageDeleted(known.id))
            draft.also(fx.ChangeMessage(known.id, deleted=True))
        case "reaction":
            who, _, emoji = value.partition(":")
            if live:
                draft.emit(e.MessageReacted(known.id, by_provider=who == "provider"))
            draft.also(fx.ChangeMessage(known.id, reaction=(who, emoji)))
        case _:
            raise ValueError(f"unknown news of a message: {kind}")
    return known
