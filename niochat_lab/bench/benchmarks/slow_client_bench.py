"""``bench strangers``: webhooks and logins beside clients that send slowly and never finish."""

import asyncio
import secrets
import time
from dataclasses import dataclass, field

import httpx

from niochat.launcher.databases.postgres_server import DATABASE_NAME
from niochat_lab.bench.bench_report import BenchReport, describe_machine
from niochat_lab.bench.benchmarks.ingest_bench import build_ingest_stream
from niochat_lab.bench.environment.bench_environment import BenchEnvironment, BenchRequirements
from niochat_lab.bench.environment.bench_tenants import create_bench_tenants
from niochat_lab.bench.measurement.load_rounds import (
    BenchOptions,
    LoadRoundRunner,
    ProgressCallback,
    SideMeasurement,
)
from niochat_lab.bench.measurement.quantiles import median, quantile
from niochat_lab.bench.workloads.slow_clients import PARTIAL_REQUESTS, run_slow_clients

REQUIREMENTS = BenchRequirements()
MIN_RATE_RATIO = 0.9
FEW_CLIENTS, MANY_CLIENTS = (500, 1), (2000, 500)
"""The number of connections and of their source addresses."""
_SLUG = "bench"
_WARM_S = 5.0
_LOG_IN_EVERY_S = 2.0
"""A login takes 50 ms of a core for its hash; more frequent logins would dominate the
measurement.
"""


@dataclass(slots=True)
class _LoginAttempts:
    """Logins with unknown addresses; each costs a password hash."""

    seconds: list[float] = field(default_factory=list)
    refused: int = 0


async def run_slow_client_bench(
    environment: BenchEnvironment, options: BenchOptions, on_progress: ProgressCallback
) -> BenchReport:
    """In each round: alone, beside 500 clients from one address, beside 2,000 from many."""
    tenant = (await create_bench_tenants(environment, [_SLUG], assistant=False))[_SLUG]
    stream = build_ingest_stream("product", tenant)
    url = httpx.URL(stream.url)
    host = (url.host, url.port or 80)
    alone, sides = (
        SideMeasurement(),
        {FEW_CLIENTS: SideMeasurement(), MANY_CLIENTS: SideMeasurement()},
    )
    log_ins = _LoginAttempts()
    async with LoadRoundRunner(environment, options, on_progress) as runner:
        await runner.warm_up({"product": stream}, {"product": DATABASE_NAME}, _WARM_S)
        for number in range(options.rounds):
            on_progress(f"{number + 1} of {options.rounds}: alone")
            await runner.run_round(alone, [stream], options.seconds, database=DATABASE_NAME)
            for (count, addresses), side in sides.items():
                on_progress(f"{number + 1} of {options.rounds}: beside {count} from {addresses}")
                async with run_slow_clients(
                    host, count, PARTIAL_REQUESTS, addresses=addresses, again=True
                ):
                    signing_in = asyncio.ensure_future(_attempt_logins(log_ins, url))
                    try:
                        await runner.run_round(
                            side, [stream], options.seconds, database=DATABASE_NAME
                        )
                    finally:
                        signing_in.cancel()
                        await asyncio.gather(signing_in, return_exceptions=True)
    return _report(environment, alone, sides, log_ins)


async def _attempt_logins(log_ins: _LoginAttempts, url: httpx.URL) -> None:
    async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
        while True:
            started_at = time.monotonic()
            login = {"login": f"{secrets.token_hex(6)}@example.com", "password": "not this one"}
            response = await http.post(url.copy_with(path="/api/v1/auth/login"), json=login)
            if response.status_code == 401:
                log_ins.seconds.append(time.monotonic() - started_at)
            else:
                log_ins.refused += 1
            await asyncio.sleep(_LOG_IN_EVERY_S)


def _report(
    environment: BenchEnvironment,
    alone: SideMeasurement,
    sides: dict[tuple[int, int], SideMeasurement],
    log_ins: _LoginAttempts,
) -> BenchReport:
    ratios = {
        f"{count} from {addresses}": round(
            median([ours / theirs for ours, theirs in zip(side.rates, alone.rates, strict=True)]), 3
        )
        for (count, addresses), side in sides.items()
    }
    worst = min(ratios.values())
    beside_many = sides[MANY_CLIENTS]
    p95_s = round(quantile(log_ins.seconds, 0.95), 2) if log_ins.seconds else None
    return BenchReport(
        name="strangers",
        unit="webhook",
        rate=beside_many.rate,
        p50_ms=beside_many.p50_ms,
        p99_ms=beside_many.p99_ms,
        ratio_to_limit=worst,
        cpu_ms_per_unit=beside_many.use.cpu_ms_per_unit(),
        pss_mb=beside_many.use.total_pss_mb(),
        groups=beside_many.use.groups(),
        limit=alone.as_dict(),
        machine=describe_machine(environment.postgres),
        more={
            "ratios": ratios,
            "log_ins": {
                "answered": len(log_ins.seconds),
                "refused": log_ins.refused,
                "p95_s": p95_s,
            },
        },
        goals={
            f"at least {MIN_RATE_RATIO} of the rate alone ({worst})": worst >= MIN_RATE_RATIO,
            f"no log-in refused ({log_ins.refused})": bool(log_ins.seconds) and not log_ins.refused,
        },
    )
