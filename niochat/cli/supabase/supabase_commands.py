"""``niochat supabase``: create the tables, send everything, compare and repair, pause."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from niochat.adapters.postgres.queries import queries
from niochat.adapters.supabase.schema_push import push_schema
from niochat.cli import command_context
from niochat.composition.components import Components
from niochat.composition.mirror.mirror_services import (
    build_mirror_settings,
    open_mirror_database,
    open_project,
)
from niochat.domain.errors import InvalidInputError, NotFoundError
from niochat.launcher.ray_serve.ray_cluster import shipped_file
from niochat.mirror.mirror_backfill import start_backfill
from niochat.mirror.mirror_check import DayDifferences, MirrorCheck
from niochat.mirror.mirror_settings import MirrorSettingsStore, MirrorTarget
from niochat.ports.audit import AuditActor, AuditActorKind

_SQL = queries("mirror")
MIRROR_SCHEMA = shipped_file("deploy/supabase/migrations")
"""Folder of the migrations of a project, for this command and for the Supabase CLI."""
_console = Console()
_OPERATOR = AuditActor(AuditActorKind.OPERATOR, "operator")
_POLL_S = 0.5
_WAIT_S = 120.0
"""How long a repair waits for the mirror to send what differs."""
MAX_SHOWN_ROWS = 50

supabase_app = typer.Typer(help="The mirror of tenants in Supabase projects.", no_args_is_help=True)
TenantOption = Annotated[
    str | None, typer.Option("--tenant", help="The tenant (slug); default: all.")
]


@supabase_app.command("push")
def push(
    database_url: Annotated[
        str | None,
        typer.Option(
            help="The project's PostgreSQL, such as "
            "postgresql://postgres.REF:PASSWORD@HOST:5432/postgres; default: "
            "NIOCHAT_SUPABASE_DATABASE_URL."
        ),
    ] = None,
) -> None:
    """Create or update the mirror's tables in a project. May run again."""
    url = database_url or os.environ.get("NIOCHAT_SUPABASE_DATABASE_URL")
    if not url:
        raise InvalidInputError(
            "which project? Give --database-url, or set NIOCHAT_SUPABASE_DATABASE_URL: the address "
            "of the session pooler, from the page Connect of the project"
        )
    pushed = push_schema(url, MIRROR_SCHEMA)
    _console.print(
        f"Pushed {', '.join(pushed)}." if pushed else "The project has the newest schema already."
    )


@supabase_app.command("status")
def show_status() -> None:
    """Show how far each tenant is mirrored, and what keeps it."""

    async def work() -> None:
        async with command_context.connect_components() as parts:
            rows = await _lag(parts)
        if not rows:
            _console.print(
                "No tenant is mirrored. Set a project: docs/supabase.md says how.", soft_wrap=True
            )
            return
        table = Table("Tenant", "State", "Behind", "Sent", "Refused rows")
        for row in rows:
            sent = _time(row["mirrored_at"])
            refused = str(row["dead_letters"])
            table.add_row(row["slug"], escape(state_text(row)), _behind(row), sent, refused)
        _console.print(table)

    command_context.run_async(work)


@supabase_app.command("backfill")
def backfill(tenant: TenantOption = None) -> None:
    """Send everything anew, and show how far it is. If this command ends, the mirror goes on; if
    everything ends, it goes on where it was.
    """

    async def work() -> None:
        async with _opened(tenant) as (parts, targets):
            for slug, target in targets:
                await start_backfill(parts.database, target.tenant_id, target.fingerprint)
                await _follow_backfill(parts, slug, target.tenant_id)

    command_context.run_async(work)


@supabase_app.command("check")
def check(
    tenant: TenantOption = None,
    repair: Annotated[bool, typer.Option("--repair", help="Send rows that differ again.")] = False,
) -> None:
    """Compare counts and checksums of all tables by tenant and day. Exits with 1 if rows differ."""

    async def work() -> bool:
        async with _opened(tenant) as (parts, targets):
            results = [await _check(parts, slug, target, repair) for slug, target in targets]
        return all(results)

    if not command_context.run_async(work):
        raise typer.Exit(1)


@supabase_app.command("pause")
def pause(tenant: TenantOption = None) -> None:
    """Stop mirroring until `niochat supabase resume`. What happens meanwhile is sent then."""
    _console.print(f"Paused: {command_context.run_async(lambda: _switch(tenant, True))} tenants.")


@supabase_app.command("resume")
def resume(tenant: TenantOption = None) -> None:
    """Go on mirroring."""
    _console.print(f"Resumed: {command_context.run_async(lambda: _switch(tenant, False))} tenants.")


@supabase_app.command("refused")
def list_refused(tenant: TenantOption = None) -> None:
    """List rows that a project refuses, and why."""

    async def work() -> list[tuple[str, Any]]:
        async with _opened(tenant) as (parts, targets):
            found = []
            for slug, target in targets:
                async with parts.database.as_tenant(target.tenant_id) as connection:
                    rows = await connection.fetch(
                        _SQL["list_dead_letters"], target.tenant_id, MAX_SHOWN_ROWS
                    )
                found += [(slug, row) for row in rows]
            return found

    table = Table("Tenant", "Source", "Row", "Code", "Reason", "Tries", "Since")
    for slug, row in command_context.run_async(work):
        place = (slug, row["source"], row["ref"], row["code"], escape(row["reason"]))
        table.add_row(*place, str(row["attempts"]), _time(row["first_at"]))
    _console.print(table if table.row_count else "No row is refused.")


