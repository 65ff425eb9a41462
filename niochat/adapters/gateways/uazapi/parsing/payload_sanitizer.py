"""What may be stored of a webhook's body: no secrets, no pictures, nothing PostgreSQL refuses."""

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
"""A shorter token is not blanked inside other strings: it would tear words apart."""
_MAX_CACHED_NAME_LENGTH = 40
"""Names of the gateway's fields are shorter; longer ones are looked at each time."""


def read_instance_token(body: Mapping[str, object]) -> str:
    """The instance token a body claims (Uazapi reference 2.3), ``""`` if it claims none."""
    return read_text(body.get("token")) or read_text(read_object(body.get("instance")).get("token"))


def sanitize_payload(body: Mapping[str, object]) -> dict[str, object]:
    """A deep copy fit for a ``jsonb`` column and for the eyes of an operator.

    Tokens, keys, QR codes, thumbnails and the gateway's own CRM fields (``lead_*``) are left
    out; a token that is repeated inside another string is blanked. NUL and lone surrogates,
    non-finite and oversized numbers and absurdly deep nesting, which JSON allows and
    PostgreSQL or our own recursion does not, are taken out.
    """
    claimed = {
        read_text(body.get("token")),
        read_text(read_object(body.get("instance")).get("token")),
    }
    secrets = tuple(secret for secret in claimed if len(secret) >= _MIN_SECRET_LENGTH)
    return _sanitize_object(body, secrets, 0)


def _sanitize_value(value: object, secrets: tuple[str, ...], depth: int) -> object:
    # Most frequent first: a webhook has a hundred fields, and this is a fifth of the door's work.
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
    kept: dict[str, object] = {}
    for name, value in source.items():
        known = _known_name(name) if len(name) <= _MAX_CACHED_NAME_LENGTH else _kept_name(name)
        if known is not None:
            kept[_blanked(known, secrets)] = _sanitize_value(value, secrets, depth + 1)
    return kept


def _kept_name(name: str) -> str | None:
    """The name as it is stored; ``None``: the field is left out."""
    lower = name.lower()
    if lower in _DROPPED_FIELDS or lower.startswith(_DROPPED_PREFIX):
        return None
    return to_storable_text(name)


_known_name = lru_cache(maxsize=2048)(_kept_name)


def _sanitize_string(text: str, secrets: tuple[str, ...]) -> str:
    return _blanked(to_storable_text(text), secrets)


def _blanked(text: str, secrets: tuple[str, ...]) -> str:
    for secret in secrets:
        if secret in text:
            text = text.replace(secret, "[token]")
    return text
