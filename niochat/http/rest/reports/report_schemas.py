"""Responses of reports."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from niochat.domain.presence import AgentPresenceState
from niochat.http.api.schemas import ResponseModel
from niochat.insights.reports.metric_catalog import MetricUnit, ReportGrouping, ReportMetric


class LocalizedText(ResponseModel):
    """A text in Brazilian Portuguese and in English."""

    pt: str
    en: str


class MetricResponse(ResponseModel):
    """A metric. ``percent`` is from 0 to 100, ``currency`` is that of the assistant's prices.
    ``better`` says which of two values is better. ``business_hours`` says whether the parameter of
    that name changes it, ``drill_down`` whether ``GET /reports/conversations`` knows it.
    """

    name: str
    unit: MetricUnit
    better: Literal["higher", "lower"]
    group_by: list[ReportGrouping]
    business_hours: bool
    drill_down: bool
    label: LocalizedText
    definition: LocalizedText


def describe_metric(metric: ReportMetric) -> MetricResponse:
    """Return the published description of a metric."""
    text = metric.text
    return MetricResponse(
        name=metric.name,
        unit=metric.unit,
        better="higher" if metric.higher_is_better else "lower",
        group_by=list(metric.groupings),
        business_hours=metric.has_business_hours,
        drill_down=metric.drill is not None,
        label=LocalizedText(pt=text.label_pt, en=text.label_en),
        definition=LocalizedText(pt=text.definition_pt, en=text.definition_en),
    )


class ReportRowResponse(ResponseModel):
    """The values of one key, by metric; null where there is nothing to measure. ``key`` is empty
    for the only row of ``group_by=none``, and for conversations without a team or agent. It is a
    local day, an hour with its offset, or a weekday with an hour (Monday at 8: ``1-08``) where
    times are grouped. ``compared`` has the values of the period before.
    """

    key: str
    name: str
    values: dict[str, float | None]
    compared: dict[str, float | None] | None


class ReportResponse(ResponseModel):
    """A report of the period from ``from`` up to but not including ``to``. It has all events before
    ``as_of``; ``lag_s`` is the age in seconds of the oldest event that it does not have, or 0.
    Keys without anything are left out.
    """

    since: datetime = Field(alias="from")
    until: datetime = Field(alias="to")
    timezone: str
    as_of: datetime
    lag_s: float
    rows: list[ReportRowResponse]


class WaitingResponse(ResponseModel):
    """Conversations in queues, and since when the longest one waits."""

    count: int
    oldest_since: datetime | None
    oldest_s: float | None


class AgentNowResponse(ResponseModel):
    """An agent with presence and load. ``since`` is when the presence began."""

    id: UUID
    name: str
    state: AgentPresenceState
    reason: str
    since: datetime | None
    load: int
    capacity: int


class ChannelNowResponse(ResponseModel):
    """A channel with the status of its session. While it is held, nothing is sent."""

    id: UUID
    name: str
    status: str
    status_reason: str
    since: datetime
    held_until: datetime | None


class DashboardResponse(ResponseModel):
    """What happens now. ``today`` and ``same_weekday_last_week`` are metrics of both days up to the
    local time of ``until``, with the delay that ``lag_s`` says; everything else is not delayed.
    """

    as_of: datetime
    lag_s: float
    timezone: str
    waiting: WaitingResponse
    with_assistant: int
    with_agents: int
    snoozed: int
    agents: list[AgentNowResponse]
    channels: list[ChannelNowResponse]
    until: datetime
    today: dict[str, float | None]
    same_weekday_last_week: dict[str, float | None]
