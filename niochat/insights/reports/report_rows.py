"""Turns the columns of report queries into values of metrics, and keys into names."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from niochat.insights.reports.metric_catalog import (
    TIME_GROUPINGS,
    MetricSource,
    MetricUnit,
    ReportGrouping,
    ReportMetric,
)
from niochat.insights.reports.report_period import ReportPeriod
from niochat.insights.reports.report_request import MetricValues, ReportRequest, ReportRow

SourceRows = Mapping[MetricSource, Mapping[str, Mapping[str, Any]]]
"""By source and key: the columns that a query returned."""
MAX_DIGITS = 6
"""Decimals of a value."""


def compute_values(request: ReportRequest, sources: SourceRows) -> dict[str, MetricValues]:
    """Returns the values of all metrics by key. A metric without anything to count is 0, an average
    or a share of nothing is ``None``, and so is what a source that is left out would say.
    """
    keys = {key for rows in sources.values() for key, row in rows.items() if _says_something(row)}
    if request.grouping is ReportGrouping.NONE:
        keys = {""}
    return {
        key: {
            metric.name: _value(metric, sources[metric.source].get(key), request.business_hours)
            if metric.source in sources
            else None
            for metric in request.metrics
        }
        for key in keys
    }


def _says_something(row: Mapping[str, Any]) -> bool:
    """Whether any column but the key is not zero: sums of roll-ups can return to zero."""
    return any(value for name, value in row.items() if name != "key")


def _value(
    metric: ReportMetric, row: Mapping[str, Any] | None, business_hours: bool
) -> float | None:
    counts = metric.unit is MetricUnit.COUNT and metric.denominator is None
    if row is None:
        return 0 if counts else None
    numerator = row[_column(metric.numerator, row, business_hours)]
    if metric.quantile is not None:
        numerator = None if numerator is None else numerator[metric.quantile]
    if numerator is None:
        return None
    if metric.denominator is not None:
        if not row[metric.denominator]:
            return None
        numerator = numerator / row[metric.denominator]
    return int(numerator) if counts else round(float(numerator) * metric.scale, MAX_DIGITS)


def _column(name: str, row: Mapping[str, Any], business_hours: bool) -> str:
    within = name.replace("_ms", "_open_ms")
    return within if business_hours and within in row else name


def build_rows(
    request: ReportRequest,
    period: ReportPeriod,
    values: Mapping[str, MetricValues],
    compared: Mapping[str, MetricValues] | None,
    names: Mapping[str, str],
) -> list[ReportRow]:
    """Returns the rows: times in their order, other keys alphabetically by name."""
    shown = {_shown_key(request.grouping, key, period): row for key, row in values.items()}
    before = None
    if compared is not None:
        before = {
            _shown_key(request.grouping, _shifted(request.grouping, key, period), period): row
            for key, row in compared.items()
        }
    keys = set(shown) | set(before or {})
    rows = [
        ReportRow(
            key,
            names.get(key, key),
            shown.get(key, _nothing(request)),
            None if before is None else before.get(key, _nothing(request)),
        )
        for key in keys
    ]
    if request.grouping in TIME_GROUPINGS:
        return sorted(rows, key=lambda row: _time_order(request.grouping, row.key))
    return sorted(rows, key=lambda row: (row.name.casefold(), row.key))


def _nothing(request: ReportRequest) -> MetricValues:
    return {metric.name: _value(metric, None, False) for metric in request.metrics}


def _shown_key(grouping: ReportGrouping, key: str, period: ReportPeriod) -> str:
    """The key as callers see it: hours with their offset."""
    if grouping is not ReportGrouping.HOUR:
        return key
    return datetime.fromtimestamp(int(key), UTC).astimezone(period.zone).isoformat()


def _shifted(grouping: ReportGrouping, key: str, period: ReportPeriod) -> str:
    """The key of this period to which a key of the previous one is compared."""
    if grouping is ReportGrouping.HOUR:
        moment = period.shift_hour(datetime.fromtimestamp(int(key), UTC))
        return str(int(moment.timestamp()))
    if grouping is ReportGrouping.DAY:
        return period.shift_day(date.fromisoformat(key)).isoformat()
    return key


def _time_order(grouping: ReportGrouping, key: str) -> float | str:
    return datetime.fromisoformat(key).timestamp() if grouping is ReportGrouping.HOUR else key


def query_key(grouping: ReportGrouping, key: str) -> str:
    """Returns the key of a row as the queries name it. Raises ``ValueError``."""
    if grouping is not ReportGrouping.HOUR:
        return key
    moment = datetime.fromisoformat(key)
    if moment.tzinfo is None:
        raise ValueError("the hour has no offset")
    return str(int(moment.timestamp()))
