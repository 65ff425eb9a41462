"""Whatever the period, grouping and filter: what roll-ups say is what a scan of the rows says.

The scans are written anew here. The provider is in New York, and clocks change in the periods.
"""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from niochat.adapters.postgres.database import Connection
from niochat.adapters.postgres.queries import queries
from niochat.insights.reports.metric_catalog import METRICS, MetricSource, ReportGrouping
from niochat.insights.reports.report_period import ReportPeriod
from niochat.insights.reports.report_request import ReportAudience, ReportFilter, ReportRequest
from niochat.insights.reports.report_sources import PeriodQuery, load_sources
from niochat.insights.reports.report_store import load_serving
from tests.insights.conftest import InsightsFixture
from tests.insights.reports.random_threads import (
    AGENTS,
    MARCH,
    NEW_YORK,
    NOVEMBER,
    TEAMS,
    add_writes_to_the_erp,
    draw_threads,
)
from tests.insights.reports.test_duration_histograms import bin_of

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(180)]

KEY = "report_key($7, CASE $7 WHEN 'day' THEN c.opened_day ELSE c.opened_hour END, $8, c.key)"
ROWS = "report_rows($1, $2, $3, $4, $5, $6::jsonb) AS c"
SCANS = {
    MetricSource.TURNS: f"""
        SELECT {KEY} AS key, count(*) AS turns,
               count(*) FILTER (WHERE t.outcome <> 'answered') AS turn_failures,
               sum(cardinality(t.tools))::bigint AS tool_calls,
               sum(t.tokens_in + t.tokens_out)::bigint AS tokens,
               (sum(t.cost) * 1000000)::bigint AS cost_micros,
               count(DISTINCT t.conversation_id) AS with_turns,
               count(DISTINCT t.conversation_id) FILTER (WHERE c.solved_by_assistant > 0)
                   AS solved_with_turns
          FROM {ROWS} JOIN analytics.assistant_turns t
            ON t.tenant_id = $1 AND t.generation = 1 AND t.conversation_id = c.conversation_id
         GROUP BY 1""",
    MetricSource.OUTCOMES: f"""
        WITH o AS MATERIALIZED (SELECT * FROM analytics.assistant_outcomes
                                 WHERE tenant_id = $1 AND generation = $2)
        SELECT {KEY} AS key, count(*) AS solved, count(*) FILTER (WHERE o.confirmed) AS confirmed,
               count(*) FILTER (WHERE o.resolved_at + interval '24 h'
                                      <= coalesce(o.returned_at, now())) AS assumed,
               count(*) FILTER (WHERE o.resolved_at + interval '72 h'
                                      <= coalesce(o.returned_at, now())) AS durable,
               count(*) FILTER (WHERE o.returned_at < o.resolved_at + interval '72 h') AS returned
          FROM {ROWS} JOIN o ON o.conversation_id = c.conversation_id
         WHERE c.solved_by_assistant > 0 GROUP BY 1""",
    MetricSource.ANSWERS: f"""
        SELECT CASE $7 WHEN 'agent' THEN a.agent ELSE {KEY} END AS key, count(*) AS answers,
               sum(a.wait_ms)::bigint AS answer_ms, sum(a.wait_open_ms)::bigint AS answer_open_ms
          FROM {ROWS} JOIN analytics.human_answers a
            ON a.tenant_id = $1 AND a.generation = $2 AND a.conversation_id = c.conversation_id
         WHERE c.conversations > 0 AND ($9::text IS NULL OR a.agent = $9) GROUP BY 1""",
    MetricSource.SUMS: queries("reports")["sums_of_rows"],
}
"""MATERIALIZED: without it PostgreSQL 18.6 ended with a segmentation fault in some of the plans
that join this view.
"""
ONE_METRIC = {
    source: next(each for each in METRICS.values() if each.source is source) for source in SCANS
}


async def store_threads(insights: InsightsFixture, chance: random.Random) -> None:
    tenant, admin = insights.place.tenant, insights.given.admin
    await admin.execute(
        "UPDATE tenants SET timezone = 'America/New_York' WHERE tenant_id = $1", tenant
    )
    await admin.execute("INSERT INTO teams VALUES ($1, 'suporte', 'Suporte')", tenant)
    for thread in draw_threads(chance, 42):
        await thread.store(admin, tenant, insights.place.channel)
    await add_writes_to_the_erp(admin, tenant)
    await insights.project()


