"""Reports as documents to print and send, in the language of their reader."""

from datetime import timedelta
from functools import partial

from niochat.adapters.pdf_files import PdfCell, PdfChart, PdfDocument
from niochat.insights.report_files.report_labels import (
    GROUPING_LABELS,
    PERIOD_BEFORE,
    REPORT_TITLE,
    ReportLanguage,
    format_day,
    format_value,
    metric_label,
    row_label,
)
from niochat.insights.reports.metric_catalog import ReportGrouping, ReportMetric
from niochat.insights.reports.report_period import ReportPeriod
from niochat.insights.reports.report_request import Report, ReportRequest, ReportRow

MAX_CHARTS = 6
"""Charts of a document: one for each of the first metrics."""
_TIMES = (ReportGrouping.DAY, ReportGrouping.HOUR)
_WORDS: dict[ReportLanguage, dict[str, str]] = {
    "pt": {
        "period": "Período",
        "by": "por",
        "compared": "comparado com",
        "below": "Em cinza: período anterior.",
        "zone": "fuso",
        "as_of": "Dados até",
        "filters": "Só uma parte dos atendimentos, pelos filtros escolhidos.",
        "hours": "Durações só dentro do horário comercial.",
        "definitions": "Definições",
        "page": "página",
    },
    "en": {
        "period": "Period",
        "by": "by",
        "compared": "compared with",
        "below": "In grey: period before.",
        "zone": "time zone",
        "as_of": "Data until",
        "filters": "Only a part of the conversations, by the chosen filters.",
        "hours": "Durations within business hours only.",
        "definitions": "Definitions",
        "page": "page",
    },
}


def build_report_document(
    report: Report, request: ReportRequest, provider: str, language: ReportLanguage
) -> PdfDocument:
    """Returns a report of the provider with that name as a document: charts of the first metrics,
    the table, and the definitions.
    """
    words = _WORDS[language]
    grouping = GROUPING_LABELS[language][request.grouping]
    return PdfDocument(
        title=f"{provider}: {_title(request, language)}",
        facts=_facts(report, request, words, language),
        charts=_charts(report, request, language),
        header=[grouping, *(metric_label(each, language) for each in request.metrics)],
        rows=[_cells(row, request, language) for row in report.rows],
        notes_title=words["definitions"],
        notes=[
            (metric_label(metric, language), _definition(metric, language))
            for metric in request.metrics
        ],
        page_label=words["page"],
    )


def _title(request: ReportRequest, language: ReportLanguage) -> str:
    if request.grouping is ReportGrouping.NONE:
        return REPORT_TITLE[language]
    grouping = GROUPING_LABELS[language][request.grouping].lower()
    return f"{REPORT_TITLE[language].lower()} {_WORDS[language]['by']} {grouping}"


def _facts(
    report: Report, request: ReportRequest, words: dict[str, str], language: ReportLanguage
) -> list[str]:
    period = f"{words['period']}: {_days(report.period, language)}"
    if request.compare:
        period += f", {words['compared']} {_days(report.period.previous(), language)}"
    as_of = report.freshness.as_of.astimezone(report.period.zone)
    facts = [
        f"{period} ({words['zone']} {report.period.zone})",
        f"{words['as_of']} {format_day(as_of, language)} {as_of:%H:%M}",
    ]
    if request.compare:
        facts.append(words["below"])
    if request.filters.values() or request.audience.scope != "all":
        facts.append(words["filters"])
    if request.business_hours:
        facts.append(words["hours"])
    return facts


def _days(period: ReportPeriod, language: ReportLanguage) -> str:
    last = period.until - timedelta(microseconds=1)
    if period.days is None:
        bounds = [
            f"{format_day(each, language)} {each:%H:%M}" for each in (period.since, period.until)
        ]
    else:
        bounds = [format_day(period.since, language), format_day(last, language)]
    return " – ".join(dict.fromkeys(bounds))


def _charts(report: Report, request: ReportRequest, language: ReportLanguage) -> list[PdfChart]:
    if request.grouping is ReportGrouping.NONE or not report.rows:
        return []
    labels = [_label(row, request, language) for row in report.rows]
    return [
        PdfChart(
            title=metric_label(metric, language),
            labels=labels,
            values=[row.values[metric.name] for row in report.rows],
            before=(
                [(row.compared or {}).get(metric.name) for row in report.rows]
                if request.compare
                else None
            ),
            before_label=PERIOD_BEFORE[language],
            is_time=request.grouping in _TIMES,
            format_value=partial(format_value, unit=metric.unit, language=language),
        )
        for metric in request.metrics[:MAX_CHARTS]
    ]


def _cells(row: ReportRow, request: ReportRequest, language: ReportLanguage) -> list[PdfCell]:
    cells = [PdfCell(_label(row, request, language))]
    for metric in request.metrics:
        before = None
        if request.compare:
            value = (row.compared or {}).get(metric.name)
            before = format_value(value, metric.unit, language)
        cells.append(PdfCell(format_value(row.values[metric.name], metric.unit, language), before))
    return cells


def _label(row: ReportRow, request: ReportRequest, language: ReportLanguage) -> str:
    return row_label(request.grouping, row.key, row.name, language)


def _definition(metric: ReportMetric, language: ReportLanguage) -> str:
    return metric.text.definition_pt if language == "pt" else metric.text.definition_en
