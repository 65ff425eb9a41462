"""Finds and ends every process of a stack, including those that were re-parented.

Each child is started with the variable `NIOCHAT_STACK=<home>`, which its own children inherit. So
HAProxy is found, too: it outlives the Ray worker that started it and keeps its ports open.
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

ProcessKind = Literal["postgres", "redis", "haproxy", "sandbox", "desk", "ray"]

_POLL_S = 0.05
_KILL_WAIT_S = 10.0


def find_stack_processes(home: Path) -> list[psutil.Process]:
    """The live processes of the stack at `home`, without the caller and its ancestors.

    Processes of other users are included only if the caller is root.
    """
    members: dict[int, psutil.Process] = {}
    own = _own_ancestry()
    for process in psutil.process_iter():
        if process.pid in own or not _belongs_to_stack(process, home):
            continue
        # PostgreSQL's backends overwrite their environment with their title, so children of a
        # matching process count as well.
        for member in (process, *_descendants(process)):
            if member.pid not in own and is_alive(member):
                members[member.pid] = member
    return list(members.values())


def end_processes(
    processes: Iterable[psutil.Process],
    grace_s: float,
    first: signal.Signals = signal.SIGTERM,
) -> list[psutil.Process]:
    """Send `first`, and SIGKILL after `grace_s` seconds; returns the processes that were killed.

    A reused process id is never signalled: psutil compares the creation time.
    """
    running = [process for process in processes if is_alive(process)]
    for process in running:
        _signal(process, first)
        # A stopped process handles the signal only after it is continued.
        _signal(process, signal.SIGCONT)
    survivors = _wait(running, grace_s)
    for process in survivors:
        _signal(process, signal.SIGKILL)
    _wait(survivors, _KILL_WAIT_S)
    return survivors


def is_alive(process: psutil.Process) -> bool:
    """Whether the process exists and is no zombie: a zombie holds no port and no file."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def classify_process(process: psutil.Process) -> ProcessKind:
    """Kind of a process of the stack; `ray` if nothing else matches."""
    try:
        name, command = process.name(), " ".join(process.cmdline())
    except psutil.Error:
        return "ray"
    if name == "postgrest":  # a child of the Supabase sandbox
        return "sandbox"
    if name.startswith("postgres") or "/pginstall/bin/" in command:
        return "postgres"
    if name.startswith("valkey-server"):
        return "redis"
    if name.startswith("haproxy"):
        return "haproxy"
    if name.startswith(("node", "npm", "esbuild")) or "/node_modules/" in command:
        return "desk"  # the development server
    return "sandbox" if "niochat_sandbox" in command else "ray"


def filter_by_kind(
    processes: Iterable[psutil.Process], *kinds: ProcessKind
) -> list[psutil.Process]:
    """The processes of these kinds."""
    return [process for process in processes if classify_process(process) in kinds]


def pss_mb_by_kind(processes: Iterable[psutil.Process]) -> dict[ProcessKind, float]:
    """Proportional set size (PSS) by kind, in MB: a shared page is divided among its sharers."""
    totals: dict[ProcessKind, float] = {}
    for process in processes:
        kind = classify_process(process)
        totals[kind] = totals.get(kind, 0.0) + read_pss_kb(process.pid) / 1024
    return {kind: round(total, 1) for kind, total in sorted(totals.items())}


def _belongs_to_stack(process: psutil.Process, home: Path) -> bool:
    try:
        if os.getuid() not in (0, process.uids().real):
            return False
        if _has_stack_variable(process.pid, home):
            return True
        # An orphaned PostgreSQL backend has neither the variable nor its parent, but its working
        # directory is still the data folder.
        return process.name().startswith("postgres") and _runs_inside(process, home / "postgres")
    except (psutil.Error, OSError):
        return False


def _has_stack_variable(pid: int, home: Path) -> bool:
    # Read raw: a process that writes a title over its arguments corrupts the first variable,
    # and a parser may then lose the others.
    environment = Path(f"/proc/{pid}/environ").read_bytes()
    return f"{STACK_VARIABLE}={home}".encode() in environment.split(b"\0")


def _runs_inside(process: psutil.Process, folder: Path) -> bool:
    return Path(process.cwd()).is_relative_to(folder)


def _own_ancestry() -> set[int]:
    current = psutil.Process()
    return {current.pid, *(parent.pid for parent in current.parents())}


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
    """Wait until the processes end; returns those alive after `timeout_s`. Reaps our children."""
    deadline = time.monotonic() + timeout_s
    survivors = [process for process in processes if not _has_ended(process)]
    while survivors and time.monotonic() < deadline:
        time.sleep(_POLL_S)
        survivors = [process for process in survivors if not _has_ended(process)]
    return survivors


def _has_ended(process: psutil.Process) -> bool:
    if is_alive(process):
        return False
    try:
        process.wait(timeout=0)
    except psutil.TimeoutExpired:
        # A zombie of another parent, which only that parent can reap.
        return True
    return True


def read_pss_kb(pid: int) -> int:
    """Proportional set size (PSS) of one process in kB; 0 when it has ended."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    lines = (line.split() for line in rollup.splitlines())
    return next((int(words[1]) for words in lines if words[0] == "Pss:"), 0)
