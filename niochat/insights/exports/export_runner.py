"""Works on export jobs.

Every process may run it. One process at a time has a job; a claim expires when its process dies,
and the next one begins again, because half a file on the disk of a machine that is gone helps
nobody. The file appears in the file store whole, under a key of its attempt, before the job is
done. What the requester may read is asked before each batch, so a file never has more than that.
"""

import asyncio
import math
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

import structlog

from niochat.adapters.file_store import UPLOAD_TIMEOUT_S, FileStore
from niochat.adapters.spreadsheet_files import CsvTableFile, TableFile, XlsxTableFile
from niochat.domain.errors import InvalidInputError, NiochatError
from niochat.insights.exports.export_claims import (
    CLAIM_S,
    ClaimedExport,
    ClaimLostError,
    ExportClaims,
)
from niochat.insights.exports.export_job import (
    MAX_EXPORT_ROWS,
    ExportAccess,
    ExportFailure,
    ExportOrder,
    ExportRequester,
    ExportState,
)
from niochat.insights.exports.temporary_folders import FOLDER_PREFIX, remove_old_folders
from niochat.insights.report_files.conversation_table import ConversationTable
from niochat.insights.reports.report_store import ReportStore
from niochat.runtime.periodic_loop import run_periodically

_log = structlog.get_logger(__name__)

POLL_INTERVAL_S = 2.0
BATCH_ROWS = 2_000
MAX_ATTEMPTS = 5
RETRY_PAUSE_S = 30.0
"""Times the number of the attempt."""
FINISH_CLAIM_S = UPLOAD_TIMEOUT_S + CLAIM_S
"""A workbook is packed and the file is sent without any progress to store."""
ANNOUNCE_INTERVAL_S = 1.0

LoadExportAccess = Callable[[UUID, ExportRequester], Awaitable[ExportAccess | None]]
"""Returns what a requester of a tenant may export now; None: nothing."""


@dataclass(frozen=True, slots=True)
class ExportProgress:
    """What the screens of a requester are told of a job."""

    tenant_id: UUID
    requester: ExportRequester
    export_id: UUID
    state: ExportState
    rows_written: int = 0
    rows_expected: int | None = None


AnnounceExport = Callable[[ExportProgress], Awaitable[object]]


class _FailedExportError(NiochatError):
    """The job cannot succeed."""

    def __init__(self, failure: ExportFailure) -> None:
        super().__init__(str(failure), code=str(failure))
        self.failure = failure


class _ChangedAccessError(NiochatError):
    """The requester may read other conversations by now. What is written has to be read again."""

    code = "access_changed"


@dataclass(slots=True)
class _Attempt:
    """A job with what its requester may read, and its progress."""

    job: ClaimedExport
    access: ExportAccess | None = None
    written: int = 0
    expected: int = 0
    announced_at: float = field(default=float("-inf"))

    @property
    def permitted(self) -> ExportAccess:
        """What the requester may read. Raises ``_FailedExportError`` if that is nothing."""
        if self.access is None:
            raise _FailedExportError(ExportFailure.NOT_PERMITTED)
        return self.access


