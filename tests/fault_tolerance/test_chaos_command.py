"""``niochat chaos --short``: a stack of its own suffers what the other tests here do not do.

Without ``--faults`` the seed chooses; here they are named: the ones that nothing else covers.
"""

import json
import signal
import subprocess
import sys
from pathlib import Path
from tempfile import gettempdir

import pytest

from niochat.launcher import process_control

pytestmark = [pytest.mark.timeout(300)]

COMMAND = [sys.executable, "-m", "niochat", "chaos", "--short", "--json"]
FAULTS = ("raylet-kill", "host-pause", "desk-kill")


def homes() -> set[Path]:
    return set(Path(gettempdir()).glob("niochat-chaos-*"))


def abandoned(before: set[Path]) -> set[Path]:
    """New homes in which nothing runs; other runs on this machine have theirs."""
    return {home for home in homes() - before if not process_control.find_stack_processes(home)}


def test_a_short_run_is_clean_and_leaves_nothing_behind() -> None:
    before = homes()

    done = subprocess.run(
        [*COMMAND, "--seed", "1", "--faults", ",".join(FAULTS)],
        capture_output=True,
        timeout=290,
        check=False,
        text=True,
    )

    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    found = json.loads(done.stdout)
    assert [fault["name"] for fault in found["faults"]] == list(FAULTS)
    assert (found["lost"], found["twice"], found["out_of_order"], found["wrong"]) == (0, 0, 0, 0)
    assert found["sent"] > 100
    assert found["recovery_s"] is not None
    assert abandoned(before) == set()


def test_an_interrupted_run_ends_its_stack() -> None:
    before = homes()
    with subprocess.Popen(COMMAND, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as child:
        try:
            home = _a_new_home(child, before)
            child.send_signal(signal.SIGINT)
            assert child.wait(120) != 0
        finally:
            child.kill()
    assert process_control.find_stack_processes(home) == []
    assert not home.exists()


def _a_new_home(child: "subprocess.Popen[bytes]", before: set[Path]) -> Path:
    """The folder of the run's stack, once something of it runs."""
    assert child.stderr is not None
    for line in child.stderr:
        if b"Starting a stack" in line or b"stack." in line:
            break
    while child.poll() is None:
        for home in homes() - before:
            if process_control.find_stack_processes(home):
                return home
    raise AssertionError("the run ended by itself")
