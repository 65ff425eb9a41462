"""``niochat evaluate``: scripted conversations with a model, and what came of them."""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from niochat.cli import running
from niochat.cli.evaluation.playing import play_all
from niochat.cli.evaluation.reading import all_scenarios, chosen
from niochat.cli.evaluation.results import Evaluation, Result, Verdict
from niochat.cli.evaluation.scenario import Scenario
from niochat.cli.evaluation.table import table_of
from niochat.cli.evaluation.tenants import ModelChoice, prepare
from niochat.domain.errors import Invalid

_console = Console(stderr=True)
_COLUMNS = (
    TextColumn("{task.description}"),
    BarColumn(),
    MofNCompleteColumn(),
    TimeElapsedColumn(),
)


def evaluate(
    names: Annotated[
        list[str] | None, typer.Argument(help="Scenarios or kinds; without any: all.")
    ] = None,
    endpoint: Annotated[
        str, typer.Option(help="OpenAI-compatible, with its /v1; without it: the sandbox's model.")
    ] = "",
    model: Annotated[str, typer.Option(help="The model's name at that endpoint.")] = "",
    api_key: Annotated[str, typer.Option(help="env:NAME of the variable with the key.")] = "",
    price_in: Annotated[float, typer.Option(min=0, help="Of a million tokens read.")] = 0.0,
    price_out: Annotated[float, typer.Option(min=0, help="Of a million tokens written.")] = 0.0,
    stream: Annotated[bool, typer.Option(help="Let the model stream its answers.")] = False,
    at_once: Annotated[int, typer.Option(min=1, max=50, help="Conversations at a time.")] = 6,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the results to this file, too.")
    ] = None,
    only_list: Annotated[bool, typer.Option("--list", help="Show the scenarios.")] = False,
) -> None:
    """Talk with the model as customers do, and check what it did. Exit 1 when a check fails."""
    scenarios = chosen(all_scenarios(), names or ())
    if only_list:
        Console().print(_listed(scenarios))
        return
    choice = model_choice(endpoint, model, api_key, (price_in, price_out), stream=stream)
    evaluation = running.run(lambda: _evaluate(scenarios, choice, at_once))
    Console().print(table_of(evaluation))
    if json_file is not None:
        text = json.dumps(evaluation.as_dict(), ensure_ascii=False, indent=2)
        json_file.write_text(text + "\n", "utf-8")
    if evaluation.count(Verdict.FAILED):
        raise typer.Exit(1)


def model_choice(
    endpoint: str, model: str, api_key: str, prices: tuple[float, float], *, stream: bool
) -> ModelChoice:
    """What is evaluated. Raises ``Invalid`` for half of a choice, and for a key in plain sight."""
    if bool(endpoint) != bool(model) or (endpoint and not api_key):
        raise Invalid("--endpoint, --model and --api-key belong together")
    if api_key and not api_key.startswith("env:"):
        raise Invalid("--api-key takes env:NAME: a key on the command line is seen by others")
    return ModelChoice(endpoint, model, api_key, *prices, stream)


async def _evaluate(scenarios: Sequence[Scenario], choice: ModelChoice, at_once: int) -> Evaluation:
    began = time.monotonic()
    sandbox_url = running.sandbox_url()
    fitting = (None, "simulated" if choice.simulated else "real")
    playable = [each for each in scenarios if each.only in fitting]
    async with running.parts() as parts:
        with Progress(*_COLUMNS, console=_console) as bar:
            task = bar.add_task("preparing", total=len(playable))
            places = await prepare(parts, sandbox_url, playable, choice)

            def told(result: Result) -> None:
                bar.update(task, advance=1, description=result.name)

            results = await play_all(parts, sandbox_url, places, playable, at_once, told)
    return Evaluation(
        choice.shown, choice.endpoint, round(time.monotonic() - began, 1),
        _in_order(scenarios, results),
    )  # fmt: skip


def _in_order(scenarios: Sequence[Scenario], results: Sequence[Result]) -> tuple[Result, ...]:
    """With those that were not played for this model."""
    played = {result.name: result for result in results}
    return tuple(
        played.get(each.name) or Result(each.name, each.kind, Verdict.SKIPPED) for each in scenarios
    )


def _listed(scenarios: Sequence[Scenario]) -> Table:
    table = Table("scenario", "kind", "models", "title")
    for each in scenarios:
        table.add_row(each.name, each.kind.value, each.only or "all", each.title)
    return table
