"""Lists and statistics of a tenant's ratings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries

_SQL = queries("ratings")

ReaderScope = tuple[str, str, Sequence[str]]
"""Whose conversations a reader may see: own, team or all; the reader's id; and its teams."""
RatingGrouping = Literal["none", "agent", "team", "channel", "day"]


@dataclass(frozen=True, slots=True)
class RatingFilter:
    """Selects ratings. ``None`` and empty sequences select everything. ``since`` is inclusive,
    ``until`` is not.
    """

    since: datetime | None = None
    until: datetime | None = None
    statuses: Sequence[str] = ()
    scores: Sequence[int] = ()
    agents: Sequence[str] = ()
    of_teams: Sequence[str] = ()
    channels: Sequence[UUID] = ()
    with_comment: bool = False

    def values(self) -> tuple[object, ...]:
        """Values of the queries' parameters from ``$5`` on."""
        return (
            self.since,
            self.until,
            list(self.statuses) or None,
            list(self.scores) or None,
            list(self.agents) or None,
            list(self.of_teams) or None,
            list(self.channels) or None,
            self.with_comment,
        )


class RatingQueries:
    """Reads for one tenant at a time, with that tenant's database role."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_ratings(
        self,
        tenant_id: UUID,
        seen_by: ReaderScope,
        selected: RatingFilter,
        after: tuple[datetime, UUID] | None,
        limit: int,
    ) -> list[dict[str, Any]]:
        """Returns the selected ratings of conversations that the reader may see, the newest first,
        after the last one of the page before.
        """
        async with self._database.as_tenant(tenant_id) as connection:
            rows = await connection.fetch(
                _SQL["list"],
                tenant_id,
                *seen_by,
                *selected.values(),
                *(after or (None, None)),
                limit,
            )
        return [dict(row) for row in rows]

    async def count_ratings(
        self,
        tenant_id: UUID,
        seen_by: ReaderScope,
        selected: RatingFilter,
        group_by: RatingGrouping,
    ) -> list[dict[str, Any]]:
        """Returns ``key``, ``requested``, ``answered``, ``average`` (``None`` without a score) and
        the five numbers of ``scores`` for each group that has ratings.
        """
        async with self._database.as_tenant(tenant_id) as connection:
            rows = await connection.fetch(
                _SQL["statistics"], tenant_id, *seen_by, *selected.values(), group_by
            )
        return [dict(row) for row in rows]
