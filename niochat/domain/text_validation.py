"""Characters that no text of ours may have: they cannot be stored, or steer the screen of whoever
reads them. Each door looks for them with :func:`find_control_character`, before anything else is
checked.
"""

import re
from collections.abc import Mapping

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
