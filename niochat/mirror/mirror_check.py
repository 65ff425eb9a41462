"""Compares a tenant's rows with those of its project, by table and day, and repairs what differs.

Both sides compute the same digest of each row. Rows change while they are compared, and the mirror
is always a moment behind: a row counts as different only if two comparisons find the same.
"""

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from niochat.adapters.postgres.database import Connection, Database
from niochat.adapters.postgres.queries import queries
from niochat.adapters.supabase.project_client import DayCount, ProjectClient
from niochat.mirror.mirror_position import send_again
from niochat.mirror.mirror_sources import TABLES, DayRow, MirrorSource, sources_of

_SQL = queries("mirror")
PAUSE_S = 3.0
"""Between two comparisons of a day: longer than a mirror that works is behind."""
DAYS_PER_REQUEST = 7
"""A project ends a statement after eight seconds, so it counts few days at once."""
_NO_ROWS = DayCount(0, Decimal(0))


class TableDay(NamedTuple):
    """A day (UTC) of a table, and how many rows both sides had when the days were counted."""

    table: str
    day: date
    ours: int
    theirs: int


class _Difference(NamedTuple):
    """A row whose digests differ; ``None``: one side does not have it."""

    row_id: UUID
    ours: Decimal | None
    theirs: Decimal | None


@dataclass(frozen=True, slots=True)
class DayDifferences:
    """The rows of a day that differ. ``missing`` are not in the project, ``extra`` only there."""

    place: TableDay
    missing: list[UUID]
    stale: list[UUID]
    extra: list[UUID]
    refs: dict[str, list[str]]
    """Sources and references of the rows to send again."""

    @property
    def count(self) -> int:
        """How many rows differ."""
        return len(self.missing) + len(self.stale) + len(self.extra)


class MirrorCheck:
    """Checks one tenant. ``database`` must be one of sessions in UTC, for queries of many rows."""

    def __init__(
        self, database: Database, project: ProjectClient, tenant_id: UUID, pause_s: float = PAUSE_S
    ) -> None:
        self._database = database
        self._project = project
        self._tenant_id = tenant_id
        self._pause_s = pause_s

    async def find_differences(self) -> list[DayDifferences]:
        """Compare all tables. Raises ``UnavailableError`` and ``ProjectMisconfiguredError``."""
        suspects = [each for table in TABLES for each in await self._compare_days(table)]
        if not suspects:
            return []
        before = [await self._compare_rows(each) for each in suspects]
        await asyncio.sleep(self._pause_s)
        found = [
            await self._describe(place, before_rows)
            for place, before_rows in zip(suspects, before, strict=True)
        ]
        return [each for each in found if each.count]

    async def repair(self, differences: Iterable[DayDifferences]) -> int:
        """Have the mirror send the differing rows again; returns how many. Rows that only the
        project has are marked as deleted.
        """
        repaired = 0
        for each in differences:
            async with self._database.as_tenant(self._tenant_id) as connection:
                for source, refs in each.refs.items():
                    await send_again(connection, self._tenant_id, source, refs)
            await self._mark_extra_rows(each)
            repaired += each.count
        return repaired

    async def _mark_extra_rows(self, differences: DayDifferences) -> None:
        (source, *_) = sources_of(differences.place.table)
        ids = [str(each) for each in differences.extra]
        async with self._database.as_tenant(self._tenant_id) as connection:
            if source.ref_is_id:
                await send_again(connection, self._tenant_id, source.name, ids)
                return
            stamp = await connection.fetchrow(_SQL["mark_version"])
        if ids and stamp is not None:
            marks = [
                {
                    "provedor_id": str(self._tenant_id),
                    "id": row_id,
                    "deleted_at": stamp["at"],
                    "version": stamp["version"],
                }
                for row_id in ids
            ]
            await self._project.upsert(differences.place.table, marks)

    async def _compare_days(self, table: str) -> list[TableDay]:
        ours = await self._count_days(table)
        theirs: dict[date, DayCount] = {}
        for first, end in _periods(ours):
            theirs |= await self._project.count_days(self._tenant_id, table, first, end)
        return [
            TableDay(table, day, ours.get(day, _NO_ROWS).counted, theirs.get(day, _NO_ROWS).counted)
            for day in sorted(ours.keys() | theirs.keys())
            if ours.get(day, _NO_ROWS) != theirs.get(day, _NO_ROWS)
        ]

    async def _count_days(self, table: str) -> dict[date, DayCount]:
        total: dict[date, DayCount] = {}
        async with self._database.as_tenant(self._tenant_id) as connection:
            for source in sources_of(table):
                for day, found in (await source.count_days(connection, self._tenant_id)).items():
                    before = total.get(day, _NO_ROWS)
                    total[day] = DayCount(
                        before.counted + found.counted, before.digest + found.digest
                    )
        return total

    async def _compare_rows(self, place: TableDay) -> set[_Difference]:
        async with self._database.as_tenant(self._tenant_id) as connection:
            rows = await self._list_day(connection, place)
        theirs = await self._project.list_day(self._tenant_id, place.table, place.day)
        ours = {row_id: row.digest for row_id, (_, row) in rows.items()}
        return {
            _Difference(row_id, ours.get(row_id), theirs.get(row_id))
            for row_id in ours.keys() | theirs.keys()
            if ours.get(row_id) != theirs.get(row_id)
        }

    async def _describe(self, place: TableDay, before: set[_Difference]) -> DayDifferences:
        stable = before & await self._compare_rows(place)
        async with self._database.as_tenant(self._tenant_id) as connection:
            rows = await self._list_day(connection, place)
        refs: dict[str, list[str]] = {}
        for each in stable:
            if each.row_id in rows:
                source, row = rows[each.row_id]
                refs.setdefault(source.name, []).append(row.ref)
        return DayDifferences(
            place,
            missing=[each.row_id for each in stable if each.theirs is None],
            stale=[each.row_id for each in stable if None not in (each.ours, each.theirs)],
            extra=[each.row_id for each in stable if each.ours is None],
            refs={name: list(dict.fromkeys(each)) for name, each in refs.items()},
        )

    async def _list_day(
        self, connection: Connection, place: TableDay
    ) -> dict[UUID, tuple[MirrorSource, DayRow]]:
        return {
            row_id: (source, row)
            for source in sources_of(place.table)
            for row_id, row in (
                await source.list_day(connection, self._tenant_id, place.day)
            ).items()
        }


def _periods(days: Iterable[date]) -> Iterator[tuple[date | None, date | None]]:
    """Periods that cover all time; those that have any of these days are short."""
    known = sorted(days)
    first: date | None = None
    end = known[0] if known else None
    while end is not None and end <= known[-1]:
        yield first, end
        first, end = end, end + timedelta(days=DAYS_PER_REQUEST)
    if end is not None:
        yield first, end
    yield end, None
