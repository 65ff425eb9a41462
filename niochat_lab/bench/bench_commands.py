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
from niochat_lab.bench.benchmarks import (
    actor_bench,
    assignment_bench,
    fairness_bench,
    growth_bench,
    idle_bench,
    ingest_bench,
    live_bench,
    outage_bench,
    path_bench,
    slow_client_bench,
    startup_bench,
)
from niochat_lab.bench.benchmarks.log_readers import mirror_bench, report_bench
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
    help="Measure the product, and a baseline on the same machine.", no_args_is_help=True
)
_console = Console(stderr=True)
_COLUMNS = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())

JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object instead of tables.")]
OutputOption = Annotated[Path | None, typer.Option(help="Also write the JSON object to this file.")]
SecondsOption = Annotated[float, typer.Option(min=0.5, max=600, help="Seconds of each round.")]
RoundsOption = Annotated[int, typer.Option(min=1, max=100, help="Rounds of each side.")]

FlameGraphsOption = Annotated[
    Path | None, typer.Option(help="Folder for flame graphs (py-spy) of one more round.")
]

SizesOption = Annotated[
    str | None, typer.Option(help="Other sizes, such as 1000,10000, ascending.")
]

BenchFunction = Callable[[BenchEnvironment, BenchOptions, ProgressCallback], Awaitable[BenchReport]]


@app.command()
def ingest(
    seconds: SecondsOption = 5.0,
    rounds: RoundsOption = 3,
    flames: FlameGraphsOption = None,
    as_json: JsonOption = False,
    out: OutputOption = None,
) -> None:
    """Webhooks per second that are answered with 200 after their commit."""
    options = BenchOptions(seconds, rounds, flames)
    _run_bench(ingest_bench.REQUIREMENTS, ingest_bench.run_ingest_bench, options, as_json, out)


@app.command()
def path(
    seconds: SecondsOption = 5.0,
    rounds: RoundsOption = 3,
    flames: FlameGraphsOption = None,
    as_json: JsonOption = False,
    out: OutputOption = None,
) -> None:
    """Complete turns per second, from the webhook to the reply at the gateway."""
    options = BenchOptions(seconds, rounds, flames)
    _run_bench(path_bench.REQUIREMENTS, path_bench.run_path_bench, options, as_json, out)


