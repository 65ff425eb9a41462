"""Reports as tables for spreadsheets, in the language of their reader."""

from collections.abc import Sequence
from typing import Any

from niochat.adapters.spreadsheet_files import SpreadsheetTable
from niochat.insights.report_files.report_labels import (
    GROUPING_LABELS,
    PERIOD_BEFORE,
    REPORT_TITLE,
    ReportLanguage,
    metric_label,
    row_label,
)
from niochat.insights.reports.metric_catalog import MetricUnit, ReportGrouping, ReportMetric
from niochat.insights.reports.report_request import Report, ReportRequest, ReportRow

_TIMES = (ReportGrouping.DAY, ReportGrouping.HOUR)
"""A spreadsheet sorts and computes with these as they are: ISO 8601."""

_UNITS: dict[ReportLanguage, dict[MetricUnit, str]] = {
    "pt": {
        MetricUnit.COUNT: "",
        MetricUnit.SECONDS: "segundos",
        MetricUnit.PERCENT: "%",
        MetricUnit.CURRENCY: "R$",
        MetricUnit.SCORE: "1 a 5",
    },
    "en": {
        MetricUnit.COUNT: "",
        MetricUnit.SECONDS: "seconds",
        MetricUnit.PERCENT: "%",
        MetricUnit.CURRENCY: "R$",
        MetricUnit.SCORE: "1 to 5",
    },
}


def build_report_table(
    report: Report, request: ReportRequest, language: ReportLanguage
) -> SpreadsheetTable:
    """Returns the rows of a report with a column for each metric, and one more for each in the
    period before if the request compares.
    """
    header = [GROUPING_LABELS[language][request.grouping]]
    for metric in request.metrics:
        header += _columns(metric, request.compare, language)
    since, until = report.period.since, report.period.until
    return SpreadsheetTable(
        f"{REPORT_TITLE[language]} {since:%Y-%m-%d} - {until:%Y-%m-%d}",
        header,
        [_row(row, request, language) for row in report.rows],
    )


def _columns(metric: ReportMetric, compare: bool, language: ReportLanguage) -> list[str]:
    label = metric_label(metric, language)
    unit = _UNITS[language][metric.unit]
    name = f"{label} ({unit})" if unit else label
    return [name, f"{name}, {PERIOD_BEFORE[language]}"] if compare else [name]


def _row(row: ReportRow, request: ReportRequest, language: ReportLanguage) -> Sequence[Any]:
    label = row_label(request.grouping, row.key, row.name, language)
    cells: list[Any] = [row.key if request.grouping in _TIMES else label]
    for metric in request.metrics:
        cells.append(row.values[metric.name])
        if request.compare:
            cells.append((row.compared or {}).get(metric.name))
    return cells
