"""The command ``niochat chaos``."""

import asyncio
import random
import signal
import time
from collections.abc import Sequence
from types import FrameType
from typing import Annotated

import typer
from rich.console import Console

from niochat.cli.json_output import print_json
from niochat_lab.chaos.audits.message_audit import MessageAudit
from niochat_lab.chaos.chaos_results import ChaosResult, FaultResult
from niochat_lab.chaos.chaos_run import open_chaos_run
from niochat_lab.chaos.chaos_tables import render_fault_table, render_result_table
from niochat_lab.chaos.ephemeral_stack import (
    EphemeralStack,
    can_mount,
    remove_folders,
    start_ephemeral_stack,
)
from niochat_lab.chaos.fault_schedule import ScheduledFault, schedule_faults
from niochat_lab.chaos.faults.fault_catalogue import parse_faults

_console = Console(stderr=True)


def chaos(
    seed: Annotated[int | None, typer.Option(help="The same seed draws the same faults.")] = None,
    short: Annotated[bool, typer.Option(help="Shorter faults: 3 minutes in all.")] = False,
    faults: Annotated[
        str, typer.Option(help="Faults to inject in this order, instead of three drawn ones.")
    ] = "",
    seconds: Annotated[
        float, typer.Option(min=0, max=3600, help="Minimum duration of the traffic.")
    ] = 0.0,
    mirror: Annotated[
        bool,
        typer.Option(help="Mirror to a simulated Supabase project, and compare it at the end."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    only_list: Annotated[bool, typer.Option("--list", help="List the faults.")] = False,
) -> None:
    """Inject faults while customers write, then audit all messages. Exit 1 if not clean."""
    if only_list:
        Console().print(render_fault_table())
        return
    actual_seed = seed if seed is not None else random.SystemRandom().randrange(1_000_000)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    has_root = can_mount()
    scheduled = schedule_faults(
        actual_seed, parse_faults(faults), short=short, rootless=not has_root
    )
    run = _run(
        actual_seed, scheduled, short=short, has_root=has_root, at_least_s=seconds, mirror=mirror
    )
    if as_json:
        print_json(run.as_dict())
    else:
        Console().print(render_result_table(run))
    if not run.clean:
        _print_progress(f"The logs are kept in {run.home}")
        raise typer.Exit(1)


def _run(
    seed: int,
    scheduled: Sequence[ScheduledFault],
    *,
    short: bool,
    has_root: bool,
    at_least_s: float,
    mirror: bool,
) -> ChaosResult:
    started_at = time.monotonic()
    possible = [each for each in scheduled if has_root or not each.fault.needs_small_disk]
    skipped = [each.fault.name for each in scheduled if each not in possible]
    for name in skipped:
        _print_progress(f"Skipping {name}: only root can mount a small disk.")
    _print_progress(
        f"Seed {seed}: {', '.join(each.fault.name for each in possible)}. Starting a stack."
    )
    with start_ephemeral_stack(
        small_disk=any(each.fault.needs_small_disk for each in possible), mirror=mirror
    ) as stack:
        start_s = round(time.monotonic() - started_at, 1)
        _print_progress(f"The stack is ready after {start_s:g} s.")
        results, audit = asyncio.run(_run_faults(stack, seed, possible, short, at_least_s))
        _print_progress("Stopping.")
    run = ChaosResult(
        seed,
        start_s,
        round(time.monotonic() - started_at, 1),
        results,
        skipped,
        audit,
        str(stack.home.folder),
    )
    if run.clean:
        remove_folders(stack.home)
    return run


async def _run_faults(
    stack: EphemeralStack,
    seed: int,
    scheduled: Sequence[ScheduledFault],
    short: bool,
    at_least_s: float,
) -> tuple[list[FaultResult], MessageAudit]:
    async with open_chaos_run(stack, seed, short=short, progress=_print_progress) as chaos_run:
        results = await chaos_run.run(scheduled, at_least_s)
        return results, await chaos_run.audit()


def _print_progress(step: str) -> None:
    _console.print(f"[dim]·[/dim] {step}", highlight=False)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
