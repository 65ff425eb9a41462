"""Keeps the mirrors of all tenants close to the log, beside the message path."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from uuid import UUID

import structlog

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.adapters.supabase.project_client import ProjectClient
from niochat.domain.errors import NiochatError
from niochat.mirror.mirror_backfill import start_backfill
from niochat.mirror.mirror_settings import MirrorTarget
from niochat.mirror.tenant_mirror import TenantMirror
from niochat.runtime.cpu_meter import CpuMeter
from niochat.runtime.periodic_loop import IntervalTimer, run_periodically

_SQL = queries("mirror")
_log = structlog.get_logger(__name__)

INTERVAL_S = 1.0
BUSY_INTERVAL_S = 5.0
"""The interval while the processors are busy: fewer, larger batches leave them to the path."""
TARGETS_INTERVAL_S = 5.0
"""How often settings are read."""
ROLLUPS_INTERVAL_S = 5.0
AUDIT_INTERVAL_S = 2.0
MAX_VISITS_AT_ONCE = 4
"""Tenants that are visited at the same time. It bounds the memory: a visit holds one batch."""

LoadTargets = Callable[[], Awaitable[list[MirrorTarget]]]
OpenProject = Callable[[MirrorTarget], ProjectClient]


class Mirror:
    """Visits the tenants that have something to send. Several processes share them out, because a
    claim lets one work on a tenant. A slow project delays its own tenant alone, unless many are
    slow.
    """

    def __init__(
        self,
        database: Database,
        load_targets: LoadTargets,
        open_project: OpenProject,
        is_busy: Callable[[], bool] | None = None,
        tenant_mirror: TenantMirror | None = None,
    ) -> None:
        self._database = database
        self._load_targets = load_targets
        self._open_project = open_project
        self._is_busy = is_busy or CpuMeter().is_busy
        self._tenant_mirror = tenant_mirror or TenantMirror(database)
        self._targets: dict[UUID, MirrorTarget] = {}
        self._projects: dict[tuple[str, str], ProjectClient] = {}
        self._targets_timer = IntervalTimer(TARGETS_INTERVAL_S)
        self._audit_timer = IntervalTimer(AUDIT_INTERVAL_S)
        self._rollups_at: dict[UUID, float] = {}
        self._visits: dict[UUID, asyncio.Task[None]] = {}
        self._slots = asyncio.Semaphore(MAX_VISITS_AT_ONCE)
        self._audit_horizon: str | None = None
        self._audited: set[UUID] = set()
        self._ran_at = float("-inf")

    async def run(self) -> None:
        """Mirror until cancelled."""
        try:
            await run_periodically(
                "mirror_failed", INTERVAL_S, self._run_in_turn, first_at_once=True
            )
        finally:
            await self.close()

    async def close(self) -> None:
        """End all visits, and close the connections to projects."""
        for task in self._visits.values():
            task.cancel()
        await asyncio.gather(*self._visits.values(), return_exceptions=True)
        for project in self._projects.values():
            await project.close()
        self._projects.clear()

    async def run_until_sent(self) -> int:
        """Send all that there is now, roll-ups too; returns the number of rows. What a project does
        not take at once is left. Raises ``UnavailableError``.
        """
        await self._read_targets()
        await self._read_audit_horizon()
        sent = 0
        while due := await self._list_due():
            results = [
                await self._tenant_mirror.visit(self._targets[each], self._project_of(each))
                for each in due
            ]
            sent += sum(each.sent for each in results)
        return sent

    async def _run_in_turn(self) -> None:
        if self._is_busy() and time.monotonic() - self._ran_at < BUSY_INTERVAL_S:
            return
        self._ran_at = time.monotonic()
        if self._targets_timer.restart_if_due():
            await self._read_targets()
        for tenant_id in await self._list_due():
            if tenant_id not in self._visits:
                self._visits[tenant_id] = asyncio.create_task(self._visit(tenant_id))

    async def _visit(self, tenant_id: UUID) -> None:
        async with self._slots:
            try:
                while await self._visit_once(tenant_id):
                    pass
            except NiochatError as error:  # visited again with the next run
                _log.warning("mirror_failed", code=error.code, tenant=str(tenant_id))
            except Exception:  # noqa: BLE001 - one tenant must not stop the others
                _log.exception("mirror_failed", tenant=str(tenant_id))
            finally:
                del self._visits[tenant_id]

    async def _visit_once(self, tenant_id: UUID) -> bool:
        """Returns whether more waits and the tenant may be visited again at once."""
        target = self._targets.get(tenant_id)
        if target is None or target.paused:
            return False
        now = time.monotonic()
        with_rollups = now - self._rollups_at.get(tenant_id, float("-inf")) >= ROLLUPS_INTERVAL_S
        if with_rollups:
            self._rollups_at[tenant_id] = now
        result = await self._tenant_mirror.visit(
            target, self._project_of(tenant_id), with_rollups=with_rollups
        )
        return result.is_behind and not self._is_busy()

    async def _list_due(self) -> list[UUID]:
        active = [each.tenant_id for each in self._targets.values() if not each.paused]
        if not active:
            return []
        if self._audit_timer.restart_if_due():
            await self._read_audit_horizon()
        async with self._database.as_system() as connection:
            rows = await connection.fetch(_SQL["list_due"], active, list(self._audited))
        due = [row["tenant_id"] for row in rows]
        self._audited.difference_update(due)
        return due

    async def _read_audit_horizon(self) -> None:
        """Find tenants with new entries in the audit log, which no table of the path knows."""
        async with self._database.as_system() as connection:
            if self._audit_horizon is None:
                self._audit_horizon = await connection.fetchval(_SQL["oldest_audit_position"])
            horizon: str = await connection.fetchval(_SQL["horizon"])
        async with self._database.as_auth() as connection:
            rows = await connection.fetch(_SQL["tenants_with_audit"], self._audit_horizon, horizon)
        self._audited.update(row["tenant_id"] for row in rows)
        self._audited.intersection_update(self._targets)
        self._audit_horizon = horizon

    async def _read_targets(self) -> None:
        """Begin with new tenants, end with those that are not mirrored any more, and send all anew
        whose settings are others.
        """
        targets = {each.tenant_id: each for each in await self._load_targets()}
        async with self._database.as_system() as connection:
            rows = await connection.fetch(_SQL["list_positions"])
        known = {row["tenant_id"]: row["backfill_for"] for row in rows}
        for tenant_id in known.keys() - targets.keys():
            await self._forget(tenant_id)
        for tenant_id, target in targets.items():
            if known.get(tenant_id) != target.fingerprint:
                async with self._database.as_tenant(tenant_id) as connection:
                    await connection.execute(_SQL["begin"], tenant_id)
                await start_backfill(self._database, tenant_id, target.fingerprint)
        self._targets = targets
        await self._close_unused_projects()

    async def _forget(self, tenant_id: UUID) -> None:
        async with self._database.as_tenant(tenant_id) as connection:
            await connection.execute(_SQL["forget"], tenant_id)
            await connection.execute(_SQL["forget_changes"], tenant_id)
            await connection.execute(_SQL["forget_dead_letters"], tenant_id)

    def _project_of(self, tenant_id: UUID) -> ProjectClient:
        target = self._targets[tenant_id]
        key = (target.url, target.key)
        if key not in self._projects:
            self._projects[key] = self._open_project(target)
        return self._projects[key]

    async def _close_unused_projects(self) -> None:
        used = {(each.url, each.key) for each in self._targets.values()}
        if self._visits:
            return  # one of them may still use it
        for key in self._projects.keys() - used:
            await self._projects.pop(key).close()
