"""Opens the two envelopes of a webhook into the same parts.

Current builds send a flat envelope. The gateway's own API document describes, and some old builds
send, ``{event, instance, data}`` (Uazapi reference 2.3).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from niochat.adapters.gateways.uazapi.parsing.json_fields import read_object
from niochat.adapters.gateways.uazapi.parsing.payload_sanitizer import (
    sanitize_payload,
)
from niochat.domain.errors import InvalidInputError
from niochat.domain.text_validation import to_storable_text

_ALIASES = {"message": "messages", "message_update": "messages_update"}


@dataclass(frozen=True, slots=True)
class WebhookEnvelope:
    """The parts of one body. ``raw`` is its sanitized form, and all other parts are read from it.

    So no secret and nothing that the database would refuse can reach a command.
    """

    event_type: str
    message: Mapping[str, object]
    chat: Mapping[str, object]
    event: Mapping[str, object]
    instance: Mapping[str, object]
    raw: Mapping[str, object]
    received_at: datetime


def open_envelope(body: Mapping[str, object], received_at: datetime) -> WebhookEnvelope:
    """Open either envelope; missing parts are empty.

    Raises ``InvalidInputError`` if the body does not name its event.
    """
    event_type = _event_type(body)
    raw = sanitize_payload(body)
    data = read_object(raw.get("data"))
    return WebhookEnvelope(
        event_type,
        message=read_object(raw.get("message")) or read_object(data.get("message")) or data,
        chat=read_object(raw.get("chat")) or read_object(data.get("chat")),
        event=read_object(raw.get("event")) or read_object(data.get("event")),
        instance=read_object(raw.get("instance")) or read_object(data.get("instance")) or data,
        raw=raw,
        received_at=received_at,
    )


def _event_type(body: Mapping[str, object]) -> str:
    if not isinstance(body, Mapping):
        raise InvalidInputError("not a webhook of Uazapi: the body must be a JSON object")
    # In the flat envelope ``event`` is an object: the details of a receipt.
    for name in ("EventType", "event"):
        value = body.get(name)
        if isinstance(value, str) and (event_type := to_storable_text(value).strip().lower()):
            return _ALIASES.get(event_type, event_type)
    raise InvalidInputError("not a webhook of Uazapi: neither EventType nor event names an event")
