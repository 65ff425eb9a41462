"""The commands of `niochat bench`."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from niochat.cli.json_output import print_json
from niochat.domain.errors import InvalidInputError
from niochat_lab.bench.bench_report import BenchReport, render_report
from niochat_lab.bench.benchmarks import actor_bench as actors_bench
from niochat_lab.bench.benchmarks import assignment_bench as assign_bench
from niochat_lab.bench.benchmarks import fairness_bench as fair_bench
from niochat_lab.bench.benchmarks import (
    growth_bench,
    idle_bench,
    ingest_bench,
    live_bench,
    outage_bench,
    path_bench,
)
from niochat_lab.bench.benchmarks import slow_client_bench as strangers_bench
from niochat_lab.bench.benchmarks import startup_bench as start_bench
from niochat_lab.bench.docs_tables import update_tables
from niochat_lab.bench.environment.bench_environment import (
    BenchEnvironment,
    BenchRequirements,
    start_bench_environment,
)
from niochat_lab.bench.measurement.flame_graphs import find_py_spy
from niochat_lab.bench.measurement.load_rounds import BenchOptions, ProgressCallback
from niochat_lab.bench.result_plots import draw_plots
from niochat_lab.bench.workloads.team_queue_workload import TeamQueueWorkloadSettings as QueuePlan

app = typer.Typer(
    help="Measure the product, and beside it what this machine allows.", no_args_is_help=True
)
_console = Console(stderr=True)
_COLUMNS = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())

JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object instead of tables.")]
OutputOption = Annotated[Path | None, typer.Option(help="Write the JSON object to this file, too.")]
SecondsOption = Annotated[float, typer.Option(min=0.5, max=600, help="Of each slice.")]
RoundsOption = Annotated[int, typer.Option(min=1, max=100, help="Slices of each side.")]

FlameGraphsOption = Annotated[
    Path | None, typer.Option(help="Folder for flame graphs, by py-spy, of one more slice.")
]

SizesOption = Annotated[str | None, typer.Option(help="Others, as 1000,10000, ascending.")]

BenchFunction = Callable[[BenchEnvironment, BenchOptions, ProgressCallback], Awaitable[BenchReport]]


@app.command()
def ingest(
    seconds: SecondsOption = 5.0,
    rounds: RoundsOption = 3,
    flames: FlameGraphsOption = None,
    as_json: JsonOption = False,
    out: OutputOption = None,
) -> None:
    """Webhooks a second that are answered 200 after their commit."""
    plan = BenchOptions(seconds, rounds, flames)
    _run_bench(ingest_bench.REQUIREMENTS, ingest_bench.run_ingest_bench, plan, as_json, out)


@app.command()
def path(
    seconds: SecondsOption = 5.0,
    rounds: RoundsOption = 3,
    flames: FlameGraphsOption = None,
    as_json: JsonOption = False,
    out: OutputOption = None,
) -> None:
    """Whole turns a second, from the webhook to the answer at the gateway."""
    plan = BenchOptions(seconds, rounds, flames)
    _run_bench(path_bench.REQUIREMENTS, path_bench.run_path_bench, plan, as_json, out)


@app.command()
def fair(
    seconds: SecondsOption = 5.0,
    rounds: RoundsOption = 3,
    as_json: JsonOption = False,
    out: OutputOption = None,
) -> None:
    """What twenty quiet providers notice of one that offers twice what the machine can take."""
    _run_bench(
        fair_bench.REQUIREMENTS,
        fair_bench.run_fairness_bench,
        BenchOptions(seconds, rounds),
        as_json,
        out,
    )


@app.command()
def strangers(
    seconds: SecondsOption = 5.0,
    rounds: RoundsOption = 3,
    as_json: JsonOption = False,
    out: OutputOption = None,
) -> None:
    """Webhooks and log-ins beside thousands of clients that send slowly and never end."""
    _run_bench(
        strangers_bench.REQUIREMENTS,
        strangers_bench.run_slow_client_bench,
        BenchOptions(seconds, rounds),
        as_json,
        out,
    )


@app.command()
def outage(
    seconds: SecondsOption = 5.0,
    conversations: Annotated[int, typer.Option(min=1, max=100_000, help="That write.")] = 10_000,
    as_json: JsonOption = False,
    out: OutputOption = None,
) -> None:
    """Thousands of one provider's customers write at once; every message is accounted for."""

    async def measure(
        stage: BenchEnvironment, plan: BenchOptions, told: ProgressCallback
    ) -> BenchReport:
        return await outage_bench.run_outage_bench(
            stage, plan, told, outage_bench.OutageLoad(conversations)
        )

    _run_bench(outage_bench.REQUIREMENTS, measure, BenchOptions(seconds), as_json, out)


@app.command()
def actors(
    seconds: SecondsOption = 5.0,
    rounds: RoundsOption = 3,
    sizes: SizesOption = None,
    as_json: JsonOption = False,
    out: OutputOption = None,
) -> None:
    """Memory, activation and steps of 1,000, 10,000 and 100,000 conversations in one host."""
    chosen = parse_sizes(sizes, actors_bench.ACTOR_COUNTS)

    async def measure(
        stage: BenchEnvironment, plan: BenchOptions, told: ProgressCallback
    ) -> BenchReport:
        return await actors_bench.run_actor_bench(stage, plan, told, chosen)

    _run_bench(actors_bench.REQUIREMENTS, measure, BenchOptions(seconds, rounds), as_json, out)


