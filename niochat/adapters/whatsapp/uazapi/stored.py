"""What may be stored of a webhook's body: no secrets, no pictures, nothing PostgreSQL refuses."""

import math
from collections.abc import Mapping

from niochat.adapters.whatsapp.uazapi.fields import object_of, text_of

_DROPPED = frozenset(
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
_DEEPEST = 32
_LARGEST_INTEGER = 2**63 - 1
_SHORTEST_SECRET = 8
"""A shorter token is not blanked inside other strings: it would tear words apart."""


def token_of(body: Mapping[str, object]) -> str:
    """The instance token a body claims (Uazapi reference 2.3), ``""`` if it claims none."""
    return text_of(body.get("token")) or text_of(object_of(body.get("instance")).get("token"))


def stored_form(body: Mapping[str, object]) -> dict[str, object]:
    """A deep copy fit for a ``jsonb`` column and for the eyes of an operator.

    Tokens, keys, QR codes, thumbnails and the gateway's own CRM fields (``lead_*``) are left
    out; a token that is repeated inside another string is blanked. NUL and lone surrogates,
    non-finite and oversized numbers and absurdly deep nesting, which JSON allows and
    PostgreSQL or our own recursion does not, are taken out.
    """
    claimed = {text_of(body.get("token")), text_of(object_of(body.get("instance")).get("token"))}
    secrets = tuple(secret for secret in claimed if len(secret) >= _SHORTEST_SECRET)
    return _object(body, secrets, 0)


def storable(text: str) -> str:
    """The text without NUL, and with U+FFFD in place of each lone surrogate."""
    if "\x00" in text:
        text = text.replace("\x00", "")
    try:
        text.encode()
    except UnicodeEncodeError:
        # Through UTF-16, so that two halves sent apart become the character they meant.
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _value(value: object, secrets: tuple[str, ...], depth: int) -> object:
    if depth >= _DEEPEST:
        return None
    if isinstance(value, str):
        return _blanked(storable(value), secrets)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) <= _LARGEST_INTEGER else None
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return _object(value, secrets, depth)
    if isinstance(value, list | tuple):
        return [_value(item, secrets, depth + 1) for item in value]
    return None


def _object(
    source: Mapping[str, object], secrets: tuple[str, ...], depth: int
) -> dict[str, object]:
    return {
        _blanked(storable(name), secrets): _value(value, secrets, depth + 1)
        for name, value in source.items()
        if isinstance(name, str) and not _is_dropped(name)
    }


def _is_dropped(name: str) -> bool:
    lower = name.lower()
    return lower in _DROPPED or lower.startswith(_DROPPED_PREFIX)


def _blanked(text: str, secrets: tuple[str, ...]) -> str:
    for secret in secrets:
        text = text.replace(secret, "[token]")
    return text
