"""Keeps the projections of all tenants close to the end of the log, beside the message path."""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

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
from niochat.runtime.cpu_meter import CpuMeter
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
"""A batch costs most for each conversation in it, however many events that has, so events of a
second are read together.
"""
BUSY_INTERVAL_S = 5.0
"""The same while the processors are busy: most events of a turn are then in one batch, and what
reports have too late is said on their pages.
"""
MAX_BATCHES_PER_VISIT = 2
"""Batches of one projection before the next tenant gets its turn."""


class _Progress(NamedTuple):
    """How many events were read, and whether a batch was full, so that more wait already."""

    events: int
    is_behind: bool


class Projector:
    """Advances what is behind. Several projectors share the tenants out: each begins at random, and
    passes over what another one has locked.
    """

    def __init__(
        self,
        database: Database,
        projections: Sequence[Projection] = PROJECTIONS,
        runner: ProjectionRunner | None = None,
        is_busy: Callable[[], bool] | None = None,
    ) -> None:
        self._database = database
        self._projections = {each.name: each for each in projections}
        self._runner = runner or ProjectionRunner(database)
        self._rebuilder = ProjectionRebuilder(database, self._runner)
        self._is_busy = is_busy or CpuMeter().is_busy
        self._ran_at = float("-inf")

    async def run(self) -> None:
        """Advance projections until cancelled."""
        await run_periodically(
            "projection_failed", INTERVAL_S, self.run_in_turn, first_at_once=True
        )

    async def run_until_read(self) -> None:
        """Read all events, also those that come meanwhile. Raises ``UnavailableError``."""
        while await self.run_once():
            pass

    async def run_once(self) -> int:
        """Visit each projection that is behind; returns the number of events read. One that fails
        does not keep the others. Raises ``UnavailableError``.
        """
        return (await self._visit_all()).events

    async def run_in_turn(self) -> None:
        """Read what is there, unless the processors are busy and the last time was a moment ago.
        What comes meanwhile is read with the next run, in a larger batch. Raises
        ``UnavailableError``.
        """
        if self._is_busy() and time.monotonic() - self._ran_at < BUSY_INTERVAL_S:
            return
        self._ran_at = time.monotonic()
        while (await self._visit_all()).is_behind:
            pass

    async def _visit_all(self) -> _Progress:
        async with self._database.as_system() as connection:
            rows = await connection.fetch(_SQL["list_behind"], list(self._projections))
        due = [row for row in rows if row["due"]]
        random.shuffle(due)
        total, is_behind = 0, False
        for row in due:
            try:
                visit = await self._visit(row)
                total += visit.events
                is_behind = is_behind or visit.is_behind
            except NiochatError as error:  # tried again with the next run
                _log.warning(
                    "projection_failed",
                    code=error.code,
                    projection=row["name"],
                    tenant=str(row["tenant_id"]),
                )
            await asyncio.sleep(0)
        replaced = await self._replace_outdated()
        return _Progress(total + replaced, is_behind or replaced > 0)

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

    async def _visit(self, row: Any) -> _Progress:
        total = 0
        for _ in range(MAX_BATCHES_PER_VISIT):
            count = await self._runner.advance(self._projections[row["name"]], row["tenant_id"])
            total += count
            if count < self._runner.limit:
                return _Progress(total, is_behind=False)
        return _Progress(total, is_behind=True)
