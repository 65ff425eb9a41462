"""What an export job is: its request, its states, its limits, and whose conversations it has."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

from niochat.insights.report_files.report_labels import ReportLanguage
from niochat.insights.reports.metric_catalog import METRICS, ReportGrouping
from niochat.insights.reports.report_request import (
    DrillDown,
    ReportAudience,
    ReportFilter,
    ReportRequest,
    parse_metrics,
)

MAX_STREAMED_ROWS = 5_000
"""More rows become a job: a browser would hold the connection of a request for long."""
MAX_EXPORT_ROWS = 1_000_000
"""A sheet of Excel has 48,575 rows more."""
MAX_UNFINISHED_OF_REQUESTER = 3
MAX_UNFINISHED_OF_TENANT = 20
FILE_RETENTION = timedelta(days=7)
MIN_PART = timedelta(seconds=1)
"""Of a period; a part must not round to nothing."""
ROW_RETENTION = timedelta(days=30)
"""How long a list shows what became of a job."""
ExportFileFormat = Literal["csv", "xlsx"]
RequesterKind = Literal["user", "key"]


class ExportState(StrEnum):
    """queued → running → done → expired; or failed, or cancelled. A job whose process dies is
    claimed again and begins again.
    """

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class ExportFailure(StrEnum):
    """Why a job failed."""

    NOT_PERMITTED = "not_permitted"
    TOO_MANY_ROWS = "too_many_rows"
    INVALID = "invalid"
    NO_FILE_STORE = "no_file_store"
    INTERRUPTED = "interrupted"


FAILURE_TEXTS: dict[ExportFailure, tuple[str, str]] = {
    ExportFailure.NOT_PERMITTED: (
        "Seu acesso aos relatórios mudou ou foi suspenso. Peça acesso e exporte de novo.",
        "Your access to reports has changed or is suspended. Ask for access, then export again.",
    ),
    ExportFailure.TOO_MANY_ROWS: (
        "São mais de 1.000.000 de atendimentos. Escolha um período menor ou um filtro.",
        "There are more than 1,000,000 conversations. Choose a shorter period or a filter.",
    ),
    ExportFailure.INVALID: (
        "Esta versão não tem mais o que foi pedido. Abra o relatório e exporte de novo.",
        "This release no longer has what was requested. Open the report, then export again.",
    ),
    ExportFailure.NO_FILE_STORE: (
        "Esta instalação não guarda arquivos. Peça ao operador para definir NIOCHAT_FILES_URL.",
        "This installation keeps no files. Ask its operator to set NIOCHAT_FILES_URL.",
    ),
    ExportFailure.INTERRUPTED: (
        "A exportação foi interrompida várias vezes. Exporte de novo mais tarde.",
        "The export was interrupted several times. Export again later.",
    ),
}
"""Portuguese, English; the desk has the same (``frontend/src/shared/exports/locales``)."""


@dataclass(frozen=True, slots=True)
class ExportRequester:
    """Who requests a file: a user or an API key of a tenant."""

    kind: RequesterKind
    id: UUID


@dataclass(frozen=True, slots=True)
class ExportOrder:
    """The file that is requested. The period is from ``since`` up to, not including, ``until``."""

    metric: str
    grouping: ReportGrouping
    key: str | None
    filters: ReportFilter
    since: datetime
    until: datetime
    file_format: ExportFileFormat = "csv"
    language: ReportLanguage = "pt"

    def drill_down(self, audience: ReportAudience, limit: int) -> DrillDown:
        """The conversations of the file, to read ``limit`` at a time. Raises
        ``ReportInputError``.
        """
        metrics = parse_metrics(self.metric, self.grouping)
        request = ReportRequest(
            metrics, self.grouping, audience, self.filters, self.since, self.until
        )
        return DrillDown(request, self.key, None, limit)

    def split(self, parts: int) -> Iterator["ExportOrder"]:
        """The order in parts of its period, the latest first. To read a page of a long period, the
        database sorts all that remains of it: the time would grow with the square of the rows.
        Conversations with messages in several parts would be listed in each, so these have one.
        """
        if not METRICS[self.metric].is_by_opening:
            yield self
            return
        since, until = self.since.astimezone(UTC), self.until.astimezone(UTC)
        length = max((until - since) / max(parts, 1), MIN_PART)
        while until - length > since:
            yield replace(self, since=until - length, until=until)
            until -= length
        yield replace(self, since=since, until=until)


def order_of(row: Mapping[str, Any]) -> ExportOrder:
    """The order in a row of ``report_exports``."""
    filters = dict(row["filters"])
    channel = filters.pop("channel", None)
    return ExportOrder(
        row["metric"],
        ReportGrouping(row["grouping"]),
        row["key"],
        ReportFilter(**filters, channel=None if channel is None else UUID(channel)),
        row["since"],
        row["until"],
        row["file_format"],
        row["language"],
    )


@dataclass(frozen=True, slots=True)
class ExportAccess:
    """What the requester may export now: conversations that ``reports`` may be about, and those of
    them that lists show. ``address``: where mails go.
    """

    reports: ReportAudience
    visible: ReportAudience
    address: str | None = None

    def to_scopes(self) -> dict[str, Any]:
        """The scopes as a row stores them."""
        return {"reports": _scope_of(self.reports), "visible": _scope_of(self.visible)}

    def covers(self, scopes: Mapping[str, Any]) -> bool:
        """Whether a file that was made with ``scopes`` may still be read."""
        return _covers(self.reports, scopes["reports"]) and _covers(self.visible, scopes["visible"])


def _scope_of(audience: ReportAudience) -> dict[str, Any]:
    teams = sorted(audience.teams) if audience.scope == "team" else []
    return {"scope": audience.scope, "teams": teams}


def _covers(audience: ReportAudience, stored: Mapping[str, Any]) -> bool:
    if audience.scope == "all":
        return True
    if audience.scope == "team":
        return stored["scope"] != "all" and audience.teams >= set(stored["teams"])
    return bool(stored["scope"] == audience.scope)


def file_key(tenant_id: UUID, export_id: UUID, attempt: int) -> str:
    """The key in the file store of the file that an attempt stores."""
    return f"{tenant_id}/exports/{export_id}-{attempt}"
