"""Reads the messages of PostgreSQL's output plugin ``pgoutput`` (protocol version 1).

https://www.postgresql.org/docs/18/protocol-logicalrep-message-formats.html
"""

import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from niochat_sandbox.supabase.realtime.change_bindings import ChangeType

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
Values = dict[str, str | None]
"""Column values in PostgreSQL's text form. A column whose large value did not change is absent."""


@dataclass(frozen=True)
class Relation:
    """A table as it was when its row changed."""

    oid: int
    schema: str
    table: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class RowChange:
    """One row of a committed transaction.

    ``old`` has what the replica identity keeps: nothing if the key did not change.
    """

    relation: Relation
    type: ChangeType
    new: Values
    old: Values
    committed_at: datetime
    commit_lsn: int


class PgoutputDecoder:
    """Keeps the relations and the transaction that later messages refer to."""

    def __init__(self) -> None:
        self._relations: dict[int, Relation] = {}
        self._committed_at = _EPOCH
        self._commit_lsn = 0

    def decode(self, message: bytes) -> RowChange | None:
        """The change in a message; None if it has none."""
        reader = _Reader(message)
        match reader.take(1):
            case b"B":
                self._commit_lsn = reader.integer("Q")
                self._committed_at = _EPOCH + timedelta(microseconds=reader.integer("q"))
            case b"R":
                relation = _read_relation(reader)
                self._relations[relation.oid] = relation
            case b"I":
                relation = self._relations[reader.integer("I")]
                reader.take(1)
                return self._change(relation, ChangeType.INSERT, _read_row(reader, relation), {})
            case b"U":
                relation = self._relations[reader.integer("I")]
                old: Values = {}
                if (kind := reader.take(1)) in b"KO":
                    old = _read_old(reader, relation, kind)
                    reader.take(1)
                return self._change(relation, ChangeType.UPDATE, _read_row(reader, relation), old)
            case b"D":
                relation = self._relations[reader.integer("I")]
                old = _read_old(reader, relation, reader.take(1))
                return self._change(relation, ChangeType.DELETE, {}, old)
        return None

    def _change(self, relation: Relation, kind: ChangeType, new: Values, old: Values) -> RowChange:
        return RowChange(relation, kind, new, old, self._committed_at, self._commit_lsn)


class _Reader:
    """Takes values from the front of a message."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._place = 0

    def take(self, count: int) -> bytes:
        self._place += count
        return self._data[self._place - count : self._place]

    def integer(self, form: str) -> int:
        size = struct.calcsize(f">{form}")
        return int(struct.unpack(f">{form}", self.take(size))[0])

    def text(self) -> str:
        end = self._data.index(b"\0", self._place)
        value = self._data[self._place : end].decode()
        self._place = end + 1
        return value


def _read_relation(reader: _Reader) -> Relation:
    oid, schema, table = reader.integer("I"), reader.text(), reader.text()
    reader.take(1)  # the replica identity
    columns = []
    for _ in range(reader.integer("H")):
        reader.take(1)  # flags
        columns.append(reader.text())
        reader.take(8)  # type and its modifier
    return Relation(oid, schema, table, tuple(columns))


def _read_row(reader: _Reader, relation: Relation) -> Values:
    row: Values = {}
    for position in range(reader.integer("H")):
        kind = reader.take(1)
        if kind == b"n":
            row[relation.columns[position]] = None
        elif kind == b"t":
            row[relation.columns[position]] = reader.take(reader.integer("I")).decode()
    return row


def _read_old(reader: _Reader, relation: Relation, kind: bytes) -> Values:
    """Only the key's columns (``K``), the others of which are null; or the whole row (``O``)."""
    row = _read_row(reader, relation)
    if kind == b"O":
        return row
    return {name: value for name, value in row.items() if value is not None}
