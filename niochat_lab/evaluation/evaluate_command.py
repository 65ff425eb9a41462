"""The command ``niochat evaluate``."""

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
        list[str] | None, typer.Argument(help="Scenarios or kinds; default: all.")
    ] = None,
    endpoint: Annotated[
        str, typer.Option(help="URL with /v1, OpenAI-compatible; default: the sandbox's model.")
    ] = "",
    model: Annotated[str, typer.Option(help="The model's name at that endpoint.")] = "",
    api_key: Annotated[str, typer.Option(help="env:NAME of the variable with the key.")] = "",
    price_in: Annotated[float, typer.Option(min=0, help="Price of a million input tokens.")] = 0.0,
    price_out: Annotated[
        float, typer.Option(min=0, help="Price of a million output tokens.")
    ] = 0.0,
    stream: Annotated[bool, typer.Option(help="Stream the model's answers.")] = False,
    model_by: Annotated[
        ResponderType | None,
        typer.Option(help="Responder in place of an endpoint."),
    ] = None,
    hand_dir: Annotated[
        Path | None,
        typer.Option(help="With --model-by hand: answer by files here, not in the terminal."),
    ] = None,
    record: Annotated[
        Path | None, typer.Option(help="Record the model's answers in this folder.")
    ] = None,
    replay: Annotated[
        Path | None, typer.Option(help="Replay the recordings of this folder, without a model.")
    ] = None,
    personas: Annotated[
        bool, typer.Option("--personas", help="A model plays customers; NAMES select personas.")
    ] = False,
    customer_by: Annotated[
        ResponderType | None, typer.Option(help="hand: a person plays the customer and judges.")
    ] = None,
    customer_endpoint: Annotated[str, typer.Option(help="URL of the customer's model.")] = "",
    customer_model: Annotated[str, typer.Option(help="Name of the customer's model.")] = "",
    customer_api_key: Annotated[
        str, typer.Option(help="env:NAME of the variable with its key.")
    ] = "",
    judge: Annotated[
        bool, typer.Option(help="Let the customer's model judge by the rubric.")
    ] = True,
    in_process: Annotated[
        bool, typer.Option(help="Run without a stack; implied by --model-by.")
    ] = False,
    at_once: Annotated[int, typer.Option(min=1, max=50, help="Conversations at a time.")] = 6,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Also write the results to this file.")
    ] = None,
    only_list: Annotated[bool, typer.Option("--list", help="List the scenarios.")] = False,
) -> None:
    """Talk with the model as customers do, and check what it did. Exit 1 if a check fails."""
    selected_personas = select_personas(load_all_personas(), names or ()) if personas else []
    scenarios = (
        [persona.to_scenario() for persona in selected_personas]
        if personas
        else select_scenarios(load_all_scenarios(), names or ())
    )
    if only_list:
        Console().print(_render_scenario_table(scenarios))
        return
    prices = (price_in, price_out)
    responders = ResponderOptions(model_by, hand_dir, record, replay, customer_by)
    if responders.requires_in_process or in_process or personas:
        runner = responders.build_runner(endpoint, model, api_key, prices, stream=stream)
        if personas:
            customer = PersonaOptions(
                customer_by, customer_endpoint, customer_model, customer_api_key, judge
            )
            runner = customer.with_personas(selected_personas, responders, runner)
        at_once = 1 if responders.is_interactive else at_once
        try:
            evaluation = command_context.run_async(
                lambda: _evaluate_in_process(scenarios, runner, at_once)
            )
        except asyncio.CancelledError:  # the command was cancelled and has cleaned up
            raise typer.Exit(1) from None
    else:
        evaluated_model = build_evaluated_model(endpoint, model, api_key, prices, stream=stream)
        evaluation = command_context.run_async(
            lambda: _evaluate_on_stack(scenarios, evaluated_model, at_once)
        )
    Console().print(render_evaluation(evaluation))
    if json_file is not None:
        text = json.dumps(evaluation.as_dict(), ensure_ascii=False, indent=2)
        json_file.write_text(text + "\n", "utf-8")
    if evaluation.count(ScenarioVerdict.FAILED):
        raise typer.Exit(1)


async def _evaluate_on_stack(
    scenarios: Sequence[Scenario], evaluated_model: EvaluatedModel, at_once: int
) -> EvaluationResult:
    began = time.monotonic()
    sandbox_url = command_context.sandbox_url()
    applicable = [
        each for each in scenarios if each.for_model(simulated=evaluated_model.is_simulated)
    ]
    async with command_context.connect_components() as components:
        with Progress(*_COLUMNS, console=_console) as bar:
            task = bar.add_task("preparing", total=len(applicable))
            scenario_tenants = await create_scenario_tenants(
                components, sandbox_url, applicable, evaluated_model
            )

            def on_result(result: ScenarioResult) -> None:
                bar.update(task, advance=1, description=result.name)

            session_factory = create_stack_session_factory(
                components, sandbox_url, scenario_tenants
            )
            results = await run_scenarios(
                session_factory, sandbox_url, applicable, at_once, on_result
            )
    return EvaluationResult(
        evaluated_model.display_name,
        evaluated_model.endpoint,
        round(time.monotonic() - began, 1),
        _order_results(scenarios, results),
    )


async def _evaluate_in_process(
    scenarios: Sequence[Scenario], runner: InProcessRunner, at_once: int
) -> EvaluationResult:
    began, evaluated_model = time.monotonic(), runner.evaluated_model
    applicable = [each for each in scenarios if runner.accepts(each)]
    with Progress(*_COLUMNS, console=_console) as bar:
        task = bar.add_task("preparing", total=len(applicable))

        def on_result(result: ScenarioResult) -> None:
            bar.update(task, advance=1, description=result.name)

        results = await runner.run(applicable, at_once, on_result)
    return EvaluationResult(
        evaluated_model.display_name,
        evaluated_model.endpoint,
        round(time.monotonic() - began, 1),
        _order_results(scenarios, results),
    )


def _order_results(
    scenarios: Sequence[Scenario], results: Sequence[ScenarioResult]
) -> tuple[ScenarioResult, ...]:
    """Add the scenarios that were not run for this model as skipped."""
    by_name = {result.name: result for result in results}
    return tuple(
        by_name.get(each.name) or ScenarioResult(each.name, each.kind, ScenarioVerdict.SKIPPED)
        for each in scenarios
    )


def _render_scenario_table(scenarios: Sequence[Scenario]) -> Table:
    table = Table("scenario", "kind", "models", "title")
    for each in scenarios:
        table.add_row(each.name, each.kind.value, each.only or "all", each.title)
    return table