@supabase_app.command("retry")
def retry(tenant: TenantOption = None) -> None:
    """Send the rows that a project refused again, with their state of now."""

    async def work() -> int:
        async with _opened(tenant) as (parts, targets):
            total = 0
            for _, target in targets:
                async with parts.database.as_tenant(target.tenant_id) as connection:
                    done = await connection.execute(_SQL["retry_dead_letters"], target.tenant_id)
                total += int(done.split()[-1])
            return total

    _console.print(f"{command_context.run_async(work)} rows will be sent again.")


def state_text(row: Any) -> str:
    """Return what the mirror of a tenant does, and what to do if it does nothing."""
    if row["paused_at"] is not None:
        return "paused"
    if row["failure"] is not None:
        return f"failing since {_time(row['failed_since'])}: {row['failure_detail']}"
    if row["backfill_source"] is not None:
        return f"backfill: {row['backfill_done']} of about {row['backfill_total']} rows"
    return "ok"


async def _lag(parts: Components) -> list[Any]:
    async with parts.database.as_system() as connection:
        return list(await connection.fetch(_SQL["lag"]))


def _behind(row: Any) -> str:
    if row["oldest_at"] is None:
        return "0 s"
    return f"{max((row['now'] - row['oldest_at']).total_seconds(), 0):.0f} s"


def _time(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC" if moment else "never"


def _store(parts: Components) -> MirrorSettingsStore:
    return build_mirror_settings(parts.database, parts.vault, parts.settings, parts.ssrf_guard)


@asynccontextmanager
async def _opened(
    slug: str | None,
) -> AsyncIterator[tuple[Components, list[tuple[str, MirrorTarget]]]]:
    """The components, and the chosen tenants that are mirrored."""
    async with command_context.connect_components() as parts:
        targets = {each.tenant_id: each for each in await _store(parts).load_targets()}
        tenants = await parts.directory.list_tenants()
        if slug is not None:
            owner = await command_context.find_tenant(parts, slug)
            tenants = [each for each in tenants if each.tenant_id == owner.tenant_id]
        chosen = [
            (each.slug, targets[each.tenant_id]) for each in tenants if each.tenant_id in targets
        ]
        if not chosen:
            raise NotFoundError(
                "no such tenant is mirrored: set a project first, docs/supabase.md says how"
            )
        yield parts, chosen


async def _switch(slug: str | None, paused: bool) -> int:
    async with command_context.connect_components() as parts:
        tenant_id: UUID | None = None
        if slug is not None:
            tenant_id = (await command_context.find_tenant(parts, slug)).tenant_id
        store = _store(parts)
        return await (store.pause if paused else store.resume)(_OPERATOR, tenant_id)


async def _follow_backfill(parts: Components, slug: str, tenant_id: UUID) -> None:
    with Progress(console=_console, transient=True) as bar:
        task = bar.add_task(slug, total=None)
        while True:
            async with parts.database.as_tenant(tenant_id) as connection:
                row: Any = await connection.fetchrow(_SQL["backfill_progress"], tenant_id)
            if row is None or row["backfill_source"] is None:
                break
            total = max(row["backfill_total"], row["backfill_done"]) or None
            failure = f" ({row['failure_detail']})" if row["failure"] else ""
            bar.update(
                task,
                description=escape(f"{slug}: {row['backfill_source']}{failure}"),
                completed=row["backfill_done"],
                total=total,
            )
            await asyncio.sleep(_POLL_S)
    done = row["backfill_done"] if row is not None else 0
    _console.print(f"{slug}: sent {done} rows anew")


async def _check(parts: Components, slug: str, target: MirrorTarget, repair: bool) -> bool:
    database = await open_mirror_database(parts.settings, for_reports=True)
    project = open_project(target, parts.ssrf_guard)
    checker = MirrorCheck(database, project, target.tenant_id)
    try:
        differences = await checker.find_differences()
        _print_differences(slug, differences)
        if not differences or not repair:
            return not differences
        _console.print(f"{slug}: {await checker.repair(differences)} rows are sent again")
        await _wait_until_sent(parts, target.tenant_id)
        differences = await checker.find_differences()
        _print_differences(slug, differences)
        return not differences
    finally:
        await project.close()
        await database.close()


async def _wait_until_sent(parts: Components, tenant_id: UUID) -> None:
    end = time.monotonic() + _WAIT_S
    while time.monotonic() < end:
        async with parts.database.as_tenant(tenant_id) as connection:
            if not await connection.fetch(_SQL["read_changes"], tenant_id, 1):
                return
        await asyncio.sleep(_POLL_S)


def _print_differences(slug: str, differences: Sequence[DayDifferences]) -> None:
    if not differences:
        _console.print(f"{slug}: no difference")
        return
    table = Table("Tenant", "Table", "Day (UTC)", "Here", "There", "Missing", "Other", "Extra")
    for each in differences:
        place = each.place
        counts = (place.ours, place.theirs, len(each.missing), len(each.stale), len(each.extra))
        table.add_row(slug, place.table, place.day.isoformat(), *map(str, counts))
    _console.print(table)
