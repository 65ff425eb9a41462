"""``bench reports``: the dashboard and every report of a large tenant, and what projectors cost.

Requests are made one after another over HTTP while customers of the same tenant write at half of
the rate that ``path`` reaches. Before that, saturated rounds with and without projections
alternate: the ratio is the rate with them divided by the rate without. What the rounds without
them left is read afterwards while nothing else happens, and that is what an event costs.
"""

import asyncio
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from niochat.composition.components import open_components
from niochat.composition.identity_services import build_identity_services
from niochat.domain.permissions import BuiltInRole
from niochat.identity.login.passwords import PasswordService
from niochat.launcher.databases.postgres_server import DATABASE_NAME
from niochat_lab.bench.bench_report import BenchReport, describe_machine
from niochat_lab.bench.benchmarks.path_bench import build_path_stream
from niochat_lab.bench.environment.bench_environment import BenchEnvironment, BenchRequirements
from niochat_lab.bench.environment.bench_tenants import BenchTenant, create_bench_tenants
from niochat_lab.bench.environment.report_data import (
    StoredData,
    count_unread,
    fill_report_data,
    pause_projections,
    resume_projections,
    wait_until_read,
)
from niochat_lab.bench.environment.websocket_pool_client import CHEAP_HASHER, create_login_cookie
from niochat_lab.bench.measurement.load_rounds import (
    BenchOptions,
    LoadRoundRunner,
    ProgressCallback,
    SideMeasurement,
    median_ratio,
)
from niochat_lab.bench.measurement.process_usage import ProcessUsage
from niochat_lab.bench.measurement.quantiles import quantile
from niochat_lab.bench.workloads.report_requests import ReportClient, TimedRequest, list_requests
from niochat_sandbox.load_generator.load_job import LoadStream

REQUIREMENTS = BenchRequirements(environment={"NIOCHAT_API_PER_S": "1000"})
CONVERSATIONS = 500_000
MAX_P95_MS, MIN_PATH_RATIO = 300.0, 0.95
_SLUG = "reports"
_WARM_S = 8.0
_PAUSE_S = 1.5
"""A projector that has begun a batch ends it."""
_DATABASES = {_SLUG: DATABASE_NAME}


@dataclass(frozen=True, slots=True)
class ReportLoad:
    """How many conversations the tenant has, and how often each request is made."""

    conversations: int = CONVERSATIONS
    times: int = 20


@dataclass(slots=True)
class _PathSides:
    """Saturated rounds with and without projections, and what reading the events of the latter
    used.
    """

    on: SideMeasurement = field(default_factory=SideMeasurement)
    off: SideMeasurement = field(default_factory=SideMeasurement)
    reading: ProcessUsage = field(default_factory=ProcessUsage)


async def run_report_bench(
    environment: BenchEnvironment,
    options: BenchOptions,
    on_progress: ProgressCallback,
    load: ReportLoad,
) -> BenchReport:
    """Run the benchmark in an environment started for :data:`REQUIREMENTS`."""
    tenant = (await create_bench_tenants(environment, [_SLUG], assistant=True))[_SLUG]
    stored, cookie = await _prepare(environment, tenant, load, on_progress)
    stream = build_path_stream(_SLUG, tenant, 0)
    async with LoadRoundRunner(environment, options, on_progress) as runner:
        await runner.warm_up({_SLUG: stream}, _DATABASES, _WARM_S)
        sides = await _alternate_projections(environment, runner, tenant, stream)
        slower = replace(stream, rate=max(sides.on.rate / 2, 1.0))
        client = ReportClient(environment.url, cookie)
        try:
            half, requests = await _measure_requests(runner, client, slower, load.times)
        finally:
            await client.close()
    return _report(environment, stored, sides, half, requests)


async def _prepare(
    environment: BenchEnvironment,
    tenant: BenchTenant,
    load: ReportLoad,
    on_progress: ProgressCallback,
) -> tuple[StoredData, str]:
    components = await open_components(environment.settings())
    try:
        stored = await fill_report_data(
            environment, components, tenant, load.conversations, on_progress
        )
        access = build_identity_services(
            components.database,
            components.vault,
            components.settings.base_url,
            components.settings.mail_from,
            PasswordService(CHEAP_HASHER),
        )
        login = f"owner@{tenant.slug}.example.com"
        return stored, await create_login_cookie(access, tenant, login, BuiltInRole.VIEWER)
    finally:
        await components.close()


