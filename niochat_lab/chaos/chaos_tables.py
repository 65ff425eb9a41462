"""The tables of a run's result and of the available faults."""

from rich.markup import escape
from rich.table import Table

from niochat_lab.chaos.chaos_results import ChaosResult, FaultResult
from niochat_lab.chaos.faults.fault_catalogue import FAULTS


def render_result_table(run: ChaosResult) -> Table:
    """One row per fault; the audit is in the title, the caption and the last rows."""
    audit = run.audit
    verdict = "[green]clean[/green]" if run.clean else "[red]not clean[/red]"
    table = Table(title=f"Chaos, seed {run.seed}: {verdict}", caption=_format_caption(run))
    for name in ("fault", "target", "at s", "lasted s", "recovery s", "seen"):
        table.add_column(name, justify="right" if name.endswith(" s") else "left")
    for fault in run.faults:
        table.add_row(*_format_cells(fault))
    for finding in audit.findings:
        table.add_row("", "", "", "", "", f"[red]{escape(finding)}[/red]")
    return table


def render_fault_table() -> Table:
    """The faults that ``--faults`` accepts, and the invariant of each."""
    table = Table("fault", "seconds", "what must hold")
    for fault in FAULTS.values():
        table.add_row(
            fault.name, f"{fault.duration_s:g}" if fault.duration_s else "", fault.invariant
        )
    return table


def _format_cells(fault: FaultResult) -> tuple[str, ...]:
    recovery = "[red]never[/red]" if fault.recovery_s is None else f"{fault.recovery_s:.1f}"
    return (
        fault.name,
        escape(fault.target),
        f"{fault.at:.0f}",
        f"{fault.lasted_s:.1f}",
        recovery,
        escape(fault.seen),
    )


def _format_caption(run: ChaosResult) -> str:
    audit = run.audit
    return (
        f"{audit.sent} sent, {audit.answered} answered, {audit.handed_off} with people; "
        f"{audit.lost} lost, {audit.twice} twice, {audit.out_of_order} out of order, "
        f"{audit.uncertain} uncertain, {audit.wrong} wrong logs; "
        f"started in {run.start_s:.0f} s, {run.total_s:.0f} s in all"
    )
