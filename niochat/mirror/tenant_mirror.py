"""Mirrors one tenant while this process has its claim: what has changed, roll-ups, the backfill."""

import asyncio
import random
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import structlog

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.adapters.supabase.project_client import ProjectClient
from niochat.adapters.supabase.project_errors import (
    ProjectMisconfiguredError,
    ProjectUnavailableError,
)
from niochat.domain.backoff import backoff_s
from niochat.domain.errors import ConflictError
from niochat.domain.tenant.supabase_project import MirroredMessages
from niochat.mirror.mirror_backfill import next_backfill_page, restart_source
from niochat.mirror.mirror_batch import read_batch, read_rows
from niochat.mirror.mirror_position import MirrorClaim, claim
from niochat.mirror.mirror_settings import MirrorTarget
from niochat.mirror.mirror_sources import MESSAGES, ROLLUPS, SOURCES, MirrorSource, SourceRow
from niochat.mirror.rollup_mirror import SentRows, read_changed_buckets
from niochat.mirror.row_sender import SendResult, send_rows

_SQL = queries("mirror")
_log = structlog.get_logger(__name__)

MAX_BATCHES_PER_VISIT = 20
MAX_BACKFILL_PAGES_PER_VISIT = 5
RETRY_BASE_S = 1.0
MAX_RETRY_S = 60.0
MISCONFIGURED_RETRY_S = 30.0
"""How long to wait where an operator has to change something first."""


class VisitResult(NamedTuple):
    """Rows that were sent, and whether more waits already."""

    sent: int
    is_behind: bool


class TenantMirror:
    """Visits tenants, one at a time."""

    def __init__(self, database: Database, sent_rows: SentRows | None = None) -> None:
        self._database = database
        self._sent_rows = sent_rows or SentRows()

    async def visit(
        self, target: MirrorTarget, project: ProjectClient, *, with_rollups: bool = True
    ) -> VisitResult:
        """Send what a tenant has. A failure of the project is stored, with the time of the next
        try. Raises ``UnavailableError`` when the database does not answer.
        """
        held = await claim(self._database, target.tenant_id)
        if held is None:
            return VisitResult(0, is_behind=False)
        if held.row["backfill_for"] != target.fingerprint:  # the settings have changed meanwhile
            await held.release()
            return VisitResult(0, is_behind=False)
        self._sent_rows.begin(target.tenant_id, held.row["previous_version"])
        try:
            visit = _Visit(self._database, self._sent_rows, held, target, project)
            result = await visit.run(with_rollups)
        except ConflictError:
            self._sent_rows.forget(target.tenant_id)
            return VisitResult(0, is_behind=False)
        except asyncio.CancelledError:  # the process ends: the next one need not wait for the claim
            await held.release()
            raise
        except (ProjectUnavailableError, ProjectMisconfiguredError) as error:
            self._sent_rows.forget(target.tenant_id)
            await self._save_failure(held, error)
            return VisitResult(0, is_behind=False)
        self._sent_rows.end(target.tenant_id, held.version)
        await held.finish()
        return result

    async def _save_failure(
        self, held: MirrorClaim, error: ProjectUnavailableError | ProjectMisconfiguredError
    ) -> None:
        failures = held.row["failures"]
        pause_s = MISCONFIGURED_RETRY_S
        if isinstance(error, ProjectUnavailableError):
            pause_s = error.retry_after_s or backoff_s(
                failures, base_s=RETRY_BASE_S, max_s=MAX_RETRY_S, jitter=random.uniform(0.8, 1.2)
            )
        if failures == 0:
            _log.warning(
                "mirror_failed", tenant=str(held.tenant_id), code=error.code, error=str(error)
            )
        await held.save_failure(error.code, str(error), pause_s)


