"""The commands of `niochat bench`."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from niochat.cli.bench import ingest as ingest_bench
from niochat.cli.bench import path as path_bench
from niochat.cli.bench.report import Report, shown
from niochat.cli.bench.slices import Told
from niochat.cli.bench.stage import Stage, Wanted, staged
from niochat.cli.output import print_json

app = typer.Typer(help="Measure the product, and beside it what this machine allows.",
                  no_args_is_help=True)  # fmt: skip
_console = Console(stderr=True)
_COLUMNS = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object instead of tables.")]
Out = Annotated[Path | None, typer.Option(help="Write the JSON object to this file, too.")]
Seconds = Annotated[float, typer.Option(min=0.5, max=600, help="Of each slice.")]
Rounds = Annotated[int, typer.Option(min=1, max=100, help="Slices of each side.")]

Measure = Callable[[Stage, Told], Awaitable[Report]]


@app.command()
def ingest(
    seconds: Seconds = 5.0, rounds: Rounds = 3, as_json: AsJson = False, out: Out = None
) -> None:
    """Webhooks a second that are answered 200 after their commit."""

    async def measure(stage: Stage, told: Told) -> Report:
        return await ingest_bench.measure(stage, seconds, rounds, told)

    _run(ingest_bench.WANTED, measure, as_json, out)


@app.command()
def path(
    seconds: Seconds = 5.0, rounds: Rounds = 3, as_json: AsJson = False, out: Out = None
) -> None:
    """Whole turns a second, from the webhook to the answer at the gateway."""

    async def measure(stage: Stage, told: Told) -> Report:
        return await path_bench.measure(stage, seconds, rounds, told)

    _run(path_bench.WANTED, measure, as_json, out)


def _run(wanted: Wanted, measure: Measure, as_json: bool, out: Path | None) -> None:
    with Progress(*_COLUMNS, console=_console) as bar:
        task = bar.add_task("starting", total=None)

        def told(step: str, seconds: float = 0.0) -> None:
            bar.update(task, description=step)

        with staged(wanted, told) as stage:
            report = asyncio.run(_awaited(measure, stage, told))
    if out is not None:
        out.write_text(json.dumps(report.as_dict(), ensure_ascii=False, indent=1) + "\n", "utf-8")
    if as_json:
        print_json(report.as_dict())
    else:
        Console().print(shown(report))


async def _awaited(measure: Measure, stage: Stage, told: Told) -> Report:
    return await measure(stage, told)
