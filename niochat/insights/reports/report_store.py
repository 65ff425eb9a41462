"""Runs reports on the read model, on connections of their own."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from niochat.adapters.postgres.database import Connection, Database, fetch_one
from niochat.adapters.postgres.queries import queries
from niochat.insights.conversation_projection import ConversationProjection
from niochat.insights.deliveries.delivery_report import list_behind_deliveries
from niochat.insights.reports.metric_catalog import MetricSource, ReportGrouping
from niochat.insights.reports.report_period import ReportInputError, resolve_period
from niochat.insights.reports.report_request import (
    ConversationRows,
    DrillDown,
    Report,
    ReportAudience,
    ReportFreshness,
    ReportRequest,
)
from niochat.insights.reports.report_rows import build_rows, compute_values, query_key
from niochat.insights.reports.report_sources import (
    PeriodQuery,
    ServingState,
    by_author,
    load_sources,
)
from niochat.insights.reports.sla_report import list_behind_promises

_SQL = queries("reports")
_LAG = queries("projections")
_PROJECTIONS = ["conversations", "turns", "deliveries"]
_NAMED = (
    *(ReportGrouping.TEAM, ReportGrouping.AGENT, ReportGrouping.CHANNEL),
    ReportGrouping.PAUSE_REASON,
)


class ReportStore:
    """Reads for one tenant at a time, with that tenant's database role. Methods raise
    ``UnavailableError``.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def run_report(self, tenant_id: UUID, request: ReportRequest) -> Report:
        """Returns the report, all of it from one moment. Raises ``ReportInputError``."""
        async with self._database.as_tenant(tenant_id) as connection:
            serving = await load_serving(connection, tenant_id)
            period = resolve_period(
                request.since, request.until, request.grouping, serving.zone, serving.now
            )
            query = PeriodQuery(connection, tenant_id, serving, request, period)
            values = compute_values(request, await load_sources(query))
            compared = None
            if request.compare:
                before = PeriodQuery(connection, tenant_id, serving, request, period.previous())
                compared = compute_values(request, await load_sources(before))
            names = await _load_names(query)
        rows = build_rows(request, period, values, compared, names)
        return Report(period, serving.freshness, rows)

    async def list_behind(
        self, tenant_id: UUID, drill: DrillDown, visible: ReportAudience
    ) -> ConversationRows:
        """Returns up to ``limit`` + 1 conversations behind a value, latest opening first, of those
        that ``visible`` lets the caller see. Raises ``ReportInputError``.
        """
        request = drill.request
        (metric,) = request.metrics
        if metric.drill is None:
            raise ReportInputError("metric", f"No conversations are behind {metric.name}.")
        key = _parse_key(request.grouping, drill.key)
        async with self._database.as_tenant(tenant_id) as connection:
            serving = await load_serving(connection, tenant_id)
            period = resolve_period(
                request.since, request.until, request.grouping, serving.zone, serving.now
            )
            query = PeriodQuery(connection, tenant_id, serving, request, period)
            if metric.source is MetricSource.SLA:
                page = (drill.limit + 1, drill.after)
                found = await list_behind_promises(
                    connection, query.values(), key, metric.drill, visible, page
                )
                return [dict(row) for row in found]
            if metric.source is MetricSource.DELIVERIES:
                found = await list_behind_deliveries(
                    connection,
                    query.values(),
                    serving.deliveries,
                    (key, metric.drill),
                    visible,
                    (drill.limit + 1, drill.after),
                )
                return [dict(row) for row in found]
            column, detail = metric.drill, metric.drill or None
            filters = None
            if metric.source in (MetricSource.TURNS, MetricSource.OUTCOMES):
                column = str(metric.source)
            elif metric.source in (MetricSource.ANSWERS, MetricSource.ANSWER_QUANTILES):
                filters, detail = by_author(query, key)
                column = str(MetricSource.ANSWERS)
            rows = await connection.fetch(
                _SQL["behind"],
                *query.values(filters),
                key,
                column,
                detail,
                serving.turns,
                drill.limit + 1,
                visible.scope,
                visible.user,
                list(visible.teams),
                *(drill.after or (None, None)),
            )
        return [dict(row) for row in rows]

    async def iterate_behind(
        self, tenant_id: UUID, drill: DrillDown, visible: ReportAudience
    ) -> AsyncIterator[ConversationRows]:
        """Yields all conversations behind a value in batches of ``limit``, each read by itself.
        Raises ``ReportInputError`` before the first one.
        """
        while True:
            rows = await self.list_behind(tenant_id, drill, visible)
            if rows:
                yield rows[: drill.limit]
            if len(rows) <= drill.limit:
                return
            last = rows[drill.limit - 1]
            drill = replace(drill, after=(last["opened_at"], last["id"]))


async def load_serving(connection: Connection, tenant_id: UUID) -> ServingState:
    """Returns what reports read, and fixes the moment of which all queries of the transaction
    tell. It must be the first query.
    """
    await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    row = await fetch_one(connection, _SQL["serving"], tenant_id, what="provider")
    lag: Any = await connection.fetchrow(_LAG["tenant_lag"], tenant_id, _PROJECTIONS)
    as_of = lag["oldest_at"] or lag["now"]
    lag_s = max((lag["now"] - as_of).total_seconds(), 0.0)
    freshness = ReportFreshness(as_of, round(lag_s, 3))
    return ServingState(
        row["conversations"] or 1,
        row["turns"] or 1,
        row["deliveries"] or 1,
        row["revision"] or ConversationProjection.revision,
        ZoneInfo(row["timezone"]),
        lag["now"],
        freshness,
    )


async def _load_names(query: PeriodQuery) -> dict[str, str]:
    grouping = query.request.grouping
    if grouping not in _NAMED:
        return {}
    rows = await query.connection.fetch(_SQL["names"], query.tenant_id, str(grouping))
    return {row["key"]: row["name"] for row in rows}


def _parse_key(grouping: ReportGrouping, key: str | None) -> str | None:
    if key is None:
        if grouping is not ReportGrouping.NONE:
            raise ReportInputError("key", "Send the key of the row.")
        return None
    try:
        return query_key(grouping, key)
    except ValueError:
        raise ReportInputError("key", "The key is not one of a row.") from None
