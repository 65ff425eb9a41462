"""Arguments of tool calls: parsed leniently as models write them, sent back as strict JSON."""

import ast
import json
import re
from collections.abc import Mapping
from typing import Any

_COMMA = re.compile(r",\s*(?=[}\]])")
_MAX_ENCODINGS = 3
_MAX_CHARS = 20_000
EMPTY_OBJECT = "{}"


def repair_arguments(value: object) -> str:
    """The JSON of an object, if ``value`` can be parsed as one; else the text as it was written.

    An object, JSON in a string once or more, null and nothing are understood; of several objects
    in a row the one that says something; quotes, fences and commas that JSON does not know.
    """
    match value:
        case None:
            return EMPTY_OBJECT
        case Mapping() | list():
            found = _unwrap_object(value)
            return _to_json(value if found is None else found)
        case str():
            return _repair_text(value)
        case _:
            return str(value)


def valid_or_empty(text: str) -> str:
    """The text for the history: unchanged if it is the JSON of an object, else ``{}``."""
    try:
        value = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return EMPTY_OBJECT
    return text if isinstance(value, dict) else EMPTY_OBJECT


def is_complete(text: str) -> bool:
    """Whether all chunks of a call have arrived."""
    return bool(text.strip()) and (
        text.strip() == EMPTY_OBJECT or valid_or_empty(text) != EMPTY_OBJECT
    )


def strip_code_fence(text: str) -> str:
    """The text without the fence of a code block."""
    bare = text.strip()
    if not bare.startswith("```"):
        return bare
    return bare.removeprefix("```").removeprefix("json").removesuffix("```").strip()


def parse_objects(text: str, *, entire: bool = False) -> list[dict[str, Any]]:
    """Consecutive objects, also in a list; with ``entire`` the text may hold nothing else."""
    text = text.strip()
    found: list[dict[str, Any]] = []
    while text[:1] in ("{", "["):
        try:
            value, end = json.JSONDecoder(strict=False).raw_decode(text)
        except (ValueError, RecursionError):
            break
        values = value if isinstance(value, list) else [value]
        if not all(isinstance(each, dict) for each in values):
            return []
        found += values
        text = text[end:].lstrip().removeprefix(";").lstrip()
    return [] if entire and text else found


def _repair_text(text: str) -> str:
    bare = text.strip()
    if not bare:
        return EMPTY_OBJECT
    if len(bare) > _MAX_CHARS:
        return text
    try:
        value = json.loads(bare)
    except RecursionError:
        return text
    except ValueError:
        repaired = _repair(bare)
        return text if repaired is None else _to_json(repaired)
    if isinstance(value, dict):
        return text
    found = _unwrap_object(value)
    return text if found is None else _to_json(found)


def _unwrap_object(value: object) -> dict[str, Any] | None:
    """The object inside JSON that was encoded twice, or alone in a list."""
    for _ in range(_MAX_ENCODINGS):
        if value is None:
            return {}
        if isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict):
            value = value[0]
        if isinstance(value, Mapping):
            return dict(value)
        if not isinstance(value, str):
            return None
        try:
            value = json.loads(value) if value.strip() else {}
        except (ValueError, RecursionError):
            return None
    return dict(value) if isinstance(value, Mapping) else None


def _repair(text: str) -> dict[str, Any] | None:
    """Repairs syntax without guessing missing parts: a call that was cut off stays broken."""
    text = strip_code_fence(text)
    for read in (_parse_lenient, _parse_consecutive, _parse_python):
        found = read(text)
        if found is not None:
            return found
    return None


def _parse_lenient(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(_COMMA.sub("", text), strict=False)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _parse_consecutive(text: str) -> dict[str, Any] | None:
    """``{}{"a": 1}``: a first piece that a server sent before there was anything to send."""
    found = parse_objects(text, entire=True)
    told = [each for number, each in enumerate(found) if each and each not in found[:number]]
    return (told or [{}])[0] if found and len(told) <= 1 else None


def _parse_python(text: str) -> dict[str, Any] | None:
    try:
        value = ast.literal_eval(text)
        _to_json(value)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return None
    return value if isinstance(value, dict) and all(isinstance(key, str) for key in value) else None


def _to_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")
