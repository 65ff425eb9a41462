"""The commands of `niochat bench`."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from niochat.cli.bench import actors as actors_bench
from niochat.cli.bench import assign as assign_bench
from niochat.cli.bench import fair as fair_bench
from niochat.cli.bench import growth as growth_bench
from niochat.cli.bench import idle as idle_bench
from niochat.cli.bench import ingest as ingest_bench
from niochat.cli.bench import live as live_bench
from niochat.cli.bench import outage as outage_bench
from niochat.cli.bench import path as path_bench
from niochat.cli.bench import start as start_bench
from niochat.cli.bench import strangers as strangers_bench
from niochat.cli.bench.document import fill_in
from niochat.cli.bench.flames import py_spy
from niochat.cli.bench.plots import draw
from niochat.cli.bench.queue_load import Plan as QueuePlan
from niochat.cli.bench.report import Report, shown
from niochat.cli.bench.slices import Plan, Told
from niochat.cli.bench.stage import Stage, Wanted, staged
from niochat.cli.output import print_json
from niochat.domain.errors import InvalidInputError

app = typer.Typer(help="Measure the product, and beside it what this machine allows.",
                  no_args_is_help=True)  # fmt: skip
_console = Console(stderr=True)
_COLUMNS = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object instead of tables.")]
Out = Annotated[Path | None, typer.Option(help="Write the JSON object to this file, too.")]
Seconds = Annotated[float, typer.Option(min=0.5, max=600, help="Of each slice.")]
Rounds = Annotated[int, typer.Option(min=1, max=100, help="Slices of each side.")]

Flames = Annotated[
    Path | None, typer.Option(help="Folder for flame graphs, by py-spy, of one more slice.")
]

Sizes = Annotated[str | None, typer.Option(help="Others, as 1000,10000, ascending.")]

Measure = Callable[[Stage, Plan, Told], Awaitable[Report]]


@app.command()
def ingest(
    seconds: Seconds = 5.0,
    rounds: Rounds = 3,
    flames: Flames = None,
    as_json: AsJson = False,
    out: Out = None,
) -> None:
    """Webhooks a second that are answered 200 after their commit."""
    plan = Plan(seconds, rounds, flames)
    _run(ingest_bench.WANTED, ingest_bench.measure, plan, as_json, out)


@app.command()
def path(
    seconds: Seconds = 5.0,
    rounds: Rounds = 3,
    flames: Flames = None,
    as_json: AsJson = False,
    out: Out = None,
) -> None:
    """Whole turns a second, from the webhook to the answer at the gateway."""
    plan = Plan(seconds, rounds, flames)
    _run(path_bench.WANTED, path_bench.measure, plan, as_json, out)


@app.command()
def fair(
    seconds: Seconds = 5.0, rounds: Rounds = 3, as_json: AsJson = False, out: Out = None
) -> None:
    """What twenty quiet providers notice of one that offers twice what the machine can take."""
    _run(fair_bench.WANTED, fair_bench.measure, Plan(seconds, rounds), as_json, out)


@app.command()
def strangers(
    seconds: Seconds = 5.0, rounds: Rounds = 3, as_json: AsJson = False, out: Out = None
) -> None:
    """Webhooks and log-ins beside thousands of clients that send slowly and never end."""
    _run(strangers_bench.WANTED, strangers_bench.measure, Plan(seconds, rounds), as_json, out)


@app.command()
def outage(
    seconds: Seconds = 5.0,
    conversations: Annotated[int, typer.Option(min=1, max=100_000, help="That write.")] = 10_000,
    as_json: AsJson = False,
    out: Out = None,
) -> None:
    """Thousands of one provider's customers write at once; every message is accounted for."""

    async def measure(stage: Stage, plan: Plan, told: Told) -> Report:
        return await outage_bench.measure(stage, plan, told, outage_bench.Flood(conversations))

    _run(outage_bench.WANTED, measure, Plan(seconds), as_json, out)


@app.command()
def actors(
    seconds: Seconds = 5.0,
    rounds: Rounds = 3,
    sizes: Sizes = None,
    as_json: AsJson = False,
    out: Out = None,
) -> None:
    """Memory, activation and steps of 1,000, 10,000 and 100,000 conversations in one host."""
    chosen = ascending(sizes, actors_bench.SIZES)

    async def measure(stage: Stage, plan: Plan, told: Told) -> Report:
        return await actors_bench.measure(stage, plan, told, chosen)

    _run(actors_bench.WANTED, measure, Plan(seconds, rounds), as_json, out)


