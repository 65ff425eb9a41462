"""Characters that a text must not have: they cannot be stored, or they steer the screen of its
reader. Every endpoint looks for them with :func:`find_control_character` before it checks anything
else; text of gateways and models goes through :func:`to_storable_text` instead.
"""

import re
from collections.abc import Mapping
from hashlib import sha256

PathStep = str | int
_CONTROL_CHARACTER = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")
"""Control characters but tabs and line ends, and halves of characters."""
CONTROL_CHARACTER_MESSAGE = "must be text without control characters"
_MAX_DEPTH = 24


def find_control_character(value: object, deepest: int = _MAX_DEPTH) -> tuple[PathStep, ...] | None:
    """The way to the first text of ``value`` (JSON) that has such a character; ``None``: none has.

    Names of fields are texts, too; in the way they are written with escapes. Below ``deepest``
    levels nothing is looked at: no shape of ours is so deep, and YAML may hold itself.
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
    """What to tell who sent ``value``, with the name of the field; ``whole`` where it has none."""
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
    """At most ``most`` characters: whole words, as far as there are any, and a sign that there was
    more.
    """
    if len(text) <= most:
        return text
    kept = text[: most - 1]
    words = kept if text[most - 1].isspace() or not kept.strip() else kept.rsplit(None, 1)[0]
    # One endless word is cut where it has to be.
    return (words if len(words) > most // 2 else kept).rstrip() + "…"
