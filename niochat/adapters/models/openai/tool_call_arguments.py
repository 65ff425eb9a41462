"""Parses the arguments of tool calls leniently, and returns them as strict JSON."""

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
    """The JSON of an object, if ``value`` can be parsed as one; else the text unchanged.

    Accepts an object; JSON that was encoded as a string several times; null and an empty string as
    an empty object; consecutive objects if at most one distinct object is not empty; code
    fences, trailing commas and Python literals.
    """
    match value:
        case None:
            return EMPTY_OBJECT
        case Mapping() | list():
            unwrapped = _unwrap_object(value)
            return _to_json(value if unwrapped is None else unwrapped)
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
    """Whether the text is a complete JSON object, so that all chunks of a call have arrived."""
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
    """Parse consecutive objects, also inside lists, at the start of the text. With ``entire``,
    other text after them makes the result empty.
    """
    text = text.strip()
    objects: list[dict[str, Any]] = []
    while text[:1] in ("{", "["):
        try:
            value, end = json.JSONDecoder(strict=False).raw_decode(text)
        except (ValueError, RecursionError):
            break
        values = value if isinstance(value, list) else [value]
        if not all(isinstance(each, dict) for each in values):
            return []
        objects += values
        text = text[end:].lstrip().removeprefix(";").lstrip()
    return [] if entire and text else objects


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
    unwrapped = _unwrap_object(value)
    return text if unwrapped is None else _to_json(unwrapped)


def _unwrap_object(value: object) -> dict[str, Any] | None:
    """The object inside JSON that was encoded several times, or in a list of one element."""
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
    """Repair the syntax without guessing missing parts: truncated arguments stay invalid."""
    text = strip_code_fence(text)
    for parse in (_parse_lenient, _parse_consecutive, _parse_python):
        parsed = parse(text)
        if parsed is not None:
            return parsed
    return None


def _parse_lenient(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(_COMMA.sub("", text), strict=False)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _parse_consecutive(text: str) -> dict[str, Any] | None:
    """Parse ``{}{"a": 1}``: some servers send an empty object before the arguments."""
    objects = parse_objects(text, entire=True)
    distinct = [
        each for number, each in enumerate(objects) if each and each not in objects[:number]
    ]
    return (distinct or [{}])[0] if objects and len(distinct) <= 1 else None


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