@app.command()
def growth(
    seconds: Seconds = 5.0,
    rounds: Rounds = 3,
    sizes: Sizes = None,
    as_json: AsJson = False,
    out: Out = None,
) -> None:
    """Ingest and path, in short, with ever more messages in the database."""
    chosen = ascending(sizes, growth_bench.SIZES)

    async def measure(stage: Stage, plan: Plan, told: Told) -> Report:
        return await growth_bench.measure(stage, plan, told, chosen)

    _run(growth_bench.WANTED, measure, Plan(seconds, rounds), as_json, out)


@app.command()
def idle(
    seconds: Seconds = 20.0, rounds: Rounds = 3, as_json: AsJson = False, out: Out = None
) -> None:
    """CPU and memory while nobody writes, and what each process has loaded."""
    _run(idle_bench.WANTED, idle_bench.measure, Plan(seconds, rounds), as_json, out)


@app.command()
def start(rounds: Rounds = 3, as_json: AsJson = False, out: Out = None) -> None:
    """Seconds from `scripts/run` to ready, step by step: a new home, then warm starts."""
    with Progress(*_COLUMNS, console=_console) as bar:
        task = bar.add_task("starting", total=None)
        report = start_bench.measure(rounds, lambda step: bar.update(task, description=step))
    _tell(report, as_json, out)


@app.command()
def assign(seconds: Seconds = 10.0, as_json: AsJson = False, out: Out = None) -> None:
    """From an agent's freed place to the next conversation, while 1,000 people a second come."""
    with assign_bench.server() as postgres:
        report = asyncio.run(assign_bench.measure(postgres, QueuePlan(seconds=seconds)))
    _tell(report, as_json, out)


@app.command()
def live(
    seconds: Annotated[float, typer.Option(min=0.5, max=300, help="Of events.")] = 20.0,
    tenants: Annotated[int, typer.Option(min=1, max=200, help="Providers.")] = 40,
    sockets: Annotated[int, typer.Option(min=1, max=1000, help="Of each provider.")] = 50,
    rate: Annotated[float, typer.Option(min=0.1, max=1000, help="Events a second.")] = 50.0,
    as_json: AsJson = False,
    out: Out = None,
) -> None:
    """From an event's commit to every screen; then all screens come again at once."""
    house = live_bench.House(tenants, sockets, rate)

    async def measure(stage: Stage, plan: Plan, told: Told) -> Report:
        return await live_bench.measure(stage, plan, told, house)

    _run(live_bench.WANTED, measure, Plan(seconds), as_json, out)


@app.command()
def plot(
    folder: Annotated[Path, typer.Argument(help="With the results, as `--out` wrote them.")],
    document: Annotated[
        Path | None, typer.Option(help="Fill the figures into this document, too.")
    ] = None,
) -> None:
    """Draw an SVG for each result, and fill its figures into a document."""
    for file in draw(folder):
        _console.print(f"drawn: {file}", highlight=False)
    if document is not None:
        _console.print(f"filled in: {', '.join(fill_in(document, folder))}", highlight=False)


def ascending(text: str | None, default: Sequence[int]) -> tuple[int, ...]:
    """Sizes like `1000,10000`. Raises `InvalidInputError` for what are none, and for those out of order."""
    if text is None:
        return tuple(default)
    try:
        sizes = tuple(int(each.replace("_", "")) for each in text.split(","))
    except ValueError:
        raise InvalidInputError(
            f"--sizes takes numbers with commas between them, not {text!r}"
        ) from None
    if not sizes or sizes[0] < 1 or list(sizes) != sorted(set(sizes)):
        raise InvalidInputError("--sizes must grow, and begin with 1 at least")
    return sizes


def _run(wanted: Wanted, measure: Measure, plan: Plan, as_json: bool, out: Path | None) -> None:
    if plan.flames is not None:
        py_spy()
    with Progress(*_COLUMNS, console=_console) as bar:
        task = bar.add_task("starting", total=None)

        def told(step: str) -> None:
            bar.update(task, description=step)

        with staged(wanted, told) as stage:
            report = asyncio.run(_awaited(measure, stage, plan, told))
    _tell(report, as_json, out)


def _tell(report: Report, as_json: bool, out: Path | None) -> None:
    if out is not None:
        out.write_text(json.dumps(report.as_dict(), ensure_ascii=False, indent=1) + "\n", "utf-8")
    if as_json:
        print_json(report.as_dict())
    else:
        Console().print(shown(report))


async def _awaited(measure: Measure, stage: Stage, plan: Plan, told: Told) -> Report:
    return await measure(stage, plan, told)
