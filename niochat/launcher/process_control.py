"""Finding and ending every process of a stack, whoever its parent is by now.

Each child is started with the variable `NIOCHAT_STACK=<home>` and its own children inherit it.
That reaches HAProxy too, which outlives the Ray worker that started it and keeps its ports.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

import psutil

STACK_VARIABLE = "NIOCHAT_STACK"

ProcessKind = Literal["postgres", "redis", "haproxy", "sandbox", "ray"]

_POLL_S = 0.05
_KILL_WAIT_S = 10.0


def find_stack_processes(home: Path) -> list[psutil.Process]:
    """The living processes of the stack at `home`, without the caller and its ancestors.

    Only processes of the calling user are looked at, unless the caller is root.
    """
    found: dict[int, psutil.Process] = {}
    own = _own_ancestry()
    for process in psutil.process_iter():
        if process.pid in own or not _belongs_to_stack(process, home):
            continue
        # PostgreSQL's backends write their title over the environment they inherited, so a
        # child counts by its parent.
        for member in (process, *_descendants(process)):
            if member.pid not in own and is_alive(member):
                found[member.pid] = member
    return list(found.values())


def end_processes(
    processes: Iterable[psutil.Process],
    grace_s: float,
    first: signal.Signals = signal.SIGTERM,
) -> list[psutil.Process]:
    """Ask with `first`, then kill after `grace_s` seconds; returns those that had to be killed.

    A process id that was given to another program meanwhile is never signalled: psutil compares
    the time of creation.
    """
    running = [process for process in processes if is_alive(process)]
    for process in running:
        _signal(process, first)
        # A stopped process would take the first signal only when somebody continues it.
        _signal(process, signal.SIGCONT)
    stubborn = _wait(running, grace_s)
    for process in stubborn:
        _signal(process, signal.SIGKILL)
    _wait(stubborn, _KILL_WAIT_S)
    return stubborn


def is_alive(process: psutil.Process) -> bool:
    """Whether the process still does anything: a zombie holds no port and no file."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def classify_process(process: psutil.Process) -> ProcessKind:
    """Which part of the stack a marked process is."""
    try:
        name, command = process.name(), " ".join(process.cmdline())
    except psutil.Error:
        return "ray"
    if name.startswith("postgres") or "/pginstall/bin/" in command:
        return "postgres"
    if name.startswith("valkey-server"):
        return "redis"
    if name.startswith("haproxy"):
        return "haproxy"
    return "sandbox" if "niochat_sandbox" in command else "ray"


def filter_by_kind(
    processes: Iterable[psutil.Process], *kinds: ProcessKind
) -> list[psutil.Process]:
    """Those of `processes` that are one of `kinds`."""
    return [process for process in processes if classify_process(process) in kinds]


def pss_mb_by_kind(processes: Iterable[psutil.Process]) -> dict[ProcessKind, float]:
    """Proportional memory by kind, in MB: shared pages are counted once over their sharers."""
    totals: dict[ProcessKind, float] = {}
    for process in processes:
        part = classify_process(process)
        totals[part] = totals.get(part, 0.0) + read_pss_kb(process.pid) / 1024
    return {part: round(total, 1) for part, total in sorted(totals.items())}


def _belongs_to_stack(process: psutil.Process, home: Path) -> bool:
    try:
        if os.getuid() not in (0, process.uids().real):
            return False
        if _has_stack_variable(process.pid, home):
            return True
        # An orphan of PostgreSQL has neither the variable nor its parent any more; but it
        # never leaves its data folder.
        return process.name().startswith("postgres") and _runs_inside(process, home / "postgres")
    except (psutil.Error, OSError):
        return False


def _has_stack_variable(pid: int, home: Path) -> bool:
    # Read raw: a process that writes a title over its arguments spoils the first variable,
    # and a parser may then lose the rest.
    environment = Path(f"/proc/{pid}/environ").read_bytes()
    return f"{STACK_VARIABLE}={home}".encode() in environment.split(b"\0")


def _runs_inside(process: psutil.Process, folder: Path) -> bool:
    return Path(process.cwd()).is_relative_to(folder)


def _own_ancestry() -> set[int]:
    this = psutil.Process()
    return {this.pid, *(parent.pid for parent in this.parents())}


def _descendants(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.Error:
        return []


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return


def _wait(processes: Sequence[psutil.Process], timeout_s: float) -> list[psutil.Process]:
    """Those still alive at the end of the time. Our own children are reaped on the way."""
    deadline = time.monotonic() + timeout_s
    left = [process for process in processes if not _has_ended(process)]
    while left and time.monotonic() < deadline:
        time.sleep(_POLL_S)
        left = [process for process in left if not _has_ended(process)]
    return left


def _has_ended(process: psutil.Process) -> bool:
    if is_alive(process):
        return False
    try:
        process.wait(timeout=0)
    except psutil.TimeoutExpired:
        # A zombie of another parent: nothing we could reap.
        return True
    return True


def read_pss_kb(pid: int) -> int:
    """Proportional memory of one process; 0 when it is gone."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    lines = (line.split() for line in rollup.splitlines())
    return next((int(words[1]) for words in lines if words[0] == "Pss:"), 0)
