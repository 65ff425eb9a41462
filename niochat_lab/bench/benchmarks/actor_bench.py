"""``bench actors``: the cost of a virtual actor in a real host.

Conversations that wait for agents are inserted into the database; then the only host is poked for
each, which activates it. Steps: messages for some of the conversations are inserted into the inbox,
their actors are poked, and the time until no row is pending is measured.
"""

import asyncio
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import psutil

from niochat.domain.errors import UnavailableError
from niochat.launcher import process_control
from niochat.launcher.databases.postgres_server import DATABASE_NAME
from niochat_lab.bench.bench_report import BenchReport, describe_machine
from niochat_lab.bench.benchmarks.ingest_bench import build_ingest_stream
from niochat_lab.bench.environment.bench_environment import BenchEnvironment, BenchRequirements
from niochat_lab.bench.environment.bench_host import BenchHostClient
from niochat_lab.bench.environment.bench_tenants import BenchTenant, create_bench_tenants
from niochat_lab.bench.environment.bulk_data import insert_waiting_conversations
from niochat_lab.bench.measurement.load_rounds import (
    BenchOptions,
    LoadRoundRunner,
    ProgressCallback,
    SideMeasurement,
)
from niochat_lab.bench.measurement.process_usage import ProcessUsage, UsageMeter, process_group
from niochat_lab.bench.measurement.quantiles import median, quantile
from niochat_lab.lab_queries import lab_queries

_SQL = lab_queries("bench")

REQUIREMENTS = BenchRequirements(
    commit_times=True,
    environment={
        "NIOCHAT_HOSTS": "1",
        "NIOCHAT_PASSIVATE_S": "86400",
        "NIOCHAT_MAX_ACTORS": "200000",
    },
)
ACTOR_COUNTS = (1_000, 10_000, 100_000)
KB, ACTIVATION_MS, MIN_RATE_RATIO = 8.0, 10.0, 0.9
_SLUG = "held"
_MEASURED_STEPS = 2_000
_WORKERS = ("hosts", "postgres")
"""The process groups that execute steps."""
_SINGLE_RATE = 20.0
"""Messages of new contacts per second: few enough that none waits for another."""
_TIMEOUT_S = 600.0
_FIRST = 10_000_000


@dataclass(slots=True)
class _SizeMeasurement:
    actors: int
    kb: float = 0.0
    steps_per_s: list[float] = field(default_factory=list)
    use: ProcessUsage = field(default_factory=ProcessUsage)
    """The usage of all steps together."""

    def as_dict(self) -> dict[str, Any]:
        return {
            "actors": self.actors,
            "kb_each": round(self.kb, 2),
            "steps_per_s": round(median(self.steps_per_s), 1),
            "steps_rounds": [round(each, 1) for each in self.steps_per_s],
            "cpu_ms_each": {
                group: usage["cpu_ms_per_unit"]
                for group, usage in self.use.groups().items()
                if group in _WORKERS
            },
        }


class _ActorBench:
    """One run of the benchmark."""

    def __init__(
        self,
        environment: BenchEnvironment,
        options: BenchOptions,
        on_progress: ProgressCallback,
        tenant: BenchTenant,
        host: BenchHostClient,
    ) -> None:
        self._environment, self._options, self._on_progress = environment, options, on_progress
        self._tenant, self._host = tenant, host
        self._written = 0
        self._meter = UsageMeter(environment.stack.home.folder)

    async def grow_to(self, size: int) -> _SizeMeasurement:
        """Activate ``size`` conversations, then step some of them in each round."""
        measurement = _SizeMeasurement(size)
        self._on_progress(f"activating {size:,}")
        if size > self._written:
            where = (self._tenant.tenant_id, self._tenant.channel_id)
            await asyncio.to_thread(
                insert_waiting_conversations,
                self._environment.postgres,
                *where,
                self._written,
                size,
            )
            self._written = size
        active = int((await self._host.stats())["conversations"])
        before = self._rss()
        await self._activate(range(size), size)
        gained = int((await self._host.stats())["conversations"]) - active
        measurement.kb = (self._rss() - before) / 1024 / gained if gained else 0.0
        for number in range(self._options.rounds):
            self._on_progress(f"{size:,} active: steps, {number + 1} of {self._options.rounds}")
            await self._steps(measurement, f"{size}-{time.monotonic_ns()}")
        return measurement

    async def _activate(self, numbers: Sequence[int], count: int) -> None:
        deadline = time.monotonic() + _TIMEOUT_S
        await self._host.poke(numbers)
        while int((await self._host.stats())["conversations"]) < count:
            if time.monotonic() > deadline:
                raise UnavailableError("the host did not activate all conversations", code="host")
            await asyncio.sleep(0.2)
        await self._is_drained()

    async def _steps(self, measurement: _SizeMeasurement, mark: str) -> None:
        """Run one round of steps for contacts in the middle of the active ones."""
        size = measurement.actors
        count = min(_MEASURED_STEPS, size)
        first = (size - count) // 2
        where = (self._tenant.tenant_id, self._tenant.channel_id, first, first + count)
        await asyncio.to_thread(
            self._environment.postgres.fetch, _SQL["insert_pending_messages"], *where, mark
        )
        before, began = await asyncio.to_thread(self._meter.take_snapshot), time.monotonic()
        await self._host.poke(range(first, first + count))
        await self._is_drained()
        measurement.steps_per_s.append(count / (time.monotonic() - began))
        measurement.use.add_interval(
            before, await asyncio.to_thread(self._meter.take_snapshot), count
        )

    async def _is_drained(self) -> None:
        deadline = time.monotonic() + _TIMEOUT_S
        while (
            await asyncio.to_thread(self._environment.postgres.fetch, _SQL["count_pending_rows"])
        )[0][0]:
            if time.monotonic() > deadline:
                raise UnavailableError("the host did not process all messages", code="host")
            await asyncio.sleep(0.02)

    def _rss(self) -> int:
        """The resident memory of the host's process in bytes."""
        found = process_control.find_stack_processes(self._environment.stack.home.folder)
        return sum(int(p.memory_info().rss) for p in found if process_group(p) == "hosts")


