"""The system account under which PostgreSQL runs when we are root, because it refuses to be root.

Permissions of the folders above the data folder are not changed. If the account may not enter one
of them, the server gets the capability CAP_DAC_READ_SEARCH instead.
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
    """A user of this machine, by uid and gid."""

    uid: int
    gid: int

    def take_ownership(self, folder: Path) -> None:
        """Make the account the owner of this folder, with mode 0700."""
        os.chown(folder, self.uid, self.gid)
        folder.chmod(0o700)

    def command_prefix(self, paths: Iterable[Path]) -> list[str]:
        """Command prefix that runs a program as this account with access to all `paths`."""
        command = [
            _tool("setpriv"),
            f"--reuid={self.uid}",
            f"--regid={self.gid}",
            "--clear-groups",
        ]
        closed = [folder for path in paths for folder in self._closed_folders(path)]
        if closed:
            _require_read_search(closed[0])
            command += ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
        return command

    def _closed_folders(self, path: Path) -> list[Path]:
        resolved = path.resolve()
        return [folder for folder in (resolved, *resolved.parents) if not self._can_enter(folder)]

    def _can_enter(self, folder: Path) -> bool:
        status = folder.stat()
        if status.st_uid == self.uid:
            return bool(status.st_mode & stat.S_IXUSR)
        if status.st_gid == self.gid:
            return bool(status.st_mode & stat.S_IXGRP)
        return bool(status.st_mode & stat.S_IXOTH)


def ensure_database_account(progress: ProgressCallback) -> SystemAccount | None:
    """The account for the database, created if needed; None when we are not root."""
    if os.getuid() != 0:
        return None
    try:
        account = pwd.getpwnam(ACCOUNT_NAME)
    except KeyError:
        progress(f"Creating the system user {ACCOUNT_NAME!r}: PostgreSQL does not run as root.")
        _create()
        account = pwd.getpwnam(ACCOUNT_NAME)
    if account.pw_uid == 0:
        raise StackError(f"The user {ACCOUNT_NAME!r} is root; PostgreSQL does not run as root.")
    return SystemAccount(account.pw_uid, account.pw_gid)


def _create() -> None:
    command = [_tool("useradd"), "--system", "--user-group", "--no-create-home"]
    result = subprocess.run(
        [*command, "--shell", "/usr/sbin/nologin", ACCOUNT_NAME],
        check=False,
        capture_output=True,
        text=True,
    )
    if result.returncode != 0:
        raise StackError(f"useradd could not create {ACCOUNT_NAME!r}: {result.stderr.strip()}")


def _tool(name: str) -> str:
    # /sbin is not in every PATH.
    path = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin:/usr/bin:/bin")
    if path is None:
        raise StackError(f"`{name}` is missing. Install it, or start NioChat as another user.")
    return path


def _require_read_search(folder: Path) -> None:
    lines = Path("/proc/self/status").read_text().splitlines()
    effective = next(line for line in lines if line.startswith("CapEff:")).split()[1]
    if not int(effective, 16) & _DAC_READ_SEARCH:
        raise StackError(
            f"The user {ACCOUNT_NAME!r} cannot enter {folder}, and CAP_DAC_READ_SEARCH cannot be "
            "granted on this machine. Put NioChat and its home into folders that other users may "
            "enter, or start NioChat as a user other than root."
        )
