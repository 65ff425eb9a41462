"""Removes from a webhook's body secrets, pictures and whatever PostgreSQL cannot store."""

import math
from collections.abc import Mapping
from functools import lru_cache

from niochat.adapters.gateways.uazapi.parsing.json_fields import read_object, read_text
from niochat.domain.text_validation import to_storable_text

_DROPPED_FIELDS = frozenset(
    {
        "admintoken",
        "base64data",
        "imagepreview",
        "jpegthumbnail",
        "mediakey",
        "openai_apikey",
        "paircode",
        "pngthumbnail",
        "qrcode",
        "streamingsidecar",
        "token",
        "waveform",
    }
)
_DROPPED_PREFIX = "lead_"
_MAX_DEPTH = 32
_MAX_INTEGER = 2**63 - 1
_MIN_SECRET_LENGTH = 8
"""A shorter token is not replaced inside other strings, because it may be part of a word."""
_MAX_CACHED_NAME_LENGTH = 40
"""The gateway's field names are shorter. Longer names are checked again each time."""


def read_instance_token(body: Mapping[str, object]) -> str:
    """The instance token in a body (Uazapi reference 2.3); ``""`` if it has none."""
    return read_text(body.get("token")) or read_text(read_object(body.get("instance")).get("token"))


def sanitize_payload(body: Mapping[str, object]) -> dict[str, object]:
    """A deep copy that a ``jsonb`` column can store and an operator may read.

    Tokens, keys, QR codes, thumbnails and the gateway's own CRM fields (``lead_*``) are left out,
    and a token inside another string is replaced by ``[token]``. NUL, lone surrogates, non-finite
    or oversized numbers and very deep nesting are removed too: JSON allows them, PostgreSQL or our
    recursion does not.
    """
    tokens = {
        read_text(body.get("token")),
        read_text(read_object(body.get("instance")).get("token")),
    }
    secrets = tuple(secret for secret in tokens if len(secret) >= _MIN_SECRET_LENGTH)
    return _sanitize_object(body, secrets, 0)


def _sanitize_value(value: object, secrets: tuple[str, ...], depth: int) -> object:
    # The most frequent types come first: a webhook has a hundred fields, and sanitizing them is a
    # fifth of the endpoint's work.
    if depth >= _MAX_DEPTH:
        return None
    if isinstance(value, str):
        return _sanitize_string(value, secrets)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) <= _MAX_INTEGER else None
    if isinstance(value, dict):
        return _sanitize_object(value, secrets, depth)
    if isinstance(value, list):
        return [_sanitize_value(item, secrets, depth + 1) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return None


def _sanitize_object(
    source: Mapping[str, object], secrets: tuple[str, ...], depth: int
) -> dict[str, object]:
    sanitized: dict[str, object] = {}
    for name, value in source.items():
        stored_name = (
            _cached_stored_name(name)
            if len(name) <= _MAX_CACHED_NAME_LENGTH
            else _stored_name(name)
        )
        if stored_name is not None:
            sanitized[_redact(stored_name, secrets)] = _sanitize_value(value, secrets, depth + 1)
    return sanitized


def _stored_name(name: str) -> str | None:
    """The name as it is stored; ``None`` if the field is left out."""
    lower = name.lower()
    if lower in _DROPPED_FIELDS or lower.startswith(_DROPPED_PREFIX):
        return None
    return to_storable_text(name)


_cached_stored_name = lru_cache(maxsize=2048)(_stored_name)


def _sanitize_string(text: str, secrets: tuple[str, ...]) -> str:
    return _redact(to_storable_text(text), secrets)


def _redact(text: str, secrets: tuple[str, ...]) -> str:
    for secret in secrets:
        if secret in text:
            text = text.replace(secret, "[token]")
    return text
