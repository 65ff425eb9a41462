"""``niochat audit partition`` and ``niochat audit drop-months``."""

from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from niochat.adapters.postgres.audit_months import (
    cancel_partitioning,
    drop_months,
    partition_audit_log,
)
from niochat.cli.commands.migrate_command import require_owner_url

_console = Console()
_STEPS = {
    "copying": "Copying rows",
    "comparing": "Comparing both tables",
    "replacing": "Replacing the table",
}


def partition_audit(
    cancel: Annotated[
        bool, typer.Option("--cancel", help="Undo a move that was not finished.")
    ] = False,
) -> None:
    """Move the audit log into a table with a part for each month, while the product runs. If it
    ends early, run it again: it goes on where it was.
    """
    if cancel:
        cancel_partitioning(require_owner_url())
        _console.print("The audit log is as it was before the move.")
        return
    with Progress(console=_console, transient=True) as bar:
        task = bar.add_task("Beginning", total=None)

        def show(step: str, done: int, total: int) -> None:
            bar.update(task, description=_STEPS[step], completed=done, total=total or None)

        moved = partition_audit_log(require_owner_url(), show)
    _console.print(
        "The audit log has a part for each month." if moved else "The audit log has months already."
    )


def drop_audit_months(
    before: Annotated[str, typer.Option(help="The first month to keep, like 2026-01.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Drop the months of the audit log before a month. This cannot be undone; the log records it,
    and its chain is verified from there on.
    """
    owner = require_owner_url()
    if not yes:
        typer.confirm(f"Drop all entries of the audit log before {before} for good?", abort=True)
    dropped = drop_months(owner, before)
    _console.print(f"Dropped {dropped.months} months with {dropped.rows} rows.")
