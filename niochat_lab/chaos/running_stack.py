"""The running stack as faults and audit see it: processes by name, database, sandbox, logs."""

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
"""For a process that is being replaced."""
POLL_S = 0.25


@dataclass(frozen=True, slots=True)
class RunningStack:
    """One throw-away stack. ``launcher`` is the process that looks after it; ``chance`` is the
    seed's; in a ``short`` run faults last less long.
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
        """Processes of this stack whose command line shows ``title``, oldest first."""
        found = [
            p
            for p in process_control.find_stack_processes(self.home.folder)
            if title in command_line(p)
        ]
        return sorted(found, key=lambda process: process.pid)

    async def wait_for_process(self, title: str) -> psutil.Process:
        """One of them, by the seed's chance; waited for, as the fault before may have taken it.

        Raises ``NotFoundError`` when none comes.
        """

        async def there() -> bool:
            return bool(self.processes_titled(title))

        if await measure_wait_s(there, REPLACEMENT_TIMEOUT_S) is None:
            raise NotFoundError(f"no process of this stack is called {title}")
        return self.rng.choice(self.processes_titled(title))

    def count_log_events(self, process: psutil.Process, event: str) -> int:
        """How often a worker of Ray logged that event."""
        folder = self.home.temporary_folder() / "r" / "session_latest" / "logs"
        texts = [file.read_text(errors="replace") for file in folder.glob(f"*-{process.pid}.*")]
        return sum(text.count(f'"{event}"') for text in texts)


def command_line(process: psutil.Process) -> str:
    """Its command line; empty once it is gone."""
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


async def measure_wait_s(probe: Callable[[], Awaitable[bool]], within_s: float) -> float | None:
    """Seconds until ``probe`` was true; ``None``: it was not in time. Errors count as not yet."""
    began = time.monotonic()
    while time.monotonic() - began < within_s:
        try:
            if await probe():
                return round(time.monotonic() - began, 1)
        except (NiochatError, OSError):
            pass  # what is asked is what is broken
        await asyncio.sleep(POLL_S)
    return None