class _Visit:
    """What is done under one claim."""

    def __init__(
        self,
        database: Database,
        sent_rows: SentRows,
        held: MirrorClaim,
        target: MirrorTarget,
        project: ProjectClient,
    ) -> None:
        self._database = database
        self._sent_rows = sent_rows
        self._claim = held
        self._target = target
        self._project = project
        self._tenant_id = target.tenant_id
        self._sent = 0
        self._has_messages: bool | None = None

    async def run(self, with_rollups: bool) -> VisitResult:
        is_behind = await self._repeat(MAX_BATCHES_PER_VISIT, self._send_changes)
        if with_rollups:
            is_behind |= await self._repeat(MAX_BATCHES_PER_VISIT, self._send_rollups)
        is_behind |= await self._repeat(MAX_BACKFILL_PAGES_PER_VISIT, self._send_backfill_page)
        return VisitResult(self._sent, is_behind)

    async def _repeat(self, times: int, work: Any) -> bool:
        """Do it until nothing is left; returns whether something is."""
        for _ in range(times):
            if not await work():
                return False
        return True

    async def _send_changes(self) -> bool:
        async with self._database.as_tenant(self._tenant_id) as connection:
            batch = await read_batch(connection, self._tenant_id, self._claim.row)
            rows = await self._read(connection, batch.refs)
        if batch.is_empty:
            return batch.is_full  # threads were replaced by what they stand for
        result = await self._send(rows)
        async with self._database.as_tenant(self._tenant_id) as connection:
            await self._claim.settle_rows(connection, result)
            await self._claim.settle(connection, batch)
        await self._claim.renew()
        return batch.is_full

    async def _send_rollups(self) -> bool:
        async with self._database.as_tenant(self._tenant_id) as connection:
            buckets = await read_changed_buckets(connection, self._tenant_id, self._claim.row)
            if buckets is None:
                return False
            rows = await ROLLUPS.read_rows(connection, self._tenant_id, buckets.refs)
        changed = self._sent_rows.changed(self._tenant_id, rows)
        result = await self._send([(ROLLUPS, changed)])
        async with self._database.as_tenant(self._tenant_id) as connection:
            await self._claim.settle_rows(connection, result)
            await connection.execute(
                _SQL["save_rollup_position"],
                self._tenant_id,
                self._claim.version,
                *buckets.position,
            )
            if buckets.is_rebuilt:
                await restart_source(connection, self._tenant_id, ROLLUPS)
        self._sent_rows.remember(self._tenant_id, changed)
        await self._claim.renew()
        return buckets.is_full

    async def _send_backfill_page(self) -> bool:
        row = self._claim.row
        if row["backfill_source"] is None:
            return False
        async with self._database.as_tenant(self._tenant_id) as connection:
            page = await next_backfill_page(connection, self._tenant_id, row)
            rows = await self._read(connection, {page.source.name: page.refs})
        if page.source is MESSAGES and self._target.messages is MirroredMessages.NONE:
            rows = await self._marks_of_messages(page.refs)
        result = await self._send(rows)
        async with self._database.as_tenant(self._tenant_id) as connection:
            await self._claim.settle_rows(connection, result)
            await page.save(connection, self._tenant_id, self._claim.version, row)
        await self._claim.renew()
        return self._claim.row["backfill_source"] is not None

    async def _marks_of_messages(
        self, refs: Sequence[str]
    ) -> list[tuple[MirrorSource, list[SourceRow]]]:
        """Messages are not mirrored any more: those that were are marked as deleted."""
        if self._has_messages is None:
            self._has_messages = await self._project.has_rows(self._tenant_id, MESSAGES.table)
        if not self._has_messages:
            return []
        async with self._database.as_tenant(self._tenant_id) as connection:
            return [(MESSAGES, await read_rows(connection, self._tenant_id, MESSAGES, refs))]

    async def _read(
        self, connection: Any, refs: Mapping[str, Sequence[str]]
    ) -> list[tuple[MirrorSource, list[SourceRow]]]:
        hidden = {MESSAGES.name} if self._target.messages is MirroredMessages.NONE else set()
        return [
            (source, await read_rows(connection, self._tenant_id, source, refs[name]))
            for name, source in SOURCES.items()
            if refs.get(name) and name not in hidden
        ]

    async def _send(self, rows: Sequence[tuple[MirrorSource, Sequence[SourceRow]]]) -> SendResult:
        result = SendResult()
        for source, each in rows:
            if each:
                await self._claim.keep()
                await send_rows(self._project, source, each, self._claim.version, result)
        self._sent += result.sent
        for refused in result.refused:
            _log.error(
                "mirror_row_refused",
                tenant=str(self._tenant_id),
                source=refused.source.name,
                ref=refused.ref,
                code=refused.code,
            )
        return result
