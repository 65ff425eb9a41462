"""Parses the key ring of the environment variable ``NIOCHAT_VAULT_KEYS``."""

import base64
import binascii
import re

from niochat.domain.errors import InvalidInputError

KEY_BYTES = 32
_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")
_FORM = "NIOCHAT_VAULT_KEYS must be k2:<base64 of 32 bytes>,k1:… with the current key first"


def parse_key_ring(text: str) -> dict[str, bytes]:
    """Returns the keys by id, the current one first. Raises ``InvalidInputError``; its message
    contains no key.
    """
    keys: dict[str, bytes] = {}
    for position, entry in enumerate(text.split(","), start=1):
        key_id, colon, encoded = entry.strip().partition(":")
        if not colon or not _ID.fullmatch(key_id):
            raise _bad_keys(f"entry {position} has no id such as k{position}")
        if key_id in keys:
            raise _bad_keys(f"the id {key_id} occurs twice")
        keys[key_id] = _decode_key(key_id, encoded)
    return keys


def _decode_key(key_id: str, encoded: str) -> bytes:
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise _bad_keys(f"{key_id} is not the base64 of {KEY_BYTES} bytes")
    return key


def _bad_keys(what: str) -> InvalidInputError:
    return InvalidInputError(
        f"{_FORM}: {what}. `openssl rand -base64 32` makes a key.", code="bad_keys"
    )
