"""What a report is asked for, and what it returns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from niochat.insights.reports.metric_catalog import METRICS, ReportGrouping, ReportMetric
from niochat.insights.reports.report_period import PeriodBound, ReportInputError, ReportPeriod

WITHOUT = "none"
"""As a filter of teams and agents: conversations that have none."""
MAX_METRICS = 20


@dataclass(frozen=True, slots=True)
class ReportAudience:
    """The conversations that a caller's reports are about. ``scope`` is own, team or all."""

    scope: str
    user: str
    teams: frozenset[str]


@dataclass(frozen=True, slots=True)
class ReportFilter:
    """Conversations that match all of these. ``team`` and ``agent`` may be ``WITHOUT``."""

    team: str | None = None
    agent: str | None = None
    channel: UUID | None = None
    label: str | None = None

    def values(self) -> dict[str, str]:
        """The filters that are set, by name."""
        named = {
            "team": self.team,
            "agent": self.agent,
            "channel": self.channel,
            "label": self.label,
        }
        return {name: str(value) for name, value in named.items() if value is not None}


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """A report. Bounds are resolved in the provider's time zone."""

    metrics: tuple[ReportMetric, ...]
    grouping: ReportGrouping
    audience: ReportAudience
    filters: ReportFilter = ReportFilter()
    since: PeriodBound | None = None
    until: PeriodBound | None = None
    compare: bool = False
    business_hours: bool = False


@dataclass(frozen=True, slots=True)
class ReportFreshness:
    """``as_of``: the report has everything before it. ``lag_s``: the age of the oldest event that
    it does not have, in seconds.
    """

    as_of: datetime
    lag_s: float


MetricValues = Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class ReportRow:
    """Values of one key. ``compared`` has those of the period before."""

    key: str
    name: str
    values: MetricValues
    compared: MetricValues | None


@dataclass(frozen=True, slots=True)
class Report:
    """The rows of a period."""

    period: ReportPeriod
    freshness: ReportFreshness
    rows: Sequence[ReportRow]


@dataclass(frozen=True, slots=True)
class DrillDown:
    """The conversations behind the value of ``metric`` in the row ``key``."""

    request: ReportRequest
    key: str | None
    after: tuple[datetime, UUID] | None
    limit: int


ConversationRows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class ReportNames:
    """Names of teams by slug and of agents by id, and the provider's time zone."""

    teams: Mapping[str, str]
    agents: Mapping[str, str]
    zone: ZoneInfo


def parse_metrics(names: str, grouping: ReportGrouping) -> tuple[ReportMetric, ...]:
    """Returns the metrics of a list with commas. Raises ``ReportInputError``."""
    chosen = list(dict.fromkeys(each.strip() for each in names.split(",") if each.strip()))
    if not 0 < len(chosen) <= MAX_METRICS:
        raise ReportInputError("metric", f"Send 1 to {MAX_METRICS} metrics, separated by commas.")
    unknown = [name for name in chosen if name not in METRICS]
    if unknown:
        raise ReportInputError(
            "metric", "A metric does not exist. GET /api/v1/reports/metrics lists all metrics."
        )
    metrics = tuple(METRICS[name] for name in chosen)
    for metric in metrics:
        if grouping not in metric.groupings:
            allowed = ", ".join(metric.groupings)
            raise ReportInputError("group_by", f"{metric.name} can be grouped by: {allowed}.")
    return metrics
