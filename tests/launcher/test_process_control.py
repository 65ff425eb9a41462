"""Promises about finding and ending what a stack started."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from niochat.launcher import process_control
from niochat.launcher.home_folder import HomeFolder, HomeLock
from niochat.launcher.network_ports import PortReservation, StackPorts, is_port_free
from niochat.launcher.stack_errors import HomeInUseError, PortInUseError

STUBBORN = "import signal,time;signal.signal(signal.SIGTERM,signal.SIG_IGN);print(1,flush=True)"
SLEEP = ";time.sleep(600)"


@pytest.fixture
def started(tmp_path: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    children: list[subprocess.Popen[bytes]] = []
    yield children
    for child in children:
        with child:  # it closes the pipes and waits
            child.kill()


def begin(home: Path, code: str) -> subprocess.Popen[bytes]:
    """A child that carries the mark of `home` and has said it is ready."""
    child = subprocess.Popen(
        [sys.executable, "-c", code],
        env=os.environ | {process_control.STACK_VARIABLE: str(home)},
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert child.stdout is not None
    child.stdout.readline()
    return child


def pids(found: list[psutil.Process]) -> set[int]:
    return {process.pid for process in found}


def test_a_grandchild_whose_parent_died_is_still_found_and_ended(
    tmp_path: Path, started: list[subprocess.Popen[bytes]]
) -> None:
    inner = f"[sys.executable,'-c','import time{SLEEP}']"
    code = f"import subprocess,sys,time;p=subprocess.Popen({inner});print(p.pid,flush=True)"
    parent = subprocess.Popen(
        [sys.executable, "-c", code],
        env=os.environ | {process_control.STACK_VARIABLE: str(tmp_path)},
        stdout=subprocess.PIPE,
    )
    started.append(parent)
    assert parent.stdout is not None
    orphan = int(parent.stdout.readline())
    parent.wait()
    assert pids(process_control.find_stack_processes(tmp_path)) == {orphan}

    process_control.end_processes(process_control.find_stack_processes(tmp_path), grace_s=5)

    assert process_control.find_stack_processes(tmp_path) == []


def test_another_home_is_left_alone(tmp_path: Path, started: list[subprocess.Popen[bytes]]) -> None:
    started.append(begin(tmp_path / "one", f"import time;print(1,flush=True){SLEEP}"))

    # A home whose name only begins the same way is another home.
    assert process_control.find_stack_processes(tmp_path / "on") == []
    assert process_control.find_stack_processes(tmp_path) == []


def test_a_process_that_ignores_the_request_is_killed(
    tmp_path: Path, started: list[subprocess.Popen[bytes]]
) -> None:
    started.append(begin(tmp_path, STUBBORN + SLEEP))

    killed = process_control.end_processes(
        process_control.find_stack_processes(tmp_path), grace_s=0.3
    )

    assert pids(killed) == {started[0].pid}
    assert process_control.find_stack_processes(tmp_path) == []


def test_a_stopped_process_is_ended(tmp_path: Path, started: list[subprocess.Popen[bytes]]) -> None:
    started.append(begin(tmp_path, STUBBORN + SLEEP))
    started.append(begin(tmp_path, f"import time;print(1,flush=True){SLEEP}"))
    for child in started:
        child.send_signal(signal.SIGSTOP)

    process_control.end_processes(process_control.find_stack_processes(tmp_path), grace_s=0.3)

    assert process_control.find_stack_processes(tmp_path) == []


def test_the_caller_and_its_ancestors_are_never_among_the_marked(tmp_path: Path) -> None:
    code = (
        "from pathlib import Path;from niochat.launcher import process_control;"
        f"print([p.pid for p in process_control.find_stack_processes(Path({str(tmp_path)!r}))])"
    )
    outer = f"import subprocess,sys;subprocess.run([sys.executable,'-c',{code!r}],check=True)"

    result = subprocess.run(
        [sys.executable, "-c", outer],
        env=os.environ | {process_control.STACK_VARIABLE: str(tmp_path)},
        check=True,
        capture_output=True,
    )

    assert result.stdout.strip() == b"[]"


def test_a_home_takes_one_launcher_and_a_killed_launcher_leaves_it_free(
    tmp_path: Path, started: list[subprocess.Popen[bytes]]
) -> None:
    home = HomeFolder.create(tmp_path)
    code = (
        "import time;from pathlib import Path;from niochat.launcher.home_folder import "
        "HomeFolder,HomeLock;"
        f"lock=HomeLock(HomeFolder.create(Path({str(tmp_path)!r})));lock.acquire();print(1,flush=True)"
    )
    started.append(begin(tmp_path, code + SLEEP))

    with pytest.raises(HomeInUseError, match=str(started[0].pid)):
        HomeLock(home).acquire()
    started[0].kill()
    started[0].wait()

    with HomeLock(home) as lock:
        assert lock.is_held


def test_ports_stay_the_same_until_another_program_takes_one(tmp_path: Path) -> None:
    home = HomeFolder.create(tmp_path)
    # Not the default one: any stack that starts on this machine meanwhile would take it.
    http = next(port for port in random.sample(range(20_000, 32_000), 100) if is_port_free(port))
    first = StackPorts.allocate(home, http=http)
    assert StackPorts.allocate(home) == first

    with subprocess.Popen(
        [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(first.redis)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as server:
        while is_port_free(first.redis):
            assert server.poll() is None
        second = StackPorts.allocate(home)
        with pytest.raises(PortInUseError, match=str(first.redis)):
            StackPorts.allocate(home, http=first.redis)
        server.kill()

    assert second.redis != first.redis
    assert (second.http, second.postgres) == (first.http, first.postgres)
    assert (home.folder / "stack.json").stat().st_mode & 0o777 == 0o600


def test_two_stacks_that_start_together_get_different_http_ports(tmp_path: Path) -> None:
    claims = [PortReservation(), PortReservation()]

    first, second = (
        StackPorts.allocate(HomeFolder.create(tmp_path / name), reservation=claim)
        for name, claim in zip(("one", "two"), claims, strict=True)
    )

    assert first.http != second.http
    with pytest.raises(PortInUseError):
        StackPorts.allocate(
            HomeFolder.create(tmp_path / "three"), http=first.http, reservation=PortReservation()
        )
    for claim in claims:
        claim.release()
