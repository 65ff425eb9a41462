"""The account PostgreSQL runs under when we are root, which it refuses to be.

Nothing above the data folder is opened to that account: where a folder on the way is closed,
the server gets the right to read and search (CAP_DAC_READ_SEARCH) instead.
"""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from niochat.launcher.stack_errors import StackError
from niochat.launcher.subprocesses import ProgressCallback

ACCOUNT_NAME = "niochat"

_DAC_READ_SEARCH = 1 << 2


@dataclass(frozen=True)
class SystemAccount:
    """A user of this machine, by numbers."""

    uid: int
    gid: int

    def take_ownership(self, folder: Path) -> None:
        """Give this one folder to the account, closed to everybody else."""
        os.chown(folder, self.uid, self.gid)
        folder.chmod(0o700)

    def command_prefix(self, reached: Iterable[Path]) -> list[str]:
        """The start of a command that runs as this account and can reach all of `reached`."""
        command = [
            _tool("setpriv"),
            f"--reuid={self.uid}",
            f"--regid={self.gid}",
            "--clear-groups",
        ]
        closed = [folder for path in reached for folder in self._closed_folders(path)]
        if closed:
            _require_read_search(closed[0])
            command += ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
        return command

    def _closed_folders(self, path: Path) -> list[Path]:
        resolved = path.resolve()
        return [folder for folder in (resolved, *resolved.parents) if not self._can_enter(folder)]

    def _can_enter(self, folder: Path) -> bool:
        found = folder.stat()
        if found.st_uid == self.uid:
            return bool(found.st_mode & stat.S_IXUSR)
        if found.st_gid == self.gid:
            return bool(found.st_mode & stat.S_IXGRP)
        return bool(found.st_mode & stat.S_IXOTH)


def ensure_database_account(progress: ProgressCallback) -> SystemAccount | None:
    """The account for the database, made when it is missing; None when we are not root."""
    if os.getuid() != 0:
        return None
    try:
        found = pwd.getpwnam(ACCOUNT_NAME)
    except KeyError:
        progress(f"Creating the system user {ACCOUNT_NAME!r}: PostgreSQL does not run as root.")
        _create()
        found = pwd.getpwnam(ACCOUNT_NAME)
    if found.pw_uid == 0:
        raise StackError(f"The user {ACCOUNT_NAME!r} is root; PostgreSQL does not run as root.")
    return SystemAccount(found.pw_uid, found.pw_gid)


def _create() -> None:
    command = [_tool("useradd"), "--system", "--user-group", "--no-create-home"]
    result = subprocess.run(
        [*command, "--shell", "/usr/sbin/nologin", ACCOUNT_NAME],
        check=False,
        capture_output=True,
        text=True,
    )
    if result.returncode != 0:
        raise StackError(f"useradd could not make {ACCOUNT_NAME!r}: {result.stderr.strip()}")


def _tool(name: str) -> str:
    # sbin is not on everybody's path.
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin:/usr/bin:/bin")
    if found is None:
        raise StackError(f"`{name}` is missing. Install it, or start NioChat as another user.")
    return found


def _require_read_search(folder: Path) -> None:
    lines = Path("/proc/self/status").read_text().splitlines()
    effective = next(line for line in lines if line.startswith("CapEff:")).split()[1]
    if not int(effective, 16) & _DAC_READ_SEARCH:
        raise StackError(
            f"The user {ACCOUNT_NAME!r} cannot enter {folder}, and this machine does not let us "
            f"grant "
            "CAP_DAC_READ_SEARCH. Put NioChat and its home where others may enter, or start it "
            "as another user than root."
        )
