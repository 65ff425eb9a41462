"""``niochat chaos``: break a throw-away stack under load, and account for every message."""

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
from niochat_lab.chaos.message_audit import MessageAudit

_console = Console(stderr=True)


def chaos(
    seed: Annotated[int | None, typer.Option(help="The same seed breaks the same.")] = None,
    short: Annotated[bool, typer.Option(help="Shorter faults: 3 minutes in all.")] = False,
    faults: Annotated[str, typer.Option(help="These, in this order, instead of three.")] = "",
    seconds: Annotated[float, typer.Option(min=0, max=3600, help="Traffic at least.")] = 0.0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    only_list: Annotated[bool, typer.Option("--list", help="Show the faults.")] = False,
) -> None:
    """Customers write while parts die, pause and vanish; then an audit. Exit 1 if not clean."""
    if only_list:
        Console().print(render_fault_table())
        return
    chosen = seed if seed is not None else random.SystemRandom().randrange(1_000_000)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    rooted = can_mount()
    strikes = schedule_faults(chosen, parse_faults(faults), short=short, rootless=not rooted)
    run = _run(chosen, strikes, short=short, rooted=rooted, at_least_s=seconds)
    if as_json:
        print_json(run.as_dict())
    else:
        Console().print(render_result_table(run))
    if not run.clean:
        _print_progress(f"The logs are kept in {run.home}")
        raise typer.Exit(1)


def _run(
    seed: int, strikes: Sequence[ScheduledFault], *, short: bool, rooted: bool, at_least_s: float
) -> ChaosResult:
    began = time.monotonic()
    able = [strike for strike in strikes if rooted or not strike.fault.needs_small_disk]
    skipped = [strike.fault.name for strike in strikes if strike not in able]
    for name in skipped:
        _print_progress(f"{name} is skipped: only root can make a small disk.")
    _print_progress(
        f"Seed {seed}: {', '.join(strike.fault.name for strike in able)}. Starting a stack."
    )
    with start_ephemeral_stack(
        small_disk=any(strike.fault.needs_small_disk for strike in able)
    ) as stack:
        start_s = round(time.monotonic() - began, 1)
        _print_progress(f"It runs after {start_s:g} s.")
        struck, audit = asyncio.run(_run_faults(stack, seed, able, short, at_least_s))
        _print_progress("Stopping.")
    run = ChaosResult(
        seed,
        start_s,
        round(time.monotonic() - began, 1),
        struck,
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
    strikes: Sequence[ScheduledFault],
    short: bool,
    at_least_s: float,
) -> tuple[list[FaultResult], MessageAudit]:
    async with open_chaos_run(stack, seed, short=short, progress=_print_progress) as under_way:
        struck = await under_way.run(strikes, at_least_s)
        return struck, await under_way.audit()


def _print_progress(step: str) -> None:
    _console.print(f"[dim]·[/dim] {step}", highlight=False)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