class ReportExportRunner:
    """Makes the files of export jobs, one at a time."""

    def __init__(
        self,
        claims: ExportClaims,
        reports: ReportStore,
        files: FileStore,
        load_access: LoadExportAccess,
        announce: AnnounceExport,
        *,
        batch_rows: int = BATCH_ROWS,
    ) -> None:
        self._claims = claims
        self._reports = reports
        self._files = files
        self._load_access = load_access
        self._announce = announce
        self._batch_rows = batch_rows

    async def run(self) -> None:
        """Work on jobs until cancelled."""
        await asyncio.to_thread(remove_old_folders, Path(tempfile.gettempdir()))

        async def run_all() -> None:
            while await self.run_next():
                pass

        await run_periodically("report_exports_failed", POLL_INTERVAL_S, run_all)

    async def run_next(self) -> bool:
        """Work on the next job; false if there is none. Raises ``UnavailableError``."""
        job = await self._claims.claim()
        if job is None:
            return False
        attempt = _Attempt(job)
        try:
            await self._run_attempt(attempt)
        except ClaimLostError:
            _log.info("report_export_stopped", export=str(job.id), attempt=job.attempt)
        return True

    async def _run_attempt(self, attempt: _Attempt) -> None:
        try:
            if attempt.job.attempt > MAX_ATTEMPTS:
                raise _FailedExportError(ExportFailure.INTERRUPTED)
            await self._make_file(attempt)
        except ClaimLostError:
            raise
        except _FailedExportError as error:
            await self._fail(attempt, error.failure)
        except InvalidInputError:
            await self._fail(attempt, ExportFailure.INVALID)
        except (NiochatError, OSError) as error:
            await self._retry_later(attempt, error)
        else:
            await self._tell(attempt, ExportState.DONE)
            _log.info(
                "report_export_done", export=str(attempt.job.id), conversations=attempt.written
            )

    async def _make_file(self, attempt: _Attempt) -> None:
        job = attempt.job
        attempt.access = await self._load_access(job.tenant_id, job.requester)
        await self._count(attempt)
        with TemporaryDirectory(prefix=FOLDER_PREFIX) as folder:
            path = Path(folder) / "export"
            conversations = ConversationTable(
                await self._reports.load_names(job.tenant_id), job.order.language
            )
            table = await asyncio.to_thread(_open_table, path, job, conversations)
            try:
                await self._write_rows(attempt, table, conversations)
            except BaseException:
                table.abandon()
                raise
            await self._store(attempt, table, path)

    async def _count(self, attempt: _Attempt) -> None:
        access = attempt.permitted
        drill = attempt.job.order.drill_down(access.reports, MAX_EXPORT_ROWS)
        attempt.expected = await self._reports.count_behind(
            attempt.job.tenant_id, drill, access.visible
        )
        if attempt.expected > MAX_EXPORT_ROWS:
            raise _FailedExportError(ExportFailure.TOO_MANY_ROWS)
        await self._advance(attempt)

    async def _write_rows(
        self, attempt: _Attempt, table: TableFile, conversations: ConversationTable
    ) -> None:
        parts = math.ceil(attempt.expected / self._batch_rows)
        for part in attempt.job.order.split(parts):
            await self._keep(attempt)
            await self._write_part(attempt, part, table, conversations)
        await self._advance(attempt, FINISH_CLAIM_S)

    async def _write_part(
        self,
        attempt: _Attempt,
        part: ExportOrder,
        table: TableFile,
        conversations: ConversationTable,
    ) -> None:
        access, tenant_id = attempt.permitted, attempt.job.tenant_id
        is_text = attempt.job.order.file_format == "csv"
        cells_of = conversations.text_cells if is_text else conversations.cells
        drill = part.drill_down(access.reports, self._batch_rows)
        async for rows in self._reports.iterate_behind(tenant_id, drill, access.visible):
            await asyncio.to_thread(table.write_rows, cells_of(rows))
            attempt.written += len(rows)
            if attempt.written > MAX_EXPORT_ROWS:
                raise _FailedExportError(ExportFailure.TOO_MANY_ROWS)
            await self._keep(attempt)

    async def _keep(self, attempt: _Attempt) -> None:
        """Store the progress, and see whether the requester may read what comes next."""
        await self._advance(attempt)
        await self._check_access(attempt)

    async def _store(self, attempt: _Attempt, table: TableFile, path: Path) -> None:
        job = attempt.job
        size = await asyncio.to_thread(_close_table, table, path)
        await self._files.put_file(job.file_key, path)
        try:
            await self._check_access(attempt)
            await self._claims.finish(job, attempt.written, size, attempt.permitted)
        except (ClaimLostError, _ChangedAccessError, _FailedExportError):
            # It is not the file of the job. After any other error it may be: the response to a
            # commit can be lost.
            await self._files.delete(job.file_key)
            raise

    async def _check_access(self, attempt: _Attempt) -> None:
        job, before = attempt.job, attempt.permitted
        attempt.access = await self._load_access(job.tenant_id, job.requester)
        if attempt.permitted.to_scopes() != before.to_scopes():
            raise _ChangedAccessError("the requester may read other conversations now")

    async def _advance(self, attempt: _Attempt, claim_s: float = CLAIM_S) -> None:
        attempt.expected = max(attempt.expected, attempt.written)
        await self._claims.advance(attempt.job, attempt.written, attempt.expected, claim_s)
        if time.monotonic() - attempt.announced_at >= ANNOUNCE_INTERVAL_S:
            attempt.announced_at = time.monotonic()
            await self._tell(attempt, ExportState.RUNNING)

    async def _fail(self, attempt: _Attempt, failure: ExportFailure) -> None:
        job = attempt.job
        if attempt.access is None and failure is not ExportFailure.NOT_PERMITTED:
            attempt.access = await self._load_access(job.tenant_id, job.requester)
        await self._claims.fail(job, failure, attempt.access)
        _log.warning("report_export_failed", export=str(job.id), code=str(failure))
        await self._tell(attempt, ExportState.FAILED)

    async def _retry_later(self, attempt: _Attempt, error: Exception) -> None:
        code = getattr(error, "code", type(error).__name__)
        if code == ExportFailure.NO_FILE_STORE:
            await self._fail(attempt, ExportFailure.NO_FILE_STORE)
            return
        if attempt.job.attempt >= MAX_ATTEMPTS:
            await self._fail(attempt, ExportFailure.INTERRUPTED)
            return
        _log.warning("report_export_postponed", export=str(attempt.job.id), code=code)
        changed = isinstance(error, _ChangedAccessError)
        pause_s = 0.0 if changed else RETRY_PAUSE_S * attempt.job.attempt
        await self._claims.postpone(attempt.job, pause_s)
        attempt.written = 0
        await self._tell(attempt, ExportState.QUEUED)

    async def _tell(self, attempt: _Attempt, state: ExportState) -> None:
        job = attempt.job
        expected = None if state is ExportState.QUEUED else attempt.expected
        await self._announce(
            ExportProgress(job.tenant_id, job.requester, job.id, state, attempt.written, expected)
        )


def _open_table(path: Path, job: ClaimedExport, conversations: ConversationTable) -> TableFile:
    if job.order.file_format == "csv":
        return CsvTableFile(path, conversations.header)
    return XlsxTableFile(path, conversations.header, job.zone)


def _close_table(table: TableFile, path: Path) -> int:
    """The size of the finished file in bytes."""
    table.close()
    return path.stat().st_size
