"""Rejects characters that PostgreSQL cannot store or that could control a reader's terminal. Every
entry point checks its input with :func:`find_control_character` before any other validation. Text
of gateways and models goes through :func:`to_storable_text` instead.
"""

import re
from collections.abc import Mapping
from hashlib import sha256

PathStep = str | int
_CONTROL_CHARACTER = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")
"""Control characters except tabs and line ends, and unpaired surrogates."""
CONTROL_CHARACTER_MESSAGE = "must be text without control characters"
_MAX_DEPTH = 24


def find_control_character(value: object, deepest: int = _MAX_DEPTH) -> tuple[PathStep, ...] | None:
    """Returns the path to the first text in the JSON ``value`` with a control character, or
    ``None``.

    Field names are checked too and appear escaped in the path. The check stops ``deepest`` levels
    down: no valid input is that deep, and parsed YAML may contain itself.
    """
    if isinstance(value, str):
        return () if _CONTROL_CHARACTER.search(value) else None
    if deepest == 0:
        return None
    if isinstance(value, Mapping):
        for name, part in value.items():
            if isinstance(name, str) and _CONTROL_CHARACTER.search(name):
                return (name.encode("unicode_escape").decode("ascii"),)
            found = find_control_character(part, deepest - 1)
            if found is not None:
                return (name if isinstance(name, int) else str(name), *found)
    elif isinstance(value, list | tuple):
        for index, part in enumerate(value):
            found = find_control_character(part, deepest - 1)
            if found is not None:
                return (index, *found)
    return None


def control_character_error(value: object, whole: str) -> str | None:
    """Returns an error text that names the offending field of ``value``, or ``whole`` if the value
    is a bare text; ``None`` if there is no control character.
    """
    found = find_control_character(value)
    return (
        None
        if found is None
        else f"{'.'.join(map(str, found)) or whole} {CONTROL_CHARACTER_MESSAGE}"
    )


def to_storable_text(text: str) -> str:
    """The text as PostgreSQL takes it: without NUL, and with U+FFFD for each lone surrogate."""
    if "\x00" in text:
        text = text.replace("\x00", "")
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        # Through UTF-16, so that two halves sent apart become the character they meant.
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def digest_text(text: str) -> bytes:
    """SHA-256 of what a stranger sent, also where it has lone surrogates and is no Unicode."""
    return sha256(text.encode("utf-8", "surrogatepass")).digest()


def truncate_text(text: str, most: int) -> str:
    """Cuts ``text`` to at most ``most`` characters, at a word boundary if possible, and marks the
    cut with ``…``.
    """
    if len(text) <= most:
        return text
    kept = text[: most - 1]
    words = kept if text[most - 1].isspace() or not kept.strip() else kept.rsplit(None, 1)[0]
    # If the last word is very long, it is cut inside.
    return (words if len(words) > most // 2 else kept).rstrip() + "…"
