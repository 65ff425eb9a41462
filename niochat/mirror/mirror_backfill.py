"""Sends everything that a tenant has, page by page, beside what changes meanwhile.

The position of the backfill is a row, so it goes on where it was after any end of the process. Rows
have versions, so a page never undoes what was sent of its rows after it was read.
"""

from typing import Any, NamedTuple
from uuid import UUID

from niochat.adapters.postgres.database import Connection, Database
from niochat.adapters.postgres.queries import queries
from niochat.mirror.mirror_sources import ROLLUPS, SOURCES, MirrorSource

_SQL = queries("mirror")

PAGE_ROWS = 500
PAGE_BUCKETS = 20
"""Pages of roll-ups: a bucket has many rows."""
_ORDER = list(SOURCES.values())


class BackfillPage(NamedTuple):
    """What comes next."""

    source: MirrorSource
    refs: list[str]
    is_last: bool
    """Whether the source has no more pages."""

    async def save(self, connection: Connection, tenant_id: UUID, version: int, row: Any) -> None:
        """Store that the page was sent, unless the backfill has begun again meanwhile. ``row`` is
        the position at which the page was read.
        """
        source, after = self.source.name, self.refs[-1] if self.refs else row["backfill_after"]
        following: str | None = source
        if self.is_last:
            number = _ORDER.index(self.source) + 1
            following = _ORDER[number].name if number < len(_ORDER) else None
            after = ""
        await connection.execute(
            _SQL["save_backfill"],
            tenant_id,
            version,
            source,
            following,
            after,
            len(self.refs),
            row["backfill_for"],
        )


async def next_backfill_page(connection: Connection, tenant_id: UUID, row: Any) -> BackfillPage:
    """Return the page after a position, a row of ``mirror_positions``."""
    source = SOURCES[row["backfill_source"]]
    limit = PAGE_BUCKETS if source is ROLLUPS else PAGE_ROWS
    refs = await source.read_page(connection, tenant_id, row["backfill_after"], limit)
    return BackfillPage(source, refs, len(refs) < limit)


async def start_backfill(database: Database, tenant_id: UUID, settings: str) -> None:
    """Have everything sent anew for these settings. Counting the rows may take a while."""
    async with database.as_tenant(tenant_id) as connection:
        await connection.execute(_SQL["start_backfill"], tenant_id, settings, _ORDER[0].name)
        total = await connection.fetchval(_SQL["count_sources"], tenant_id)
        await connection.execute(_SQL["save_backfill_total"], tenant_id, total)


async def restart_source(connection: Connection, tenant_id: UUID, source: MirrorSource) -> None:
    """Have a source and those after it sent anew, unless a backfill will send it anyway."""
    await connection.execute(_SQL["restart_source"], tenant_id, source.name)
