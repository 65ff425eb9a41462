"""Reads what metrics are computed from: roll-ups for whole hours and days, rows for the rest.

A request that no roll-up answers, because of several filters or a caller who sees the conversations
of teams, reads rows of the whole period. Both ways lead to equal figures.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from niochat.adapters.postgres.database import Connection
from niochat.adapters.postgres.queries import queries
from niochat.insights.deliveries.delivery_report import load_delivery_sums
from niochat.insights.reports.duration_histograms import merge_bins, quantiles_of
from niochat.insights.reports.metric_catalog import (
    TIME_GROUPINGS,
    MetricSource,
    ReportGrouping,
)
from niochat.insights.reports.period_parts import PeriodPart, split_period, split_weeks
from niochat.insights.reports.report_period import ReportPeriod
from niochat.insights.reports.report_request import WITHOUT, ReportFreshness, ReportRequest
from niochat.insights.reports.sla_report import load_sla_sums

_SQL = queries("reports")
MAX_EXACT_QUANTILES = 20_000
"""Conversations up to which quantiles are exact; those of more come from histograms."""
_TURNS_SINCE = 2
_DIMENSIONS_SINCE = {ReportGrouping.CONTACT_REASON: 3, ReportGrouping.SERVED_BY: 3}
"""The revision of the projection since which its rows have this."""
_TURNS = ("turns", "turn_failures", "tool_calls", "tokens", "cost_micros")
_SERVED = ("with_turns", "solved_with_turns")

SourceRow = Mapping[str, Any]
SourceRows = dict[str, SourceRow]
"""Columns by key."""


@dataclass(frozen=True, slots=True)
class ServingState:
    """What reports of a tenant read: generations, time zone and how fresh they are. ``revision`` is
    that of the code which wrote the generation of conversations.
    """

    conversations: int
    turns: int
    deliveries: int
    revision: int
    zone: ZoneInfo
    now: datetime
    freshness: ReportFreshness
    max_exact_quantiles: int = MAX_EXACT_QUANTILES

    @property
    def has_turns(self) -> bool:
        """Whether it has turns, outcomes, answers by agent and histograms."""
        return self.revision >= _TURNS_SINCE

    def has_dimension(self, grouping: ReportGrouping) -> bool:
        """Whether its roll-ups can be grouped so."""
        return self.revision >= _DIMENSIONS_SINCE.get(grouping, 0)


@dataclass(frozen=True, slots=True)
class PeriodQuery:
    """A request on one period."""

    connection: Connection
    tenant_id: UUID
    serving: ServingState
    request: ReportRequest
    period: ReportPeriod

    @property
    def dimension(self) -> str:
        """The dimension of roll-ups and contributions that has the rows' keys."""
        grouping = self.request.grouping
        return "none" if grouping in TIME_GROUPINGS else str(grouping)

    def values(
        self, filters: dict[str, Any] | None = None, part: PeriodPart | None = None
    ) -> tuple[Any, ...]:
        """The first eight parameters of the queries on rows."""
        return (
            self.tenant_id,
            self.serving.conversations,
            self.dimension,
            (part or self.period).since,
            (part or self.period).until,
            self.filters() if filters is None else filters,
            str(self.request.grouping),
            str(self.period.zone),
        )

    def filters(self) -> dict[str, Any]:
        """The filters and the audience."""
        audience = self.request.audience
        return {
            **self.request.filters.values(),
            "scope": audience.scope,
            "user": audience.user,
            "teams": sorted(audience.teams),
        }

    def elapsed(self) -> tuple[Any, ...]:
        """The first four parameters of the queries on elapsed time, which no conversation has."""
        return self.tenant_id, self.period.since, self.period.until, str(self.request.grouping)

    def parts(self) -> list[PeriodPart]:
        """The period as roll-ups have it."""
        by_hour = (ReportGrouping.HOUR, ReportGrouping.WEEKDAY_HOUR)
        return split_period(self.period, days=self.request.grouping not in by_hour)


async def load_sources(query: PeriodQuery) -> dict[MetricSource, SourceRows]:
    """Returns what each source of the request's metrics says. Sources of which the serving
    generation knows nothing are left out.
    """
    sources = {metric.source for metric in query.request.metrics}
    if not query.serving.has_dimension(query.request.grouping):
        return {}
    if not query.serving.has_turns:
        sources -= {MetricSource.TURNS, MetricSource.OUTCOMES}
    found: dict[MetricSource, SourceRows] = {}
    sums: SourceRows = {}
    if sources & {*_FROM_SUMS, MetricSource.OUTCOMES, MetricSource.ANSWERS}:
        sums = await _load_sums(query)
    for source in sources:
        if source in _FROM_SUMS:
            found[source] = {key: _FROM_SUMS[source](row) for key, row in sums.items()}
        elif source is MetricSource.OUTCOMES:
            found[source] = await _load_outcomes(query, sums)
        elif source is MetricSource.ANSWERS:
            found[source] = await _load_answers(query, sums)
        else:
            found[source] = await _LOADERS[source](query)
    return found


