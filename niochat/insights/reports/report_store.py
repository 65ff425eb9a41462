"""Runs reports on the read model, on connections of their own."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from niochat.adapters.postgres.database import Connection, Database, fetch_one
from niochat.adapters.postgres.queries import queries
from niochat.insights.conversation_projection import ConversationProjection
from niochat.insights.deliveries.delivery_report import delivery_parameters
from niochat.insights.reports.metric_catalog import MetricSource, ReportGrouping
from niochat.insights.reports.report_period import (
    ReportInputError,
    ReportPeriod,
    resolve_period,
)
from niochat.insights.reports.report_request import (
    ConversationRows,
    DrillDown,
    Report,
    ReportAudience,
    ReportFreshness,
    ReportNames,
    ReportRequest,
)
from niochat.insights.reports.report_rows import build_rows, compute_values, query_key
from niochat.insights.reports.report_sources import (
    PeriodQuery,
    ServingState,
    by_author,
    load_sources,
)
from niochat.insights.reports.sla_report import promise_parameters

_SQL = queries("reports")
_LAG = queries("projections")
_SLA = queries("sla_reports")
_DELIVERIES = queries("delivery_reports")
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
            period = _resolve(request, serving)
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
        after = drill.after or (None, None)
        async with self._database.as_tenant(tenant_id) as connection:
            queries_behind, values = await _behind(connection, tenant_id, drill, visible)
            rows = await connection.fetch(
                queries_behind.list_page, *values, drill.limit + 1, *after
            )
        return [dict(row) for row in rows]

    async def count_behind(self, tenant_id: UUID, drill: DrillDown, visible: ReportAudience) -> int:
        """Returns the number of conversations behind a value, counted up to ``limit`` + 1. Raises
        ``ReportInputError``.
        """
        async with self._database.as_tenant(tenant_id) as connection:
            queries_behind, values = await _behind(connection, tenant_id, drill, visible)
            count: int = await connection.fetchval(
                queries_behind.count_all, *values, drill.limit + 1
            )
        return count

    async def find_period(self, tenant_id: UUID, request: ReportRequest) -> ReportPeriod:
        """Returns the period that the request means now. Raises ``ReportInputError``."""
        async with self._database.as_tenant(tenant_id) as connection:
            return _resolve(request, await load_serving(connection, tenant_id))

    async def load_names(self, tenant_id: UUID) -> ReportNames:
        """Returns the names for files of conversations."""
        async with self._database.as_tenant(tenant_id) as connection:
            serving = await load_serving(connection, tenant_id)
            teams, agents = [
                {
                    row["key"]: row["name"]
                    for row in await connection.fetch(_SQL["names"], tenant_id, str(grouping))
                }
                for grouping in (ReportGrouping.TEAM, ReportGrouping.AGENT)
            ]
        return ReportNames(teams, agents, serving.zone)

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


class _BehindQueries(NamedTuple):
    """The queries on the conversations behind a value: a page of them, and their number."""

    list_page: str
    count_all: str


async def _behind(
    connection: Connection, tenant_id: UUID, drill: DrillDown, visible: ReportAudience
) -> tuple[_BehindQueries, tuple[Any, ...]]:
    """The queries for a value, and the parameters that both have. Must be the first of the
    transaction.
    """
    request = drill.request
    (metric,) = request.metrics
    if metric.drill is None:
        raise ReportInputError("metric", f"No conversations are behind {metric.name}.")
    key = _parse_key(request.grouping, drill.key)
    serving = await load_serving(connection, tenant_id)
    period = _resolve(request, serving)
    if metric.is_by_opening:
        period = _remaining(period, drill)
    query = PeriodQuery(connection, tenant_id, serving, request, period)
    if metric.source is MetricSource.SLA:
        promises = promise_parameters(query.values(), key, metric.drill, visible)
        return _BehindQueries(_SLA["behind"], _SLA["count_behind"]), promises
    if metric.source is MetricSource.DELIVERIES:
        deliveries = delivery_parameters(
            query.values(), serving.deliveries, key, metric.drill, visible
        )
        return _BehindQueries(_DELIVERIES["behind"], _DELIVERIES["count_behind"]), deliveries
    column, detail, filters = metric.drill, metric.drill or None, None
    if metric.source in (MetricSource.TURNS, MetricSource.OUTCOMES):
        column = str(metric.source)
    elif metric.source in (MetricSource.ANSWERS, MetricSource.ANSWER_QUANTILES):
        filters, detail = by_author(query, key)
        column = str(MetricSource.ANSWERS)
    viewer = (visible.scope, visible.user, list(visible.teams))
    values = (*query.values(filters), key, column, detail, serving.turns, *viewer)
    return _BehindQueries(_SQL["behind"], _SQL["count_behind"]), values


def _resolve(request: ReportRequest, serving: ServingState) -> ReportPeriod:
    return resolve_period(request.since, request.until, request.grouping, serving.zone, serving.now)


def _remaining(period: ReportPeriod, drill: DrillDown) -> ReportPeriod:
    """The part of the period that has the rows after the last page: a late page reads less."""
    if drill.after is None:
        return period
    end = (drill.after[0].astimezone(UTC) + timedelta(microseconds=1)).astimezone(period.zone)
    return replace(period, until=min(period.until, end, key=datetime.timestamp))


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
