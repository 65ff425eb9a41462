"""Sends rows to a project in requests of bounded size, and finds the rows that it refuses.

A request is stored as a whole or not at all. If the project refuses one, halves of it are sent
until the refused row is alone: it becomes a dead letter, and the others are stored.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import orjson

from niochat.adapters.supabase.project_client import MirroredRow
from niochat.adapters.supabase.project_errors import ProjectMisconfiguredError, RowsRefusedError
from niochat.mirror.mirror_sources import MirrorSource, SourceRow

MAX_ROWS_PER_REQUEST = 500
MAX_REQUEST_BYTES = 1_000_000
MAX_REFUSED_ROWS = 20
"""More refused rows of one batch are no rows' fault: the schema of the project differs."""


class RowStore(Protocol):
    """Where rows are stored: ``ProjectClient``, or what a test puts before it."""

    async def upsert(self, table: str, rows: Sequence[MirroredRow]) -> None:
        """Store rows, all or none."""
        ...


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that the project refuses."""

    source: MirrorSource
    ref: str
    code: str
    reason: str


@dataclass(slots=True)
class SendResult:
    """What was sent."""

    sent: int = 0
    stored: dict[str, list[str]] = field(default_factory=dict)
    """References by source."""
    refused: list[RefusedRow] = field(default_factory=list)


async def send_rows(
    project: RowStore,
    source: MirrorSource,
    rows: Sequence[SourceRow],
    version: int,
    result: SendResult,
) -> None:
    """Send the rows of one source with this version, and add what became of them to ``result``.

    Raises ``ProjectUnavailableError`` and ``ProjectMisconfiguredError``; some rows may be stored
    then.
    """
    # A key may be in a request once. The last row wins, as it would if they were sent one by one.
    unique = {(each.row["provedor_id"], each.row["id"]): each for each in rows}
    for part in _split(list(unique.values())):
        await _send(project, source, part, version, result)


async def _send(
    project: RowStore,
    source: MirrorSource,
    rows: list[SourceRow],
    version: int,
    result: SendResult,
) -> None:
    try:
        await project.upsert(source.table, [{**each.row, "version": version} for each in rows])
    except RowsRefusedError as error:
        if len(rows) > 1:
            middle = len(rows) // 2
            await _send(project, source, rows[:middle], version, result)
            await _send(project, source, rows[middle:], version, result)
            return
        result.refused.append(RefusedRow(source, rows[0].ref, error.code, str(error)))
        if len(result.refused) > MAX_REFUSED_ROWS:
            raise ProjectMisconfiguredError(
                f"the project refuses most rows, the last one with {error}: run niochat supabase "
                f"push",
                code="schema_differs",
            ) from error
        return
    result.sent += len(rows)
    result.stored.setdefault(source.name, []).extend(each.ref for each in rows)


def _split(rows: Sequence[SourceRow]) -> Iterator[list[SourceRow]]:
    part: list[SourceRow] = []
    size = 0
    for each in rows:
        length = len(orjson.dumps(each.row))
        if part and (len(part) == MAX_ROWS_PER_REQUEST or size + length > MAX_REQUEST_BYTES):
            yield part
            part, size = [], 0
        part.append(each)
        size += length
    if part:
        yield part
