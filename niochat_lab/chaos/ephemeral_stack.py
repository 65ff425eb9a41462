"""A temporary stack for one run, started by the real command and always stopped at the end."""

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
"""Each part runs in its own process, so that it can die alone, and there is a second host. The
fault tests keep the layout of a single machine.
"""


@dataclass(frozen=True, slots=True)
class EphemeralStack:
    """A running stack. ``launcher_pid``: the process that supervises it."""

    home: HomeFolder
    environment: dict[str, str]
    clock_file: Path
    launcher_pid: int


def can_mount() -> bool:
    """Whether a disk can be mounted: as root, with the right to create a mount namespace."""
    if os.getuid() != 0 or not shutil.which("unshare"):
        return False
    completed = subprocess.run(
        ["unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"],
        capture_output=True,
        check=False,
    )
    return completed.returncode == 0


@contextmanager
def start_ephemeral_stack(*, small_disk: bool, mirror: bool = False) -> Iterator[EphemeralStack]:
    """Start a stack in a new folder; at the end none of its processes is left. ``mirror``: with a
    simulated Supabase project to which its providers are mirrored.

    The folder with its logs stays until :func:`remove_folders`, so that failures can be examined.
    Raises ``UnavailableError`` with the end of the log if the stack does not start.
    """
    home = HomeFolder.create(Path(tempfile.mkdtemp(prefix="niochat-chaos-")))
    clock_file = home.folder / "clock"
    child = _spawn(home, clock_file, small_disk, mirror)
    keep_folder = True
    try:
        _wait_until_ready(home, child)
        environment = json.loads(home.environment_file.read_text())
        if mirror and not environment.get("NIOCHAT_SUPABASE_URL"):
            raise UnavailableError("the stack has no Supabase project, so nothing is mirrored")
        yield EphemeralStack(home, environment, clock_file, child.pid)
    except KeyboardInterrupt:
        keep_folder = False
        raise
    finally:
        _stop_stack(home, child)
        if not keep_folder:
            remove_folders(home)


def _spawn(
    home: HomeFolder, clock_file: Path, small_disk: bool, mirror: bool
) -> subprocess.Popen[bytes]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(_ENVIRONMENT_PREFIXES)}
    command = [*_die_with_parent_command(), *_small_disk_command(home, small_disk)]
    options = ["--supabase", "sandbox"] if mirror else []
    with home.log_file("up").open("wb") as output:
        return subprocess.Popen(
            [*command, sys.executable, "-m", "niochat", "up", *options],
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
    """Let the launcher stop its stack if this process dies for any reason (Linux)."""
    tool = shutil.which("setpriv")
    return [tool, "--pdeathsig", "TERM"] if tool else []


def _small_disk_command(home: HomeFolder, small_disk: bool) -> list[str]:
    """Mount the disk in a mount namespace of its own, which ends with its last process."""
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
    """Stop the stack without interruption: a second Ctrl-C would leave processes behind."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait(STOP_TIMEOUT_S)
        StackLauncher(home.folder).down()  # stop what the launcher could not stop itself
    finally:
        signal.signal(signal.SIGINT, before)


def remove_folders(home: HomeFolder) -> None:
    """Remove the folders of a stopped stack."""
    if process_control.find_stack_processes(home.folder):
        raise UnavailableError(f"processes of {home.folder} are still running")
    shutil.rmtree(home.temporary_folder(), ignore_errors=True)
    shutil.rmtree(home.folder, ignore_errors=True)


class PostgresDisk:
    """PostgreSQL's small disk, accessed in the mount namespace of one of its processes."""

    def __init__(self, pid: int, home: HomeFolder) -> None:
        """``pid``: a long-lived process in the mount namespace of the disk."""
        self._ballast = Path(f"/proc/{pid}/root{home.folder}/postgres/ballast")

    def fill(self) -> None:
        """Fill the disk to the last byte."""
        block = bytes(1 << 16)
        try:
            with self._ballast.open("wb", buffering=0) as file:
                while True:
                    file.write(block)
        except OSError:
            return  # the disk is full, as intended

    def free(self) -> None:
        """Free the space again."""
        self._ballast.unlink(missing_ok=True)
