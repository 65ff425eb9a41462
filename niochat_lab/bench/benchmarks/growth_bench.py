"""``bench growth``: short runs of ``ingest`` and ``path`` while the database grows.

Each size is measured beside the baseline of ``ingest`` (an application that only reads the body),
which does not depend on the size, so that a machine that slows down does not count as growth. The
figure of a size is product over baseline, divided by the same ratio of the empty database.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from niochat.launcher.databases.postgres_server import DATABASE_NAME
from niochat_lab.bench.bench_report import BenchReport, describe_machine
from niochat_lab.bench.benchmarks.ingest_bench import build_ingest_stream, build_limit_stream
from niochat_lab.bench.benchmarks.path_bench import PEOPLE, build_path_stream
from niochat_lab.bench.environment.bench_environment import BenchEnvironment, BenchRequirements
from niochat_lab.bench.environment.bench_tenants import create_bench_tenants
from niochat_lab.bench.environment.bulk_data import insert_ended_conversations
from niochat_lab.bench.measurement.load_rounds import (
    BenchOptions,
    LoadRoundRunner,
    ProgressCallback,
    SideMeasurement,
    median_ratio,
)
from niochat_sandbox.load_generator.load_job import LoadStream

REQUIREMENTS = BenchRequirements(limit=True)
MESSAGE_COUNTS = (10_000, 1_000_000, 5_000_000)
MIN_RATE_RATIO = 0.9
_ASSISTED_SLUG, _STAFFED_SLUG = "assisted", "held"
_WARM_S = 3.0
_MEASURED = ("ingest", "path")
_DATABASES = dict.fromkeys(_MEASURED, DATABASE_NAME)


async def run_growth_bench(
    environment: BenchEnvironment,
    options: BenchOptions,
    on_progress: ProgressCallback,
    sizes: Sequence[int] = MESSAGE_COUNTS,
) -> BenchReport:
    """Run the benchmark; ``sizes`` are numbers of stored messages, ascending."""
    streams, tenant_id, channel_id = await _create_streams(environment)
    measurements: list[dict[str, Any]] = []
    stored = 0
    async with LoadRoundRunner(environment, options, on_progress) as runner:
        await runner.warm_up(streams, _DATABASES, _WARM_S)
        for size in (0, *sizes):
            on_progress(f"storing {size:,} messages")
            await asyncio.to_thread(
                insert_ended_conversations,
                environment.postgres,
                tenant_id,
                channel_id,
                stored,
                size,
            )
            stored = max(stored, size)
            await runner.warm_up({"path": streams["path"]}, _DATABASES, _WARM_S)
            sides = await runner.alternate_streams(f"{size:,} messages", streams, _DATABASES)
            measurements.append({"messages": size, **_summarize(sides)})
    return _report(environment, measurements, sides)


async def _create_streams(
    environment: BenchEnvironment,
) -> tuple[dict[str, LoadStream], object, object]:
    assisted = (await create_bench_tenants(environment, [_ASSISTED_SLUG], assistant=True))[
        _ASSISTED_SLUG
    ]
    held = (await create_bench_tenants(environment, [_STAFFED_SLUG], assistant=False))[
        _STAFFED_SLUG
    ]
    ingest = build_ingest_stream("ingest", held)
    streams = {
        "ingest": ingest,
        "limit": build_limit_stream(environment, ingest),
        "path": build_path_stream("path", assisted, PEOPLE),
    }
    return streams, assisted.tenant_id, assisted.channel_id


def _summarize(sides: dict[str, SideMeasurement]) -> dict[str, Any]:
    return {
        name: {
            "rate": sides[name].rate,
            "p50_ms": sides[name].p50_ms,
            "p99_ms": sides[name].p99_ms,
            "cpu_ms_per_unit": sides[name].use.cpu_ms_per_unit(),
            "limit_rate": sides["limit"].rate,
            "ratio_to_limit": median_ratio(sides[name], sides["limit"]),
            "foreign_cores": sides[name].use.foreign_cores,
            **sides[name].statements(),
        }
        for name in _MEASURED
    }


def _report(
    environment: BenchEnvironment,
    measurements: list[dict[str, Any]],
    sides: dict[str, SideMeasurement],
) -> BenchReport:
    empty, *grown = measurements
    for size in measurements:
        for name in _MEASURED:
            empty_ratio = empty[name]["ratio_to_limit"]
            current_ratio = size[name]["ratio_to_limit"]
            size[name]["ratio_to_empty"] = (
                round(current_ratio / empty_ratio, 3) if empty_ratio else 0.0
            )
    path = sides["path"]
    goals = {
        f"{name} with {size['messages']:,} messages at least {MIN_RATE_RATIO} of the empty "
        f"database "
        f"({size[name]['ratio_to_empty']})": size[name]["ratio_to_empty"] >= MIN_RATE_RATIO
        for size in grown
        for name in _MEASURED
    }
    return BenchReport(
        name="growth",
        unit="turn",
        rate=path.rate,
        p50_ms=path.p50_ms,
        p99_ms=path.p99_ms,
        ratio_to_limit=measurements[-1]["path"]["ratio_to_empty"],
        cpu_ms_per_unit=path.use.cpu_ms_per_unit(),
        pss_mb=path.use.total_pss_mb(),
        groups=path.use.groups(),
        limit={"rate": empty["path"]["rate"], "ingest_rate": empty["ingest"]["rate"]},
        machine=describe_machine(environment.postgres),
        more={"sizes": measurements},
        goals=goals,
    )
