"""`bench live`: from an event's commit to every screen of its tenant, and all screens come again.

Customers write at a constant rate to many providers whose assistants are off, so that every message
is one event. All providers' screens are in one process and hang on one replica of `live`, behind
HAProxy. Then all sockets are cut, and all come again at once while customers write on.
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
"""Of a tenant; all have written before anything is measured."""
_PERSON_NUMBER_STEP = 1000
_WARM_RATE = 4.0
_PAUSE_S = 2.0
"""After work, before memory is read or the log is closed."""
_DISCONNECTED_S = 2.0
_CONNECT_TIMEOUT_S = 60.0
_BUSY_AFTER_S = 6.0
"""Customers write on for so long after the screens begin to come again."""


@dataclass(frozen=True, slots=True)
class LiveLoad:
    """So many providers with so many sockets each, and events a second of all together."""

    tenants: int = 40
    sockets: int = 50
    rate: float = 50.0

    @property
    def client_count(self) -> int:
        """In all."""
        return self.tenants * self.sockets


@dataclass(slots=True)
class _LiveMeasurement:
    """What was measured."""

    opened: ConnectResult
    again: ConnectResult
    empty_mb: float
    open_mb: float
    until: float
    """The calm time's end; latencies are those of commits before it."""
    log: dict[str, list[CommittedEvent]]
    screens: list[ClientRecording]
    use: ProcessUsage = field(default_factory=ProcessUsage)
    """Of the calm time, for a frame."""
    back: ProcessUsage = field(default_factory=ProcessUsage)
    """Of coming again, for a socket."""


async def run_live_bench(
    stage: BenchEnvironment, plan: BenchOptions, told: ProgressCallback, house: LiveLoad
) -> BenchReport:
    """The whole bench on a stage made for `WANTED`."""
    slugs = [f"live-{number:03d}" for number in range(house.tenants)]
    tenants = await create_bench_tenants(stage, slugs, assistant=False)
    async with LoadRoundRunner(stage, plan, told) as track:
        told("warming up")
        warm = [
            _build_stream(number, each, _WARM_RATE) for number, each in enumerate(tenants.values())
        ]
        seconds = _PEOPLE / _WARM_RATE + 1
        await track.run_round(SideMeasurement(), warm, seconds, database=DATABASE_NAME)
    streams = [
        _build_stream(number, each, house.rate / house.tenants)
        for number, each in enumerate(tenants.values())
    ]
    audience, crowd = WebSocketPoolClient(stage), LoadGeneratorClient(stage.load_generator_url)
    try:
        stand = _LiveBenchRun(stage, audience, crowd, told)
        found = await stand.run(
            tenants, stagger_streams(streams, house.tenants / house.rate), plan, house
        )
    finally:
        await audience.close()
        await crowd.close()
    return _report(stage, house, plan, found)


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
    """One run: open, listen, be cut, come again."""

    stage: BenchEnvironment
    audience: WebSocketPoolClient
    crowd: LoadGeneratorClient
    told: ProgressCallback

    async def run(
        self,
        tenants: dict[str, BenchTenant],
        streams: Sequence[LoadStream],
        plan: BenchOptions,
        house: LiveLoad,
    ) -> _LiveMeasurement:
        self.told("signing in")
        chosen = await create_socket_logins(self.stage, tenants, house.sockets)
        empty = await self._read()
        self.told(f"{house.client_count} sockets open at once")
        opened = await self.audience.open(chosen, _CONNECT_TIMEOUT_S)
        await asyncio.sleep(_PAUSE_S)
        before = await self._read()
        mark = (await self._fetch("log_end_position"))[0][0]

        self.told(f"{house.rate:g} events a second")
        await self.crowd.run_job(streams, plan.seconds)
        await asyncio.sleep(_PAUSE_S)
        after, until = await self._read(), time.time()

        self.told("all are cut, and come again")
        again, back = await self._cut(streams)
        screens, log = await self.audience.list_recordings(), await self._log(mark)
        found = _LiveMeasurement(
            opened, again, _live_mb(empty), _live_mb(before), until, log, screens, back=back
        )
        found.use.add_interval(before, after, len(delivery_latencies_ms(log, screens, until)))
        back.units = house.client_count
        return found

    async def _cut(self, streams: Sequence[LoadStream]) -> tuple[ConnectResult, ProcessUsage]:
        """Customers write from before the cut until after the return."""
        use, seconds = ProcessUsage(), 1 + _DISCONNECTED_S + _BUSY_AFTER_S
        writing = asyncio.create_task(self.crowd.run_job(streams, seconds))
        await asyncio.sleep(1)
        await self.audience.cut()
        await asyncio.sleep(_DISCONNECTED_S)
        before = await self._read()
        again = await self.audience.reconnect(_CONNECT_TIMEOUT_S)
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
        return await asyncio.to_thread(self.stage.postgres.fetch, _SQL[query], *arguments)

    async def _read(self) -> UsageSnapshot:
        return await asyncio.to_thread(self.stage.meter.take_snapshot)


