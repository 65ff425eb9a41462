"""Parses Uazapi webhooks into events of the port, without side effects.

Source: Uazapi reference 2.3 (envelope and shapes) and 2.5 (identity).
"""

from collections.abc import Mapping
from datetime import datetime

from niochat.adapters.gateways.uazapi.parsing.json_fields import read_text
from niochat.adapters.gateways.uazapi.parsing.message_parser import parse_message_event
from niochat.adapters.gateways.uazapi.parsing.payload_sanitizer import read_instance_token
from niochat.adapters.gateways.uazapi.parsing.receipt_parser import parse_receipt_event
from niochat.adapters.gateways.uazapi.parsing.webhook_envelope import WebhookEnvelope, open_envelope
from niochat.ports.gateway_events import (
    ChannelConnectionChanged,
    IgnoredEvent,
    InboundEvent,
    ParsedWebhook,
)

_IGNORED_EVENTS = frozenset(
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
"""``history`` is the bulk replay after a connect, which must never start the assistant."""


def parse_webhook(body: Mapping[str, object], received_at: datetime) -> ParsedWebhook:
    """Parse the body of a webhook.

    ``received_at`` (aware) is the time of an event without a plausible time of its own. Values of
    unexpected types count as absent, and an event of no use becomes ``IgnoredEvent`` with a reason.
    Raises ``InvalidInputError`` only if the body does not name its event.
    """
    envelope = open_envelope(body, received_at)
    return ParsedWebhook(read_instance_token(body), _parse_event(envelope))


def _parse_event(
    envelope: WebhookEnvelope,
) -> InboundEvent | ChannelConnectionChanged | IgnoredEvent:
    match envelope.event_type:
        case "messages":
            return parse_message_event(envelope)
        case "messages_update":
            return parse_receipt_event(envelope)
        case "connection":
            return _parse_connection(envelope)
        case other:
            return IgnoredEvent(other if other in _IGNORED_EVENTS else "unknown_event")


def _parse_connection(envelope: WebhookEnvelope) -> ChannelConnectionChanged | IgnoredEvent:
    """The new state of the session, and for operators the reason why it ended."""
    kind = read_text(envelope.raw.get("type"))
    status = read_text(envelope.instance.get("status")).strip().lower()
    if not status and kind.lower() == "loggedout":
        status = "disconnected"
    if not status:
        return IgnoredEvent("no_status")
    if status == "connected":
        # The instance still has the reason of its last disconnect, which no longer applies.
        return ChannelConnectionChanged(status)
    return ChannelConnectionChanged(
        status, read_text(envelope.instance.get("lastDisconnectReason")) or kind
    )
