"""``/reports``: what happened, from the read model."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.exceptions import RequestValidationError
from pydantic import AwareDatetime

from niochat.composition.insights.export_services import report_audience
from niochat.domain.permissions import PermissionAction
from niochat.domain.presence import AgentPresenceState
from niochat.http.api.pagination import (
    CursorPage,
    PageCursor,
    PageLimit,
    format_time_cursor,
    parse_time_cursor,
)
from niochat.http.rest.conversation_access import READ_ACTION
from niochat.http.rest.dependencies import (
    PermissionDependency,
    agent_presence_for,
    audit_read,
)
from niochat.http.rest.reports.report_schemas import (
    AgentNowResponse,
    ChannelNowResponse,
    DashboardResponse,
    MetricResponse,
    ReportResponse,
    ReportRowResponse,
    WaitingResponse,
    describe_metric,
)
from niochat.http.rest.rest_services import services_for
from niochat.identity.authentication import Principal
from niochat.insights.reports.metric_catalog import METRICS, ReportGrouping
from niochat.insights.reports.report_period import ReportInputError
from niochat.insights.reports.report_request import (
    DrillDown,
    Report,
    ReportAudience,
    ReportFilter,
    ReportRequest,
    parse_metrics,
)
from niochat.live.frames import LiveConversation

MayReadReports = Annotated[Principal, Depends(PermissionDependency(PermissionAction.REPORTS_READ))]
MetricNames = Annotated[
    str, Query(max_length=600, description="Names of metrics, separated by commas.")
]
PeriodStart = Annotated[
    date | AwareDatetime | None,
    Query(alias="from", description="A local day, or a time with an offset."),
]
PeriodEnd = Annotated[
    date | AwareDatetime | None,
    Query(alias="to", description="A local day, which belongs to the period, or a time."),
]
NameFilter = Annotated[str | None, Query(max_length=64)]
BUSINESS_HOURS = Query(description="Measure durations within business hours only.")

router = APIRouter(prefix="/reports", tags=["reports"])


class ReportFilterQuery:
    """The filters of a report, as query parameters."""

    def __init__(
        self,
        team: NameFilter = None,
        agent: NameFilter = None,
        channel: UUID | None = None,
        label: NameFilter = None,
    ) -> None:
        self.filters = ReportFilter(team, agent, channel, label)


Filters = Annotated[ReportFilterQuery, Depends()]


class ReportQuery:
    """A report, as query parameters."""

    def __init__(
        self,
        filters: Filters,
        metric: MetricNames,
        *,
        group_by: ReportGrouping = ReportGrouping.NONE,
        since: PeriodStart = None,
        until: PeriodEnd = None,
        compare: Literal["previous", "none"] = "none",
        business_hours: Annotated[bool, BUSINESS_HOURS] = False,
    ) -> None:
        self.filters, self.metric, self.group_by = filters, metric, group_by
        self.since, self.until = since, until
        self.compare, self.business_hours = compare == "previous", business_hours

    async def run(self, request: Request, caller: Principal) -> tuple[ReportRequest, Report]:
        """Run the report as the caller may see it, and write down that it was read. Raises
        ``RequestValidationError``.
        """
        tenant_id = caller.require(PermissionAction.REPORTS_READ)
        try:
            asked = ReportRequest(
                parse_metrics(self.metric, self.group_by),
                self.group_by,
                audience_for(caller, PermissionAction.REPORTS_READ),
                own_filters(self.filters, caller),
                self.since,
                self.until,
                self.compare,
                self.business_hours,
            )
            report = await services_for(request).reports.run_report(tenant_id, asked)
        except ReportInputError as error:
            raise field_error(error) from error
        await audit_read(request, caller, "reports.read", "reports", {"metrics": self.metric})
        return asked, report


ReportQueryParameters = Annotated[ReportQuery, Depends()]


@router.get("/metrics")
async def list_metrics(_caller: MayReadReports) -> list[MetricResponse]:
    """List the metrics of reports with their definitions."""
    return [describe_metric(metric) for metric in METRICS.values()]


@router.get("/query")
async def query_report(
    caller: MayReadReports, request: Request, query: ReportQueryParameters
) -> ReportResponse:
    """Compute metrics of the conversations that were opened in a period, in total or for each key.
    Without a period it is the last seven days. ``team=none`` and ``agent=none`` select
    conversations without one, ``agent=me`` those of the caller. ``compare=previous`` adds the
    values of the period of equal length before.

    The caller's scope of ``reports:read`` limits the conversations as it does in lists.
    """
    _, report = await query.run(request, caller)
    return ReportResponse.model_validate(
        {
            "from": report.period.since,
            "to": report.period.until,
            "timezone": str(report.period.zone),
            "as_of": report.freshness.as_of,
            "lag_s": report.freshness.lag_s,
            "rows": [ReportRowResponse.model_validate(row) for row in report.rows],
        }
    )


@router.get("/conversations")
async def list_report_conversations(
    caller: MayReadReports,
    request: Request,
    filters: Filters,
    metric: Annotated[str, Query(max_length=64, description="The name of one metric.")],
    *,
    group_by: ReportGrouping = ReportGrouping.NONE,
    key: Annotated[str | None, Query(max_length=100, description="The key of a row.")] = None,
    since: PeriodStart = None,
    until: PeriodEnd = None,
    limit: PageLimit = 50,
    cursor: PageCursor = None,
) -> CursorPage[LiveConversation]:
    """List the conversations behind a value of a report, latest opening first: those that it
    counts, or whose durations it measures. Only conversations that the caller also sees in lists
    are returned.
    """
    tenant_id = caller.require(PermissionAction.REPORTS_READ)
    visible = audience_for(caller, PermissionAction.CONVERSATIONS_READ)
    try:
        metrics = parse_metrics(metric, group_by)
        if len(metrics) > 1:
            raise ReportInputError("metric", "Send one metric.")
        asked = ReportRequest(
            metrics,
            group_by,
            audience_for(caller, PermissionAction.REPORTS_READ),
            own_filters(filters, caller),
            since,
            until,
        )
        drill = DrillDown(asked, key, parse_time_cursor(cursor), limit)
        rows = await services_for(request).reports.list_behind(tenant_id, drill, visible)
    except ReportInputError as error:
        raise field_error(error) from error
    items = [LiveConversation.model_validate(row) for row in rows[:limit]]
    await audit_read(request, caller, READ_ACTION, "reports", {"shown": len(items)})
    following = None
    if len(rows) > limit:
        following = format_time_cursor(items[-1].opened_at, items[-1].id)
    return CursorPage(items=items, next_cursor=following)


@router.get("/now")
async def show_dashboard(caller: MayReadReports, request: Request) -> DashboardResponse:
    """Show open conversations, agents and channels as they are now, and today compared with the
    same weekday a week ago. The audit log has no entry for it: it tells of no customer, and a
    screen on the wall reads it whenever something happens.
    """
    tenant_id = caller.require(PermissionAction.REPORTS_READ)
    audience = audience_for(caller, PermissionAction.REPORTS_READ)
    board = await services_for(request).dashboard.load(tenant_id, audience)
    agents = await agent_presence_for(request).list_agents(tenant_id)
    counts = board.conversations
    oldest = counts.waiting_since
    oldest_s = None if oldest is None else (counts.at - oldest).total_seconds()
    return DashboardResponse(
        as_of=board.freshness.as_of,
        lag_s=board.freshness.lag_s,
        timezone=str(board.zone),
        waiting=WaitingResponse(
            count=counts.waiting, oldest_since=counts.waiting_since, oldest_s=oldest_s
        ),
        with_assistant=counts.with_assistant,
        with_agents=counts.with_agents,
        snoozed=counts.snoozed,
        agents=[_agent(row) for row in agents if _is_in_reach(row, audience)],
        channels=[ChannelNowResponse(since=row["status_at"], **row) for row in board.channels],
        until=board.until,
        today=dict(board.today),
        same_weekday_last_week=dict(board.week_ago),
    )


def audience_for(caller: Principal, action: PermissionAction) -> ReportAudience:
    """Return the conversations that ``action`` covers. Raises ``PermissionDeniedError``."""
    caller.require(action)
    return report_audience(caller, action)


def own_filters(query: ReportFilterQuery, caller: Principal) -> ReportFilter:
    """Return the filters; ``agent=me`` is the caller."""
    filters = query.filters
    agent = str(caller.id) if filters.agent == "me" else filters.agent
    return ReportFilter(filters.team, agent, filters.channel, filters.label)


def field_error(
    error: ReportInputError, place: Literal["query", "body"] = "query"
) -> RequestValidationError:
    """A wrong parameter is reported as FastAPI reports one: 422 with the name of the field."""
    return RequestValidationError(
        [{"loc": (place, error.field), "msg": str(error), "type": "value_error"}]
    )


def _agent(row: dict[str, Any]) -> AgentNowResponse:
    state = AgentPresenceState(row["state"] or "offline")
    return AgentNowResponse(
        id=row["user_id"],
        name=row["name"],
        state=state,
        reason=row["reason"] or "",
        since=row["since"],
        load=row["load"],
        capacity=row["capacity"],
    )


def _is_in_reach(row: dict[str, Any], audience: ReportAudience) -> bool:
    """Whether the caller's scope shows this agent: oneself, people of one's teams, or all."""
    if audience.scope == "all" or str(row["user_id"]) == audience.user:
        return True
    return audience.scope == "team" and bool(audience.teams & set(row["teams"]))