async def _alternate_projections(
    environment: BenchEnvironment, runner: LoadRoundRunner, tenant: BenchTenant, stream: LoadStream
) -> _PathSides:
    """Each round with projections begins when they have read everything."""
    sides, postgres = _PathSides(), environment.postgres
    seconds = runner.options.seconds
    await wait_until_read(postgres, tenant.tenant_id)
    for number in range(runner.options.rounds):
        for on in (True, False) if number % 2 else (False, True):
            name = "with projections" if on else "without projections"
            runner.report_progress(f"{name}, {number + 1} of {runner.options.rounds}")
            if not on:
                pause_projections(postgres, tenant.tenant_id)
                await asyncio.sleep(_PAUSE_S)
            side = sides.on if on else sides.off
            await runner.run_round(side, [stream], seconds, database=DATABASE_NAME)
            if not on:
                await _read_what_waits(environment, tenant, sides.reading)
            await wait_until_read(postgres, tenant.tenant_id)
    return sides


async def _read_what_waits(
    environment: BenchEnvironment, tenant: BenchTenant, use: ProcessUsage
) -> None:
    """Let the projections read what a round without them has left, and measure that."""
    postgres = environment.postgres
    events = await count_unread(postgres, tenant.tenant_id)
    before = environment.meter.take_snapshot()
    resume_projections(postgres, tenant.tenant_id)
    await wait_until_read(postgres, tenant.tenant_id)
    use.add_interval(before, environment.meter.take_snapshot(), events or 0)


async def _measure_requests(
    runner: LoadRoundRunner, client: ReportClient, stream: LoadStream, times: int
) -> tuple[SideMeasurement, list[TimedRequest]]:
    """Customers write until each request has been made often enough."""
    requests, half = list_requests(), SideMeasurement()
    for request in requests:
        await client.ask(request)  # the first of each fills caches, and does not count
        request.latencies_ms.clear()
        request.failed = 0
    done = asyncio.Event()

    async def write() -> None:
        for _ in count():
            await runner.run_round(half, [stream], runner.options.seconds, drain=False)
            if done.is_set():
                return

    writing = asyncio.create_task(write())
    try:
        for number in range(times):
            runner.report_progress(f"reports at half of saturation, {number + 1} of {times}")
            for request in requests:
                await client.ask(request)
    finally:
        done.set()
        await writing
    return half, requests


def _report(
    environment: BenchEnvironment,
    stored: StoredData,
    sides: _PathSides,
    half: SideMeasurement,
    requests: list[TimedRequest],
) -> BenchReport:
    ratio = median_ratio(sides.on, sides.off)
    latencies = [each for request in requests for each in request.latencies_ms]
    measured = [request.as_dict() for request in requests]
    slow = [each for each in measured if each["failed"] or each["p95_ms"] >= MAX_P95_MS]
    cards = measured[0]["p95_ms"]
    return BenchReport(
        name="reports",
        unit="turn",
        rate=sides.on.rate,
        p50_ms=round(quantile(latencies, 0.5), 1),
        p99_ms=round(quantile(latencies, 0.99), 1),
        ratio_to_limit=ratio,
        cpu_ms_per_unit=sides.on.use.cpu_ms_per_unit(),
        pss_mb=sides.on.use.total_pss_mb(),
        groups=sides.on.use.groups(),
        limit={"rate": sides.off.rate},
        machine=describe_machine(environment.postgres),
        more={
            "conversations": stored.conversations,
            "messages": stored.messages,
            "measured_conversations": stored.measured,
            "conversations_in_rollups": stored.in_rollups,
            "copies_of_a_month": stored.copies,
            "requests": measured,
            "projector": _projector_cost(sides.reading),
            "with_projections": sides.on.as_dict(),
            "without_projections": sides.off.as_dict(),
            "half": half.as_dict(),
        },
        goals={
            f"cards under {MAX_P95_MS:g} ms at p95 ({cards})": cards < MAX_P95_MS,
            f"every request under {MAX_P95_MS:g} ms at p95 (not {len(slow)} of {len(measured)})": (
                not slow
            ),
            f"path with projections at least {MIN_PATH_RATIO} of that without ({ratio})": ratio
            >= MIN_PATH_RATIO,
        },
    )


def _projector_cost(reading: ProcessUsage) -> dict[str, Any]:
    """What an event costs each projection that reads it."""
    groups = reading.groups()
    return {
        "events": reading.units,
        "events_per_s": round(reading.units / reading.wall_s, 1) if reading.wall_s else 0.0,
        "cpu_ms_per_event": reading.cpu_ms_per_unit(),
        "desk_ms_per_event": groups.get("desk", {}).get("cpu_ms_per_unit", 0.0),
        "postgres_ms_per_event": groups.get("postgres", {}).get("cpu_ms_per_unit", 0.0),
        "foreign_cores": reading.foreign_cores,
    }
