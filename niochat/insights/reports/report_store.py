"""Runs reports on the read model, on connections of their own.

Sums of whole hours or days without several filters come from roll-ups; everything else is computed
from the rows of conversations. Quantiles are exact: they come from the rows, too.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from niochat.adapters.postgres.database import Connection, Database, fetch_one
from niochat.adapters.postgres.queries import queries
from niochat.insights.reports.metric_catalog import (
    TIME_GROUPINGS,
    MetricSource,
    ReportGrouping,
)
from niochat.insights.reports.report_period import ReportInputError, ReportPeriod, resolve_period
from niochat.insights.reports.report_request import (
    WITHOUT,
    ConversationRows,
    DrillDown,
    Report,
    ReportAudience,
    ReportFreshness,
    ReportRequest,
)
from niochat.insights.reports.report_rows import build_rows, compute_values, query_key
from niochat.insights.reports.sla_report import list_behind_promises, load_sla_sums

_SQL = queries("reports")
_LAG = queries("projections")
_PROJECTIONS = ["conversations", "turns"]
_QUERY_BY_SOURCE = {
    MetricSource.QUANTILES: "quantiles",
    MetricSource.TURNS: "turns",
    MetricSource.OUTCOMES: "outcomes",
}
_NAMED = (ReportGrouping.TEAM, ReportGrouping.AGENT, ReportGrouping.CHANNEL)


@dataclass(frozen=True, slots=True)
class ServingState:
    """What reports of a tenant read: generations, time zone and how fresh they are."""

    conversations: int
    turns: int
    zone: ZoneInfo
    now: datetime
    freshness: ReportFreshness


@dataclass(frozen=True, slots=True)
class _Query:
    """A request on one period."""

    connection: Connection
    tenant_id: UUID
    serving: ServingState
    request: ReportRequest
    period: ReportPeriod

    @property
    def dimension(self) -> str:
        grouping = self.request.grouping
        return "none" if grouping in TIME_GROUPINGS else str(grouping)

    def values(self, filters: dict[str, Any] | None = None) -> tuple[Any, ...]:
        """The first eight parameters of the queries on rows."""
        return (
            self.tenant_id,
            self.serving.conversations,
            self.dimension,
            self.period.since,
            self.period.until,
            self.filters() if filters is None else filters,
            str(self.request.grouping),
            str(self.period.zone),
        )

    def filters(self) -> dict[str, Any]:
        audience = self.request.audience
        return {
            **self.request.filters.values(),
            "scope": audience.scope,
            "user": audience.user,
            "teams": sorted(audience.teams),
        }


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
            query = _Query(connection, tenant_id, serving, request, period)
            values = compute_values(request, await _load_sources(query))
            compared = None
            if request.compare:
                before = _Query(connection, tenant_id, serving, request, period.previous())
                compared = compute_values(request, await _load_sources(before))
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
            query = _Query(connection, tenant_id, serving, request, period)
            if metric.source is MetricSource.SLA:
                page = (drill.limit + 1, drill.after)
                found = await list_behind_promises(
                    connection, query.values(), key, metric.drill, visible, page
                )
                return [dict(row) for row in found]
            column, detail = metric.drill, metric.drill or None
            filters = None
            if metric.source in (MetricSource.TURNS, MetricSource.OUTCOMES):
                column = str(metric.source)
            elif metric.source is MetricSource.ANSWERS:
                query, filters, detail = _by_author(query, key)
                column = str(metric.source)
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
        ZoneInfo(row["timezone"]),
        lag["now"],
        freshness,
    )


async def _load_sources(query: _Query) -> dict[str, dict[str, Mapping[str, Any]]]:
    sources = {metric.source for metric in query.request.metrics}
    return {
        source: {row["key"]: dict(row) for row in await _load_source(query, source)}
        for source in sources
    }


async def _load_source(query: _Query, source: MetricSource) -> list[Any]:
    connection, request = query.connection, query.request
    if source is MetricSource.SUMS:
        return await _load_sums(query)
    if source is MetricSource.PRESENCE or source is MetricSource.UPTIME:
        return await _load_elapsed(query, source)
    if source is MetricSource.ANSWERS:
        query, filters, agent = _by_author(query, None)
        return await connection.fetch(
            _SQL["answers"], *query.values(filters), agent, request.business_hours
        )
    values = query.values()
    if source is MetricSource.SLA:
        return await load_sla_sums(connection, values)
    if source is MetricSource.QUANTILES:
        values = (*values, request.business_hours)
    elif source is MetricSource.TURNS:
        values = (*values, query.serving.turns)
    return await connection.fetch(_SQL[_QUERY_BY_SOURCE[source]], *values)


async def _load_sums(query: _Query) -> list[Any]:
    bucket = _rollup_for(query)
    if bucket is None:
        return await query.connection.fetch(_SQL["sums_of_rows"], *query.values())
    grain, dimension, key = bucket
    return await query.connection.fetch(
        _SQL["sums_of_rollups"],
        query.tenant_id,
        query.serving.conversations,
        grain,
        dimension,
        query.period.since,
        query.period.until,
        str(query.request.grouping),
        str(query.period.zone),
        key,
    )


def _rollup_for(query: _Query) -> tuple[str, str, str | None] | None:
    """(grain, dimension, key) of the roll-up that answers the request; ``None`` if none does."""
    request, grain = query.request, query.period.grain
    filters = request.filters.values()
    if grain is None or request.audience.scope != "all" or len(filters) > 1:
        return None
    if request.grouping in (ReportGrouping.HOUR, ReportGrouping.WEEKDAY_HOUR):
        grain = "hour"
    if not filters:
        return grain, query.dimension, None
    if query.dimension != "none":
        return None
    ((dimension, key),) = filters.items()
    return grain, dimension, "" if key == WITHOUT else key


def _by_author(query: _Query, key: str | None) -> tuple[_Query, dict[str, Any], str | None]:
    """An agent of answers is who answered, not who has the conversation: returns the query, its
    filters without the agent, and the author.
    """
    filters = query.filters()
    author = filters.pop("agent", None)
    if query.request.grouping is ReportGrouping.AGENT and key is not None:
        author = key if author in (None, key) else ""
    return query, filters, author


async def _load_elapsed(query: _Query, source: MetricSource) -> list[Any]:
    """Time of presence and of channels, which no conversation has."""
    request, audience = query.request, query.request.audience
    place = (query.tenant_id, query.period.since, query.period.until, str(request.grouping))
    if source is MetricSource.UPTIME:
        return await query.connection.fetch(_SQL["uptime"], *place, request.filters.channel)
    return await query.connection.fetch(
        _SQL["presence"],
        *place,
        request.filters.agent,
        audience.scope,
        audience.user,
        list(audience.teams),
    )


async def _load_names(query: _Query) -> dict[str, str]:
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
