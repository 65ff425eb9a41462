"""``bench live``: from an event's commit to every screen of its tenant, and the reconnection of
all.

Customers write at a constant rate to many tenants whose assistants are disabled, so that every
message is one event. The screens of all tenants are clients of one process, connected to one
replica of ``live`` behind HAProxy. Then all sockets are cut, and all reconnect at once while
customers continue to write.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from niochat.launcher.databases.postgres_server import DATABASE_NAME
from niochat_lab.bench.bench_report import BenchReport, describe_machine
from niochat_lab.bench.environment.bench_environment import BenchEnvironment, BenchRequirements
from niochat_lab.bench.environment.bench_tenants import BenchTenant, create_bench_tenants
from niochat_lab.bench.environment.load_generator_client import LoadGeneratorClient
from niochat_lab.bench.environment.websocket_pool_client import (
    ConnectResult,
    WebSocketPoolClient,
    create_socket_logins,
)
from niochat_lab.bench.measurement.event_audit import (
    ClientRecording,
    CommittedEvent,
    EventDeliveryAudit,
    audit_event_delivery,
    count_refetching_clients,
    delivery_latencies_ms,
    recovery_times_s,
)
from niochat_lab.bench.measurement.load_rounds import (
    BenchOptions,
    LoadRoundRunner,
    ProgressCallback,
    SideMeasurement,
)
from niochat_lab.bench.measurement.process_usage import SOCKET_GROUP, ProcessUsage, UsageSnapshot
from niochat_lab.bench.measurement.quantiles import quantile
from niochat_lab.bench.workloads.noisy_neighbour import stagger_streams
from niochat_lab.lab_queries import lab_queries
from niochat_sandbox.load_generator.load_job import LoadStream

_SQL = lab_queries("bench")

REQUIREMENTS = BenchRequirements(websocket_clients=True, commit_times=True)
MAX_P99_MS, MAX_RECOVERY_S = 150.0, 5.0
_PEOPLE = 25
"""Customers per tenant; all have written before the measurement starts."""
_PERSON_NUMBER_STEP = 1000
_WARM_RATE = 4.0
_PAUSE_S = 2.0
"""Seconds after the work, before memory is read or the log is closed."""
_DISCONNECTED_S = 2.0
_CONNECT_TIMEOUT_S = 60.0
_BUSY_AFTER_S = 6.0
"""Seconds for which customers continue to write after the reconnection starts."""


@dataclass(frozen=True, slots=True)
class LiveLoad:
    """The number of tenants, the sockets of each, and the events per second of all together."""

    tenants: int = 40
    sockets: int = 50
    rate: float = 50.0

    @property
    def client_count(self) -> int:
        """The number of sockets of all tenants."""
        return self.tenants * self.sockets


@dataclass(slots=True)
class _LiveMeasurement:
    """The measurement of one run."""

    opened: ConnectResult
    again: ConnectResult
    empty_mb: float
    open_mb: float
    until: float
    """The end of the undisturbed time; only commits before it count for latencies."""
    log: dict[str, list[CommittedEvent]]
    screens: list[ClientRecording]
    use: ProcessUsage = field(default_factory=ProcessUsage)
    """The usage during the undisturbed time, per frame."""
    back: ProcessUsage = field(default_factory=ProcessUsage)
    """The usage during the reconnection, per socket."""


async def run_live_bench(
    environment: BenchEnvironment,
    options: BenchOptions,
    on_progress: ProgressCallback,
    load: LiveLoad,
) -> BenchReport:
    """Run the benchmark in an environment started for :data:`REQUIREMENTS`."""
    slugs = [f"live-{number:03d}" for number in range(load.tenants)]
    tenants = await create_bench_tenants(environment, slugs, assistant=False)
    async with LoadRoundRunner(environment, options, on_progress) as runner:
        on_progress("warming up")
        warm = [
            _build_stream(number, each, _WARM_RATE) for number, each in enumerate(tenants.values())
        ]
        seconds = _PEOPLE / _WARM_RATE + 1
        await runner.run_round(SideMeasurement(), warm, seconds, database=DATABASE_NAME)
    streams = [
        _build_stream(number, each, load.rate / load.tenants)
        for number, each in enumerate(tenants.values())
    ]
    client_pool, generator = (
        WebSocketPoolClient(environment),
        LoadGeneratorClient(environment.load_generator_url),
    )
    try:
        bench_run = _LiveBenchRun(environment, client_pool, generator, on_progress)
        measurement = await bench_run.run(
            tenants, stagger_streams(streams, load.tenants / load.rate), options, load
        )
    finally:
        await client_pool.close()
        await generator.close()
    return _report(environment, load, options, measurement)


def _build_stream(number: int, tenant: BenchTenant, rate: float) -> LoadStream:
    return LoadStream(
        tenant.slug,
        tenant.webhook_url,
        tenant.token,
        people=_PEOPLE,
        first=number * _PERSON_NUMBER_STEP,
        connections=2,
        rate=rate,
    )


@dataclass(frozen=True, slots=True)
class _LiveBenchRun:
    """One run: connect, receive, cut, reconnect."""

    environment: BenchEnvironment
    client_pool: WebSocketPoolClient
    generator: LoadGeneratorClient
    on_progress: ProgressCallback

    async def run(
        self,
        tenants: dict[str, BenchTenant],
        streams: Sequence[LoadStream],
        options: BenchOptions,
        load: LiveLoad,
    ) -> _LiveMeasurement:
        self.on_progress("signing in")
        logins = await create_socket_logins(self.environment, tenants, load.sockets)
        empty = await self._read()
        self.on_progress(f"{load.client_count} sockets open at once")
        opened = await self.client_pool.open(logins, _CONNECT_TIMEOUT_S)
        await asyncio.sleep(_PAUSE_S)
        before = await self._read()
        mark = (await self._fetch("log_end_position"))[0][0]

        self.on_progress(f"{load.rate:g} events a second")
        await self.generator.run_job(streams, options.seconds)
        await asyncio.sleep(_PAUSE_S)
        after, until = await self._read(), time.time()

        self.on_progress("all are cut, and come again")
        again, back = await self._cut(streams)
        screens, log = await self.client_pool.list_recordings(), await self._log(mark)
        measurement = _LiveMeasurement(
            opened, again, _live_mb(empty), _live_mb(before), until, log, screens, back=back
        )
        measurement.use.add_interval(before, after, len(delivery_latencies_ms(log, screens, until)))
        back.units = load.client_count
        return measurement

    async def _cut(self, streams: Sequence[LoadStream]) -> tuple[ConnectResult, ProcessUsage]:
        """Cut and reconnect all clients while customers write."""
        use, seconds = ProcessUsage(), 1 + _DISCONNECTED_S + _BUSY_AFTER_S
        writing = asyncio.create_task(self.generator.run_job(streams, seconds))
        await asyncio.sleep(1)
        await self.client_pool.cut()
        await asyncio.sleep(_DISCONNECTED_S)
        before = await self._read()
        again = await self.client_pool.reconnect(_CONNECT_TIMEOUT_S)
        use.add_interval(before, await self._read(), 0)
        await writing
        await asyncio.sleep(_PAUSE_S)
        return again, use

    async def _log(self, mark: str) -> dict[str, list[CommittedEvent]]:
        log: dict[str, list[CommittedEvent]] = {}
        for slug, position, committed in await self._fetch("log_events_since", mark):
            log.setdefault(slug, []).append(CommittedEvent(position, committed))
        return log

    async def _fetch(self, query: str, *arguments: object) -> list[Any]:
        return await asyncio.to_thread(self.environment.postgres.fetch, _SQL[query], *arguments)

    async def _read(self) -> UsageSnapshot:
        return await asyncio.to_thread(self.environment.meter.take_snapshot)


def _report(
    environment: BenchEnvironment,
    load: LiveLoad,
    options: BenchOptions,
    measurement: _LiveMeasurement,
) -> BenchReport:
    latencies = delivery_latencies_ms(measurement.log, measurement.screens, measurement.until)
    p99 = round(quantile(latencies, 0.99), 1)
    audit = audit_event_delivery(measurement.log, measurement.screens)
    recoveries = recovery_times_s(measurement.log, measurement.screens, measurement.again.began)
    back_s = round(recoveries[-1], 2) if len(recoveries) == load.client_count else None
    refetched = count_refetching_clients(measurement.screens, measurement.again.began)
    groups = measurement.use.groups()
    return BenchReport(
        name="live",
        unit="frame",
        rate=round(len(latencies) / options.seconds, 1),
        p50_ms=round(quantile(latencies, 0.5), 1),
        p99_ms=p99,
        cpu_ms_per_unit=measurement.use.cpu_ms_per_unit(),
        pss_mb=measurement.use.total_pss_mb(),
        groups=groups,
        machine=describe_machine(environment.postgres),
        more={
            "max_ms": round(max(latencies, default=0.0), 1),
            "spread_ms": [round(quantile(latencies, n / 100), 1) for n in range(0, 100, 5)],
            **_summarize_events(load, measurement),
            **_summarize_audit(audit),
            "live_cpu_ms_per_frame": groups.get(SOCKET_GROUP, {}).get("cpu_ms_per_unit"),
            "live_kb_per_socket": round(
                (measurement.open_mb - measurement.empty_mb) * 1024 / load.client_count, 1
            ),
            "screens_cores": _cores(measurement.use, "screens"),
            "opened": measurement.opened.as_dict(),
            "back": {
                **measurement.again.as_dict(),
                "caught_up_within_s": back_s,
                "half_within_s": round(quantile(recoveries, 0.5), 2),
                "refetching": refetched,
                "live_cores": _cores(measurement.back, SOCKET_GROUP),
                "screens_cores": _cores(measurement.back, "screens"),
                "groups": measurement.back.groups(),
            },
            "during": {"foreign_cores": measurement.use.foreign_cores},
        },
        goals={
            f"event to socket p99 under {MAX_P99_MS:g} ms ({p99})": p99 < MAX_P99_MS,
            "every screen heard every event once, in order": audit.clean,
            f"{load.client_count} sockets back within {MAX_RECOVERY_S:g} s ({back_s})": back_s
            is not None
            and back_s <= MAX_RECOVERY_S
            and not refetched,
        },
    )


def _summarize_events(load: LiveLoad, measurement: _LiveMeasurement) -> dict[str, Any]:
    undisturbed = [
        each
        for log in measurement.log.values()
        for each in log
        if each.committed < measurement.until
    ]
    times = [each.committed for each in undisturbed]
    span = max(times) - min(times) if times else 0.0
    return {
        "tenants": load.tenants,
        "sockets": load.client_count,
        "events": sum(len(log) for log in measurement.log.values()),
        "events_per_s": round(len(undisturbed) / span, 1) if span else 0.0,
    }


def _summarize_audit(audit: EventDeliveryAudit) -> dict[str, int]:
    return {
        "frames": audit.frames,
        "lost": audit.lost,
        "twice": audit.twice,
        "out_of_order": audit.out_of_order,
        "strange": audit.foreign,
    }


def _live_mb(reading: UsageSnapshot) -> float:
    return reading.pss_mb.get(SOCKET_GROUP, 0.0)


def _cores(use: ProcessUsage, group: str) -> float:
    """The average number of cores that a group of processes used."""
    return round(use.cpu_s.get(group, 0.0) / use.wall_s, 2) if use.wall_s else 0.0
