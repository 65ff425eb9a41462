"""The mails about export jobs. They have a link, never the file: a mailbox keeps what it gets."""

from dataclasses import dataclass
from datetime import UTC, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from niochat.insights.exports.export_job import FAILURE_TEXTS, ExportFailure, ExportOrder
from niochat.insights.report_files.report_labels import format_day
from niochat.mail.mail_outbox import MailMessage

MAIL_AFTER_S = 30.0
"""Who gets the file sooner is still at the desk, which shows it."""
EXPORTS_PAGE = "/relatorios?exportacoes=abertas"
"""The page of the desk with its list of exports (``frontend/src/shared/navigation``)."""


@dataclass(frozen=True, slots=True)
class ExportMailContext:
    """What both mails are about. ``zone`` is the provider's; ``base_url`` is where people open the
    desk.
    """

    tenant_id: UUID
    provider: str
    order: ExportOrder
    zone: ZoneInfo
    base_url: str

    @property
    def page(self) -> str:
        """The address of the list of exports."""
        return f"{self.base_url}{EXPORTS_PAGE}"

    @property
    def days(self) -> str:
        """The period as local days."""
        order = self.order
        last = order.until.astimezone(UTC) - timedelta(microseconds=1)
        days = [each.astimezone(self.zone).date() for each in (order.since, last)]
        return " – ".join(dict.fromkeys(format_day(day, order.language) for day in days))


def compose_done(context: ExportMailContext) -> MailMessage:
    """The mail that the file is ready, without its recipient."""
    days, page = context.days, context.page
    if context.order.language == "pt":
        subject = f"{context.provider}: sua exportação está pronta"
        text = (
            f"O arquivo com os atendimentos de {days} está pronto.\n\n"
            f"Entre e baixe: {page}\n\n"
            "Ele fica disponível por 7 dias.\n"
        )
    else:
        subject = f"{context.provider}: your export is ready"
        text = (
            f"The file with the conversations of {days} is ready.\n\n"
            f"Sign in and download it: {page}\n\n"
            "It stays available for 7 days.\n"
        )
    return MailMessage(context.tenant_id, "", subject, text)


def compose_failed(context: ExportMailContext, failure: ExportFailure) -> MailMessage:
    """The mail that there is no file, without its recipient."""
    days, page = context.days, context.page
    reason_pt, reason_en = FAILURE_TEXTS[failure]
    if context.order.language == "pt":
        subject = f"{context.provider}: sua exportação falhou"
        text = f"O arquivo com os atendimentos de {days} não foi feito.\n\n{reason_pt}\n\n{page}\n"
    else:
        subject = f"{context.provider}: your export has failed"
        text = f"The file with the conversations of {days} was not made.\n\n{reason_en}\n\n{page}\n"
    return MailMessage(context.tenant_id, "", subject, text)
