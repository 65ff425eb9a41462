"""Starts child processes of a stack, marked for later search, each with a session and log file."""

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
    """Environment of a child: the current one, overridden by `extra`, plus the stack variable.

    The database owner's URL is removed, so that no child has the owner's rights.
    """
    inherited = {name: value for name, value in os.environ.items() if name != OWNER_URL_VARIABLE}
    return {**inherited, **(extra or {}), STACK_VARIABLE: str(home.folder)}


def spawn(
    home: HomeFolder,
    name: str,
    command: Sequence[str],
    environment: Mapping[str, str] | None = None,
    *,
    stdin: int = subprocess.DEVNULL,
    folder: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start `command` in `folder` (default: the home); its output is appended to the log file
    `name`.

    The child gets a session of its own, so that Ctrl-C in the terminal reaches only the launcher,
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
            cwd=folder or home.folder,
            start_new_session=True,
        )
    finally:
        os.close(descriptor)
    _spawned.append(child)
    return child


def reap_children() -> None:
    """Reap children that have ended; until then they are zombies."""
    _spawned[:] = [child for child in _spawned if child.poll() is None]


def wait_until(
    ready: Callable[[], bool],
    child: subprocess.Popen[bytes] | None,
    log: Path,
    timeout_s: float,
) -> None:
    """Wait until `ready` returns true.

    Raises `StackError` with the end of `log` when the child ends first or after `timeout_s`.
    """
    deadline = time.monotonic() + timeout_s
    while not ready():
        if child is not None and child.poll() is not None:
            raise StackError(f"{log.stem} ended with {child.returncode}.\n{tail_log(log)}")
        if time.monotonic() > deadline:
            raise StackError(f"{log.stem} was not ready in {timeout_s:.0f} s.\n{tail_log(log)}")
        time.sleep(_POLL_S)


def tail_log(log: Path, count: int = 15) -> str:
    """The last `count` lines of a log, and its path."""
    try:
        lines = log.read_text(errors="replace").splitlines()[-count:]
    except FileNotFoundError:
        return f"(no log at {log})"
    return "\n".join([*lines, f"(log: {log})"])


def http_get(port: int, path: str, address: str = "127.0.0.1") -> bytes | None:
    """Body of `GET http://<address>:<port><path>` if the status is 200, else None."""
    # http.client instead of urllib, because urllib uses a proxy from the environment.
    connection = http.client.HTTPConnection(address, port, timeout=2)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.read() if response.status == http.HTTPStatus.OK else None
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
