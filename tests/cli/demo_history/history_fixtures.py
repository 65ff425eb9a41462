"""Invented agents and settings for tests of the demo's history."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from niochat.adapters.postgres.database import Database
from niochat.cli.demo_history.agent_shifts import StaffedAgent
from niochat.cli.demo_history.history_command import HISTORY_AGENTS
from niochat.cli.demo_history.history_generator import HistorySettings
from niochat.cli.demo_history.history_writer import (
    FilledDay,
    HistoryProvider,
    HistoryWriter,
    load_provider,
)
from niochat.domain.conversation.policy import ConversationPolicy
from tests.builders import ChannelRef, RowBuilder

RECIFE = ZoneInfo("America/Recife")
PRESENT = datetime(2026, 6, 15, 18, 40, tzinfo=UTC)
"""A Monday, 15:40 in Recife."""
TEAMS = frozenset({"atendimento", "financeiro", "suporte", "vendas"})
AGENTS = tuple(
    StaffedAgent(agent, UUID(int=number))
    for number, agent in enumerate(sorted(HISTORY_AGENTS, key=lambda each: each.login), 1)
)
"""In the order in which the stored ones are loaded."""
PER_DAY = 12
"""Of tests that write."""
DEMO_POLICY: dict[str, Any] = {"burst_window_s": 2.5, "reminder_after_s": 900, "close_after_s": 900}


def history_settings(**changes: Any) -> HistorySettings:
    """The settings of a provider as in examples/demo.yaml."""
    values: dict[str, Any] = {
        "tenant_id": UUID(int=99),
        "timezone": RECIFE,
        "policy": ConversationPolicy(**DEMO_POLICY),
        "teams": TEAMS,
        "agents": AGENTS,
        "present": PRESENT,
    }
    return HistorySettings(**{**values, **changes})


async def load_demo_provider(
    database: Database, tenant_id: UUID, **changes: Any
) -> HistoryProvider:
    """A stored provider as of ``PRESENT``; ``changes`` of its settings."""
    stored = await load_provider(database, tenant_id, HISTORY_AGENTS, seed=1, per_day=PER_DAY)
    settings = replace(stored.settings, **{"present": PRESENT, **changes})
    return replace(stored, settings=settings)


async def open_writer(database: Database, tenant_id: UUID, **changes: Any) -> HistoryWriter:
    """A writer for the same."""
    return HistoryWriter(database, await load_demo_provider(database, tenant_id, **changes))


async def add_demo_provider(given: RowBuilder) -> ChannelRef:
    """A provider as in examples/demo.yaml, with the agents of the history."""
    place = await given.place(**DEMO_POLICY)
    admin = given.admin
    await admin.execute(
        "UPDATE tenants SET timezone = $2 WHERE tenant_id = $1", place.tenant, "America/Recife"
    )
    for team in sorted(TEAMS - {"atendimento"}):
        await admin.execute("INSERT INTO teams VALUES ($1, $2, $2)", place.tenant, team)
    for agent in HISTORY_AGENTS:
        await admin.execute(
            "INSERT INTO users (tenant_id, login, name, role, status)"
            " VALUES ($1, $2, $3, 'agent', 'active')",
            place.tenant,
            agent.login,
            agent.name,
        )
    return place


async def fill(writer: HistoryWriter, days: int) -> list[FilledDay]:
    """Fills the days that are missing."""
    async with writer.missing_days(days) as missing:
        return [await writer.fill_day(day) for day in missing]
