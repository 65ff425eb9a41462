"""``bench ingest``: webhooks that are answered with 200 after their commit.

The tenant's assistant is disabled, so that every conversation waits for agents: the hosts process
each message (event, message, state) beside the webhooks as usual, but no turn starts.
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
"""Seconds after a round within which the hosts have processed all its messages."""
_WARM_S = 5.0
_SLUG = "bench"
_DATABASES = {"product": DATABASE_NAME}
"""The side whose backlog is part of the work. The plain ingest has no host that would
process it.
"""


async def run_ingest_bench(
    environment: BenchEnvironment, options: BenchOptions, on_progress: ProgressCallback
) -> BenchReport:
    """Run the benchmark in an environment started for :data:`REQUIREMENTS`."""
    streams = await _create_streams(environment)
    async with LoadRoundRunner(environment, options, on_progress) as runner:
        await runner.warm_up(streams, _DATABASES, _WARM_S)
        sides = await runner.alternate_streams("saturation", streams, _DATABASES)
        rate = max(sides["product"].rate / 2, 1.0)
        slower = {
            "product": replace(streams["product"], rate=rate),
            "limit": replace(streams["limit"], rate=rate),
        }
        halves = await runner.alternate_streams("half of saturation", slower, _DATABASES)
        await runner.record_flame_graphs("ingest", {"product": streams["product"]}, _DATABASES)
    return _report(environment, sides, halves)


async def _create_streams(environment: BenchEnvironment) -> dict[str, LoadStream]:
    """The streams by side; the product's comes first."""
    product = build_ingest_stream(
        "product", (await create_bench_tenants(environment, [_SLUG], assistant=False))[_SLUG]
    )
    plain_tenants = await create_bench_tenants(environment, [_SLUG], assistant=False, plain=True)
    return {
        "product": product,
        "limit": build_limit_stream(environment, product),
        "plain": build_ingest_stream("plain", plain_tenants[_SLUG]),
    }


def build_ingest_stream(name: str, tenant: BenchTenant) -> LoadStream:
    """A stream of customers who write as soon as their webhooks are answered."""
    return LoadStream(
        name,
        tenant.webhook_url,
        tenant.token,
        people=PEOPLE,
        connections=CONNECTIONS,
        places=CONNECTIONS,
    )


def build_limit_stream(environment: BenchEnvironment, product: LoadStream) -> LoadStream:
    """The same requests for the application that only reads them."""
    path = product.url.partition("/uazapi")[2]
    return replace(product, name="limit", url=environment.limit_url + path)


def _report(
    environment: BenchEnvironment,
    sides: dict[str, SideMeasurement],
    halves: dict[str, SideMeasurement],
) -> BenchReport:
    product, limit, half = sides["product"], sides["limit"], halves["product"]
    share = median_ratio(product, limit)
    database_cost = product.statements()
    return BenchReport(
        name="ingest",
        unit="webhook",
        rate=product.rate,
        p50_ms=half.p50_ms,
        p99_ms=half.p99_ms,
        ratio_to_limit=share,
        cpu_ms_per_unit=product.use.cpu_ms_per_unit(),
        pss_mb=product.use.total_pss_mb(),
        statements_per_unit=database_cost["statements_per_unit"],
        commits_per_unit=database_cost["commits_per_unit"],
        groups=product.use.groups(),
        limit=limit.as_dict() | {"half": halves["limit"].as_dict()},
        machine=describe_machine(environment.postgres),
        more={
            "saturated": product.as_dict(),
            "half": half.as_dict() | {"offered": round(product.rate / 2, 1)},
            "plain_door": sides["plain"].as_dict(),
            "hosts_kept_up": all(seconds < _HALF_RATE_S for seconds in product.drain_s),
            "dearest_statements": database_cost["dearest_statements"],
        },
        goals={
            f"at least {MIN_RATIO_TO_LIMIT} of the limit ({share})": share >= MIN_RATIO_TO_LIMIT,
            f"p99 under {MAX_P50_MS:g} ms at half of saturation ({half.p99_ms})": half.p99_ms
            < MAX_P50_MS,
        },
    )