def _turns_of(row: SourceRow) -> SourceRow:
    return {name: row[name] for name in (*_TURNS, *_SERVED)}


_FROM_SUMS: Mapping[MetricSource, Callable[[SourceRow], SourceRow]] = {
    MetricSource.SUMS: lambda row: row,
    MetricSource.TURNS: _turns_of,
}


async def _load_sums(query: PeriodQuery) -> SourceRows:
    target = _rollup_for(query)
    if target is None:
        return _by_key(await query.connection.fetch(_SQL["sums_of_rows"], *query.values()))
    dimension, key = target
    rows: list[Any] = []
    for part in query.parts():
        if part.grain is None:
            rows += await query.connection.fetch(_SQL["sums_of_rows"], *query.values(part=part))
            continue
        rows += await query.connection.fetch(
            _SQL["sums_of_rollups"],
            query.tenant_id,
            query.serving.conversations,
            part.grain,
            dimension,
            part.since,
            part.until,
            str(query.request.grouping),
            str(query.period.zone),
            key,
        )
    return _by_key(rows)


def _by_key(rows: Iterable[Any]) -> SourceRows:
    """Adds the sums of equal keys."""
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        columns = dict(row)
        sums = found.setdefault(columns.pop("key"), {})
        for name, value in columns.items():
            sums[name] = sums.get(name, 0) + value
    return dict(found)


def _rollup_for(query: PeriodQuery) -> tuple[str, str | None] | None:
    """(dimension, key) of the roll-up that answers the request; ``None`` if none does."""
    filters, audience = query.request.filters.values(), query.request.audience
    if audience.scope == "own" and filters.setdefault("agent", audience.user) != audience.user:
        return None
    if audience.scope == "team" or len(filters) > 1:
        return None
    if not filters:
        return query.dimension, None
    if query.dimension != "none":
        return None
    ((dimension, key),) = filters.items()
    return dimension, "" if key == WITHOUT else key


async def _load_outcomes(query: PeriodQuery, sums: SourceRows) -> SourceRows:
    """What became of conversations that the assistant solved. Whoever does not come back within a
    day is assumed to be served, within three days durably.
    """
    fetch = query.connection.fetch
    written = _by_key(await fetch(_SQL["confirmed_by_writes"], *query.values()))
    recent = _by_key(await fetch(_SQL["not_yet_lasting"], *query.values()))
    nothing: SourceRow = {}
    outcomes: SourceRows = {}
    for key, row in sums.items():
        solved, young = row["solved_by_assistant"], recent.get(key, nothing)
        confirmed = written.get(key, nothing).get("confirmed_by_writes", 0)
        outcomes[key] = {
            "solved": solved,
            "confirmed": row["confirmed_by_words"] + confirmed,
            "assumed": solved - row["returned_24h"] - young.get("younger_than_24h", 0),
            "durable": solved - row["returned_72h"] - young.get("younger_than_72h", 0),
            "returned": row["returned_72h"],
        }
    return outcomes


async def _load_answers(query: PeriodQuery, sums: SourceRows) -> SourceRows:
    """Answers of people to waiting customers. Each is the first one of its conversation or not."""
    filters, author = by_author(query, None)
    if query.request.grouping is not ReportGrouping.AGENT and author is None:
        return {
            key: {
                "answers": row["first_human_answers"] + row["next_answers"],
                "answer_ms": row["first_human_ms"] + row["next_answer_ms"],
                "answer_open_ms": row["first_human_open_ms"] + row["next_answer_open_ms"],
            }
            for key, row in sums.items()
        }
    fetch, rows = query.connection.fetch, []
    for part in query.parts() if _have_answer_rollups(query) else [None]:
        if part is None or part.grain is None:
            rows += await fetch(_SQL["answers_of_rows"], *query.values(filters, part), author)
            continue
        rows += await fetch(
            _SQL["answers_of_rollups"],
            query.tenant_id,
            query.serving.conversations,
            part.grain,
            part.since,
            part.until,
            str(query.request.grouping),
            str(query.period.zone),
            author,
        )
    return _by_key(rows)


