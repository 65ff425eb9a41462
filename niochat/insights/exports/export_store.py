"""The export jobs of requesters: what the API reads and changes."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from niochat.adapters.postgres.audit_log import record_change
from niochat.adapters.postgres.database import Connection, Database, fetch_one
from niochat.adapters.postgres.queries import queries
from niochat.domain.errors import NotFoundError, OperationRefusedError
from niochat.insights.exports.export_job import (
    MAX_UNFINISHED_OF_REQUESTER,
    MAX_UNFINISHED_OF_TENANT,
    ExportOrder,
    ExportRequester,
    ExportState,
)
from niochat.ports.audit import AuditActor, AuditEntry

_SQL = queries("report_exports")


@dataclass(frozen=True, slots=True)
class ExportOwner:
    """Who reads and changes which jobs: their own, of one tenant."""

    tenant_id: UUID
    requester: ExportRequester
    actor: AuditActor


class ReportExportStore:
    """Reads and changes the jobs of one requester at a time. Methods raise ``UnavailableError``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, owner: ExportOwner, order: ExportOrder) -> dict[str, Any]:
        """Queues a job. Raises ``OperationRefusedError`` (``too_many_exports``)."""
        async with self._database.as_tenant(owner.tenant_id) as connection:
            await connection.execute(_SQL["lock_tenant"], owner.tenant_id)
            await _check_limits(connection, owner)
            export_id = await connection.fetchval(
                _SQL["create"],
                owner.tenant_id,
                owner.requester.kind,
                owner.requester.id,
                *_columns(order),
            )
            details: dict[str, object] = {"export": order.file_format, "metric": order.metric}
            await _record(connection, owner, "report_exports.create", export_id, details)
            return await _find(connection, owner, export_id)

    async def list_page(
        self, owner: ExportOwner, after: UUID | None, limit: int
    ) -> list[dict[str, Any]]:
        """Returns up to ``limit`` + 1 jobs, newest first."""
        async with self._database.as_tenant(owner.tenant_id) as connection:
            rows = await connection.fetch(
                _SQL["list"], owner.tenant_id, owner.requester.id, after, limit + 1
            )
        return [dict(row) for row in rows]

    async def find(self, owner: ExportOwner, export_id: UUID) -> dict[str, Any]:
        """Returns one job. Raises ``NotFoundError``."""
        async with self._database.as_tenant(owner.tenant_id) as connection:
            return await _find(connection, owner, export_id)

    async def find_file(self, owner: ExportOwner, export_id: UUID) -> dict[str, Any]:
        """Returns a job that has a file. Raises ``NotFoundError`` (also ``export_expired``) and
        ``OperationRefusedError`` (``export_not_done``).
        """
        row = await self.find(owner, export_id)
        if row["state"] == ExportState.EXPIRED:
            raise NotFoundError(
                "The file was deleted after seven days. Export again.", code="export_expired"
            )
        if row["state"] != ExportState.DONE:
            raise OperationRefusedError(
                f"The export has no file: its state is {row['state']}. Wait until it is done, or "
                "export again.",
                code="export_not_done",
            )
        return row

    async def cancel_or_remove(self, owner: ExportOwner, export_id: UUID) -> None:
        """Cancels a job that is not finished; removes any other one and its file. Raises
        ``NotFoundError``.
        """
        async with self._database.as_tenant(owner.tenant_id) as connection:
            await _find(connection, owner, export_id)
            key = (owner.tenant_id, export_id)
            if await connection.fetchval(_SQL["cancel"], *key):
                await _record(connection, owner, "report_exports.cancel", export_id)
            # It may have finished since it was read: then it is removed.
            elif await connection.fetchval(_SQL["remove"], *key):
                await _record(connection, owner, "report_exports.delete", export_id)


async def _check_limits(connection: Connection, owner: ExportOwner) -> None:
    counts = await connection.fetchrow(
        _SQL["count_unfinished"], owner.tenant_id, owner.requester.id
    )
    assert counts is not None  # it counts
    if counts["of_requester"] >= MAX_UNFINISHED_OF_REQUESTER:
        raise OperationRefusedError(
            f"{MAX_UNFINISHED_OF_REQUESTER} of your exports are not finished. Wait for one of "
            "them, or cancel one.",
            code="too_many_exports",
        )
    if counts["of_tenant"] >= MAX_UNFINISHED_OF_TENANT:
        raise OperationRefusedError(
            f"{MAX_UNFINISHED_OF_TENANT} exports of the provider are not finished. Try again "
            "later.",
            code="too_many_exports",
        )


def _columns(order: ExportOrder) -> tuple[object, ...]:
    return (
        order.metric,
        order.grouping,
        order.key,
        order.filters.values(),
        order.since,
        order.until,
        order.file_format,
        order.language,
    )


async def _find(connection: Connection, owner: ExportOwner, export_id: UUID) -> dict[str, Any]:
    return await fetch_one(
        connection, _SQL["find"], owner.tenant_id, owner.requester.id, export_id, what="export"
    )


async def _record(
    connection: Connection,
    owner: ExportOwner,
    action: str,
    export_id: UUID,
    after: dict[str, object] | None = None,
) -> None:
    target = f"report_export:{export_id}"
    await record_change(
        connection, AuditEntry(owner.tenant_id, owner.actor, action, target, None, after)
    )
