"""The report schedules of all tenants."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from niochat.adapters.postgres.audit_log import record_change
from niochat.adapters.postgres.database import Connection, Database, fetch_one
from niochat.adapters.postgres.queries import queries
from niochat.domain.errors import OperationRefusedError, StaleVersionError
from niochat.insights.report_files.report_files import ReportFileFormat
from niochat.insights.report_files.report_labels import ReportLanguage
from niochat.insights.reports.metric_catalog import ReportGrouping
from niochat.insights.reports.report_request import ReportFilter
from niochat.insights.schedules.schedule_times import (
    ReportCadence,
    last_occurrence,
    next_occurrence,
)
from niochat.ports.audit import AuditActor, AuditEntry

_SQL = queries("report_schedules")

MAX_SCHEDULES = 20
"""Maximum number of schedules of a tenant."""


@dataclass(frozen=True, slots=True)
class ScheduledReport:
    """A whole schedule: which report is sent to whom, how often, at which local hour."""

    name: str
    metrics: tuple[str, ...]
    grouping: ReportGrouping
    cadence: ReportCadence
    hour: int
    recipients: tuple[str, ...]
    filters: ReportFilter = field(default_factory=ReportFilter)
    business_hours: bool = False
    file_format: ReportFileFormat = "pdf"
    language: ReportLanguage = "pt"
    active: bool = True


@dataclass(frozen=True, slots=True)
class ScheduleEditor:
    """Who changes schedules of which tenant, and when."""

    tenant_id: UUID
    actor: AuditActor
    now: datetime


class ReportScheduleStore:
    """Reads and changes schedules. Methods raise ``UnavailableError``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_schedules(self, tenant_id: UUID) -> list[dict[str, Any]]:
        """All schedules by name."""
        async with self._database.as_tenant(tenant_id) as connection:
            return [dict(row) for row in await connection.fetch(_SQL["list"], tenant_id)]

    async def find(self, tenant_id: UUID, schedule_id: UUID) -> dict[str, Any]:
        """One schedule. Raises ``NotFoundError``."""
        async with self._database.as_tenant(tenant_id) as connection:
            return await _find(connection, tenant_id, schedule_id)

    async def create(self, editor: ScheduleEditor, report: ScheduledReport) -> dict[str, Any]:
        """Creates a schedule. Raises ``OperationRefusedError`` (``too_many_schedules``)."""
        tenant_id = editor.tenant_id
        async with self._database.as_tenant(tenant_id) as connection:
            await connection.execute(_SQL["lock_tenant"], tenant_id)
            if await connection.fetchval(_SQL["count"], tenant_id) >= MAX_SCHEDULES:
                raise OperationRefusedError(
                    f"The limit of {MAX_SCHEDULES} scheduled reports is reached. Delete one first.",
                    code="too_many_schedules",
                )
            next_at = await _next_at(connection, editor, report)
            schedule_id = await connection.fetchval(
                _SQL["create"], tenant_id, *_columns(report), next_at
            )
            await _record(connection, editor, "report_schedules.create", schedule_id, None, report)
            return await _find(connection, tenant_id, schedule_id)

    async def replace(
        self,
        editor: ScheduleEditor,
        schedule_id: UUID,
        report: ScheduledReport,
        versions: frozenset[str] | None,
    ) -> dict[str, Any]:
        """Replaces a schedule if its version is one of ``versions`` (None: any). Raises
        ``NotFoundError`` and ``StaleVersionError``.
        """
        tenant_id = editor.tenant_id
        async with self._database.as_tenant(tenant_id) as connection:
            old = await _lock(connection, tenant_id, schedule_id, versions)
            next_at = await _next_at(connection, editor, report)
            await connection.execute(
                _SQL["replace"], tenant_id, schedule_id, *_columns(report), next_at
            )
            await _record(
                connection, editor, "report_schedules.change", schedule_id, old["name"], report
            )
            return await _find(connection, tenant_id, schedule_id)

    async def delete(
        self, editor: ScheduleEditor, schedule_id: UUID, versions: frozenset[str] | None
    ) -> None:
        """Deletes a schedule. Raises ``NotFoundError`` and ``StaleVersionError``."""
        async with self._database.as_tenant(editor.tenant_id) as connection:
            old = await _lock(connection, editor.tenant_id, schedule_id, versions)
            await connection.execute(_SQL["delete"], editor.tenant_id, schedule_id)
            await _record(
                connection, editor, "report_schedules.delete", schedule_id, old["name"], None
            )

    async def send_now(self, editor: ScheduleEditor, schedule_id: UUID) -> dict[str, Any]:
        """Makes the report of the last complete period due. Raises ``NotFoundError`` and
        ``OperationRefusedError`` (``schedule_paused``).
        """
        tenant_id = editor.tenant_id
        async with self._database.as_tenant(tenant_id) as connection:
            row = await _find(connection, tenant_id, schedule_id)
            if not row["active"]:
                raise OperationRefusedError(
                    "The scheduled report is paused. Activate it, then send it.",
                    code="schedule_paused",
                )
            zone = ZoneInfo(await connection.fetchval(_SQL["timezone"], tenant_id))
            due = last_occurrence(ReportCadence(row["cadence"]), row["hour"], zone, editor.now)
            await connection.execute(_SQL["make_due"], tenant_id, schedule_id, due)
            await _record(
                connection, editor, "report_schedules.send", schedule_id, row["name"], None
            )
            return await _find(connection, tenant_id, schedule_id)


def _columns(report: ScheduledReport) -> tuple[object, ...]:
    return (
        report.name,
        list(report.metrics),
        report.grouping,
        report.filters.values(),
        report.business_hours,
        report.cadence,
        report.hour,
        report.file_format,
        report.language,
        list(report.recipients),
        report.active,
    )


async def _next_at(
    connection: Connection, editor: ScheduleEditor, report: ScheduledReport
) -> datetime:
    zone = ZoneInfo(await connection.fetchval(_SQL["timezone"], editor.tenant_id))
    return next_occurrence(report.cadence, report.hour, zone, editor.now)


async def _find(connection: Connection, tenant_id: UUID, schedule_id: UUID) -> dict[str, Any]:
    return await fetch_one(
        connection, _SQL["find"], tenant_id, schedule_id, what="scheduled report"
    )


async def _lock(
    connection: Connection, tenant_id: UUID, schedule_id: UUID, versions: frozenset[str] | None
) -> dict[str, Any]:
    row = await _find(connection, tenant_id, schedule_id)
    if versions is not None and str(row["version"]) not in versions:
        raise StaleVersionError(
            "The scheduled report was changed meanwhile. Load it again, then repeat the change."
        )
    return row


async def _record(
    connection: Connection,
    editor: ScheduleEditor,
    action: str,
    schedule_id: UUID,
    before: str | None,
    after: ScheduledReport | None,
) -> None:
    """Writes an audit entry without addresses."""
    old = None if before is None else {"name": before}
    new = None if after is None else {"name": after.name, "active": after.active}
    await record_change(
        connection,
        AuditEntry(
            editor.tenant_id, editor.actor, action, f"report_schedule:{schedule_id}", old, new
        ),
    )