def _have_answer_rollups(query: PeriodQuery) -> bool:
    """Whether all answers of an agent count, wherever the conversation is now."""
    request = query.request
    return (
        query.serving.has_turns
        and request.audience.scope == "all"
        and request.filters.values().keys() <= {"agent"}
        and (query.dimension == "none" or request.grouping is ReportGrouping.AGENT)
    )


async def _load_answer_quantiles(query: PeriodQuery) -> SourceRows:
    filters, author = by_author(query, None)
    rows = await query.connection.fetch(
        _SQL["answer_quantiles"], *query.values(filters), author, query.request.business_hours
    )
    return {row["key"]: dict(row) for row in rows}


def by_author(query: PeriodQuery, key: str | None) -> tuple[dict[str, Any], str | None]:
    """An agent of answers is who answered, not who has the conversation: returns the filters
    without the agent, and the author.
    """
    filters = query.filters()
    author = filters.pop("agent", None)
    if query.request.grouping is ReportGrouping.AGENT and key is not None:
        author = key if author in (None, key) else ""
    return filters, author


async def _load_quantiles(query: PeriodQuery) -> SourceRows:
    if await _have_histograms(query):
        return await _load_histograms(query)
    rows = await query.connection.fetch(
        _SQL["quantiles"], *query.values(), query.request.business_hours
    )
    return {row["key"]: dict(row) for row in rows}


async def _have_histograms(query: PeriodQuery) -> bool:
    """Whether histograms answer the request, and so many conversations are in it that sorting them
    takes too long.
    """
    if _rollup_for(query) is None or not query.serving.has_turns:
        return False
    if query.request.grouping in TIME_GROUPINGS:
        return False
    total = replace(query, request=replace(query.request, grouping=ReportGrouping.NONE))
    sums = await _load_sums(total)
    conversations: int = sum(row["conversations"] for row in sums.values())
    return conversations > query.serving.max_exact_quantiles


async def _load_histograms(query: PeriodQuery) -> SourceRows:
    target = _rollup_for(query)
    assert target is not None
    dimension, key = target
    names = _histogram_names(query.request)
    fetch, rows = query.connection.fetch, []
    for part in split_weeks(query.period):
        if part.grain is None:
            rows += await fetch(
                _SQL["bins_of_rows"], *query.values(part=part)[:7], list(names.values())
            )
            continue
        rows += await fetch(
            _SQL["bins_of_rollups"],
            query.tenant_id,
            query.serving.conversations,
            dimension,
            part.since,
            part.until,
            str(query.request.grouping),
            list(names.values()),
            key,
        )
    return {
        key: {column: quantiles_of(bins.get(name, {})) for column, name in names.items()}
        for key, bins in merge_bins(rows).items()
    }


def _histogram_names(request: ReportRequest) -> dict[str, str]:
    """The names of the histograms that the request needs, by column."""
    columns = {
        metric.numerator for metric in request.metrics if metric.source is MetricSource.QUANTILES
    }
    suffix = "_open" if request.business_hours else ""
    return {column: f"{column}{suffix}" for column in sorted(columns)}


async def _load_sla(query: PeriodQuery) -> SourceRows:
    return _by_key(await load_sla_sums(query.connection, query.values()))


async def _load_deliveries(query: PeriodQuery) -> SourceRows:
    generation = query.serving.deliveries
    return _by_key(
        await load_delivery_sums(query.connection, query.values(), generation, query.parts())
    )


async def _load_uptime(query: PeriodQuery) -> SourceRows:
    rows = await query.connection.fetch(
        _SQL["uptime"], *query.elapsed(), query.request.filters.channel
    )
    return {row["key"]: dict(row) for row in rows}


async def _load_presence(query: PeriodQuery) -> SourceRows:
    audience = query.request.audience
    rows = await query.connection.fetch(
        _SQL["presence"],
        *query.elapsed(),
        query.request.filters.agent,
        audience.scope,
        audience.user,
        list(audience.teams),
    )
    return {row["key"]: dict(row) for row in rows}


_LOADERS: Mapping[MetricSource, Callable[[PeriodQuery], Awaitable[SourceRows]]] = {
    MetricSource.QUANTILES: _load_quantiles,
    MetricSource.ANSWER_QUANTILES: _load_answer_quantiles,
    MetricSource.SLA: _load_sla,
    MetricSource.DELIVERIES: _load_deliveries,
    MetricSource.UPTIME: _load_uptime,
    MetricSource.PRESENCE: _load_presence,
}
"""The sources that no sums of conversations lead to."""
