"""``bench path``: complete turns, from the webhook to the reply at the gateway.

The model answers at once and the burst window is 0, so that all the time is the product's. The
baseline is the product's own code in one plain process
(:mod:`~niochat_lab.bench.baselines.plain_process`) with the same PostgreSQL and load generator.
"""

from dataclasses import replace

from niochat.launcher.databases.postgres_server import DATABASE_NAME
from niochat_lab.bench.bench_report import BenchReport, describe_machine
from niochat_lab.bench.environment.bench_environment import (
    PLAIN_DATABASE,
    BenchEnvironment,
    BenchRequirements,
)
from niochat_lab.bench.environment.bench_tenants import BenchTenant, create_bench_tenants
from niochat_lab.bench.measurement.load_rounds import (
    BenchOptions,
    LoadRoundRunner,
    ProgressCallback,
    SideMeasurement,
    median_ratio,
)
from niochat_sandbox.load_generator.load_job import LoadStream, MessageStage

REQUIREMENTS = BenchRequirements(plain_process=True)
CONNECTIONS = 64
IN_FLIGHT = 64
"""The number of customers who wait for a reply at a time, at saturation."""
PEOPLE = 2000
MAX_P50_MS, MAX_P99_MS = 40.0, 150.0
MIN_RATIO_TO_LIMIT, MAX_CPU_RATIO = 0.8, 1.8
"""The minimum ratio to the plain process's rate, and the maximum ratio to its CPU per turn."""
_WARM_S = 8.0
_SLUG = "bench"
_DATABASES = {"product": DATABASE_NAME, "plain": PLAIN_DATABASE}


async def run_path_bench(
    environment: BenchEnvironment, options: BenchOptions, on_progress: ProgressCallback
) -> BenchReport:
    """Run the benchmark in an environment started for :data:`REQUIREMENTS`."""
    streams = await _create_streams(environment)
    async with LoadRoundRunner(environment, options, on_progress) as runner:
        await runner.warm_up(streams, _DATABASES, _WARM_S)
        sides = await runner.alternate_streams("saturation", streams, _DATABASES)
        # Constant arrival on both sides, at half of the product's saturated rate.
        rate = max(sides["product"].rate / 2, 1.0)
        slower = {name: replace(stream, rate=rate) for name, stream in streams.items()}
        halves = await runner.alternate_streams("half of saturation", slower, _DATABASES)
        await runner.record_flame_graphs("path", streams, _DATABASES)
    return _report(environment, sides, halves)


async def _create_streams(environment: BenchEnvironment) -> dict[str, LoadStream]:
    product = await create_bench_tenants(environment, [_SLUG], assistant=True)
    plain = await create_bench_tenants(environment, [_SLUG], assistant=True, plain=True)
    return {
        "product": build_path_stream("product", product[_SLUG], 0),
        "plain": build_path_stream("plain", plain[_SLUG], PEOPLE),
    }


def build_path_stream(name: str, tenant: BenchTenant, first: int) -> LoadStream:
    """A stream of customers who wait for each reply and then write again."""
    return LoadStream(
        name,
        tenant.webhook_url,
        tenant.token,
        people=PEOPLE,
        first=first,
        connections=CONNECTIONS,
        places=IN_FLIGHT,
        measured=MessageStage.ANSWERED,
        freed=MessageStage.ANSWERED,
    )


def _report(
    environment: BenchEnvironment,
    sides: dict[str, SideMeasurement],
    halves: dict[str, SideMeasurement],
) -> BenchReport:
    product, plain, half = sides["product"], sides["plain"], halves["product"]
    share = median_ratio(product, plain)
    database_cost = product.statements()
    cpu = product.use.cpu_ms_per_unit()
    times, half_times = _cpu_ratio(product, plain), _cpu_ratio(half, halves["plain"])
    return BenchReport(
        name="path",
        unit="turn",
        rate=product.rate,
        p50_ms=half.p50_ms,
        p99_ms=half.p99_ms,
        ratio_to_limit=share,
        cpu_ms_per_unit=cpu,
        pss_mb=product.use.total_pss_mb(),
        statements_per_unit=database_cost["statements_per_unit"],
        commits_per_unit=database_cost["commits_per_unit"],
        groups=product.use.groups(),
        limit={
            **plain.as_dict(),
            "half": halves["plain"].as_dict(),
            "cpu_ms_per_unit": plain.use.cpu_ms_per_unit(_GROUPS_OUTSIDE_BASELINE),
            **plain.statements(),
        },
        machine=describe_machine(environment.postgres),
        more={
            "saturated": product.as_dict(),
            "half": half.as_dict() | {"offered": round(product.rate / 2, 1)},
            "cpu_times_plain": {"saturated": times, "half": half_times},
            "dearest_statements": database_cost["dearest_statements"],
        },
        goals={
            f"at least {MIN_RATIO_TO_LIMIT} of the limit ({share})": share >= MIN_RATIO_TO_LIMIT,
            f"at most {MAX_CPU_RATIO} times its CPU a turn at saturation ({times})": times
            <= MAX_CPU_RATIO,
            f"the same at half of saturation ({half_times})": half_times <= MAX_CPU_RATIO,
            f"p50 under {MAX_P50_MS:g} ms added ({half.p50_ms})": half.p50_ms < MAX_P50_MS,
            f"p99 under {MAX_P99_MS:g} ms added ({half.p99_ms})": half.p99_ms < MAX_P99_MS,
        },
    )


def _cpu_ratio(product: SideMeasurement, plain: SideMeasurement) -> float:
    """The product's CPU per turn divided by that of the plain process at the same load."""
    alone = plain.use.cpu_ms_per_unit(_GROUPS_OUTSIDE_BASELINE)
    return round(product.use.cpu_ms_per_unit() / alone, 2) if alone else 0.0


_GROUPS_OUTSIDE_BASELINE = frozenset(
    {
        "crowd",
        "sandbox",
        "limit",
        "webhooks",
        "api",
        "live",
        "desk",
        "pool",
        "assistant",
        "erp",
        "supervisor",
        "hosts",
        "serve_controller",
        "serve_proxies",
        "haproxy",
        "raylet",
        "gcs",
        "other_ray",
    }
)
"""The baseline consists of the plain process, PostgreSQL and Redis only."""
