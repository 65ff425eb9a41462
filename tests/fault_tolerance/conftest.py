"""One whole stack for the fault tests, started by the real command, and its processes by name."""

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from niochat.launcher import process_control

CHECKOUT = Path(__file__).parents[2]
TWO_HOSTS = {"NIOCHAT_HOSTS": "2"}
"""So that one can die alone; all else is as on any one machine."""


def _command(process: psutil.Process) -> str:
    """Empty for one that has ended meanwhile."""
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""


@dataclass(frozen=True)
class RunningStackFixture:
    """The running stack, whose processes are about to suffer."""

    home: Path
    told: dict[str, str]

    def named(self, title: str) -> list[psutil.Process]:
        """Processes of this stack alone whose command line shows ``title``."""
        return [p for p in process_control.find_stack_processes(self.home) if title in _command(p)]

    def postmaster(self) -> psutil.Process:
        """PostgreSQL's first process."""
        pid = (self.home / "postgres" / "data" / "postmaster.pid").read_text().splitlines()[0]
        return psutil.Process(int(pid))


@pytest.fixture(scope="package")
def running_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStackFixture]:
    """``scripts/run --detach``; at the end ``--stop``, after which nothing may be left."""
    home = tmp_path_factory.mktemp("faults")
    try:
        _run(home, "--detach")
        yield RunningStackFixture(home, json.loads((home / "env.json").read_text()))
    finally:
        _run(home, "--stop")
        left = [process.name() for process in process_control.find_stack_processes(home)]
        assert not left, f"{left} outlived scripts/run --stop"


def _run(home: Path, option: str) -> None:
    ours = {k: v for k, v in os.environ.items() if not k.startswith(("NIOCHAT_", "RAY_"))}
    done = subprocess.run(
        [CHECKOUT / "scripts" / "run", option],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=240,
        check=False,
        env={**ours, "NIOCHAT_HOME": str(home), **TWO_HOSTS},
    )
    assert done.returncode == 0, (done.stdout + done.stderr).decode(errors="replace")[-3000:]
