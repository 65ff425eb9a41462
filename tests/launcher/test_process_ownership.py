"""A command ends what it started, and nothing else: shown with real processes."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from niochat.launcher import process_control
from niochat.launcher.home_folder import HomeFolder, HomeLock
from niochat.launcher.network_ports import PortReservation
from niochat.launcher.stack_errors import HomeInUseError, StackError
from niochat.launcher.stack_launcher import StackLauncher, StackOptions

pytestmark = pytest.mark.timeout(120)

HOLDS = (
    "import time;from pathlib import Path;from niochat.launcher.home_folder import "
    "HomeFolder,HomeLock;"
    "HomeLock(HomeFolder.create(Path({home!r}))).acquire();{then};print(1,flush=True);time.sleep(600)"
)


class StartedStack:
    """Processes of a test; ``launcher`` holds the home as a real one does."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.children: list[subprocess.Popen[bytes]] = []

    def launcher(self, then: str = "pass") -> "subprocess.Popen[bytes]":
        return self._begin(HOLDS.format(home=str(self.home), then=then), marked=False)

    def part(self) -> "subprocess.Popen[bytes]":
        """What a launcher started: it carries the home's mark."""
        return self._begin("import time;print(1,flush=True);time.sleep(600)", marked=True)

    def stranger(self) -> "subprocess.Popen[bytes]":
        """A process of somebody else's."""
        return self._begin("import time;print(1,flush=True);time.sleep(600)", marked=False)

    def _begin(self, code: str, *, marked: bool) -> "subprocess.Popen[bytes]":
        mark = {process_control.STACK_VARIABLE: str(self.home)} if marked else {}
        child = subprocess.Popen(
            [sys.executable, "-c", code],
            env=os.environ | mark,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        self.children.append(child)
        assert child.stdout is not None
        child.stdout.readline()
        return child


@pytest.fixture
def running(tmp_path: Path) -> Iterator[StartedStack]:
    here = StartedStack(tmp_path / "home")
    yield here
    for child in here.children:
        child.send_signal(signal.SIGCONT)
        child.kill()
        child.wait()


def niochat(home: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """The real command."""
    ours = {k: v for k, v in os.environ.items() if not k.startswith(("NIOCHAT_", "DATABASE_"))}
    return subprocess.run(
        [sys.executable, "-m", "niochat", *arguments],
        check=False,
        capture_output=True,
        text=True,
        env={**ours, "NIOCHAT_HOME": str(home), "COLUMNS": "80"},
        timeout=60,
        stdin=subprocess.DEVNULL,
    )


@pytest.mark.parametrize("more", [(), ("--detach",), ("--no-sandbox",)])
def test_up_where_it_already_runs_says_so_and_ends_nothing(
    running: StartedStack, more: tuple[str, ...]
) -> None:
    launcher, part = running.launcher(), running.part()
    log = HomeFolder.create(running.home).log_file("up")
    log.write_text("what the running one said\n")

    said = niochat(running.home, "up", *more)

    assert said.returncode == 1
    assert f"already runs in {running.home} (process {launcher.pid})" in said.stderr
    assert f"NIOCHAT_HOME={running.home} niochat down" in said.stderr
    assert "Traceback" not in said.stderr + said.stdout
    assert (launcher.poll(), part.poll()) == (None, None)
    assert log.read_text() == "what the running one said\n"


def test_an_up_that_fails_half_way_ends_what_it_started_and_leaves_the_port_to_its_owner(
    running: StartedStack,
) -> None:
    other = running.stranger()
    started: list[subprocess.Popen[bytes]] = []

    def check(environment: object) -> None:
        started.append(running.part())
        raise StackError("half-way")

    stack = StackLauncher(running.home, StackOptions(check=check))
    with pytest.raises(StackError, match="half-way"):
        stack.up()

    assert started[0].wait(10) is not None
    assert other.poll() is None
    assert not stack.is_running()
    stack.close()  # holds nothing any more
    running.launcher()
    part = running.part()
    stack.close()
    assert part.poll() is None


class InterruptedStack(StackLauncher):
    """Whoever stops it presses Ctrl-C again while it ends its parts."""

    pressed = False

    def _end_all(self) -> None:
        if not self.pressed:
            self.pressed = True
            raise KeyboardInterrupt
        super()._end_all()


def test_a_home_stays_held_until_everything_in_it_has_ended(running: StartedStack) -> None:
    """Nobody may begin in a home that is half ended."""

    def check(environment: object) -> None:
        running.part()
        raise StackError("half-way")

    stack = InterruptedStack(running.home, StackOptions(check=check))
    with pytest.raises(KeyboardInterrupt):
        stack.up()
    with pytest.raises(HomeInUseError):
        HomeLock(HomeFolder.create(running.home)).acquire()

    stack.close()

    assert running.children[0].wait(10) is not None
    assert not stack.is_running()


def test_down_ends_the_launcher_of_the_home_and_no_process_that_has_its_number_by_now(
    running: StartedStack,
) -> None:
    stranger = running.stranger()
    forget = f"Path({str(running.home / 'lock')!r}).write_text('{stranger.pid}\\n')"
    launcher = running.launcher(then=forget)

    said = niochat(running.home, "down")

    assert said.returncode == 1
    assert "unknown process: nothing was ended" in said.stderr
    assert (stranger.poll(), launcher.poll()) == (None, None)

    (running.home / "lock").write_text(f"{launcher.pid}\n")
    assert niochat(running.home, "down").returncode == 0
    assert launcher.wait(10) is not None
    assert stranger.poll() is None


def test_down_after_a_launcher_that_was_killed_ends_what_it_left_and_nothing_else(
    running: StartedStack,
) -> None:
    launcher, part, stranger = running.launcher(), running.part(), running.stranger()
    elsewhere = StartedStack(running.home.parent / "home2")
    other = elsewhere.part()
    running.children.append(other)
    launcher.kill()
    launcher.wait()
    (running.home / "lock").write_text(f"{stranger.pid}\n")  # its number was given away

    assert niochat(running.home, "down").returncode == 0

    assert part.wait(10) is not None
    assert (stranger.poll(), other.poll()) == (None, None)


@pytest.mark.parametrize("command", ["down", "demo", "migrate", "conversations"])
def test_a_command_makes_no_home_where_there_is_none(tmp_path: Path, command: str) -> None:
    home = tmp_path / "mistyped"

    said = niochat(home, command)

    assert not home.exists()
    assert "Traceback" not in said.stderr
    assert str(home) in said.stderr + said.stdout
    assert said.returncode == (0 if command == "down" else 1)


def test_a_home_of_another_user_is_not_used(tmp_path: Path) -> None:
    home = HomeFolder.create(tmp_path / "home")
    owner = home.folder.stat().st_uid

    with pytest.raises(StackError, match=f"home {home.folder} belongs to .*NIOCHAT_HOME"):
        home.require_usable(user=owner + 1)
    home.require_usable(user=owner)
    home.require_usable(user=0)


def test_a_claimed_port_is_let_go_with_the_launcher(running: StartedStack) -> None:
    claim = PortReservation()
    port = next(port for port in range(31_000, 31_999) if claim.try_acquire(port))
    claim.release()

    with pytest.raises(StackError):
        StackLauncher(running.home, StackOptions(http_port=port, check=_refuse)).up()

    assert claim.try_acquire(port)
    claim.release()
    assert psutil.pid_exists(os.getpid())


def _refuse(environment: object) -> None:
    raise StackError("no")
