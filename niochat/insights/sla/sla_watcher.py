"""Keeps the clocks of SLA policies close to the log, and reports what has passed.

It runs beside the projector. Any number of watchers may run: the position of a tenant's clocks lets
one compute at a time, and a command for the log is stored in the transaction that marks its clock.
The path of a message has no statement for it.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog

from niochat.adapters.postgres.database import Connection, Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.errors import NiochatError
from niochat.insights.projection import ProjectionScope
from niochat.insights.projection_runner import ProjectionRunner
from niochat.insights.projection_store import lock_position
from niochat.insights.sla.sla_tracker import SlaTracker, load_rules
from niochat.runtime.periodic_loop import run_periodically

_SQL = queries("sla_clocks")
_log = structlog.get_logger(__name__)

INTERVAL_S = 1.0
GRACE = timedelta(seconds=1)
"""A clock is reported so long after its time, because an event that ends it may still be on its way
into the log.
"""
BATCH_SIZE = 200
"""Events, conversations or clocks of one transaction."""
MAX_BATCHES_PER_VISIT = 20
_GENERATION = 1

AnnounceSla = Callable[[UUID, dict[str, Any]], Awaitable[object]]
"""Called with a tenant and a row of ``list_shown`` after its clocks were computed."""


async def _announce_nothing(tenant_id: UUID, row: dict[str, Any]) -> None:
    """For watchers without screens."""


class SlaWatcher:
    """Computes and reports the clocks of all tenants."""

    def __init__(
        self,
        database: Database,
        announce: AnnounceSla = _announce_nothing,
        grace: timedelta = GRACE,
        batch_size: int = BATCH_SIZE,
    ) -> None:
        self._database = database
        self._announce = announce
        self._grace = grace
        self._batch_size = batch_size
        self._tracker = SlaTracker()
        self._runner = ProjectionRunner(database, batch_size)

    async def run(self) -> None:
        """Watch until cancelled."""
        await run_periodically("sla_watch_failed", INTERVAL_S, self.run_once, first_at_once=True)

    async def run_once(self) -> int:
        """Visits the tenants with something to do; returns how many commands were stored. One
        that fails, for instance because of an event that cannot be read, does not keep the others.
        Raises ``UnavailableError``.
        """
        async with self._database.as_system() as connection:
            rows = await connection.fetch(_SQL["list_busy"])
        stored = 0
        for row in rows:
            try:
                stored += await self._visit(row["tenant_id"])
            except NiochatError as error:  # visited again with the next run
                _log.warning("sla_watch_failed", code=error.code, tenant=str(row["tenant_id"]))
            except Exception:  # noqa: BLE001 - one tenant must not stop the others
                _log.exception("sla_watch_failed", tenant=str(row["tenant_id"]))
        return stored

    async def _visit(self, tenant_id: UUID) -> int:
        await self._compute(tenant_id)
        await self._publish(tenant_id)
        return await self._report(tenant_id)

    async def _compute(self, tenant_id: UUID) -> None:
        for _ in range(MAX_BATCHES_PER_VISIT):
            if not await self._runner.advance(self._tracker, tenant_id):
                break
        for _ in range(MAX_BATCHES_PER_VISIT):
            if not await self._refresh(tenant_id):
                break

    async def _refresh(self, tenant_id: UUID) -> int:
        async with self._database.as_tenant(tenant_id) as connection:
            rules = await load_rules(connection, tenant_id)
            if rules.refreshed == rules.revision:
                return 0
            scope = ProjectionScope(tenant_id, _GENERATION)
            if await lock_position(connection, scope, self._tracker.name) is None:
                return 0
            return await self._tracker.compute_outdated(
                connection, tenant_id, rules, self._batch_size
            )

    async def _report(self, tenant_id: UUID) -> int:
        """Stores commands for the clocks whose time has passed. A time counts as passed only if all
        events before it were read: an unread one may have ended the clock.
        """
        async with self._database.system_transaction() as connection:
            until: Any = await connection.fetchrow(_SQL["oldest_unread"], tenant_id)
            passed = until["now"] - self._grace
            if until["oldest_at"] is not None:
                passed = min(passed, until["oldest_at"])
            breaches = await self._store(connection, _SQL["log_breaches"], tenant_id, passed)
            warnings = await self._store(connection, _SQL["log_warnings"], tenant_id, passed)
        if breaches or warnings:
            _log.info("sla_reported", tenant=str(tenant_id), breaches=breaches, warnings=warnings)
        return breaches + warnings

    async def _store(
        self, connection: Connection, query: str, tenant_id: UUID, passed: object
    ) -> int:
        return len(await connection.fetch(query, tenant_id, passed, self._batch_size))

    async def _publish(self, tenant_id: UUID) -> None:
        ids = self._tracker.changed.pop(tenant_id, None)
        if not ids:
            return
        async with self._database.as_tenant(tenant_id) as connection:
            rows = await connection.fetch(_SQL["list_shown"], tenant_id, list(ids))
        for row in rows:
            await self._announce(tenant_id, dict(row))
