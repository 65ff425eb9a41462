"""Counts requests and the rows that they write, by table."""

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

_TOKENS = re.compile(rb'[\[{\]}"]')
_IN_TEXT = re.compile(rb'\\.|"', re.DOTALL)


@dataclass
class RequestCounters:
    """Numbers since the start or the last ``clear``."""

    requests: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By table and method; a function is ``rpc/<name>``."""
    rows: Counter[str] = field(default_factory=Counter)
    """Rows in the bodies of writes that were answered with success."""
    statuses: Counter[int] = field(default_factory=Counter)

    def clear(self) -> None:
        """Begin at zero."""
        for counter in (self.requests, self.rows, self.statuses):
            counter.clear()

    def as_dict(self) -> dict[str, Any]:
        """The numbers as JSON."""
        requests: dict[str, dict[str, int]] = {}
        for (table, method), count in sorted(self.requests.items()):
            requests.setdefault(table, {})[method] = count
        statuses = {str(status): count for status, count in sorted(self.statuses.items())}
        return {"requests": requests, "rows": dict(self.rows), "statuses": statuses}


class RowCounter:
    """Counts the objects of a JSON body that arrives in chunks: those of its list, or the one."""

    def __init__(self) -> None:
        self.rows = 0
        self._depth = 0
        self._first = b""
        self._in_text = False
        self._rest = b""

    def feed(self, chunk: bytes) -> None:
        """Count in the next chunk."""
        data, self._rest = self._rest + chunk, b""
        place = 0
        while match := (_IN_TEXT if self._in_text else _TOKENS).search(data, place):
            place = match.end()
            self._take(match[0])
        # A backslash at the end belongs to the first byte of the next chunk.
        if self._in_text and data.endswith(b"\\") and place < len(data):
            self._rest = b"\\"

    def _take(self, token: bytes) -> None:
        if self._in_text:
            self._in_text = token != b'"'
        elif token == b'"':
            self._in_text = True
        elif token in b"[{":
            self._first = self._first or token
            self._depth += 1
            is_row = self._depth == (2 if self._first == b"[" else 1)
            self.rows += token == b"{" and is_row
        else:
            self._depth -= 1
