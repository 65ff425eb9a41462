"""`bench growth`: `ingest` and `path`, in short, while the database grows.

Each size is measured beside the limit of `ingest` (an application that only reads the body), which
does not grow, so that a machine that slows down meanwhile is no growth. What is told for a size is
product over limit, over the same of the empty database.
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
    stage: BenchEnvironment,
    plan: BenchOptions,
    told: ProgressCallback,
    sizes: Sequence[int] = MESSAGE_COUNTS,
) -> BenchReport:
    """The whole bench; sizes are messages stored, ascending."""
    streams, tenant_id, channel_id = await _create_streams(stage)
    found: list[dict[str, Any]] = []
    stored = 0
    async with LoadRoundRunner(stage, plan, told) as track:
        await track.warm_up(streams, _DATABASES, _WARM_S)
        for size in (0, *sizes):
            told(f"storing {size:,} messages")
            await asyncio.to_thread(
                insert_ended_conversations, stage.postgres, tenant_id, channel_id, stored, size
            )
            stored = max(stored, size)
            await track.warm_up({"path": streams["path"]}, _DATABASES, _WARM_S)
            sides = await track.alternate_streams(f"{size:,} messages", streams, _DATABASES)
            found.append({"messages": size, **_summarize(sides)})
    return _report(stage, found, sides)


async def _create_streams(stage: BenchEnvironment) -> tuple[dict[str, LoadStream], object, object]:
    assisted = (await create_bench_tenants(stage, [_ASSISTED_SLUG], assistant=True))[_ASSISTED_SLUG]
    held = (await create_bench_tenants(stage, [_STAFFED_SLUG], assistant=False))[_STAFFED_SLUG]
    ingest = build_ingest_stream("ingest", held)
    streams = {
        "ingest": ingest,
        "limit": build_limit_stream(stage, ingest),
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
    stage: BenchEnvironment, found: list[dict[str, Any]], sides: dict[str, SideMeasurement]
) -> BenchReport:
    empty, *grown = found
    for size in found:
        for name in _MEASURED:
            of_empty = empty[name]["ratio_to_limit"]
            found_now = size[name]["ratio_to_limit"]
            size[name]["ratio_to_empty"] = round(found_now / of_empty, 3) if of_empty else 0.0
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
        ratio_to_limit=found[-1]["path"]["ratio_to_empty"],
        cpu_ms_per_unit=path.use.cpu_ms_per_unit(),
        pss_mb=path.use.total_pss_mb(),
        groups=path.use.groups(),
        limit={"rate": empty["path"]["rate"], "ingest_rate": empty["ingest"]["rate"]},
        machine=describe_machine(stage.postgres),
        more={"sizes": found},
        goals=goals,
    )
