"""``bench start``: the seconds from the command until *ready*, step by step.

The real command runs in a folder of its own: once for a new home, then several times for the
existing one (*warm*).
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

from niochat.launcher.home_folder import HomeFolder
from niochat.launcher.stack_errors import StackError
from niochat.launcher.stack_launcher import StackLauncher
from niochat_lab.bench.bench_report import BenchReport, describe_machine
from niochat_lab.bench.measurement.load_rounds import ProgressCallback
from niochat_lab.bench.measurement.quantiles import median

WARM_S = 25.0
_READY_LINE = "NioChat is ready"
_ENVIRONMENT_PREFIXES = ("NIOCHAT_", "RAY_", "DATABASE_", "REDIS_URL")
_STEP_PATTERN = "· "
_START_TIMEOUT_S, _STOP_TIMEOUT_S = 240.0, 90.0

StartSteps = list[tuple[str, float]]
"""The steps with their seconds, in order."""


def run_startup_bench(rounds: int, on_progress: ProgressCallback) -> BenchReport:
    """Measure one start of a new home and ``rounds`` warm starts. Raises ``StackError``."""
    with _temporary_home() as home:
        on_progress("the first start")
        first = _measure_start(home)
        warm = []
        for number in range(rounds):
            on_progress(f"warm start, {number + 1} of {rounds}")
            warm.append(_measure_start(home))
    totals = [round(sum(seconds for _, seconds in steps), 1) for steps in warm]
    middle = median(totals)
    shown = warm[totals.index(min(totals, key=lambda total: abs(total - middle)))]
    return BenchReport(
        name="start",
        unit="start",
        machine=describe_machine(),
        more={
            "warm_s": middle,
            "warm_each_s": totals,
            "first_s": round(sum(seconds for _, seconds in first), 1),
            "steps": _round_steps(shown),
            "first_steps": _round_steps(first),
        },
        goals={f"a warm start under {WARM_S:g} s ({middle:g})": middle < WARM_S},
    )


def _round_steps(steps: StartSteps) -> list[dict[str, Any]]:
    return [{"step": name, "seconds": round(seconds, 2)} for name, seconds in steps]


def _measure_start(home: Path) -> StartSteps:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(_ENVIRONMENT_PREFIXES)}
    child = subprocess.Popen(
        [sys.executable, "-u", "-m", "niochat", "up"],
        text=True,
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**kept, "NIOCHAT_HOME": str(home), "NO_COLOR": "1", "COLUMNS": "200"},
    )
    began = time.monotonic()
    try:
        return _read_steps(_read_lines(child), began)
    finally:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
            StackLauncher(home).down()  # in case the launcher died before it stopped the stack


def _read_steps(lines: "queue.Queue[str]", began: float) -> StartSteps:
    """Read the steps until the stack is ready; a step lasts until the next one begins."""
    steps: StartSteps = []
    name, since = "Python and our own imports", began
    seen: list[str] = []
    while True:
        try:
            line = lines.get(timeout=max(began + _START_TIMEOUT_S - time.monotonic(), 0.0))
        except queue.Empty:
            line = ""
        now = time.monotonic()
        if not line:
            raise StackError("the stack did not start:\n" + "".join(seen[-15:]))
        seen.append(line)
        ready = _READY_LINE in line
        if ready or line.startswith(_STEP_PATTERN):
            steps.append((name, now - since))
            name, since = line.removeprefix(_STEP_PATTERN).strip().rstrip("."), now
        if ready:
            return steps


def _read_lines(child: "subprocess.Popen[str]") -> "queue.Queue[str]":
    """Queue the lines that the process writes; an empty one at the end."""
    lines: queue.Queue[str] = queue.Queue()

    def read() -> None:
        assert child.stdout is not None
        for line in child.stdout:
            lines.put(line)
        lines.put("")

    threading.Thread(target=read, daemon=True).start()
    return lines


@contextmanager
def _temporary_home() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="niochat-bench-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(HomeFolder.create(folder).temporary_folder(), ignore_errors=True)
