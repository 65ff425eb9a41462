"""The running stack as faults and audit access it: processes, database, sandbox and logs."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from niochat.adapters.postgres.database import Database
from niochat.cli.sandbox_client import SandboxClient
from niochat.domain.errors import NiochatError, NotFoundError
from niochat.launcher import process_control
from niochat.launcher.home_folder import HomeFolder

HOST_PROCESS_TITLE = "ray::HostActor"
REPLACEMENT_TIMEOUT_S = 120.0
"""Seconds until a replacement for a process must be there."""
POLL_S = 0.25


@dataclass(frozen=True, slots=True)
class RunningStack:
    """A temporary stack. ``launcher_pid``: the process that supervises it. ``rng``: seeded.
    ``is_short``: faults last shorter.
    """

    home: HomeFolder
    environment: dict[str, str]
    client: SandboxClient
    database: Database
    rng: random.Random
    clock_file: Path
    launcher_pid: int
    is_short: bool

    def processes_titled(self, title: str) -> list[psutil.Process]:
        """Processes of this stack whose command line contains ``title``, oldest first."""
        found = [
            p
            for p in process_control.find_stack_processes(self.home.folder)
            if title in command_line(p)
        ]
        return sorted(found, key=lambda process: process.pid)

    async def wait_for_process(self, title: str) -> psutil.Process:
        """A process with this title, selected by ``rng``; wait if an earlier fault removed all.

        Raises ``NotFoundError`` if none appears in time.
        """

        async def is_running() -> bool:
            return bool(self.processes_titled(title))

        if await measure_wait_s(is_running, REPLACEMENT_TIMEOUT_S) is None:
            raise NotFoundError(f"this stack has no process with the title {title}")
        return self.rng.choice(self.processes_titled(title))

    def count_log_events(self, process: psutil.Process, event: str) -> int:
        """Count how often a Ray worker logged the event."""
        folder = self.home.temporary_folder() / "r" / "session_latest" / "logs"
        texts = [file.read_text(errors="replace") for file in folder.glob(f"*-{process.pid}.*")]
        return sum(text.count(f'"{event}"') for text in texts)


def command_line(process: psutil.Process) -> str:
    """The command line of a process; empty if it has ended."""
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


async def measure_wait_s(probe: Callable[[], Awaitable[bool]], within_s: float) -> float | None:
    """Seconds until ``probe`` returned true; ``None``: not within ``within_s``. Errors count as
    false.
    """
    began = time.monotonic()
    while time.monotonic() - began < within_s:
        try:
            if await probe():
                return round(time.monotonic() - began, 1)
        except (NiochatError, OSError):
            pass  # the probe may use the broken part
        await asyncio.sleep(POLL_S)
    return None
