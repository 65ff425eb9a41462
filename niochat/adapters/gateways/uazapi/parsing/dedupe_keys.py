"""Dedupe keys: an event that is delivered again gets the same key.

Messages, notices and receipts have different prefixes. The channel is part of the unique constraint
in the inbox, not of the key.
"""

import hashlib
from collections.abc import Iterable

_MAX_KEY_LENGTH = 200


def message_key(external_id: str) -> str:
    """The key of a message, edit, reaction or echo, from its own id."""
    return _shorten("message:", external_id)


def notice_key(external_id: str) -> str:
    """The key of a notice. It differs from the key of a message with the same id."""
    return _shorten("notice:", external_id)


def receipt_key(state: str, targets: Iterable[str]) -> str:
    """The key of a receipt or deletion, from the state and the ids in any order.

    With the id alone, ``read`` would count as a duplicate of ``delivered``.
    """
    return _shorten(f"receipt:{state}:", ",".join(sorted(set(targets))))


def _shorten(prefix: str, ids: str) -> str:
    """The key with the ids, or with their SHA-256 if it would be longer than 200 characters."""
    if len(prefix) + len(ids) <= _MAX_KEY_LENGTH:
        return prefix + ids
    return prefix + hashlib.sha256(ids.encode()).hexdigest()