def _report(
    stage: BenchEnvironment, house: LiveLoad, plan: BenchOptions, found: _LiveMeasurement
) -> BenchReport:
    latencies = delivery_latencies_ms(found.log, found.screens, found.until)
    p99 = round(quantile(latencies, 0.99), 1)
    audited = audit_event_delivery(found.log, found.screens)
    back = recovery_times_s(found.log, found.screens, found.again.began)
    back_s = round(back[-1], 2) if len(back) == house.client_count else None
    refetched = count_refetching_clients(found.screens, found.again.began)
    groups = found.use.groups()
    return BenchReport(
        name="live",
        unit="frame",
        rate=round(len(latencies) / plan.seconds, 1),
        p50_ms=round(quantile(latencies, 0.5), 1),
        p99_ms=p99,
        cpu_ms_per_unit=found.use.cpu_ms_per_unit(),
        pss_mb=found.use.total_pss_mb(),
        groups=groups,
        machine=describe_machine(stage.postgres),
        more={
            "max_ms": round(max(latencies, default=0.0), 1),
            "spread_ms": [round(quantile(latencies, n / 100), 1) for n in range(0, 100, 5)],
            **_summarize_events(house, found),
            **_summarize_audit(audited),
            "live_cpu_ms_per_frame": groups.get(SOCKET_GROUP, {}).get("cpu_ms_per_unit"),
            "live_kb_per_socket": round(
                (found.open_mb - found.empty_mb) * 1024 / house.client_count, 1
            ),
            "screens_cores": _cores(found.use, "screens"),
            "opened": found.opened.as_dict(),
            "back": {
                **found.again.as_dict(),
                "caught_up_within_s": back_s,
                "half_within_s": round(quantile(back, 0.5), 2),
                "refetching": refetched,
                "live_cores": _cores(found.back, SOCKET_GROUP),
                "screens_cores": _cores(found.back, "screens"),
                "groups": found.back.groups(),
            },
            "during": {"foreign_cores": found.use.foreign_cores},
        },
        goals={
            f"event to socket p99 under {MAX_P99_MS:g} ms ({p99})": p99 < MAX_P99_MS,
            "every screen heard every event once, in order": audited.clean,
            f"{house.client_count} sockets back within {MAX_RECOVERY_S:g} s ({back_s})": back_s
            is not None
            and back_s <= MAX_RECOVERY_S
            and not refetched,
        },
    )


def _summarize_events(house: LiveLoad, found: _LiveMeasurement) -> dict[str, Any]:
    calm = [each for log in found.log.values() for each in log if each.committed < found.until]
    times = [each.committed for each in calm]
    span = max(times) - min(times) if times else 0.0
    return {
        "tenants": house.tenants,
        "sockets": house.client_count,
        "events": sum(len(log) for log in found.log.values()),
        "events_per_s": round(len(calm) / span, 1) if span else 0.0,
    }


def _summarize_audit(audited: EventDeliveryAudit) -> dict[str, int]:
    return {
        "frames": audited.frames,
        "lost": audited.lost,
        "twice": audited.twice,
        "out_of_order": audited.out_of_order,
        "strange": audited.foreign,
    }


def _live_mb(reading: UsageSnapshot) -> float:
    return reading.pss_mb.get(SOCKET_GROUP, 0.0)


def _cores(use: ProcessUsage, group: str) -> float:
    """Kept busy by a group of processes, on average."""
    return round(use.cpu_s.get(group, 0.0) / use.wall_s, 2) if use.wall_s else 0.0
