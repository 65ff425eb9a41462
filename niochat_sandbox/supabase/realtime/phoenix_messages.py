"""The messages of a Phoenix socket, in both versions of their JSON form."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

OBJECTS = "1.0.0"
"""An object for each message: what the Python client speaks."""
ARRAYS = "2.0.0"
"""``[join_ref, ref, topic, event, payload]``: what the JavaScript client speaks."""


@dataclass(frozen=True)
class PhoenixMessage:
    """One message. A push of the server has no ``ref``."""

    topic: str
    event: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    ref: str | None = None
    join_ref: str | None = None


def decode_message(frame: str | bytes, version: str) -> PhoenixMessage | None:
    """The message of a frame; None if the frame is none."""
    try:
        data = orjson.loads(frame)
    except orjson.JSONDecodeError:
        return None
    if version == ARRAYS:
        if not isinstance(data, list) or len(data) != 5:
            return None
        join_ref, ref, topic, event, payload = data
    elif isinstance(data, dict):
        join_ref, ref = data.get("join_ref"), data.get("ref")
        topic, event, payload = data.get("topic"), data.get("event"), data.get("payload")
    else:
        return None
    if not isinstance(topic, str) or not isinstance(event, str) or not isinstance(payload, dict):
        return None
    return PhoenixMessage(topic, event, payload, _as_reference(ref), _as_reference(join_ref))


def encode_message(message: PhoenixMessage, version: str) -> str:
    """The frame of a message. Version 1 has no ``join_ref`` in what the server sends."""
    data: Any = {
        "topic": message.topic,
        "event": message.event,
        "payload": message.payload,
        "ref": message.ref,
    }
    if version == ARRAYS:
        data = [message.join_ref, message.ref, message.topic, message.event, message.payload]
    return orjson.dumps(data).decode()


def _as_reference(value: Any) -> str | None:
    return None if value is None else str(value)
