"""``niochat doctor``."""

from typing import Annotated

import typer

from niochat.cli import command_context


def run_doctor(
    tenant: Annotated[str | None, typer.Argument(help="The tenant (slug); default: all.")] = None,
) -> None:
    """Test the model, gateway and ERP of a tenant, and say what is wrong and what to do."""
    # Importing the model client takes longer than most commands.
    from niochat.cli.doctor.doctor_checks import run_checks

    if not command_context.run_async(lambda: run_checks(tenant)):
        raise typer.Exit(1)
