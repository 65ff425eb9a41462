"""A tenant with years of conversations for reports.

A month is real: the demo's history, which the stack's own projector reads. The rest are copies of
it, made by PostgreSQL: other customers, 28 days earlier each time for a year, then again. Copied
are conversations, messages and the projector's rows; roll-ups are added by the projector's own
statement. Copies have no events, which no report reads.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from niochat.adapters.postgres.queries import queries
from niochat.cli.demo_history.history_command import HISTORY_AGENTS, create_history_agents
from niochat.cli.demo_history.history_generator import DEFAULT_PER_DAY
from niochat.cli.demo_history.history_writer import HistoryWriter, load_provider
from niochat.composition.components import Components
from niochat.domain.errors import UnavailableError
from niochat_lab.bench.environment.bench_environment import BenchEnvironment
from niochat_lab.bench.environment.bench_tenants import BenchTenant
from niochat_lab.bench.measurement.postgres_statistics import BenchPostgres
from niochat_lab.lab_queries import lab_queries

_SQL, _BENCH = lab_queries("report_bench"), lab_queries("bench")
_PROJECTION = queries("conversation_projection")
_DELIVERIES = queries("delivery_projection")
_ROLLUPS = (
    _PROJECTION["add_to_rollups"],
    _PROJECTION["add_to_answer_rollups"],
    _PROJECTION["add_to_duration_rollups"],
)
TEMPLATE_DAYS, MIN_PER_DAY = 28, 4
"""Whole weeks, so that a copy has the weekdays of its template."""
MONTHS_OF_A_YEAR = 13
CATCH_UP_TIMEOUT_S = 300.0
_POLL_S = 0.25
_PASSWORD = "only for a bench"
_COPIES = (
    "copy_conversations",
    "copy_messages",
    "copy_measures",
    "copy_answers",
    "copy_turns",
    "copy_deliveries",
)
FillProgress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class StoredData:
    """How many rows the tenant has. ``in_rollups`` are the conversations that roll-ups count, and
    ``copies`` is how often the month was copied.
    """

    conversations: int
    messages: int
    measured: int
    in_rollups: int
    copies: int


async def fill_report_data(
    environment: BenchEnvironment,
    components: Components,
    tenant: BenchTenant,
    conversations: int,
    on_progress: FillProgress,
) -> StoredData:
    """Fill the tenant with at least so many conversations."""
    await create_history_agents(components, tenant.tenant_id, _PASSWORD)
    await _fill_month(components, tenant.tenant_id, conversations, on_progress)
    await wait_until_read(environment.postgres, tenant.tenant_id)
    fetch, copies = environment.postgres.fetch, 0
    month = [row[0] for row in fetch(_SQL["list_template"], tenant.tenant_id)]
    stored = int(fetch(_SQL["count_rows"], tenant.tenant_id)[0][0])
    while stored < conversations:
        copies, stored = copies + 1, stored + len(month)
        on_progress(f"storing conversations: {stored:,} of {conversations:,}")
        await asyncio.to_thread(_copy_month, environment.postgres, tenant.tenant_id, month, copies)
    on_progress("vacuum")
    maintenance = [(_BENCH[name], ()) for name in ("vacuum_analyze", "checkpoint")]
    await asyncio.to_thread(environment.postgres.run_all, maintenance)
    counts = fetch(_SQL["count_rows"], tenant.tenant_id)[0]
    return StoredData(int(counts[0]), int(counts[1]), int(counts[2]), int(counts[3]), copies)


async def _fill_month(
    components: Components, tenant_id: UUID, conversations: int, on_progress: FillProgress
) -> None:
    per_day = min(max(conversations // (4 * TEMPLATE_DAYS), MIN_PER_DAY), DEFAULT_PER_DAY)
    database = components.database
    provider = await load_provider(database, tenant_id, HISTORY_AGENTS, 1, per_day)
    writer = HistoryWriter(database, provider)
    async with writer.missing_days(TEMPLATE_DAYS) as days:
        for day in days:
            on_progress(f"playing {day}")
            await writer.fill_day(day)


def _copy_month(postgres: BenchPostgres, tenant_id: UUID, month: list[UUID], copy: int) -> None:
    days = copy % MONTHS_OF_A_YEAR * TEMPLATE_DAYS
    ids = [row[0] for row in postgres.fetch(_SQL["list_copies"], month, str(copy))]
    statements: list[tuple[str, tuple[object, ...]]] = [(_BENCH["disable_triggers"], ())]
    statements.append((_SQL["copy_contacts"], (tenant_id, str(copy), month)))
    key = (tenant_id, str(copy), days, month)
    statements += [(_SQL[name], key) for name in _COPIES]
    live = _live_generation(postgres, tenant_id, "conversations")
    statements += [(query, (tenant_id, live, 1, ids)) for query in _ROLLUPS]
    postgres.run_all(statements)
    messages = [row[0] for row in postgres.fetch(_SQL["list_message_copies"], tenant_id, ids)]
    live = _live_generation(postgres, tenant_id, "deliveries")
    postgres.run_all([(_DELIVERIES["add_to_rollups"], (tenant_id, live, 1, messages))])


def _live_generation(postgres: BenchPostgres, tenant_id: UUID, projection: str) -> int:
    return int(postgres.fetch(_SQL["live_generation"], tenant_id, projection)[0][0])


async def count_unread(postgres: BenchPostgres, tenant_id: UUID) -> int | None:
    """Count events that projections have not read, once for each projection; ``None`` before they
    have begun.
    """
    rows = await asyncio.to_thread(postgres.fetch, _SQL["count_unread_events"], tenant_id)
    unread, begun = rows[0]
    return int(unread) if begun else None


async def wait_until_read(postgres: BenchPostgres, tenant_id: UUID) -> None:
    """Wait until the projector has read all events of the tenant. Raises ``UnavailableError`` if
    that takes too long.
    """
    for _ in range(int(CATCH_UP_TIMEOUT_S / _POLL_S)):
        if await count_unread(postgres, tenant_id) == 0:
            return
        await asyncio.sleep(_POLL_S)
    raise UnavailableError("the projector does not catch up", code="projector")


def pause_projections(postgres: BenchPostgres, tenant_id: UUID) -> None:
    """Let the tenant's projections rest."""
    postgres.fetch(_SQL["pause_projections"], tenant_id)


def resume_projections(postgres: BenchPostgres, tenant_id: UUID) -> None:
    """Let them go on."""
    postgres.fetch(_SQL["resume_projections"], tenant_id)
