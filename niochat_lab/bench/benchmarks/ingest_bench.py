"""`bench ingest`: webhooks answered 200 after their commit.

The provider's assistant is off, so every conversation is with people: the hosts step each message
(event, message, state) beside the webhooks as they always do, and no turn begins.
"""

from dataclasses import replace

from niochat.launcher.databases.postgres_server import DATABASE_NAME
from niochat_lab.bench.bench_report import BenchReport, describe_machine
from niochat_lab.bench.environment.bench_environment import BenchEnvironment, BenchRequirements
from niochat_lab.bench.environment.bench_tenants import BenchTenant, create_bench_tenants
from niochat_lab.bench.measurement.load_rounds import (
    BenchOptions,
    LoadRoundRunner,
    ProgressCallback,
    SideMeasurement,
    median_ratio,
)
from niochat_sandbox.load_generator.load_job import LoadStream

REQUIREMENTS = BenchRequirements(limit=True, plain_process=True, ingest_only=True)
CONNECTIONS = 64
PEOPLE = 2000
MAX_P50_MS = 50.0
MIN_RATIO_TO_LIMIT = 0.4
_HALF_RATE_S = 2.0
"""Seconds after a slice within which the hosts have processed all of it."""
_WARM_S = 5.0
_SLUG = "bench"
_DATABASES = {"product": DATABASE_NAME}
"""Whose backlog is part of the work. The plain door has nobody who would process it."""


async def run_ingest_bench(
    stage: BenchEnvironment, plan: BenchOptions, told: ProgressCallback
) -> BenchReport:
    """The whole bench on a stage made for `WANTED`."""
    streams = await _create_streams(stage)
    async with LoadRoundRunner(stage, plan, told) as track:
        await track.warm_up(streams, _DATABASES, _WARM_S)
        sides = await track.alternate_streams("saturation", streams, _DATABASES)
        rate = max(sides["product"].rate / 2, 1.0)
        slower = {
            "product": replace(streams["product"], rate=rate),
            "limit": replace(streams["limit"], rate=rate),
        }
        halves = await track.alternate_streams("half of saturation", slower, _DATABASES)
        await track.record_flame_graphs("ingest", {"product": streams["product"]}, _DATABASES)
    return _report(stage, sides, halves)


async def _create_streams(stage: BenchEnvironment) -> dict[str, LoadStream]:
    """One for each side, by its name; the product's first."""
    product = build_ingest_stream(
        "product", (await create_bench_tenants(stage, [_SLUG], assistant=False))[_SLUG]
    )
    at_plain = await create_bench_tenants(stage, [_SLUG], assistant=False, plain=True)
    return {
        "product": product,
        "limit": build_limit_stream(stage, product),
        "plain": build_ingest_stream("plain", at_plain[_SLUG]),
    }


def build_ingest_stream(name: str, tenant: BenchTenant) -> LoadStream:
    """People who write as fast as their webhooks are answered."""
    return LoadStream(
        name,
        tenant.webhook_url,
        tenant.token,
        people=PEOPLE,
        connections=CONNECTIONS,
        places=CONNECTIONS,
    )


def build_limit_stream(stage: BenchEnvironment, product: LoadStream) -> LoadStream:
    """The same bodies, to the application that only reads them."""
    path = product.url.partition("/uazapi")[2]
    return replace(product, name="limit", url=stage.limit_url + path)


def _report(
    stage: BenchEnvironment, sides: dict[str, SideMeasurement], halves: dict[str, SideMeasurement]
) -> BenchReport:
    product, limit, half = sides["product"], sides["limit"], halves["product"]
    share = median_ratio(product, limit)
    counted = product.statements()
    return BenchReport(
        name="ingest",
        unit="webhook",
        rate=product.rate,
        p50_ms=half.p50_ms,
        p99_ms=half.p99_ms,
        ratio_to_limit=share,
        cpu_ms_per_unit=product.use.cpu_ms_per_unit(),
        pss_mb=product.use.total_pss_mb(),
        statements_per_unit=counted["statements_per_unit"],
        commits_per_unit=counted["commits_per_unit"],
        groups=product.use.groups(),
        limit=limit.as_dict() | {"half": halves["limit"].as_dict()},
        machine=describe_machine(stage.postgres),
        more={
            "saturated": product.as_dict(),
            "half": half.as_dict() | {"offered": round(product.rate / 2, 1)},
            "plain_door": sides["plain"].as_dict(),
            "hosts_kept_up": all(seconds < _HALF_RATE_S for seconds in product.drain_s),
            "dearest_statements": counted["dearest_statements"],
        },
        goals={
            f"at least {MIN_RATIO_TO_LIMIT} of the limit ({share})": share >= MIN_RATIO_TO_LIMIT,
            f"p99 under {MAX_P50_MS:g} ms at half of saturation ({half.p99_ms})": half.p99_ms
            < MAX_P50_MS,
        },
    )
