"""``bench assign``: how soon an agent with free capacity gets the next conversation.

A host in this process, without Ray, uses a PostgreSQL of its own (with fsync). Its team queue
assigns conversations while contacts arrive at a rate
(:mod:`~niochat_lab.bench.workloads.team_queue_workload`). The baseline is a commit of one row by
the same process before the run.
"""

import asyncio
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

from niochat import structured_logging
from niochat.actors import actor_addresses
from niochat.adapters.postgres.queries import queries
from niochat.adapters.postgres.schema_migration import migrate
from niochat.assistant.turn_messages import TurnReport, TurnRequest
from niochat.cluster.hosts.host_process import HostProcess
from niochat.composition.components import Components, open_components
from niochat.config import Settings
from niochat.domain.errors import UnavailableError
from niochat.domain.ids import SHARDS
from niochat.launcher.databases.postgres_server import EmbeddedPostgres
from niochat.launcher.home_folder import HomeFolder
from niochat.launcher.network_ports import StackPorts
from niochat.launcher.stack_credentials import StackCredentials
from niochat.runtime.address import ActorAddress
from niochat_lab.bench.bench_report import BenchReport, describe_machine
from niochat_lab.bench.measurement.postgres_statistics import BenchPostgres, DatabaseCost
from niochat_lab.bench.measurement.quantiles import quantile
from niochat_lab.bench.workloads.team_queue_workload import (
    TEAM,
    TeamQueueMeasurement,
    TeamQueueWorkload,
    TeamQueueWorkloadSettings,
    TimedDatabase,
    insert_agents_and_contacts,
)
from niochat_lab.lab_queries import lab_queries

_SQL = lab_queries("bench")
_TARGET_MS = 100.0
_COMMITS = 200


class _UnusedPool:
    """A pool that gets no requests."""

    async def run(self, request: TurnRequest) -> TurnReport:
        raise UnavailableError("there is no assistant here", code="pool")


class _SingleHost:
    """The only host."""

    def __init__(self, components: Components) -> None:
        self.core = HostProcess("assign", "here", components, _UnusedPool(), self._call, self._send)

    async def _call(self, address: ActorAddress, payload: object) -> Any:
        return await self.core.ask(address, payload)

    async def _send(self, address: ActorAddress, payload: object) -> None:
        self.core.tell(address, payload)


@contextmanager
def temporary_postgres() -> Iterator[EmbeddedPostgres]:
    """Start a PostgreSQL with the newest schema; its folder is removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="niochat-bench-"))
    home = HomeFolder.create(folder)
    postgres = EmbeddedPostgres(
        home, StackPorts.allocate(home).postgres, StackCredentials.load_or_create(home)
    )
    try:
        postgres.start()
        migrate(postgres.owner_dsn)
        yield postgres
    finally:
        postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)


async def run_assignment_bench(
    postgres: EmbeddedPostgres, workload_settings: TeamQueueWorkloadSettings
) -> BenchReport:
    """Run the benchmark."""
    bench_postgres = BenchPostgres(postgres.admin_dsn)
    machine = describe_machine(bench_postgres)
    components = await _open_components(postgres)
    host = _SingleHost(components)
    try:
        tenant, channel = _create_team_tenant(bench_postgres)

        async def execute(query: str, *values: object) -> None:
            await asyncio.to_thread(bench_postgres.fetch, query, *values)

        await insert_agents_and_contacts(execute, tenant, channel, workload_settings)
        await execute(_SQL["vacuum_analyze"])
        commits = await _measure_commits(components, tenant)
        cost, before = DatabaseCost(), bench_postgres.read_counters()
        measurement = await _run(host.core, components, tenant, channel, workload_settings)
        cost.add_interval(before, bench_postgres.read_counters())
    finally:
        await host.core.stop()
        await components.close()
    report = _report(workload_settings, measurement, commits, machine)
    return replace(report, more={**report.more, **cost.per_unit(measurement.assigned)})


async def _run(
    core: HostProcess,
    components: Components,
    tenant: UUID,
    channel: UUID,
    workload_settings: TeamQueueWorkloadSettings,
) -> TeamQueueMeasurement:
    database = components.database
    assert isinstance(database, TimedDatabase)
    async with database.as_system() as connection:
        owners = [core.incarnation] * SHARDS
        await connection.fetch(
            queries("shard_placement")["move_shards"], list(range(SHARDS)), owners
        )
    core.start()
    await core.refresh()
    queue = actor_addresses.team_queue_address(tenant, TEAM)
    load = TeamQueueWorkload(
        database,
        tenant,
        channel,
        workload_settings,
        lambda waiting: core.tell(queue, waiting),
        lambda thread: core.poke([actor_addresses.conversation_address(thread)], tenant),
    )
    return await load.run()


async def _open_components(postgres: EmbeddedPostgres) -> Components:
    settings = Settings.model_validate(
        {
            "DATABASE_URL": postgres.owner_dsn,
            "REDIS_URL": "redis://127.0.0.1:9/0",
            "NIOCHAT_VAULT_KEYS": "k1:" + "A" * 43 + "=",
            "NIOCHAT_BASE_URL": "http://127.0.0.1:9",
        }
    )
    structured_logging.configure_logging(settings.log_level, json=True)
    components = await open_components(settings)
    await components.database.close()
    return replace(components, database=await TimedDatabase.open(postgres.owner_dsn))


def _create_team_tenant(bench_postgres: BenchPostgres) -> tuple[UUID, UUID]:
    """Create a tenant with a team and an unused channel."""
    ((tenant, channel),) = bench_postgres.fetch(_SQL["insert_queue_tenant"])
    return tenant, channel


async def _measure_commits(components: Components, tenant: UUID) -> list[float]:
    """Milliseconds of commits of one row, one after another."""
    times = []
    for _ in range(_COMMITS):
        async with components.database.as_system() as connection:
            started_at = time.perf_counter()
            await connection.execute(_SQL["enable_team_queue"], tenant, "balanced")
            times.append((time.perf_counter() - started_at) * 1000)
    return times


def _report(
    workload_settings: TeamQueueWorkloadSettings,
    measurement: TeamQueueMeasurement,
    commits: list[float],
    machine: dict[str, Any],
) -> BenchReport:
    times = measurement.freed_to_assigned_ms
    p99 = quantile(times, 0.99)
    return BenchReport(
        name="assign",
        unit="assignment",
        rate=round(measurement.assigned / measurement.arrived_s, 1),
        p50_ms=round(quantile(times, 0.5), 2),
        p99_ms=round(p99, 2),
        limit={
            "p50_ms": round(quantile(commits, 0.5), 2),
            "p99_ms": round(quantile(commits, 0.99), 2),
        },
        machine=machine,
        more={
            "agents": workload_settings.agents,
            "capacity": workload_settings.capacity,
            "people": workload_settings.people,
            "offered_per_s": workload_settings.per_s,
            "came_per_s": round(workload_settings.people / measurement.arrived_s, 1),
            "freed": len(times),
            "statements": len(measurement.statement_ms),
            "statement_p50_ms": round(quantile(measurement.statement_ms, 0.5), 2),
            "statement_p99_ms": round(quantile(measurement.statement_ms, 0.99), 2),
        },
        goals={
            f"p99 under {_TARGET_MS:g} ms from a freed place on ({p99:.1f})": p99 < _TARGET_MS,
            "never above an agent's capacity": not measurement.above,
            "urgent ones first, then who waits longest": not measurement.overtaken,
        },
    )
