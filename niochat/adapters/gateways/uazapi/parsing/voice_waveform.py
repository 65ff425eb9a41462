"""The loudness of a voice note, as the sender's phone states it."""

import base64
import binascii
from collections.abc import Mapping

from niochat.adapters.gateways.uazapi.parsing.json_fields import read_text

MAX_VALUES, MAX_CHARS = 64, 88


def parse_waveform(content: Mapping[str, object]) -> list[int] | None:
    """Return up to 64 values from 0 to 100; ``None`` if there are none or they are invalid."""
    text = read_text(content.get("waveform"))
    if not text or len(text) > MAX_CHARS:
        return None
    try:
        values = list(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return None
    return values if 0 < len(values) <= MAX_VALUES and max(values) <= 100 else None
