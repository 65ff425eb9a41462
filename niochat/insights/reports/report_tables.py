"""Reports as tables for spreadsheets, in the language of their reader."""

from collections.abc import Sequence
from typing import Any, Literal

from niochat.adapters.spreadsheet_files import SpreadsheetTable
from niochat.insights.reports.metric_catalog import MetricUnit, ReportGrouping, ReportMetric
from niochat.insights.reports.report_request import Report, ReportRequest, ReportRow

ReportLanguage = Literal["pt", "en"]

_UNITS: dict[ReportLanguage, dict[MetricUnit, str]] = {
    "pt": {
        MetricUnit.COUNT: "",
        MetricUnit.SECONDS: "segundos",
        MetricUnit.PERCENT: "%",
        MetricUnit.CURRENCY: "moeda",
        MetricUnit.SCORE: "1 a 5",
    },
    "en": {
        MetricUnit.COUNT: "",
        MetricUnit.SECONDS: "seconds",
        MetricUnit.PERCENT: "%",
        MetricUnit.CURRENCY: "currency",
        MetricUnit.SCORE: "1 to 5",
    },
}
_GROUPINGS: dict[ReportLanguage, dict[ReportGrouping, str]] = {
    "pt": {
        ReportGrouping.NONE: "Total",
        ReportGrouping.HOUR: "Hora",
        ReportGrouping.DAY: "Dia",
        ReportGrouping.WEEKDAY_HOUR: "Dia da semana e hora",
        ReportGrouping.TEAM: "Equipe",
        ReportGrouping.AGENT: "Atendente",
        ReportGrouping.CHANNEL: "Canal",
        ReportGrouping.LABEL: "Etiqueta",
        ReportGrouping.HANDOFF_REASON: "Motivo da passagem",
    },
    "en": {
        ReportGrouping.NONE: "Total",
        ReportGrouping.HOUR: "Hour",
        ReportGrouping.DAY: "Day",
        ReportGrouping.WEEKDAY_HOUR: "Weekday and hour",
        ReportGrouping.TEAM: "Team",
        ReportGrouping.AGENT: "Agent",
        ReportGrouping.CHANNEL: "Channel",
        ReportGrouping.LABEL: "Label",
        ReportGrouping.HANDOFF_REASON: "Handoff reason",
    },
}
_BEFORE: dict[ReportLanguage, str] = {"pt": "período anterior", "en": "period before"}
_TITLE: dict[ReportLanguage, str] = {"pt": "Relatório", "en": "Report"}


def build_report_table(
    report: Report, request: ReportRequest, language: ReportLanguage
) -> SpreadsheetTable:
    """Returns the rows of a report with a column for each metric, and one more for each in the
    period before if the request compares.
    """
    header = [_GROUPINGS[language][request.grouping]]
    for metric in request.metrics:
        header += _columns(metric, request.compare, language)
    since, until = report.period.since, report.period.until
    return SpreadsheetTable(
        f"{_TITLE[language]} {since:%Y-%m-%d} - {until:%Y-%m-%d}",
        header,
        [_row(row, request, header[0]) for row in report.rows],
    )


def _columns(metric: ReportMetric, compare: bool, language: ReportLanguage) -> list[str]:
    label = metric.text.label_pt if language == "pt" else metric.text.label_en
    unit = _UNITS[language][metric.unit]
    name = f"{label} ({unit})" if unit else label
    return [name, f"{name}, {_BEFORE[language]}"] if compare else [name]


def _row(row: ReportRow, request: ReportRequest, total: str) -> Sequence[Any]:
    cells: list[Any] = [row.name or row.key or total]
    for metric in request.metrics:
        cells.append(row.values[metric.name])
        if request.compare:
            cells.append((row.compared or {}).get(metric.name))
    return cells
