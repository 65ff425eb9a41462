"""Figures of follow-ups, and the conversations behind them, read from the rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from niochat.adapters.postgres.database import Connection, Database, fetch_one
from niochat.adapters.postgres.queries import queries
from niochat.insights.reports.metric_catalog import ReportGrouping
from niochat.insights.reports.report_period import PeriodBound, ReportPeriod, resolve_period
from niochat.insights.reports.report_request import ReportAudience

_SQL = queries("follow_up_report")


class FollowUpFunnelStep(StrEnum):
    """A figure of the funnel: the conversations that it counts."""

    INTERESTED = "interested"
    QUIET = "quiet"
    WRITTEN_TO = "written_to"
    RECOVERED = "recovered"
    LOST = "lost"
    STOPPED = "stopped"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class FollowUpSelection:
    """A period of interest, without bounds the last seven days, and who reads."""

    since: PeriodBound | None
    until: PeriodBound | None
    audience: ReportAudience


@dataclass(frozen=True, slots=True)
class FollowUpFigures:
    """Rows of the funnel and of the texts. ``recovered_value`` is per month."""

    period: ReportPeriod
    funnel: dict[FollowUpFunnelStep, int]
    stopped: list[tuple[str, int]]
    """Reasons and their numbers, the most frequent first."""
    texts: Sequence[dict[str, Any]]
    recovered_value: float
    recovered_without_value: int


@dataclass(frozen=True, slots=True)
class FollowUpPage:
    """Which conversations behind a figure are listed."""

    step: FollowUpFunnelStep
    reason: str | None
    attempt: int | None
    after: tuple[datetime, UUID] | None
    limit: int


class FollowUpReport:
    """Reads for one tenant at a time, with that tenant's database role."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load_figures(self, tenant_id: UUID, selection: FollowUpSelection) -> FollowUpFigures:
        """Returns the figures. Raises ``ReportInputError``."""
        async with self._database.as_tenant(tenant_id) as connection:
            period = await _resolve(connection, tenant_id, selection)
            values = _values(tenant_id, selection.audience, period)
            rows = await connection.fetch(_SQL["funnel"], *values)
            texts = await connection.fetch(_SQL["texts"], *values)
        return _figures(period, rows, [dict(row) for row in texts])

    async def list_conversations(
        self, tenant_id: UUID, selection: FollowUpSelection, page: FollowUpPage
    ) -> list[dict[str, Any]]:
        """Returns the conversations of a page. Raises ``ReportInputError``."""
        async with self._database.as_tenant(tenant_id) as connection:
            period = await _resolve(connection, tenant_id, selection)
            rows = await connection.fetch(
                _SQL["conversations"],
                *_values(tenant_id, selection.audience, period),
                page.step.value,
                page.reason,
                page.attempt,
                *(page.after or (None, None)),
                page.limit,
            )
        return [dict(row) for row in rows]


async def _resolve(
    connection: Connection, tenant_id: UUID, selection: FollowUpSelection
) -> ReportPeriod:
    row = await fetch_one(connection, _SQL["zone"], tenant_id, what="provider")
    zone = ZoneInfo(row["timezone"])
    return resolve_period(selection.since, selection.until, ReportGrouping.NONE, zone, row["now"])


def _values(tenant_id: UUID, audience: ReportAudience, period: ReportPeriod) -> tuple[object, ...]:
    teams = sorted(audience.teams)
    return (tenant_id, audience.scope, audience.user, teams, period.since, period.until)


def _figures(
    period: ReportPeriod, rows: Sequence[Any], texts: list[dict[str, Any]]
) -> FollowUpFigures:
    def count(column: str, *statuses: str) -> int:
        return sum(row[column] for row in rows if not statuses or row["status"] in statuses)

    funnel = {
        FollowUpFunnelStep.INTERESTED: count("conversations"),
        FollowUpFunnelStep.QUIET: count("quiet"),
        FollowUpFunnelStep.WRITTEN_TO: count("written_to"),
        FollowUpFunnelStep.RECOVERED: count("conversations", "recovered"),
        FollowUpFunnelStep.LOST: count("conversations", "lost"),
        FollowUpFunnelStep.STOPPED: count("conversations", "stopped"),
        FollowUpFunnelStep.OPEN: count("conversations", "waiting", "running"),
    }
    reasons = [(row["reason"], row["conversations"]) for row in rows if row["status"] == "stopped"]
    recovered = [row for row in rows if row["status"] == "recovered"]
    return FollowUpFigures(
        period,
        funnel,
        sorted(reasons, key=lambda each: (-each[1], each[0])),
        texts,
        sum(row["value"] for row in recovered),
        sum(row["without_value"] for row in recovered),
    )
