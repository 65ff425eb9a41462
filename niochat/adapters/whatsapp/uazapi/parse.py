"""Uazapi's webhooks, read into the words of our domain. Pure and total.

Source: Uazapi reference 2.3 (envelope and shapes) and 2.5 (identity).
"""

from collections.abc import Mapping
from datetime import datetime

from niochat.adapters.whatsapp.uazapi.envelope import Envelope, opened
from niochat.adapters.whatsapp.uazapi.fields import text_of
from niochat.adapters.whatsapp.uazapi.messages import meaning_of_message
from niochat.adapters.whatsapp.uazapi.receipts import meaning_of_update
from niochat.adapters.whatsapp.uazapi.stored import token_of
from niochat.domain.incoming import (
    ChannelConnectionChanged,
    IgnoredEvent,
    InboundEvent,
    ParsedWebhook,
)

_OF_NO_CONCERN = frozenset(
    {
        "blocks",
        "call",
        "chat_labels",
        "chats",
        "contacts",
        "groups",
        "history",
        "labels",
        "leads",
        "newsletter_messages",
        "presence",
        "sender",
    }
)
"""``history`` is the bulk replay after a connect: it must never wake the assistant."""


def parse(body: Mapping[str, object], received_at: datetime) -> ParsedWebhook:
    """What ``body`` means to us.

    ``received_at`` (aware) is the time of what carries no believable time of its own.
    Any JSON object has a meaning, at worst ``IgnoredEvent`` with a reason: odd types inside count
    as absent. Raises ``InvalidInputError`` only where nothing names an event.
    """
    envelope = opened(body, received_at)
    return ParsedWebhook(token_of(body), _meaning(envelope))


def _meaning(envelope: Envelope) -> InboundEvent | ChannelConnectionChanged | IgnoredEvent:
    match envelope.event_type:
        case "messages":
            return meaning_of_message(envelope)
        case "messages_update":
            return meaning_of_update(envelope)
        case "connection":
            return _connection(envelope)
        case other:
            return IgnoredEvent(other if other in _OF_NO_CONCERN else "unknown_event")


def _connection(envelope: Envelope) -> ChannelConnectionChanged | IgnoredEvent:
    """The session's new state; why it ended is kept for the operator."""
    kind = text_of(envelope.raw.get("type"))
    status = text_of(envelope.instance.get("status")).strip().lower()
    if not status and kind.lower() == "loggedout":
        status = "disconnected"
    if not status:
        return IgnoredEvent("no_status")
    if status == "connected":
        # The instance still remembers why it was away before; that is no reason now.
        return ChannelConnectionChanged(status)
    return ChannelConnectionChanged(
        status, text_of(envelope.instance.get("lastDisconnectReason")) or kind
    )
