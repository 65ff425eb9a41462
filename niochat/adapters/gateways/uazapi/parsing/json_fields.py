"""Reads gateway JSON. A value of an unexpected type counts as absent; nothing raises."""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

_NO_OBJECT: Mapping[str, object] = {}
_EARLIEST = datetime(2009, 1, 1, tzinfo=UTC)
"""The first year of WhatsApp; an earlier time comes from a wrong clock."""
CLOCK_SKEW = timedelta(minutes=5)
"""How far a gateway's clock may be ahead of ours. A later time is replaced by our own."""
_MILLISECONDS_FROM = 1e12
_MAX_ID_LENGTH = 255
_EXACT_BELOW = 2**53


def read_object(value: object) -> Mapping[str, object]:
    """The JSON object, or an empty one."""
    return value if isinstance(value, Mapping) else _NO_OBJECT


def read_list(value: object) -> Sequence[object]:
    """The JSON array, or an empty one."""
    return value if isinstance(value, list | tuple) else ()


def read_text(value: object) -> str:
    """The string; a whole number as a string, because some ids are numbers; else ``""``."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return ""


def read_first_text(source: Mapping[str, object], *names: str) -> str:
    """The text of the first field that has one, or ``""``."""
    return next((text for name in names if (text := read_text(source.get(name)))), "")


def read_number(value: object) -> int | float | None:
    """The finite number, also from a string; else ``None``."""
    if isinstance(value, str):
        return _parse_number(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if math.isfinite(value) else None


def _parse_number(text: str) -> int | float | None:
    if len(text) > 32:
        return None
    try:
        number = float(text)
    except ValueError:
        return None
    if not math.isfinite(number):
        return None
    return int(number) if number.is_integer() and abs(number) < _EXACT_BELOW else number


def read_flag(value: object) -> bool:
    """Whether the flag is set. Builds send ``true``, ``"True"`` or ``1`` (Uazapi reference 2.3)."""
    if isinstance(value, str):
        return value.strip().lower() in {"true", "1", "yes"}
    return isinstance(value, int) and value == 1


def read_bare_id(value: object) -> str:
    """WhatsApp's own message id, without the prefix ``owner:``; ``""`` if there is none.

    Receipts, quotes and reactions refer to the bare id (Uazapi reference 2.2), so only the bare id
    may be stored.
    """
    text = read_text(value).strip().rpartition(":")[2].strip()
    return text if len(text) <= _MAX_ID_LENGTH else ""


def read_message_id(message: Mapping[str, object]) -> str:
    """The bare id of a message object; ``""`` if it has none."""
    return read_bare_id(message.get("messageid")) or read_bare_id(message.get("id"))


def read_timestamp(received_at: datetime, *candidates: object) -> datetime:
    """The first plausible timestamp (ms or s since 1970, also as a string), in UTC.

    Falls back to ``received_at``: a wrong clock must not sort a message before all older ones or
    after those of the next hours.
    """
    latest = received_at.astimezone(UTC) + CLOCK_SKEW
    for candidate in candidates:
        moment = _parse_timestamp(read_number(candidate))
        if moment is not None and _EARLIEST <= moment <= latest:
            return moment
    return received_at.astimezone(UTC)


def _parse_timestamp(number: float | None) -> datetime | None:
    if number is None or not 0 < number < 1e15:
        return None
    seconds = number / 1000 if number >= _MILLISECONDS_FROM else number
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        return None