def draw_period(chance: random.Random, now: datetime) -> ReportPeriod:
    """Whole days, whole hours or any moments around one of the starts, or around all of them."""
    if chance.random() < 0.2:
        since, until = MARCH - timedelta(days=1), now + timedelta(days=1)
    else:
        start = chance.choice((MARCH, NOVEMBER, now - timedelta(hours=90)))
        since = start + timedelta(seconds=chance.randint(-86_400, 2 * 86_400))
        until = since + timedelta(seconds=chance.randint(1, 5 * 86_400))
    bounds = [each.astimezone(NEW_YORK) for each in (since, until)]
    shape = chance.choice(("day", "hour", "any"))
    if shape != "any":
        bounds = [each.replace(minute=0, second=0, microsecond=0) for each in bounds]
    if shape == "day":
        bounds = [each.replace(hour=0, fold=0) for each in bounds]
        bounds[1] += timedelta(days=1)
    return ReportPeriod(*bounds)


def draw_request(chance: random.Random, channel: UUID) -> ReportRequest:
    named: dict[str, Any] = {
        "team": chance.choice((*TEAMS, "none")),
        "agent": chance.choice((*AGENTS, "none")),
        "channel": channel,
        "label": "fatura",
    }
    chosen = chance.sample(sorted(named), chance.choice((0, 0, 1, 1, 2)))
    everybody = ReportAudience("all", "", frozenset())
    own = ReportAudience("own", "ana", frozenset())
    return ReportRequest(
        tuple(ONE_METRIC.values()),
        chance.choice(list(ReportGrouping)),
        everybody if chance.random() < 0.8 else own,
        ReportFilter(**{name: named[name] for name in chosen}),
    )


async def scan(connection: Connection, query: PeriodQuery, source: MetricSource) -> dict[str, Any]:
    filters, more = query.filters(), []
    if source is MetricSource.ANSWERS:
        more = [filters.pop("agent", None)]
    rows = await connection.fetch(SCANS[source], *query.values(filters), *more)
    found = {row["key"]: {k: v for k, v in dict(row).items() if k != "key"} for row in rows}
    return {key: row for key, row in found.items() if any(row.values())}


@pytest.mark.parametrize("seed", [1, 2])
async def test_roll_ups_say_what_rows_say(insights: InsightsFixture, seed: int) -> None:
    chance, tenant = random.Random(seed), insights.place.tenant
    await store_threads(insights, chance)
    said: dict[MetricSource, int] = dict.fromkeys(SCANS, 0)

    for _ in range(150):
        async with insights.database.as_tenant(tenant) as connection:
            serving = await load_serving(connection, tenant)
            period = draw_period(chance, datetime.now(UTC))
            request = draw_request(chance, insights.place.channel)
            query = PeriodQuery(connection, tenant, serving, request, period)
            assert serving.has_turns
            loaded = await load_sources(query)
            for source, rows in loaded.items():
                expected = await scan(connection, query, source)
                told = {key: dict(row) for key, row in rows.items() if any(row.values())}
                assert told == expected, (source, request, period)
                said[source] += len(expected)

    assert min(said.values()) > 100, said


async def test_the_database_has_the_bins_of_the_histograms(insights: InsightsFixture) -> None:
    values = [0, -1, *(10**n + each for n in range(11) for each in (-1, 0, 1))]

    told = await insights.given.rows("SELECT duration_bin(ms) FROM unnest($1::bigint[]) ms", values)

    assert told == [bin_of(ms) for ms in values]


@pytest.mark.parametrize("grouping", [ReportGrouping.NONE, ReportGrouping.TEAM])
async def test_histograms_of_weeks_are_those_of_rows(
    insights: InsightsFixture, grouping: ReportGrouping
) -> None:
    """And what they say is at most one percent off."""
    chance, tenant = random.Random(3), insights.place.tenant
    await store_threads(insights, chance)
    metrics = tuple(each for each in METRICS.values() if each.source is MetricSource.QUANTILES)
    everybody = ReportAudience("all", "", frozenset())
    compared = 0

    for number in range(40):
        request = ReportRequest(metrics, grouping, everybody, business_hours=bool(number % 2))
        period = ReportPeriod(
            (MARCH + timedelta(seconds=chance.randint(-86_400, 20 * 86_400))).astimezone(NEW_YORK),
            (datetime.now(UTC) - timedelta(seconds=chance.randint(0, 400_000))).astimezone(
                NEW_YORK
            ),
        )
        async with insights.database.as_tenant(tenant) as connection:
            serving = await load_serving(connection, tenant)
            exact = PeriodQuery(connection, tenant, serving, request, period)
            binned = replace(exact, serving=replace(serving, max_exact_quantiles=0))
            expected = (await load_sources(exact))[MetricSource.QUANTILES]
            told = (await load_sources(binned))[MetricSource.QUANTILES]
        for key, row in told.items():
            for name, values in row.items():
                assert (values is None) == (expected[key][name] is None)
                assert values is None or values == pytest.approx(expected[key][name], rel=0.01)
                compared += values is not None
    assert compared > 100
