"""Keeps the projections of all tenants close to the end of the log, beside the message path."""

import asyncio
import random
from collections.abc import Sequence
from typing import Any

import structlog

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.errors import NiochatError
from niochat.insights.conversation_projection import ConversationProjection
from niochat.insights.deliveries.delivery_projection import DeliveryProjection
from niochat.insights.projection import Projection
from niochat.insights.projection_runner import ProjectionRunner
from niochat.insights.rebuild import ProjectionRebuilder, ProjectionStoppedError
from niochat.insights.turn_projection import TurnProjection
from niochat.runtime.periodic_loop import run_periodically

_SQL = queries("projections")
_log = structlog.get_logger(__name__)

PROJECTIONS: tuple[Projection, ...] = (
    ConversationProjection(),
    TurnProjection(),
    DeliveryProjection(),
)
"""All projections."""
INTERVAL_S = 1.0
MAX_BATCHES_PER_VISIT = 4
"""Batches of one projection before the next tenant gets its turn."""


class Projector:
    """Advances what is behind. Several projectors share the tenants out: each begins at random, and
    passes over what another one has locked.
    """

    def __init__(
        self,
        database: Database,
        projections: Sequence[Projection] = PROJECTIONS,
        runner: ProjectionRunner | None = None,
    ) -> None:
        self._database = database
        self._projections = {each.name: each for each in projections}
        self._runner = runner or ProjectionRunner(database)
        self._rebuilder = ProjectionRebuilder(database, self._runner)

    async def run(self) -> None:
        """Advance projections until cancelled."""
        await run_periodically(
            "projection_failed", INTERVAL_S, self.run_until_read, first_at_once=True
        )

    async def run_until_read(self) -> None:
        """Read all events that are there. Raises ``UnavailableError``."""
        while await self.run_once():
            pass

    async def run_once(self) -> int:
        """Visit each projection that is behind; returns the number of events read. One that fails
        does not keep the others. Raises ``UnavailableError``.
        """
        async with self._database.as_system() as connection:
            rows = await connection.fetch(_SQL["list_behind"], list(self._projections))
        due = [row for row in rows if row["due"]]
        random.shuffle(due)
        total = 0
        for row in due:
            try:
                total += await self._visit(row)
            except NiochatError as error:  # tried again with the next run
                _log.warning(
                    "projection_failed",
                    code=error.code,
                    projection=row["name"],
                    tenant=str(row["tenant_id"]),
                )
            await asyncio.sleep(0)
        return total + await self._replace_outdated()

    async def _replace_outdated(self) -> int:
        """After an upgrade: builds what older code wrote anew, a few batches for each tenant."""
        wanted = list(self._projections.values())
        async with self._database.as_system() as connection:
            rows = await connection.fetch(
                _SQL["list_outdated"],
                [each.name for each in wanted],
                [each.revision for each in wanted],
            )
        total = 0
        for row in rows:
            try:
                total += await self._rebuilder.replace_outdated(
                    self._projections[row["name"]], row["tenant_id"], MAX_BATCHES_PER_VISIT
                )
            except (NiochatError, ProjectionStoppedError) as error:  # tried again with the next run
                _log.warning(
                    "projection_not_replaced",
                    error=type(error).__name__,
                    projection=row["name"],
                    tenant=str(row["tenant_id"]),
                )
            await asyncio.sleep(0)
        return total

    async def _visit(self, row: Any) -> int:
        total = 0
        for _ in range(MAX_BATCHES_PER_VISIT):
            count = await self._runner.advance(self._projections[row["name"]], row["tenant_id"])
            total += count
            if not count:
                break
        return total
