"""The table of an evaluation, and below it what was wrong."""

from collections.abc import Iterator

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table

from niochat.cli.evaluation.results import Evaluation, Result, Verdict

_MARKS = {
    Verdict.PASSED: "[green]passed[/green]",
    Verdict.FAILED: "[red]failed[/red]",
    Verdict.SKIPPED: "[dim]skipped[/dim]",
}


def table_of(evaluation: Evaluation) -> RenderableType:
    """One line for each scenario and one of totals, then the problems of those that failed."""
    return Group(_table(evaluation), *_problems(evaluation), _summary(evaluation))


def _table(evaluation: Evaluation) -> Table:
    title = f"Evaluation of {escape(evaluation.model)}"
    table = Table(title=title, show_footer=True, box=SIMPLE_HEAD, pad_edge=False)
    priced = bool(evaluation.cost)
    turns = sum(result.turns for result in evaluation.results)
    table.add_column("scenario", f"{len(evaluation.results)}", overflow="fold", min_width=16)
    table.add_column("result")
    table.add_column("turns", str(turns), justify="right")
    table.add_column("calls", _count(evaluation.calls), justify="right")
    table.add_column("refused", _count(evaluation.refused), justify="right")
    read = f"{evaluation.tokens_in}+{evaluation.tokens_out}"
    table.add_column("tokens", read, justify="right")
    cached = _share(evaluation.tokens_cached, evaluation.tokens_in)
    table.add_column("cached", cached, justify="right")
    if priced:
        table.add_column("cost", _money(float(evaluation.cost)), justify="right")
    table.add_column("s", f"{evaluation.seconds:.1f}", justify="right")
    for result in evaluation.results:
        if result.verdict is Verdict.SKIPPED:
            continue  # counted below: of many scenarios few may be for this model
        table.add_row(*_cells(result, priced=priced))
    return table


def _cells(result: Result, *, priced: bool) -> Iterator[str]:
    yield result.name
    yield _MARKS[result.verdict]
    yield _count(result.turns)
    yield _count(result.calls)
    yield _count(result.refused)
    yield f"{result.tokens_in}+{result.tokens_out}" if result.tokens_in else "-"
    yield _share(result.tokens_cached, result.tokens_in)
    if priced:
        yield _money(float(result.cost))
    yield f"{result.seconds:.1f}"


def _problems(evaluation: Evaluation) -> Iterator[str]:
    for result in evaluation.results:
        for problem in result.problems:
            yield f"[red]{result.name}[/red]: {escape(problem)}"


def _summary(evaluation: Evaluation) -> str:
    counted = (f"{evaluation.count(verdict)} {verdict.value}" for verdict in Verdict)
    return ", ".join(counted)


def _count(number: int) -> str:
    return str(number) if number else "-"


def _share(part: int, whole: int) -> str:
    return f"{100 * part // whole} %" if part and whole else "-"


def _money(cost: float) -> str:
    return f"{cost:.4f}" if cost else "-"