@app.command()
def fair(
    seconds: SecondsOption = 5.0,
    rounds: RoundsOption = 3,
    as_json: JsonOption = False,
    out: OutputOption = None,
) -> None:
    """The latency of twenty quiet tenants beside one that offers twice the machine's capacity."""
    _run_bench(
        fairness_bench.REQUIREMENTS,
        fairness_bench.run_fairness_bench,
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
    """Webhooks and logins beside thousands of clients that send slowly and never finish."""
    _run_bench(
        slow_client_bench.REQUIREMENTS,
        slow_client_bench.run_slow_client_bench,
        BenchOptions(seconds, rounds),
        as_json,
        out,
    )


@app.command()
def outage(
    seconds: SecondsOption = 5.0,
    conversations: Annotated[
        int, typer.Option(min=1, max=100_000, help="Conversations that start.")
    ] = 10_000,
    as_json: JsonOption = False,
    out: OutputOption = None,
) -> None:
    """Thousands of one tenant's customers write at once, and every message is audited."""

    async def measure(
        environment: BenchEnvironment, options: BenchOptions, on_progress: ProgressCallback
    ) -> BenchReport:
        return await outage_bench.run_outage_bench(
            environment, options, on_progress, outage_bench.OutageLoad(conversations)
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
    chosen = parse_sizes(sizes, actor_bench.ACTOR_COUNTS)

    async def measure(
        environment: BenchEnvironment, options: BenchOptions, on_progress: ProgressCallback
    ) -> BenchReport:
        return await actor_bench.run_actor_bench(environment, options, on_progress, chosen)

    _run_bench(actor_bench.REQUIREMENTS, measure, BenchOptions(seconds, rounds), as_json, out)


@app.command()
def growth(
    seconds: SecondsOption = 5.0,
    rounds: RoundsOption = 3,
    sizes: SizesOption = None,
    as_json: JsonOption = False,
    out: OutputOption = None,
) -> None:
    """Short runs of ingest and path with more and more messages in the database."""
    chosen = parse_sizes(sizes, growth_bench.MESSAGE_COUNTS)

    async def measure(
        environment: BenchEnvironment, options: BenchOptions, on_progress: ProgressCallback
    ) -> BenchReport:
        return await growth_bench.run_growth_bench(environment, options, on_progress, chosen)

    _run_bench(growth_bench.REQUIREMENTS, measure, BenchOptions(seconds, rounds), as_json, out)


@app.command()
def idle(
    seconds: SecondsOption = 20.0,
    rounds: RoundsOption = 3,
    as_json: JsonOption = False,
    out: OutputOption = None,
) -> None:
    """CPU and memory while nobody writes, and the imports of each process."""
    _run_bench(
        idle_bench.REQUIREMENTS,
        idle_bench.run_idle_bench,
        BenchOptions(seconds, rounds),
        as_json,
        out,
    )


@app.command()
def start(rounds: RoundsOption = 3, as_json: JsonOption = False, out: OutputOption = None) -> None:
    """Seconds from `scripts/run` until ready, step by step: a new home, then warm starts."""
    with Progress(*_COLUMNS, console=_console) as bar:
        task = bar.add_task("starting", total=None)
        report = startup_bench.run_startup_bench(
            rounds, lambda step: bar.update(task, description=step)
        )
    _print_report(report, as_json, out)


@app.command()
def assign(
    seconds: SecondsOption = 10.0, as_json: JsonOption = False, out: OutputOption = None
) -> None:
    """From an agent's free capacity to the next conversation, while 1,000 contacts per second
    arrive.
    """
    with assignment_bench.temporary_postgres() as postgres:
        report = asyncio.run(
            assignment_bench.run_assignment_bench(postgres, QueuePlan(seconds=seconds))
        )
    _print_report(report, as_json, out)


@app.command()
def live(
    seconds: Annotated[
        float, typer.Option(min=0.5, max=300, help="Duration of the events.")
    ] = 20.0,
    tenants: Annotated[int, typer.Option(min=1, max=200, help="Tenants.")] = 40,
    sockets: Annotated[int, typer.Option(min=1, max=1000, help="Sockets of each tenant.")] = 50,
    rate: Annotated[float, typer.Option(min=0.1, max=1000, help="Events per second.")] = 50.0,
    as_json: JsonOption = False,
    out: OutputOption = None,
) -> None:
    """From an event's commit to every screen; then all screens reconnect at once."""
    load = live_bench.LiveLoad(tenants, sockets, rate)

    async def measure(
        environment: BenchEnvironment, options: BenchOptions, on_progress: ProgressCallback
    ) -> BenchReport:
        return await live_bench.run_live_bench(environment, options, on_progress, load)

    _run_bench(live_bench.REQUIREMENTS, measure, BenchOptions(seconds), as_json, out)


@app.command()
def reports(
    seconds: SecondsOption = 5.0,
    rounds: RoundsOption = 3,
    conversations: Annotated[
        int, typer.Option(min=100, max=2_000_000, help="Conversations of the tenant.")
    ] = report_bench.CONVERSATIONS,
    times: Annotated[int, typer.Option(min=1, max=1000, help="How often to ask each.")] = 20,
    as_json: JsonOption = False,
    out: OutputOption = None,
) -> None:
    """The dashboard and every report of a large tenant while customers write, and what the
    projections cost.
    """
    load = report_bench.ReportLoad(conversations, times)

    async def measure(
        environment: BenchEnvironment, options: BenchOptions, on_progress: ProgressCallback
    ) -> BenchReport:
        return await report_bench.run_report_bench(environment, options, on_progress, load)

    _run_bench(report_bench.REQUIREMENTS, measure, BenchOptions(seconds, rounds), as_json, out)


@app.command()
def mirror(
    seconds: SecondsOption = 5.0,
    rounds: RoundsOption = 3,
    as_json: JsonOption = False,
    out: OutputOption = None,
) -> None:
    """The path while a tenant is mirrored to a Supabase project that works, is slow or is down."""
    options = BenchOptions(seconds, rounds)
    _run_bench(mirror_bench.REQUIREMENTS, mirror_bench.run_mirror_bench, options, as_json, out)


@app.command()
def plot(
    folder: Annotated[Path, typer.Argument(help="Folder with the results that `--out` wrote.")],
    document: Annotated[
        Path | None, typer.Option(help="Also update the tables of this document.")
    ] = None,
) -> None:
    """Draw an SVG for each result, and update the tables of a document."""
    for file in draw_plots(folder):
        _console.print(f"drew{file}", highlight=False)
    if document is not None:
        _console.print(f"updated{', '.join(update_tables(document, folder))}", highlight=False)


def parse_sizes(text: str | None, default: Sequence[int]) -> tuple[int, ...]:
    """Parse sizes such as ``1000,10000``. Raises ``InvalidInputError`` unless they are ascending
    numbers.
    """
    if text is None:
        return tuple(default)
    try:
        sizes = tuple(int(each.replace("_", "")) for each in text.split(","))
    except ValueError:
        raise InvalidInputError(
            f"--sizes must be numbers separated by commas, not {text!r}"
        ) from None
    if not sizes or sizes[0] < 1 or list(sizes) != sorted(set(sizes)):
        raise InvalidInputError("--sizes must be ascending and start with at least 1")
    return sizes


def _run_bench(
    requirements: BenchRequirements,
    measure: BenchFunction,
    options: BenchOptions,
    as_json: bool,
    out: Path | None,
) -> None:
    if options.flames is not None:
        find_py_spy()
    with Progress(*_COLUMNS, console=_console) as bar:
        task = bar.add_task("starting", total=None)

        def on_progress(step: str) -> None:
            bar.update(task, description=step)

        with start_bench_environment(requirements, on_progress) as environment:
            report = asyncio.run(_run_async(measure, environment, options, on_progress))
    _print_report(report, as_json, out)


def _print_report(report: BenchReport, as_json: bool, out: Path | None) -> None:
    if out is not None:
        out.write_text(json.dumps(report.as_dict(), ensure_ascii=False, indent=1) + "\n", "utf-8")
    if as_json:
        print_json(report.as_dict())
    else:
        Console().print(render_report(report))


async def _run_async(
    measure: BenchFunction,
    environment: BenchEnvironment,
    options: BenchOptions,
    on_progress: ProgressCallback,
) -> BenchReport:
    return await measure(environment, options, on_progress)
