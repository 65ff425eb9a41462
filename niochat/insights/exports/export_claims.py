"""The claims of export jobs: which process works on which job, and how an attempt ends.

A claim is the number of the attempt. Whoever has an older number, or whose job was cancelled,
changes nothing and is told so.
"""

from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID
from zoneinfo import ZoneInfo

from niochat.adapters.clock import database_clock
from niochat.adapters.postgres.database import Connection, Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.errors import NiochatError
from niochat.insights.exports.export_job import (
    FILE_RETENTION,
    ExportAccess,
    ExportFailure,
    ExportOrder,
    ExportRequester,
    file_key,
    order_of,
)
from niochat.insights.exports.export_mails import (
    MAIL_AFTER_S,
    ExportMailContext,
    compose_done,
    compose_failed,
)
from niochat.mail.mail_outbox import MailMessage, MailOutbox

_SQL = queries("report_exports")

CLAIM_S = 60.0
"""A batch takes 15 seconds at most: the database ends longer statements."""


class ClaimLostError(NiochatError):
    """The job was cancelled, or another process has it by now."""

    code = "claim_lost"


@dataclass(frozen=True, slots=True)
class ClaimedExport:
    """A job that this process works on."""

    tenant_id: UUID
    id: UUID
    attempt: int
    requester: ExportRequester
    order: ExportOrder
    provider: str
    zone: ZoneInfo

    @classmethod
    def from_row(cls, row: Any) -> Self:
        """Reads a row of ``report_exports.sql:claim``."""
        return cls(
            row["tenant_id"],
            row["id"],
            row["attempts"],
            ExportRequester(row["requester_kind"], row["requester_id"]),
            order_of(row),
            row["provider"],
            ZoneInfo(row["timezone"]),
        )

    @property
    def file_key(self) -> str:
        """Where this attempt stores the file."""
        return file_key(self.tenant_id, self.id, self.attempt)


class ExportClaims:
    """Claims jobs and ends attempts. Methods raise ``UnavailableError``; those that change a claim
    raise ``ClaimLostError``.
    """

    def __init__(
        self, database: Database, mails: MailOutbox | None = None, base_url: str = ""
    ) -> None:
        """Without ``mails`` nobody gets a mail. ``base_url`` is where people open the desk."""
        self._database = database
        self._mails = mails
        self._base_url = base_url

    async def claim(self) -> ClaimedExport | None:
        """Claims the next job, or one whose process has died."""
        async with self._database.system_transaction() as connection:
            await connection.execute(_SQL["lock_claims"])
            row = await connection.fetchrow(_SQL["claim"], CLAIM_S)
        return None if row is None else ClaimedExport.from_row(row)

    async def advance(
        self, job: ClaimedExport, written: int, expected: int, claim_s: float = CLAIM_S
    ) -> None:
        """Stores the progress, and keeps the claim for ``claim_s`` seconds."""
        async with self._database.as_system() as connection:
            kept = await connection.fetchval(
                _SQL["advance"], *_attempt(job), written, expected, claim_s
            )
        if not kept:
            raise ClaimLostError("the export is not ours any more")

    async def finish(
        self, job: ClaimedExport, written: int, size: int, access: ExportAccess
    ) -> None:
        """Ends the job with its file of ``size`` bytes, and queues the mail in the same
        transaction: there is one for each job, whatever dies.
        """
        async with self._database.system_transaction() as connection:
            waited = await connection.fetchval(
                _SQL["finish"],
                *_attempt(job),
                written,
                size,
                access.to_scopes(),
                FILE_RETENTION,
                MAIL_AFTER_S,
            )
            if waited is None:
                raise ClaimLostError("the export is not ours any more")
            if waited:
                await self._queue_mail(connection, compose_done(self._about(job)), access)

    async def fail(
        self, job: ClaimedExport, failure: ExportFailure, access: ExportAccess | None
    ) -> None:
        """Ends the job without a file. Who may still export, gets a mail that says why."""
        async with self._database.system_transaction() as connection:
            waited = await connection.fetchval(_SQL["fail"], *_attempt(job), failure, MAIL_AFTER_S)
            if waited is None:
                raise ClaimLostError("the export is not ours any more")
            if waited and access is not None:
                mail = compose_failed(self._about(job), failure)
                await self._queue_mail(connection, mail, access)

    async def postpone(self, job: ClaimedExport, pause_s: float) -> None:
        """Gives the job back; the next attempt may begin after ``pause_s`` seconds."""
        async with self._database.as_system() as connection:
            if not await connection.fetchval(_SQL["postpone"], *_attempt(job), pause_s):
                raise ClaimLostError("the export is not ours any more")

    def _about(self, job: ClaimedExport) -> ExportMailContext:
        return ExportMailContext(job.tenant_id, job.provider, job.order, job.zone, self._base_url)

    async def _queue_mail(
        self, connection: Connection, mail: MailMessage, access: ExportAccess
    ) -> None:
        if self._mails is None or access.address is None:
            return
        addressed = MailMessage(mail.tenant_id, access.address, mail.subject, mail.text)
        await self._mails.enqueue(connection, addressed, database_clock.now())


def _attempt(job: ClaimedExport) -> tuple[UUID, UUID, int]:
    return job.tenant_id, job.id, job.attempt
