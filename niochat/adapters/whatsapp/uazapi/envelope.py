"""The two envelopes of a webhook, opened to the same parts.

The real one is flat; ``{event, instance, data}`` is what the gateway's own API document says
and what some old builds send (Uazapi reference 2.3).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from niochat.adapters.whatsapp.uazapi.fields import object_of
from niochat.adapters.whatsapp.uazapi.stored import storable, stored_form
from niochat.domain.errors import InvalidInputError

_ALIASES = {"message": "messages", "message_update": "messages_update"}


@dataclass(frozen=True, slots=True)
class Envelope:
    """One body, opened. ``raw`` is its stored form, and every other part is read from it.

    So nothing that the database would refuse, and no secret, can reach a command.
    """

    event_type: str
    message: Mapping[str, object]
    chat: Mapping[str, object]
    event: Mapping[str, object]
    instance: Mapping[str, object]
    raw: Mapping[str, object]
    received_at: datetime


def opened(body: Mapping[str, object], received_at: datetime) -> Envelope:
    """Open either envelope; missing parts are empty.

    Raises ``InvalidInputError`` when the body says nowhere what event it is.
    """
    event_type = _event_type(body)
    raw = stored_form(body)
    data = object_of(raw.get("data"))
    return Envelope(
        event_type,
        message=object_of(raw.get("message")) or object_of(data.get("message")) or data,
        chat=object_of(raw.get("chat")) or object_of(data.get("chat")),
        event=object_of(raw.get("event")) or object_of(data.get("event")),
        instance=object_of(raw.get("instance")) or object_of(data.get("instance")) or data,
        raw=raw,
        received_at=received_at,
    )


def _event_type(body: Mapping[str, object]) -> str:
    if not isinstance(body, Mapping):
        raise InvalidInputError("not a webhook of Uazapi: the body must be a JSON object")
    # In the flat envelope ``event`` is an object: the details of a receipt.
    for name in ("EventType", "event"):
        value = body.get(name)
        if isinstance(value, str) and (event_type := storable(value).strip().lower()):
            return _ALIASES.get(event_type, event_type)
    raise InvalidInputError("not a webhook of Uazapi: neither EventType nor event names an event")
