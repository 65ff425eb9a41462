"""The facts that may be stored about a file: a closed set of kinds with typed, bounded fields."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation

OTHER_FACTS: Mapping[str, object] = {"kind": "other"}
MAX_VALUE = 1_000_000
MAX_NAME_CHARS, MAX_TEXT_CHARS = 60, 200
_LIGHTS = ("red", "off", "green", "unknown")
_NAME = re.compile(r"(?!.*\d{4})[^\W\d_][\w .,&'/-]*")
_YEARS = range(2000, 2100)


def validate_facts(raw: object) -> Mapping[str, object]:
    """Return the ``kind`` and the valid fields of an untrusted description of a file, or
    ``OTHER_FACTS`` when no field is valid.
    """
    if not isinstance(raw, Mapping):
        return OTHER_FACTS
    kind = raw.get("kind")
    fields = _FIELD_PARSERS.get(kind) if isinstance(kind, str) else None
    if fields is None:
        return OTHER_FACTS
    parsed = {name: parse(raw.get(name)) for name, parse in fields.items()}
    valid = {name: value for name, value in parsed.items() if value is not None}
    return {"kind": kind, **valid} if valid else OTHER_FACTS


def _parse_light(value: object) -> str | None:
    return value if isinstance(value, str) and value in _LIGHTS else "unknown"


def _parse_value(value: object) -> str | None:
    """An amount as text with two decimals, never as a binary float."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        amount = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    if not amount.is_finite() or not 0 < amount <= MAX_VALUE:
        return None
    return f"{amount:.2f}"


def _parse_date(value: object) -> str | None:
    try:
        day = date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return day.isoformat() if day is not None and day.year in _YEARS else None


def _parse_digits(value: object) -> str | None:
    digits = re.sub(r"[^0-9]", "", value) if isinstance(value, str) and len(value) < 80 else ""
    return digits if len(digits) in (47, 48) else None


def _text_parser(max_chars: int) -> Callable[[object], str | None]:
    def parse(value: object) -> str | None:
        if not isinstance(value, str):
            return None
        printable = "".join(each if each.isprintable() else " " for each in value[: 4 * max_chars])
        return " ".join(printable.split())[:max_chars] or None

    return parse


def _parse_name(value: object) -> str | None:
    """A name of a person or company: letters and few digits; no key, phone number or sentence."""
    name = _text_parser(MAX_NAME_CHARS)(value)
    return name if name is not None and _NAME.fullmatch(name) else None


_FIELD_PARSERS: Mapping[str, Mapping[str, Callable[[object], str | None]]] = {
    "los_light": {"luz_los": _parse_light},
    "receipt": {"value": _parse_value, "date": _parse_date, "payee": _parse_name},
    "boleto": {"value": _parse_value, "due": _parse_date, "line": _parse_digits},
    "error_screen": {"text": _text_parser(MAX_TEXT_CHARS)},
}
