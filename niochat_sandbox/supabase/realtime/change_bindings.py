"""What a channel asks for: changes of a table, of one kind or all, with filters on columns."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

MAX_LISTED_VALUES = 100
"""Of the filter ``in``."""
_COMPARISONS = {"eq": "=", "neq": "<>", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
_FILTER = re.compile(r"^(\w+)=(eq|neq|lt|lte|gt|gte|in)\.(.*)$", re.DOTALL)


class ChangeType(StrEnum):
    """What happened to a row."""

    INSERT = "INSERT"
    UPDATE = "UPDATE"
    DELETE = "DELETE"


class BindingRefused(ValueError):
    """A binding that Realtime does not accept. The message says why."""


@dataclass(frozen=True)
class ColumnFilter:
    """One condition. ``operator`` is that of SQL; ``IN`` compares with each of ``values``."""

    column: str
    operator: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class ChangeBinding:
    """One entry of ``postgres_changes``; ``entry`` is what the client wrote."""

    id: int
    entry: Mapping[str, Any]
    schema: str
    table: str | None
    change: ChangeType | None
    filters: tuple[ColumnFilter, ...]

    def matches(self, schema: str, table: str, change: ChangeType) -> bool:
        """Whether it is about such changes, apart from its filters."""
        return (
            self.schema in ("*", schema)
            and self.table in (None, table)
            and self.change in (None, change)
        )


def parse_binding(entry: Any, number: int) -> ChangeBinding:
    """A binding from what a client asks for. Raises ``BindingRefused``."""
    if not isinstance(entry, dict):
        raise BindingRefused("a binding must be an object")
    event, table = entry.get("event"), entry.get("table")
    if event != "*" and event not in set(ChangeType):
        raise BindingRefused("event must be *, INSERT, UPDATE or DELETE")
    texts = [entry.get("schema", "public"), table or "*", entry.get("filter") or ""]
    if not all(isinstance(text, str) for text in texts):
        raise BindingRefused("schema, table and filter must be strings")
    return ChangeBinding(
        id=number,
        entry=entry,
        schema=texts[0],
        table=None if texts[1] == "*" else texts[1],
        change=None if event == "*" else ChangeType(str(event)),
        filters=parse_filters(texts[2]),
    )


def parse_filters(text: str) -> tuple[ColumnFilter, ...]:
    """The conditions of a filter; a comma outside of parentheses joins two, both of which hold.

    Raises ``BindingRefused``.
    """
    return tuple(_parse_filter(part) for part in _split(text)) if text else ()


def _parse_filter(text: str) -> ColumnFilter:
    match = _FILTER.match(text)
    if match is None:
        raise BindingRefused(f"Error parsing `filter` params: {text}")
    column, word, value = match.groups()
    if word != "in":
        return ColumnFilter(column, _COMPARISONS[word], (value,))
    if not (value.startswith("(") and value.endswith(")")):
        raise BindingRefused(f"the values of `in` are in parentheses: {text}")
    values = tuple(each.strip().strip('"') for each in value[1:-1].split(","))
    if len(values) > MAX_LISTED_VALUES:
        raise BindingRefused(f"`in` has at most {MAX_LISTED_VALUES} values")
    return ColumnFilter(column, "IN", values)


def _split(text: str) -> list[str]:
    parts, depth, begin = [], 0, 0
    for place, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            parts.append(text[begin:place])
            begin = place + 1
    return [*parts, text[begin:]]
