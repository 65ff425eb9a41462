"""Sends scheduled reports by mail.

Every process may run it. A schedule is claimed for some minutes; its mails are queued in the
transaction that moves it to its next time, so that a report whose process dies is sent once.
"""

import asyncio
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog

from niochat.adapters.clock import database_clock
from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.errors import InvalidInputError, NiochatError
from niochat.insights.report_files.report_files import ReportFile, build_report_file
from niochat.insights.report_files.report_labels import ReportLanguage, format_day
from niochat.insights.reports.metric_catalog import ReportGrouping
from niochat.insights.reports.report_request import (
    ReportAudience,
    ReportFilter,
    ReportRequest,
    parse_metrics,
)
from niochat.insights.reports.report_store import ReportStore
from niochat.insights.schedules.schedule_times import (
    ReportCadence,
    last_occurrence,
    next_occurrence,
    reported_days,
)
from niochat.mail.mail_outbox import MailAttachment, MailMessage, MailOutbox
from niochat.runtime.periodic_loop import run_periodically

_SQL = queries("report_schedules")
_log = structlog.get_logger(__name__)

POLL_INTERVAL_S = 20.0
BATCH_SIZE = 5
MAX_ATTEMPTS = 12
"""One every five minutes; after an hour the report is left out."""
REPORTS_PAGE = "/relatorios"
"""The page of the desk (``frontend/src/app/routes/signed-in-routes.ts``)."""
_EVERYBODY = ReportAudience("all", "", frozenset())


class ScheduledReportRunner:
    """Sends the reports that are due."""

    def __init__(
        self, database: Database, reports: ReportStore, mails: MailOutbox, base_url: str
    ) -> None:
        """``base_url`` is where people open the desk."""
        self._database = database
        self._reports = reports
        self._mails = mails
        self._base_url = base_url

    async def run(self) -> None:
        """Send reports until cancelled."""

        async def send_all_due() -> None:
            while await self.send_due(database_clock.now()):
                pass

        await run_periodically("scheduled_reports_failed", POLL_INTERVAL_S, send_all_due)

    async def send_due(self, now: datetime) -> int:
        """Send the next reports that are due; returns their number. One that fails does not keep
        the others. Raises ``UnavailableError``.
        """
        async with self._database.as_system() as connection:
            rows = await connection.fetch(_SQL["claim"], BATCH_SIZE, now)
        for row in rows:
            try:
                await self._send(row, now)
            except NiochatError as error:
                await self._record_failure(row, now, error)
        return len(rows)

    async def _send(self, row: Any, now: datetime) -> None:
        zone = ZoneInfo(row["timezone"])
        due = last_occurrence(ReportCadence(row["cadence"]), row["hour"], zone, now)
        since, until = reported_days(ReportCadence(row["cadence"]), due)
        request = _request(row, since, until)
        report = await self._reports.run_report(row["tenant_id"], request)
        file = await asyncio.to_thread(
            build_report_file,
            report,
            request,
            row["provider"],
            row["file_format"],
            row["language"],
        )
        await self._queue_mails(row, now, _compose(row, file, since, until, self._base_url))

    async def _queue_mails(self, row: Any, now: datetime, mail: MailMessage) -> None:
        async with self._database.system_transaction() as connection:
            settled = await connection.fetchval(_SQL["settle"], *_claim(row, now), now, None)
            if not settled:
                return  # it was changed meanwhile, or took so long that it was claimed again
            for recipient in row["recipients"]:
                addressed = MailMessage(
                    mail.tenant_id, recipient, mail.subject, mail.text, mail.attachment
                )
                await self._mails.enqueue(connection, addressed, now)
        _log.info("scheduled_report_sent", schedule=str(row["id"]), mails=len(row["recipients"]))

    async def _record_failure(self, row: Any, now: datetime, error: NiochatError) -> None:
        """Another attempt follows, unless it would fail as well."""
        given_up = isinstance(error, InvalidInputError) or row["attempts"] >= MAX_ATTEMPTS
        _log.warning(
            "scheduled_report_failed",
            schedule=str(row["id"]),
            attempts=row["attempts"],
            code=error.code,
            given_up=given_up,
        )
        async with self._database.as_system() as connection:
            if given_up:
                await connection.fetchval(_SQL["settle"], *_claim(row, now), None, error.code)
            else:
                tenant_id, schedule_id, claimed_until, _ = _claim(row, now)
                await connection.execute(
                    _SQL["postpone"], tenant_id, schedule_id, claimed_until, error.code
                )


def _claim(row: Any, now: datetime) -> tuple[UUID, UUID, datetime, datetime]:
    """The claimed schedule, and when it is due after this time."""
    following = next_occurrence(
        ReportCadence(row["cadence"]), row["hour"], ZoneInfo(row["timezone"]), now
    )
    return row["tenant_id"], row["id"], row["claimed_until"], following


def _request(row: Any, since: date, until: date) -> ReportRequest:
    """Raises ``ReportInputError`` if this release no longer has a metric of the schedule."""
    grouping = ReportGrouping(row["grouping"])
    filters = dict(row["filters"])
    channel = filters.pop("channel", None)
    return ReportRequest(
        parse_metrics(",".join(row["metrics"]), grouping),
        grouping,
        _EVERYBODY,
        ReportFilter(**filters, channel=None if channel is None else UUID(channel)),
        since,
        until,
        compare=True,
        business_hours=row["business_hours"],
    )


def _compose(row: Any, file: ReportFile, since: date, until: date, base_url: str) -> MailMessage:
    """The mail, without its recipient."""
    language: ReportLanguage = row["language"]
    days = " – ".join(dict.fromkeys(format_day(day, language) for day in (since, until)))
    name = f"{row['name']}-{since:%Y-%m-%d}.{file.extension}".replace("/", "-")
    page = f"{base_url}{REPORTS_PAGE}"
    if language == "pt":
        text = (
            f"O relatório “{row['name']}” de {days} está em anexo.\n\n"
            f"Abra os relatórios: {page}\n\n"
            f"{row['provider']} agendou este envio. Para mudá-lo, abra Relatórios, Baixar, "
            "Enviar por e-mail.\n"
        )
    else:
        text = (
            f"The report “{row['name']}” of {days} is attached.\n\n"
            f"Open the reports: {page}\n\n"
            f"{row['provider']} has scheduled this mail. To change it, open Reports, Download, "
            "Send by e-mail.\n"
        )
    subject = f"{row['provider']}: {row['name']}, {days}"
    attachment = MailAttachment(name, file.media_type, file.content)
    return MailMessage(row["tenant_id"], "", subject, text, attachment)
