"""``niochat doctor``."""

from typing import Annotated

import typer

from niochat.cli import command_context


def run_doctor(
    tenant: Annotated[str | None, typer.Argument(help="Slug; without it: all.")] = None,
) -> None:
    """Test model, gateway and ERP of a tenant, and say in a sentence what is wrong."""
    # The model's client takes longer to import than the other commands take to run.
    from niochat.cli.doctor.doctor_checks import run_checks

    if not command_context.run_async(lambda: run_checks(tenant)):
        raise typer.Exit(1)