@app.command()
def growth(
    seconds: SecondsOption = 5.0,
    rounds: RoundsOption = 3,
    sizes: SizesOption = None,
    as_json: JsonOption = False,
    out: OutputOption = None,
) -> None:
    """Ingest and path, in short, with ever more messages in the database."""
    chosen = parse_sizes(sizes, growth_bench.MESSAGE_COUNTS)

    async def measure(
        stage: BenchEnvironment, plan: BenchOptions, told: ProgressCallback
    ) -> BenchReport:
        return await growth_bench.run_growth_bench(stage, plan, told, chosen)

    _run_bench(growth_bench.REQUIREMENTS, measure, BenchOptions(seconds, rounds), as_json, out)


@app.command()
def idle(
    seconds: SecondsOption = 20.0,
    rounds: RoundsOption = 3,
    as_json: JsonOption = False,
    out: OutputOption = None,
) -> None:
    """CPU and memory while nobody writes, and what each process has loaded."""
    _run_bench(
        idle_bench.REQUIREMENTS,
        idle_bench.run_idle_bench,
        BenchOptions(seconds, rounds),
        as_json,
        out,
    )


@app.command()
def start(rounds: RoundsOption = 3, as_json: JsonOption = False, out: OutputOption = None) -> None:
    """Seconds from `scripts/run` to ready, step by step: a new home, then warm starts."""
    with Progress(*_COLUMNS, console=_console) as bar:
        task = bar.add_task("starting", total=None)
        report = start_bench.run_startup_bench(
            rounds, lambda step: bar.update(task, description=step)
        )
    _print_report(report, as_json, out)


@app.command()
def assign(
    seconds: SecondsOption = 10.0, as_json: JsonOption = False, out: OutputOption = None
) -> None:
    """From an agent's freed place to the next conversation, while 1,000 people a second come."""
    with assign_bench.temporary_postgres() as postgres:
        report = asyncio.run(
            assign_bench.run_assignment_bench(postgres, QueuePlan(seconds=seconds))
        )
    _print_report(report, as_json, out)


@app.command()
def live(
    seconds: Annotated[float, typer.Option(min=0.5, max=300, help="Of events.")] = 20.0,
    tenants: Annotated[int, typer.Option(min=1, max=200, help="Providers.")] = 40,
    sockets: Annotated[int, typer.Option(min=1, max=1000, help="Of each provider.")] = 50,
    rate: Annotated[float, typer.Option(min=0.1, max=1000, help="Events a second.")] = 50.0,
    as_json: JsonOption = False,
    out: OutputOption = None,
) -> None:
    """From an event's commit to every screen; then all screens come again at once."""
    house = live_bench.LiveLoad(tenants, sockets, rate)

    async def measure(
        stage: BenchEnvironment, plan: BenchOptions, told: ProgressCallback
    ) -> BenchReport:
        return await live_bench.run_live_bench(stage, plan, told, house)

    _run_bench(live_bench.REQUIREMENTS, measure, BenchOptions(seconds), as_json, out)


@app.command()
def plot(
    folder: Annotated[Path, typer.Argument(help="With the results, as `--out` wrote them.")],
    document: Annotated[
        Path | None, typer.Option(help="Fill the figures into this document, too.")
    ] = None,
) -> None:
    """Draw an SVG for each result, and fill its figures into a document."""
    for file in draw_plots(folder):
        _console.print(f"drawn: {file}", highlight=False)
    if document is not None:
        _console.print(f"filled in: {', '.join(update_tables(document, folder))}", highlight=False)


def parse_sizes(text: str | None, default: Sequence[int]) -> tuple[int, ...]:
    """Sizes like `1000,10000`. Raises `InvalidInputError` for what are none, and for those out of
    order.
    """
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


def _run_bench(
    wanted: BenchRequirements,
    measure: BenchFunction,
    plan: BenchOptions,
    as_json: bool,
    out: Path | None,
) -> None:
    if plan.flames is not None:
        find_py_spy()
    with Progress(*_COLUMNS, console=_console) as bar:
        task = bar.add_task("starting", total=None)

        def told(step: str) -> None:
            bar.update(task, description=step)

        with start_bench_environment(wanted, told) as stage:
            report = asyncio.run(_run_async(measure, stage, plan, told))
    _print_report(report, as_json, out)


def _print_report(report: BenchReport, as_json: bool, out: Path | None) -> None:
    if out is not None:
        out.write_text(json.dumps(report.as_dict(), ensure_ascii=False, indent=1) + "\n", "utf-8")
    if as_json:
        print_json(report.as_dict())
    else:
        Console().print(render_report(report))


async def _run_async(
    measure: BenchFunction, stage: BenchEnvironment, plan: BenchOptions, told: ProgressCallback
) -> BenchReport:
    return await measure(stage, plan, told)
