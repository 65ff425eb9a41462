"""What happens now: open conversations, channels, and today compared with a week ago."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.insights.reports.metric_catalog import METRICS, ReportGrouping
from niochat.insights.reports.report_request import (
    MetricValues,
    ReportAudience,
    ReportFreshness,
    ReportRequest,
)
from niochat.insights.reports.report_store import ReportStore, load_serving

_SQL = queries("dashboard")

TODAY_METRICS = (
    "conversations",
    "first_answer_time",
    "resolution_time",
    "assistant_share",
    "rating",
)
"""Metrics of today that are compared with a week ago."""


@dataclass(frozen=True, slots=True)
class OpenConversations:
    """Unresolved conversations. ``waiting_since`` is when the longest of those in a queue began to
    wait.
    """

    waiting: int
    waiting_since: datetime | None
    with_assistant: int
    with_agents: int
    snoozed: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Dashboard:
    """``until`` is the local time up to which both days are compared."""

    conversations: OpenConversations
    channels: Sequence[dict[str, Any]]
    freshness: ReportFreshness
    zone: ZoneInfo
    until: datetime
    today: MetricValues
    week_ago: MetricValues


class DashboardStore:
    """Reads for one tenant at a time, with that tenant's database role."""

    def __init__(self, database: Database, reports: ReportStore) -> None:
        self._database = database
        self._reports = reports

    async def load(self, tenant_id: UUID, audience: ReportAudience) -> Dashboard:
        """Returns what the caller may see. Raises ``UnavailableError``."""
        async with self._database.as_tenant(tenant_id) as connection:
            serving = await load_serving(connection, tenant_id)
            row: Any = await connection.fetchrow(
                _SQL["now"], tenant_id, audience.scope, audience.user, list(audience.teams)
            )
            channels = await connection.fetch(_SQL["channels"], tenant_id)
        now = serving.now.astimezone(serving.zone)
        return Dashboard(
            OpenConversations(**dict(row)),
            [dict(channel) for channel in channels],
            serving.freshness,
            serving.zone,
            now,
            await self._values(tenant_id, audience, now),
            await self._values(tenant_id, audience, _week_before(now)),
        )

    async def _values(
        self, tenant_id: UUID, audience: ReportAudience, until: datetime
    ) -> MetricValues:
        """The metrics of a local day up to a time."""
        since = datetime.combine(until.date(), time(), until.tzinfo)
        if until <= since:
            until = since + timedelta(microseconds=1)
        metrics = tuple(METRICS[name] for name in TODAY_METRICS)
        request = ReportRequest(metrics, ReportGrouping.NONE, audience, since=since, until=until)
        report = await self._reports.run_report(tenant_id, request)
        return report.rows[0].values


def _week_before(now: datetime) -> datetime:
    """The same local time of the same weekday, also across a change of the clock."""
    return datetime.combine(now.date() - timedelta(days=7), now.time(), now.tzinfo)
