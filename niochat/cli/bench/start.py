"""`bench start`: the seconds from the command to *ready*, step by step.

The real command is run in a folder of its own: once for a new home, then again and again for one
that was there before, which is what *warm* means.
"""

import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from niochat.cli.bench.figures import median
from niochat.cli.bench.report import Report, machine
from niochat.cli.bench.slices import Told
from niochat.stack.errors import StackError
from niochat.stack.home import HomeFolder
from niochat.stack.launcher import StackLauncher

WARM_S = 25.0
_READY = "NioChat is ready"
_OURS = ("NIOCHAT_", "RAY_", "DATABASE_", "REDIS_URL")
_STEP = "· "
_WITHIN_S, _STOP_S = 240.0, 90.0

Steps = list[tuple[str, float]]
"""Each step with its seconds, in order."""


def measure(rounds: int, told: Told) -> Report:
    """One start of a new home, and `rounds` warm ones. Raises `StackError`."""
    with _folder() as home:
        told("the first start")
        first = _start(home)
        warm = []
        for number in range(rounds):
            told(f"warm start, {number + 1} of {rounds}")
            warm.append(_start(home))
    totals = [round(sum(seconds for _, seconds in steps), 1) for steps in warm]
    middle = median(totals)
    shown = warm[totals.index(min(totals, key=lambda total: abs(total - middle)))]
    return Report(
        name="start",
        unit="start",
        machine=machine(),
        more={
            "warm_s": middle,
            "warm_each_s": totals,
            "first_s": round(sum(seconds for _, seconds in first), 1),
            "steps": _rounded(shown),
            "first_steps": _rounded(first),
        },
        goals={f"a warm start under {WARM_S:g} s ({middle:g})": middle < WARM_S},
    )


def _rounded(steps: Steps) -> list[dict[str, Any]]:
    return [{"step": name, "seconds": round(seconds, 2)} for name, seconds in steps]


def _start(home: Path) -> Steps:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(_OURS)}
    child = subprocess.Popen(
        [sys.executable, "-u", "-m", "niochat", "up"], text=True, start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env={**kept, "NIOCHAT_HOME": str(home), "NO_COLOR": "1", "COLUMNS": "200"},
    )  # fmt: skip
    began = time.monotonic()
    try:
        return _steps(_lines(child), began)
    finally:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
            StackLauncher(home).down()  # what the launcher did not live to end


def _steps(lines: "queue.Queue[str]", began: float) -> Steps:
    """Until it is ready; a step lasts until the next one begins."""
    steps: Steps = []
    name, since = "Python and our own imports", began
    seen: list[str] = []
    while True:
        try:
            line = lines.get(timeout=max(began + _WITHIN_S - time.monotonic(), 0.0))
        except queue.Empty:
            line = ""
        now = time.monotonic()
        if not line:
            raise StackError("it did not start:\n" + "".join(seen[-15:]))
        seen.append(line)
        ready = _READY in line
        if ready or line.startswith(_STEP):
            steps.append((name, now - since))
            name, since = line.removeprefix(_STEP).strip().rstrip("."), now
        if ready:
            return steps


def _lines(child: "subprocess.Popen[str]") -> "queue.Queue[str]":
    """What it writes, line by line; an empty one at its end."""
    lines: queue.Queue[str] = queue.Queue()

    def read() -> None:
        assert child.stdout is not None
        for line in child.stdout:
            lines.put(line)
        lines.put("")

    threading.Thread(target=read, daemon=True).start()
    return lines


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="niochat-bench-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(HomeFolder.create(folder).temporary_folder(), ignore_errors=True)
