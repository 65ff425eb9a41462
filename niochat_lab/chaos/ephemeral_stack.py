"""A stack of its own for one run: started by the real command, ended whatever happens."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from niochat.adapters.clock import CLOCK_FILE
from niochat.domain.errors import UnavailableError
from niochat.launcher import process_control
from niochat.launcher.home_folder import HomeFolder
from niochat.launcher.stack_launcher import StackLauncher
from niochat.launcher.subprocesses import tail_log

START_TIMEOUT_S, STOP_TIMEOUT_S = 240.0, 60.0
DISK_MB = 400
_READY_LINE = "Ctrl-C stops everything."
_ENVIRONMENT_PREFIXES = ("NIOCHAT_", "RAY_", "DATABASE_", "REDIS_URL")
_POLL_S = 0.2
_LAYOUT_VARIABLES = {"NIOCHAT_HOSTS": "2", "NIOCHAT_POOLS": "apart"}
"""Each may die alone, and there is another host. Tests of faults keep one machine's layout."""


@dataclass(frozen=True, slots=True)
class EphemeralStack:
    """A stack that runs. ``launcher`` is the process that looks after it."""

    home: HomeFolder
    environment: dict[str, str]
    clock_file: Path
    launcher_pid: int


def can_mount() -> bool:
    """Whether a disk can be made here: root, with the right to mount in a name space of its own."""
    if os.getuid() != 0 or not shutil.which("unshare"):
        return False
    done = subprocess.run(
        ["unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"],
        capture_output=True,
        check=False,
    )
    return done.returncode == 0


@contextmanager
def start_ephemeral_stack(*, small_disk: bool) -> Iterator[EphemeralStack]:
    """Start a stack in a new folder; at the end none of its processes is left.

    The folder with its logs stays until ``forget``, for what failed has to be looked into.
    Raises ``UnavailableError`` with the end of its log when it does not start.
    """
    home = HomeFolder.create(Path(tempfile.mkdtemp(prefix="niochat-chaos-")))
    clock_file = home.folder / "clock"
    child = _spawn(home, clock_file, small_disk)
    wanted = True
    try:
        _wait_until_ready(home, child)
        told = json.loads(home.environment_file.read_text())
        yield EphemeralStack(home, told, clock_file, child.pid)
    except KeyboardInterrupt:
        wanted = False
        raise
    finally:
        _stop_stack(home, child)
        if not wanted:
            remove_folders(home)


def _spawn(home: HomeFolder, clock_file: Path, small_disk: bool) -> subprocess.Popen[bytes]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(_ENVIRONMENT_PREFIXES)}
    command = [*_die_with_parent_command(), *_small_disk_command(home, small_disk)]
    with home.log_file("up").open("wb") as output:
        return subprocess.Popen(
            [*command, sys.executable, "-m", "niochat", "up"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            env={
                **inherited,
                **_LAYOUT_VARIABLES,
                "NIOCHAT_HOME": str(home.folder),
                CLOCK_FILE: str(clock_file),
            },
        )


def _die_with_parent_command() -> list[str]:
    """The launcher ends its stack when this process dies, however that happens (Linux)."""
    tool = shutil.which("setpriv")
    return [tool, "--pdeathsig", "TERM"] if tool else []


def _small_disk_command(home: HomeFolder, small_disk: bool) -> list[str]:
    """In a name space of mounts of its own: the disk is gone with its last process."""
    if not small_disk:
        return []
    folder = home.folder / "postgres"
    folder.mkdir(mode=0o700)
    script = 'mount -t tmpfs -o size="$1"m,mode=700 none "$2" && shift 2 && exec "$@"'
    return ["unshare", "--mount", "sh", "-c", script, "sh", str(DISK_MB), str(folder)]


def _wait_until_ready(home: HomeFolder, child: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    log = home.log_file("up")
    while _READY_LINE not in log.read_text(errors="replace"):
        if child.poll() is not None or time.monotonic() > deadline:
            raise UnavailableError(f"the stack did not start: {tail_log(log)}")
        time.sleep(_POLL_S)


def _stop_stack(home: HomeFolder, child: subprocess.Popen[bytes]) -> None:
    """Nothing interrupts this: a second Ctrl-C would leave processes behind."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait(STOP_TIMEOUT_S)
        StackLauncher(home.folder).down()  # what the launcher could not end, or did not live to end
    finally:
        signal.signal(signal.SIGINT, before)


def remove_folders(home: HomeFolder) -> None:
    """Remove the folders of a stack that has ended."""
    if process_control.find_stack_processes(home.folder):
        raise UnavailableError(f"processes of {home.folder} are still there")
    shutil.rmtree(home.temporary_folder(), ignore_errors=True)
    shutil.rmtree(home.folder, ignore_errors=True)


class PostgresDisk:
    """PostgreSQL's small disk, reached through its own view of the file system."""

    def __init__(self, pid: int, home: HomeFolder) -> None:
        """``pid`` is a process that lives where the disk is mounted, and lives on."""
        self._ballast = Path(f"/proc/{pid}/root{home.folder}/postgres/ballast")

    def fill(self) -> None:
        """Leave no byte."""
        block = bytes(1 << 16)
        try:
            with self._ballast.open("wb", buffering=0) as file:
                while True:
                    file.write(block)
        except OSError:
            return  # it is full, which is what was wanted

    def free(self) -> None:
        """Give everything back."""
        self._ballast.unlink(missing_ok=True)
