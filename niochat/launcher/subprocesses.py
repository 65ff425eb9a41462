"""Starting a child of the stack: marked, in its own session, its output in its log."""

from __future__ import annotations

import http.client
import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from niochat.launcher.home_folder import HomeFolder
from niochat.launcher.process_control import STACK_VARIABLE
from niochat.launcher.stack_errors import StackError

ProgressCallback = Callable[[str], None]
OWNER_URL_VARIABLE = "DATABASE_OWNER_URL"

_POLL_S = 0.05
_spawned: list[subprocess.Popen[bytes]] = []


def child_environment(home: HomeFolder, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a child: ours, `extra` over it, and the mark it is found by; never the
    log-in of the tables' owner.
    """
    ours = {name: value for name, value in os.environ.items() if name != OWNER_URL_VARIABLE}
    return {**ours, **(extra or {}), STACK_VARIABLE: str(home.folder)}


def spawn(
    home: HomeFolder,
    name: str,
    command: Sequence[str],
    environment: Mapping[str, str] | None = None,
    *,
    stdin: int = subprocess.DEVNULL,
) -> subprocess.Popen[bytes]:
    """Start `command`; what it writes is appended to the log called `name`.

    It gets a session of its own, so that Ctrl-C in the terminal reaches the launcher alone,
    which then ends its children in order.
    """
    descriptor = os.open(home.log_file(name), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        child = subprocess.Popen(
            command,
            stdin=stdin,
            stdout=descriptor,
            stderr=descriptor,
            env=child_environment(home, environment),
            cwd=home.folder,
            start_new_session=True,
        )
    finally:
        os.close(descriptor)
    _spawned.append(child)
    return child


def reap_children() -> None:
    """Bury our children that ended. Nobody else can, and until then they are zombies."""
    _spawned[:] = [child for child in _spawned if child.poll() is None]


def wait_until(
    ready: Callable[[], bool],
    child: subprocess.Popen[bytes] | None,
    log: Path,
    timeout_s: float,
) -> None:
    """Return once `ready` says so; raise with the end of `log` when the child dies before."""
    deadline = time.monotonic() + timeout_s
    while not ready():
        if child is not None and child.poll() is not None:
            raise StackError(f"{log.stem} ended with {child.returncode}.\n{tail_log(log)}")
        if time.monotonic() > deadline:
            raise StackError(f"{log.stem} was not ready in {timeout_s:.0f} s.\n{tail_log(log)}")
        time.sleep(_POLL_S)


def tail_log(log: Path, count: int = 15) -> str:
    """The end of a log, and where to read the rest."""
    try:
        lines = log.read_text(errors="replace").splitlines()[-count:]
    except FileNotFoundError:
        return f"(no log at {log})"
    return "\n".join([*lines, f"(log: {log})"])


def http_get(port: int, path: str, address: str = "127.0.0.1") -> bytes | None:
    """What `GET http://<address>:<port><path>` gives with status 200, else None."""
    # http.client instead of urllib: a proxy set in the environment is none of its business.
    connection = http.client.HTTPConnection(address, port, timeout=2)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.read() if response.status == http.HTTPStatus.OK else None
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
