"""Dedupe keys: the same news, delivered again, gets the same key.

One per kind of news as the design's statement 1 has it. The channel is part of the unique
constraint, not of the key.
"""

import hashlib
from collections.abc import Iterable

_MAX_KEY_LENGTH = 200


def message_key(external_id: str) -> str:
    """Key of a message, edit, reaction or echo: its own id."""
    return _shorten("message:", external_id)


def notice_key(external_id: str) -> str:
    """Key of what says nothing: never the one of a message with the same id."""
    return _shorten("notice:", external_id)


def receipt_key(state: str, targets: Iterable[str]) -> str:
    """Key of a receipt or deletion: the state and the ids, in whatever order they came.

    The id alone would let ``read`` be swallowed by ``delivered``.
    """
    return _shorten(f"receipt:{state}:", ",".join(sorted(set(targets))))


def _shorten(prefix: str, rest: str) -> str:
    """The ids themselves, or their SHA-256 when the key would be longer than 200 characters."""
    if len(prefix) + len(rest) <= _MAX_KEY_LENGTH:
        return prefix + rest
    return prefix + hashlib.sha256(rest.encode()).hexdigest()
