"""``niochat demo --history``: fills the demo provider with the conversations of the last days."""

import os
import time as clock_time
from collections.abc import Sequence
from datetime import time
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from niochat.adapters.postgres.queries import queries
from niochat.cli import command_context
from niochat.cli.commands.admin_commands import create_demo_users, identity_services_for
from niochat.cli.demo_history.agent_shifts import HistoryAgent
from niochat.cli.demo_history.history_generator import MAX_PER_DAY
from niochat.cli.demo_history.history_writer import FilledDay, HistoryWriter, load_provider
from niochat.cli.json_output import print_json
from niochat.composition.components import Components
from niochat.domain.errors import InvalidInputError, NotFoundError
from niochat.domain.permissions import BuiltInRole
from niochat.identity.demo_users import DEMO_AGENT_NAMES, DEMO_TENANTS, demo_login
from niochat.identity.login.passwords import PasswordService
from niochat.identity.users import NewUser

MAX_DAYS = 365
_SQL = queries("demo_history")
_console = Console(stderr=True)


def _agent(
    name: str,
    teams: str,
    hours: tuple[int, int, int],
    speed_s: float,
    week: int,
    mean_score: float,
) -> HistoryAgent:
    starts, ends, lunch = (time(each) for each in hours)
    login, full_name = demo_login(name, DEMO_TENANTS[0]), DEMO_AGENT_NAMES.get(name, "Atendente")
    own = tuple(teams.split())
    return HistoryAgent(login, full_name, own, starts, ends, lunch, speed_s, week, mean_score)


HISTORY_AGENTS = (
    _agent("bruno", "suporte", (8, 17, 12), 58, 0, 4.7),
    _agent("camila", "atendimento financeiro", (8, 17, 13), 95, 1, 4.5),
    _agent("diego", "financeiro", (9, 18, 12), 150, 0, 3.7),
    _agent("elaine", "suporte atendimento", (11, 20, 15), 74, 1, 4.6),
    _agent("fabio", "vendas", (9, 18, 13), 240, 0, 4.0),
    _agent(BuiltInRole.AGENT, "atendimento suporte financeiro vendas", (11, 20, 14), 110, 1, 4.3),
)
"""The last one is the agent with whom a newcomer signs in, if there is one."""


def fill_history(days: int, seed: int, per_day: int, *, as_json: bool) -> None:
    """Fill the last ``days`` days, today included. Days that are filled already stay as they are.
    Raises ``InvalidInputError`` for numbers out of range and without the demo provider.
    """
    _check_range("--history", days, MAX_DAYS)
    _check_range("--per-day", per_day, MAX_PER_DAY)
    filled, seconds = command_context.run_async(lambda: _fill(days, seed, per_day))
    summary = _summary(days, filled, seconds)
    if as_json:
        print_json(summary)
    else:
        _print_summary(summary)


async def _fill(days: int, seed: int, per_day: int) -> tuple[list[FilledDay], float]:
    command_context.adopt_environment()
    async with command_context.connect_components() as parts:
        tenant_id = await _prepare_provider(parts)
        provider = await load_provider(parts.database, tenant_id, HISTORY_AGENTS, seed, per_day)
        writer = HistoryWriter(parts.database, provider)
        started = clock_time.monotonic()
        filled = await _fill_with_progress(writer, days)
        return filled, clock_time.monotonic() - started


async def _prepare_provider(parts: Components) -> Any:
    """Return the id of the demo provider, with its agents created."""
    tenants = {tenant.slug: tenant for tenant in await parts.directory.list_tenants()}
    demo, password = tenants.get(DEMO_TENANTS[0]), os.environ.get("NIOCHAT_DEMO_PASSWORD")
    if demo is None or not password:
        start = command_context.format_command("up")
        raise NotFoundError(
            "there is no demo provider here, and no other one is filled with invented "
            f"conversations: start with `{start}`, without --no-sandbox"
        )
    await create_demo_users(parts, password)  # raises where other machines could sign in
    await create_history_agents(parts, demo.tenant_id, password)
    return demo.tenant_id


async def create_history_agents(parts: Components, tenant_id: Any, password: str) -> None:
    """Create the agents of the history who are missing, in those of their teams that exist."""
    async with parts.database.as_tenant(tenant_id) as connection:
        row = await connection.fetchrow(_SQL["find_provider"], tenant_id)
    teams = frozenset(row["teams"]) if row is not None else frozenset()
    users = identity_services_for(parts).users
    hashed = await PasswordService().hash_password(password)
    for agent in HISTORY_AGENTS:
        own = tuple(team for team in agent.teams if team in teams)
        new = NewUser(agent.login, agent.name, BuiltInRole.AGENT, own)
        await users.create_initial(tenant_id, new, hashed)


async def _fill_with_progress(writer: HistoryWriter, days: int) -> list[FilledDay]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    filled: list[FilledDay] = []
    async with writer.missing_days(days) as missing:
        with Progress(*columns, console=_console, disable=not missing) as bar:
            task = bar.add_task("days", total=len(missing))
            for day in missing:
                filled.append(await writer.fill_day(day))
                bar.update(task, advance=1, description=f"{day:%d/%m/%Y}")
    return filled


def _check_range(option: str, value: int, limit: int) -> None:
    if not 1 <= value <= limit:
        example = command_context.format_command("demo", "--history", "30")
        raise InvalidInputError(
            f"{option} takes a number from 1 to {limit}, not {value}, as in `{example}`",
            code="bad_range",
        )


def _summary(days: int, filled: Sequence[FilledDay], seconds: float) -> dict[str, Any]:
    conversations = sum(each.conversations for each in filled)
    return {
        "days_filled": len(filled),
        "days_filled_before": days - len(filled),
        "conversations": conversations,
        "messages": sum(each.messages for each in filled),
        "events": sum(each.events for each in filled),
        "seconds": round(seconds, 1),
        "conversations_per_s": round(conversations / seconds, 1) if filled and seconds else 0.0,
    }


def _print_summary(summary: dict[str, Any]) -> None:
    if summary["days_filled"]:
        _console.print(
            f"Days filled: {summary['days_filled']}. {summary['conversations']} conversations, "
            f"{summary['messages']} messages, {summary['events']} events in {summary['seconds']} s "
            f"({summary['conversations_per_s']} conversations/s)",
            highlight=False,
        )
    if summary["days_filled_before"]:
        _console.print(
            f"Days filled before: {summary['days_filled_before']}. Nothing was added to them.",
            highlight=False,
        )
