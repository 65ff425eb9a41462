"""``niochat evaluate``: scripted conversations with a model, and what came of them."""

import asyncio
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from niochat.cli import command_context
from niochat_lab.evaluation.definitions.persona_schema import load_all_personas, select_personas
from niochat_lab.evaluation.definitions.scenario_loader import load_all_scenarios, select_scenarios
from niochat_lab.evaluation.definitions.scenario_schema import Scenario
from niochat_lab.evaluation.evaluation_options import (
    PersonaOptions,
    ResponderOptions,
    ResponderType,
    build_evaluated_model,
)
from niochat_lab.evaluation.evaluation_results import (
    EvaluationResult,
    ScenarioResult,
    ScenarioVerdict,
)
from niochat_lab.evaluation.evaluation_table import render_evaluation
from niochat_lab.evaluation.evaluation_tenants import EvaluatedModel, create_scenario_tenants
from niochat_lab.evaluation.in_process.in_process_runner import InProcessRunner
from niochat_lab.evaluation.scenario_runner import run_scenarios
from niochat_lab.evaluation.scenario_session import create_stack_session_factory

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
    model_by: Annotated[
        ResponderType | None,
        typer.Option(help="Who answers as the model, in place of an end point."),
    ] = None,
    hand_dir: Annotated[
        Path | None, typer.Option(help="With --model-by hand: by files here, not the terminal.")
    ] = None,
    record: Annotated[
        Path | None, typer.Option(help="Keep the model's answers in this folder.")
    ] = None,
    replay: Annotated[
        Path | None, typer.Option(help="Play the recordings of this folder, without a model.")
    ] = None,
    personas: Annotated[
        bool, typer.Option("--personas", help="A model plays customers; NAMES are theirs.")
    ] = False,
    customer_by: Annotated[
        ResponderType | None, typer.Option(help="hand: a person plays the customer, and judges.")
    ] = None,
    customer_endpoint: Annotated[str, typer.Option(help="Of the customer's model.")] = "",
    customer_model: Annotated[str, typer.Option(help="Its name there.")] = "",
    customer_api_key: Annotated[str, typer.Option(help="env:NAME of its key.")] = "",
    judge: Annotated[bool, typer.Option(help="The customer's model judges by the rubric.")] = True,
    in_process: Annotated[
        bool, typer.Option(help="Without a running stack; always so with --model-by.")
    ] = False,
    at_once: Annotated[int, typer.Option(min=1, max=50, help="Conversations at a time.")] = 6,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the results to this file, too.")
    ] = None,
    only_list: Annotated[bool, typer.Option("--list", help="Show the scenarios.")] = False,
) -> None:
    """Talk with the model as customers do, and check what it did. Exit 1 when a check fails."""
    cast = select_personas(load_all_personas(), names or ()) if personas else []
    scenarios = (
        [persona.to_scenario() for persona in cast]
        if personas
        else select_scenarios(load_all_scenarios(), names or ())
    )
    if only_list:
        Console().print(_render_scenario_table(scenarios))
        return
    prices = (price_in, price_out)
    by = ResponderOptions(model_by, hand_dir, record, replay, customer_by)
    if by.requires_in_process or in_process or personas:
        evaluated = by.build_runner(endpoint, model, api_key, prices, stream=stream)
        if personas:
            customer = PersonaOptions(
                customer_by, customer_endpoint, customer_model, customer_api_key, judge
            )
            evaluated = customer.with_personas(cast, by, evaluated)
        at_once = 1 if by.is_interactive else at_once
        try:
            evaluation = command_context.run_async(
                lambda: _evaluate_in_process(scenarios, evaluated, at_once)
            )
        except asyncio.CancelledError:  # it was told to end, and has put everything away
            raise typer.Exit(1) from None
    else:
        choice = build_evaluated_model(endpoint, model, api_key, prices, stream=stream)
        evaluation = command_context.run_async(
            lambda: _evaluate_on_stack(scenarios, choice, at_once)
        )
    Console().print(render_evaluation(evaluation))
    if json_file is not None:
        text = json.dumps(evaluation.as_dict(), ensure_ascii=False, indent=2)
        json_file.write_text(text + "\n", "utf-8")
    if evaluation.count(ScenarioVerdict.FAILED):
        raise typer.Exit(1)


async def _evaluate_on_stack(
    scenarios: Sequence[Scenario], choice: EvaluatedModel, at_once: int
) -> EvaluationResult:
    began = time.monotonic()
    sandbox_url = command_context.sandbox_url()
    playable = [each for each in scenarios if each.for_model(simulated=choice.is_simulated)]
    async with command_context.connect_components() as parts:
        with Progress(*_COLUMNS, console=_console) as bar:
            task = bar.add_task("preparing", total=len(playable))
            places = await create_scenario_tenants(parts, sandbox_url, playable, choice)

            def told(result: ScenarioResult) -> None:
                bar.update(task, advance=1, description=result.name)

            stage_of = create_stack_session_factory(parts, sandbox_url, places)
            results = await run_scenarios(stage_of, sandbox_url, playable, at_once, told)
    return EvaluationResult(
        choice.display_name,
        choice.endpoint,
        round(time.monotonic() - began, 1),
        _order_results(scenarios, results),
    )


async def _evaluate_in_process(
    scenarios: Sequence[Scenario], evaluated: InProcessRunner, at_once: int
) -> EvaluationResult:
    began, choice = time.monotonic(), evaluated.evaluated_model
    playable = [each for each in scenarios if evaluated.accepts(each)]
    with Progress(*_COLUMNS, console=_console) as bar:
        task = bar.add_task("preparing", total=len(playable))

        def told(result: ScenarioResult) -> None:
            bar.update(task, advance=1, description=result.name)

        results = await evaluated.run(playable, at_once, told)
    return EvaluationResult(
        choice.display_name,
        choice.endpoint,
        round(time.monotonic() - began, 1),
        _order_results(scenarios, results),
    )


def _order_results(
    scenarios: Sequence[Scenario], results: Sequence[ScenarioResult]
) -> tuple[ScenarioResult, ...]:
    """With those that were not played for this model."""
    played = {result.name: result for result in results}
    return tuple(
        played.get(each.name) or ScenarioResult(each.name, each.kind, ScenarioVerdict.SKIPPED)
        for each in scenarios
    )


def _render_scenario_table(scenarios: Sequence[Scenario]) -> Table:
    table = Table("scenario", "kind", "models", "title")
    for each in scenarios:
        table.add_row(each.name, each.kind.value, each.only or "all", each.title)
    return table