async def run_actor_bench(
    environment: BenchEnvironment,
    options: BenchOptions,
    on_progress: ProgressCallback,
    sizes: Sequence[int] = ACTOR_COUNTS,
) -> BenchReport:
    """Run the benchmark. The smallest size is measured again at the end, in a fresh host."""
    tenant = (await create_bench_tenants(environment, [_SLUG], assistant=False))[_SLUG]
    activations = await _measure_activations(environment, options, on_progress, tenant)
    host = await asyncio.to_thread(BenchHostClient.connect, environment.stack.ray.address)
    try:
        bench = _ActorBench(environment, options, on_progress, tenant, host)
        measurements = [await bench.grow_to(size) for size in sizes]
        on_progress("a fresh host")
        await host.restart()
        remeasured = await bench.grow_to(sizes[0])
    finally:
        host.disconnect()
    limit = await _measure_dict_bytes(max(sizes))
    return _report(environment, measurements, remeasured, activations, limit)


async def _measure_activations(
    environment: BenchEnvironment,
    options: BenchOptions,
    on_progress: ProgressCallback,
    tenant: BenchTenant,
) -> list[float]:
    """Let new contacts write one at a time; return milliseconds from commit to commit."""
    known = replace(
        build_ingest_stream("single", tenant), people=1000, first=_FIRST, rate=_SINGLE_RATE
    )
    new_contacts = replace(known, people=100_000, first=_FIRST + known.people)
    async with LoadRoundRunner(environment, options, on_progress) as runner:
        on_progress("warming up")
        await runner.run_round(SideMeasurement(), [known], 2.0, database=DATABASE_NAME)
        since = environment.postgres.fetch(_SQL["database_time"])[0][0]
        on_progress("activations, one at a time")
        seconds = options.seconds * options.rounds
        await runner.run_round(SideMeasurement(), [new_contacts], seconds, database=DATABASE_NAME)
    rows = environment.postgres.fetch(_SQL["activation_latencies"], tenant.tenant_id, since)
    return [float(row[0]) for row in rows if row[0] is not None]


async def _measure_dict_bytes(count: int) -> float:
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "niochat_lab.bench.baselines.dict_states",
        str(count),
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await child.communicate()
    return float(output)


def _report(
    environment: BenchEnvironment,
    measurements: list[_SizeMeasurement],
    remeasured: _SizeMeasurement,
    activations: list[float],
    dict_bytes: float,
) -> BenchReport:
    base = median([*measurements[0].steps_per_s, *remeasured.steps_per_s])
    largest = measurements[-1]
    ratio = round(median(largest.steps_per_s) / base, 3) if base else 0.0
    p99 = round(quantile(activations, 0.99), 2)
    memory = process_control.find_stack_processes(environment.stack.home.folder)
    return BenchReport(
        name="actors",
        unit="step",
        rate=round(median(largest.steps_per_s), 1),
        p50_ms=round(quantile(activations, 0.5), 2),
        p99_ms=p99,
        ratio_to_limit=round(largest.kb * 1024 / dict_bytes, 2) if dict_bytes else None,
        pss_mb=round(
            sum(process_control.read_pss_kb(p.pid) for p in memory if _is_host(p)) / 1024, 1
        ),
        limit={"kb_each": round(dict_bytes / 1024, 2), "what": "a Python dict of the same states"},
        machine=describe_machine(environment.postgres),
        more={
            "sizes": [each.as_dict() for each in measurements],
            "smallest_again": remeasured.as_dict(),
            "activations": len(activations),
        },
        goals={
            f"at most {KB:g} KB each ({largest.kb:.2f})": largest.kb <= KB,
            f"activation p99 under {ACTIVATION_MS:g} ms ({p99})": p99 < ACTIVATION_MS,
            f"throughput of the largest at least {MIN_RATE_RATIO} of the smallest ({ratio})": ratio
            >= MIN_RATE_RATIO,
        },
    )


def _is_host(process: psutil.Process) -> bool:
    return process_group(process) == "hosts"
