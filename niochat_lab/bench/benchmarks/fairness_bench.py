"""``bench fair``: the latency of twenty quiet tenants beside one that offers twice the capacity."""

import asyncio
from dataclasses import dataclass, field, replace

from niochat.launcher.databases.postgres_server import DATABASE_NAME
from niochat.runtime.fairness.adaptive_rate import RECENT_S
from niochat_lab.bench.bench_report import BenchReport, describe_machine
from niochat_lab.bench.environment.bench_environment import BenchEnvironment
from niochat_lab.bench.measurement.load_rounds import (
    BenchOptions,
    LoadRoundRunner,
    ProgressCallback,
    SideMeasurement,
)
from niochat_lab.bench.measurement.quantiles import median, quantile
from niochat_lab.bench.workloads.noisy_neighbour import (
    QUIET_INTERVAL_S,
    QUIET_TENANT_COUNT,
    REQUIREMENTS,
    build_loud_stream,
    build_quiet_streams,
    collect_quiet_latencies,
    create_quiet_and_loud_tenants,
    p95,
    stagger_streams,
)
from niochat_sandbox.load_generator.load_job import LoadStream

__all__ = ["REQUIREMENTS", "run_fairness_bench"]
_WARM_S = 4.0
_BASELINE_S = RECENT_S + 1.0
"""Before its own measurement the loud tenant waits until the quiet ones are inactive, because
beside active tenants its share would be limited.
"""
_LOUD_CUSTOMERS = 50_000
_LOAD_FACTOR = 2.0
MAX_SLOWDOWN, P95_MS = 3.0, 250.0
_SETTLE_S = 180.0
"""Seconds for the last replies: the late ones matter most."""


@dataclass(slots=True)
class _FairnessRounds:
    alone: list[list[float]] = field(default_factory=list)
    with_neighbour: list[list[float]] = field(default_factory=list)

    def ratios(self) -> list[float]:
        return [
            quantile(beside_loud, 0.95) / max(quantile(alone, 0.95), 0.001)
            for alone, beside_loud in zip(self.alone, self.with_neighbour, strict=True)
        ]


async def run_fairness_bench(
    environment: BenchEnvironment, options: BenchOptions, on_progress: ProgressCallback
) -> BenchReport:
    """Run the benchmark; a round lasts four times ``options.seconds``, because quiet tenants write
    rarely.
    """
    tenants = await create_quiet_and_loud_tenants(environment)
    quiet = stagger_streams(build_quiet_streams(tenants), QUIET_INTERVAL_S)
    loud = build_loud_stream(tenants, _LOUD_CUSTOMERS)
    alone, beside_loud, rounds = SideMeasurement(), SideMeasurement(), _FairnessRounds()
    async with LoadRoundRunner(environment, options, on_progress) as runner:
        on_progress("warming up")
        await runner.run_round(
            SideMeasurement(), [loud, *_describe_busy(quiet)], _WARM_S, database=DATABASE_NAME
        )
        on_progress("what the machine can take")
        await asyncio.sleep(_BASELINE_S)
        limit = SideMeasurement()
        await runner.run_round(limit, [loud], options.seconds * 2, database=DATABASE_NAME)
        noisy = replace(loud, rate=max(limit.rate * _LOAD_FACTOR, 1.0))
        for number in range(options.rounds):
            on_progress(f"{number + 1} of {options.rounds}: quiet ones alone")
            seconds = options.seconds * 4
            result = await runner.run_round(
                alone, quiet, seconds, database=DATABASE_NAME, settle_s=_SETTLE_S
            )
            rounds.alone.append(collect_quiet_latencies(result))
            on_progress(f"{number + 1} of {options.rounds}: beside a loud one")
            result = await runner.run_round(
                beside_loud, [*quiet, noisy], seconds, database=DATABASE_NAME, settle_s=_SETTLE_S
            )
            rounds.with_neighbour.append(collect_quiet_latencies(result))
    return _report(environment, limit, alone, beside_loud, rounds, noisy)


def _describe_busy(quiet: list[LoadStream]) -> list[LoadStream]:
    return [replace(stream, rate=2.0, delay=0.0) for stream in quiet]


def _report(
    environment: BenchEnvironment,
    limit: SideMeasurement,
    alone: SideMeasurement,
    beside_loud: SideMeasurement,
    rounds: _FairnessRounds,
    noisy: LoadStream,
) -> BenchReport:
    quiet_alone = [each for found in rounds.alone for each in found]
    quiet_beside = [each for found in rounds.with_neighbour for each in found]
    share, beside_ms = round(median(rounds.ratios()), 3), p95(quiet_beside)
    return BenchReport(
        name="fair",
        unit="turn",
        rate=beside_loud.rate,
        p50_ms=round(quantile(quiet_beside, 0.5), 2),
        p99_ms=round(quantile(quiet_beside, 0.99), 2),
        ratio_to_limit=share,
        cpu_ms_per_unit=beside_loud.use.cpu_ms_per_unit(),
        pss_mb=beside_loud.use.total_pss_mb(),
        groups=beside_loud.use.groups(),
        limit={
            "p50_ms": round(quantile(quiet_alone, 0.5), 2),
            "p95_ms": p95(quiet_alone),
            "p99_ms": round(quantile(quiet_alone, 0.99), 2),
            **alone.counts,
        },
        machine=describe_machine(environment.postgres),
        more={
            "p95_ms": beside_ms,
            "ratios": [round(each, 3) for each in rounds.ratios()],
            "quiet_providers": QUIET_TENANT_COUNT,
            "quiet_every_s": QUIET_INTERVAL_S,
            "saturation": limit.rate,
            "offered_by_the_loud_one": round(noisy.rate, 1),
            "beside": beside_loud.as_dict(),
            "refused": beside_loud.counts.get("refused", 0),
        },
        goals={
            f"p95 of the quiet ones at most {MAX_SLOWDOWN:g} times that alone ({share})": share
            <= MAX_SLOWDOWN,
            f"and under {P95_MS:g} ms ({beside_ms})": beside_ms < P95_MS,
        },
    )
