"""The log of events as screens need it: each with its conversation and message as they are now."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from niochat.adapters.postgres.database import Connection, Database
from niochat.adapters.postgres.queries import queries
from niochat.live.position import Position
from niochat.runtime.grouping import Grouper

_SQL = queries("live")

LIMIT = 500
"""Events in one look."""
STRETCHES = 32
"""Read together."""


@dataclass(frozen=True, slots=True, eq=False)
class Happened:
    """One event, read once. ``conversation`` and ``message`` are rows as they are now, perhaps
    newer than the event: who applies the newest of each has what a refetch would show.
    """

    position: Position
    tenant_id: UUID
    type: str
    at: datetime
    conversation: Mapping[str, Any]
    message: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Look:
    """What was found, and from where to look the next time. ``more``: there is more at once."""

    happened: Sequence[Happened]
    upto: Position
    more: bool


@dataclass(frozen=True, slots=True)
class Stretch:
    """A tenant's part of the log, behind ``position`` and up to ``upto``."""

    tenant_id: UUID
    position: Position
    upto: Position


class EventLog:
    """Reads of all tenants with the path's role; who may see what is decided by the hub."""

    def __init__(self, database: Database, limit: int = LIMIT) -> None:
        self._database = database
        self._limit = limit
        self._missed: Grouper[Stretch, Look] = Grouper(
            self._read, limit=STRETCHES, alone_after=lambda error: False
        )

    async def end(self) -> Position:
        """Where the log ends now."""
        async with self._database.path() as connection:
            return Position(await _horizon(connection))

    async def after(
        self, position: Position, tenants: Iterable[UUID], upto: Position | None = None
    ) -> Look:
        """The next events of these tenants, not beyond ``upto``. Raises ``UnavailableError``."""
        async with self._database.path() as connection:
            end = Position(await _horizon(connection)) if upto is None else upto
            rows = await connection.fetch(
                _SQL["after"], *_columns(position), *_columns(end), list(tenants), self._limit
            )
            happened = await _told(connection, rows)
        if len(rows) == self._limit:
            return Look(happened, happened[-1].position, more=True)
        return Look(happened, max(position, end), more=False)

    async def missed(self, position: Position, tenant_id: UUID, upto: Position) -> Look:
        """The next events of one tenant, not beyond ``upto``. Readers who come at the same time
        read together: after a cut all screens come again at once. Raises ``UnavailableError``.
        """
        return await self._missed.submit(Stretch(tenant_id, position, upto))

    async def _read(self, stretches: Sequence["Stretch"]) -> Sequence[Look | Exception]:
        wanted = list(dict.fromkeys(stretches))
        tenants = [each.tenant_id for each in wanted]
        after = zip(*(_columns(each.position) for each in wanted), strict=True)
        upto = zip(*(_columns(each.upto) for each in wanted), strict=True)
        async with self._database.path() as connection:
            rows = await connection.fetch(
                _SQL["missed"], tenants, *map(list, after), *map(list, upto), self._limit
            )
            happened = await _told(connection, rows)
        found: dict[Stretch, list[Happened]] = {each: [] for each in wanted}
        known: dict[Position, Happened] = {}  # one object for an event, so that it is encoded once
        for row, each in zip(rows, happened, strict=True):
            found[wanted[row["number"] - 1]].append(known.setdefault(each.position, each))
        return [self._look(found[each], each.upto) for each in stretches]

    def _look(self, happened: Sequence[Happened], upto: Position) -> Look:
        if len(happened) == self._limit:
            return Look(happened, happened[-1].position, more=True)
        return Look(happened, upto, more=False)


def _columns(position: Position) -> tuple[str, UUID, int]:
    return str(position.xid), position.conversation, position.version


async def _horizon(connection: Connection) -> int:
    return int(await connection.fetchval(_SQL["horizon"]))


async def _told(connection: Connection, rows: Sequence[Any]) -> list[Happened]:
    if not rows:
        return []
    conversations = await _rows(
        connection, "conversations", {(row["tenant_id"], row["conversation_id"]) for row in rows}
    )
    of_messages = [row for row in rows if "message" in row["body"]]
    named = {(row["tenant_id"], UUID(row["body"]["message"])) for row in of_messages}
    messages = await _rows(connection, "messages", named)
    return [
        Happened(
            Position(int(row["xid"]), row["conversation_id"], row["version"]), row["tenant_id"],
            row["type"], row["at"], conversations[row["conversation_id"]],
            messages.get(UUID(row["body"]["message"])) if "message" in row["body"] else None,
        )
        for row in rows
    ]  # fmt: skip


async def _rows(
    connection: Connection, query: str, wanted: set[tuple[UUID, UUID]]
) -> dict[UUID, dict[str, Any]]:
    if not wanted:
        return {}
    tenants, ids = zip(*sorted(wanted), strict=True)
    rows = await connection.fetch(_SQL[query], list(tenants), list(ids))
    return {row["id"]: dict(row) for row in rows}
