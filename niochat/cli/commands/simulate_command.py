"""``niochat simulate``: simulates customers on the sandbox, then audits every message."""

import asyncio
import random
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from niochat.cli import command_context
from niochat.cli.commands.demo_commands import demo_token
from niochat.cli.customer_simulation import CustomerSimulation, SimulationAudit
from niochat.cli.json_output import print_json
from niochat.cli.sandbox_client import SandboxClient

SETTLE_TIMEOUT_S = 90.0
_console = Console(stderr=True)


def simulate_customers(
    customers: Annotated[
        int, typer.Option(min=1, max=10_000, help="The number of customers.")
    ] = 200,
    minutes: Annotated[
        float, typer.Option(min=0.05, max=120, help="How long the customers write.")
    ] = 2.0,
    seed: Annotated[int | None, typer.Option(help="The seed of the random choices.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the audit as JSON.")] = False,
) -> None:
    """Let customers write and wait, then audit every message. Exit 1 if one is lost, repeated or
    out of order.
    """
    chosen = seed if seed is not None else random.SystemRandom().randrange(1_000_000)
    audit = command_context.run_async(lambda: _simulate(customers, minutes * 60, chosen))
    if as_json:
        print_json({"seed": chosen, **audit.as_dict()})
    else:
        _print_audit(audit, chosen)
    if not audit.is_clean:
        raise typer.Exit(1)


async def _simulate(customers: int, seconds: float, seed: int) -> SimulationAudit:
    client = SandboxClient(command_context.sandbox_url(), demo_token())
    simulation = CustomerSimulation(client, customers, seed)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    try:
        with Progress(*columns, console=_console) as bar:
            task = bar.add_task("starting", total=seconds)
            progress_task = asyncio.create_task(_show_progress(bar, task, simulation))
            await simulation.run(seconds)
            progress_task.cancel()
            bar.update(task, description=f"{simulation.sent} sent, waiting for the last answers")
            return await simulation.audit_when_settled(SETTLE_TIMEOUT_S)
    finally:
        await client.close()


async def _show_progress(bar: Progress, task: TaskID, simulation: CustomerSimulation) -> None:
    while True:
        await asyncio.sleep(0.5)
        text = f"{simulation.sent} sent, {simulation.answers} answers"
        bar.update(task, advance=0.5, description=text)


def _print_audit(audit: SimulationAudit, seed: int) -> None:
    table = Table(title=f"Audit (seed {seed})", show_header=False)
    for name, value in audit.as_dict().items():
        if name != "examples":
            table.add_row(name.replace("_", " "), str(value))
    Console().print(table)
    for kind, examples in audit.examples.items():
        if examples:
            _console.print(f"[red]{kind}[/red]: {', '.join(examples)}")
