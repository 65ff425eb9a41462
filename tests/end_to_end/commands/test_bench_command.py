"""`niochat bench` from end to end: its own stack up, one object out, nothing left."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from niochat.launcher.process_control import STACK_VARIABLE

pytestmark = [pytest.mark.timeout(600)]
_BENCH = [sys.executable, "-m", "niochat", "bench"]
_WITHIN_S = 400


def left_of(home_prefix: str) -> list[psutil.Process]:
    """Processes of a bench's stack that live on."""
    left = []
    for process in psutil.process_iter():
        try:
            environment = Path(f"/proc/{process.pid}/environ").read_bytes()
        except OSError:
            continue
        if f"{STACK_VARIABLE}={home_prefix}".encode() in environment:
            left.append(process)
    return left


def told_by(tmp_path: Path, *arguments: str) -> dict[str, Any]:
    """The object that a bench tells."""
    command = [*_BENCH, *arguments, "--json"]
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    ) as bench:
        try:
            said, told = bench.communicate(timeout=_WITHIN_S)
        except subprocess.TimeoutExpired:
            bench.terminate()  # it ends its stack, which a kill would leave behind
            raise

    assert bench.returncode == 0, told[-2000:]
    found: dict[str, Any] = json.loads(said)
    return found


def test_a_bench_finds_every_event_on_every_screen_once_and_leaves_nothing(tmp_path: Path) -> None:
    house = ("--tenants", "2", "--sockets", "3", "--rate", "10")
    found = told_by(tmp_path, "live", "--seconds", "2", *house)
    assert found["sockets"] == 6
    assert found["frames"] == found["events"] * 3 > 0
    assert (found["lost"], found["twice"], found["out_of_order"], found["strange"]) == (0, 0, 0, 0)
    assert found["back"]["absent"] == found["back"]["refetching"] == 0
    assert {"desk", "haproxy", "screens"} <= found["groups"].keys()
    assert not left_of(str(tmp_path))
    assert not list(tmp_path.iterdir())


def test_a_bench_of_reports_fills_a_tenant_and_asks_for_every_report(tmp_path: Path) -> None:
    few = ("--conversations", "3000", "--times", "2", "--seconds", "2", "--rounds", "1")
    found = told_by(tmp_path, "reports", *few)
    assert found["conversations"] == found["measured_conversations"] >= 3000
    assert found["conversations_in_rollups"] == found["conversations"]
    assert found["messages"] > 5 * found["conversations"]
    requests = {each["request"]: each for each in found["requests"]}
    assert {each["times"] for each in requests.values()} == {2}
    assert {each["failed"] for each in requests.values()} == {0}
    # One of the six agents may have had nobody in a month; a key is empty where there is no agent.
    assert 5 <= requests["agents, 30 days"]["rows"] <= 7
    assert requests["conversations, 30 days"]["rows"] == 30
    assert requests["heat map, 365 days"]["rows"] > 7 * 12
    assert requests["conversations behind, 30 days"]["rows"] == 50
    assert found["projector"]["events"] > 100
    assert found["projector"]["cpu_ms_per_event"] > 0
    assert found["with_projections"]["counts"]["answered"] > 0
    assert found["without_projections"]["counts"]["answered"] > 0
    assert found["half"]["counts"]["answered"] > 0
    assert not left_of(str(tmp_path))


def test_an_interrupted_bench_ends_its_stack(tmp_path: Path) -> None:
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    with subprocess.Popen([*_BENCH, "ingest"], stderr=subprocess.PIPE, env=environment) as bench:
        assert bench.stderr is not None
        deadline = time.monotonic() + _WITHIN_S
        while not left_of(str(tmp_path)) and time.monotonic() < deadline:
            time.sleep(0.1)
        bench.send_signal(signal.SIGINT)
        assert bench.wait(_WITHIN_S) == 130

    assert not left_of(str(tmp_path))
    assert not list(tmp_path.iterdir())
