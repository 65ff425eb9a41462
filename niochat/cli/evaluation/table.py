"""The table of an evaluation."""

from rich.markup import escape
from rich.table import Table

from niochat.cli.evaluation.results import Evaluation, Result, Verdict

_MARKS = {
    Verdict.PASSED: "[green]passed[/green]",
    Verdict.FAILED: "[red]failed[/red]",
    Verdict.SKIPPED: "[dim]skipped[/dim]",
}


def table_of(evaluation: Evaluation) -> Table:
    """One line for each scenario, and one of totals."""
    table = Table(title=f"Evaluation of {escape(evaluation.model)}", show_footer=True)
    passed, failed = evaluation.count(Verdict.PASSED), evaluation.count(Verdict.FAILED)
    skipped = evaluation.count(Verdict.SKIPPED)
    turns = sum(result.turns for result in evaluation.results)
    table.add_column("scenario", f"{len(evaluation.results)} scenarios")
    table.add_column("kind")
    table.add_column("result", f"{passed} passed, {failed} failed, {skipped} skipped")
    table.add_column("turns", str(turns), justify="right")
    table.add_column("calls", _count(evaluation.calls), justify="right")
    table.add_column("refused", _count(evaluation.refused), justify="right")
    table.add_column(
        "tokens in+out", f"{evaluation.tokens_in}+{evaluation.tokens_out}", justify="right"
    )
    cached = _share(evaluation.tokens_cached, evaluation.tokens_in)
    table.add_column("cached", cached, justify="right")
    table.add_column("cost", _money(float(evaluation.cost)), justify="right")
    table.add_column("s", f"{evaluation.seconds:.1f}", justify="right")
    for result in evaluation.results:
        table.add_row(*_cells(result))
    return table


def _cells(result: Result) -> tuple[str, ...]:
    why = "\n".join(escape(problem) for problem in result.problems)
    return (
        result.name,
        result.kind.value,
        f"{_MARKS[result.verdict]}\n{why}" if why else _MARKS[result.verdict],
        str(result.turns),
        _count(result.calls),
        _count(result.refused),
        f"{result.tokens_in}+{result.tokens_out}",
        _share(result.tokens_cached, result.tokens_in),
        _money(float(result.cost)),
        f"{result.seconds:.1f}",
    )


def _count(number: int) -> str:
    return str(number) if number else "-"


def _share(part: int, whole: int) -> str:
    return f"{100 * part // whole} %" if part and whole else "-"


def _money(cost: float) -> str:
    return f"{cost:.4f}" if cost else "-"
