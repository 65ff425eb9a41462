"""The table of an evaluation, followed by its problems."""

from collections.abc import Iterator

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table

from niochat_lab.evaluation.evaluation_results import (
    EvaluationResult,
    ScenarioResult,
    ScenarioVerdict,
)

_MARKS = {
    ScenarioVerdict.PASSED: "[green]passed[/green]",
    ScenarioVerdict.FAILED: "[red]failed[/red]",
    ScenarioVerdict.SKIPPED: "[dim]skipped[/dim]",
}


def render_evaluation(evaluation: EvaluationResult) -> RenderableType:
    """One row per scenario and a row of totals, then the problems of failed scenarios."""
    return Group(
        _render_table(evaluation), *_render_problems(evaluation), _format_summary(evaluation)
    )


def _render_table(evaluation: EvaluationResult) -> Table:
    title = f"Evaluation of {escape(evaluation.model)}"
    table = Table(title=title, show_footer=True, box=SIMPLE_HEAD, pad_edge=False)
    priced = bool(evaluation.cost)
    turns = sum(result.turns for result in evaluation.results)
    table.add_column("scenario", f"{len(evaluation.results)}", overflow="fold", min_width=16)
    table.add_column("result")
    table.add_column("turns", str(turns), justify="right")
    table.add_column("calls", _format_count(evaluation.calls), justify="right")
    table.add_column("refused", _format_count(evaluation.refused), justify="right")
    read = f"{evaluation.tokens_in}+{evaluation.tokens_out}"
    table.add_column("tokens", read, justify="right")
    cached = _format_share(evaluation.tokens_cached, evaluation.tokens_in)
    table.add_column("cached", cached, justify="right")
    if priced:
        table.add_column("cost", _format_money(float(evaluation.cost)), justify="right")
    table.add_column("s", f"{evaluation.seconds:.1f}", justify="right")
    for result in evaluation.results:
        if result.verdict is ScenarioVerdict.SKIPPED:
            continue  # counted in the summary: of many scenarios few may apply to this model
        table.add_row(*_format_cells(result, priced=priced))
    return table


def _format_cells(result: ScenarioResult, *, priced: bool) -> Iterator[str]:
    yield result.name
    yield _MARKS[result.verdict]
    yield _format_count(result.turns)
    yield _format_count(result.calls)
    yield _format_count(result.refused)
    yield f"{result.tokens_in}+{result.tokens_out}" if result.tokens_in else "-"
    yield _format_share(result.tokens_cached, result.tokens_in)
    if priced:
        yield _format_money(float(result.cost))
    yield f"{result.seconds:.1f}"


def _render_problems(evaluation: EvaluationResult) -> Iterator[str]:
    for result in evaluation.results:
        for problem in result.problems:
            yield f"[red]{result.name}[/red]: {escape(problem)}"


def _format_summary(evaluation: EvaluationResult) -> str:
    counted = (f"{evaluation.count(verdict)} {verdict.value}" for verdict in ScenarioVerdict)
    return ", ".join(counted)


def _format_count(number: int) -> str:
    return str(number) if number else "-"


def _format_share(part: int, whole: int) -> str:
    return f"{100 * part // whole} %" if part and whole else "-"


def _format_money(cost: float) -> str:
    return f"{cost:.4f}" if cost else "-"
