"""``niochat rebuild``: makes a projection of the read model anew."""

from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from niochat.cli import command_context
from niochat.composition.components import Components
from niochat.domain.errors import InvalidInputError
from niochat.insights.projection import Projection
from niochat.insights.projector import PROJECTIONS
from niochat.insights.rebuild import ProjectionRebuilder, ProjectionStoppedError
from niochat.tenants.config_records import TenantRecord

_console = Console()


def rebuild_projection(
    projection: Annotated[str, typer.Argument(help="conversations, turns, or all.")],
    tenant: Annotated[
        str | None, typer.Option(help="The tenant (slug); all tenants without it.")
    ] = None,
) -> None:
    """Compute a projection anew from the log. Reports read the old one until the new one has caught
    up. An interrupted command continues where it was.
    """
    chosen = [each for each in PROJECTIONS if projection in (each.name, "all")]
    if not chosen:
        names = ", ".join(each.name for each in PROJECTIONS)
        raise InvalidInputError(f"no projection is called {projection!r}: there are {names}, all")

    async def work() -> bool:
        async with command_context.connect_components() as parts:
            tenants = await parts.directory.list_tenants()
            if tenant is not None:
                owner = await command_context.find_tenant(parts, tenant)
                tenants = [each for each in tenants if each.tenant_id == owner.tenant_id]
            results = [await _rebuild(parts, each, record) for record in tenants for each in chosen]
            return all(results)

    if not command_context.run_async(work):
        raise typer.Exit(1)


async def _rebuild(parts: Components, projection: Projection, owner: TenantRecord) -> bool:
    label = f"{owner.slug}: {projection.name}"
    with Progress(console=_console, transient=True) as bar:
        task = bar.add_task(label, total=None)

        def show(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        try:
            generation = await ProjectionRebuilder(parts.database).rebuild(
                projection, owner.tenant_id, show
            )
        except ProjectionStoppedError:
            _console.print(
                f"[red]{label}: an event cannot be read, so the old generation serves on; "
                f"niochat doctor names the event[/red]"
            )
            return False
    _console.print(f"{label}: generation {generation} serves")
    return True
