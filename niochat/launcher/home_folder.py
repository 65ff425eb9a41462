"""The home folder of one stack: its files, and the lock that allows one launcher at a time."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import pwd
import shlex
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

from niochat.launcher.stack_errors import HomeInUseError, StackError

_PRIVATE_FOLDER = 0o700
_PRIVATE_FILE = 0o600
MIN_FREE_BYTES = 64 * 2**20
"""Free disk space that a start requires: a new database takes 40 MB, its WAL grows by 16 MB."""


@dataclass(frozen=True)
class HomeFolder:
    """The absolute path of a stack's folder, which holds everything that outlives a run."""

    folder: Path

    @classmethod
    def create(cls, folder: Path) -> Self:
        """Create the home at `folder` if needed, private to its owner. Raises `StackError`."""
        home = cls.locate(folder)
        try:
            home.folder.mkdir(parents=True, exist_ok=True, mode=_PRIVATE_FOLDER)
            (home.folder / "log").mkdir(exist_ok=True, mode=_PRIVATE_FOLDER)
        except OSError as error:
            raise home.unusable_error(error) from error
        return home

    @classmethod
    def locate(cls, folder: Path) -> Self:
        """The home at `folder`, whether or not it exists."""
        return cls(folder.expanduser().resolve())

    def require_usable(self, min_free_bytes: int = MIN_FREE_BYTES, user: int | None = None) -> None:
        """Raise `StackError` unless `user` (a uid, default: the current one) can start a stack
        here.
        """
        owner, user = self.folder.stat().st_uid, os.getuid() if user is None else user
        if user not in (0, owner):
            raise StackError(
                f"The home {self.folder} belongs to {_user_name(owner)}: "
                "set NIOCHAT_HOME to a folder of yours."
            )
        try:
            _write_and_remove(self.folder, min_free_bytes)
        except OSError as error:
            raise self.unusable_error(error) from error

    def unusable_error(self, error: OSError) -> StackError:
        """Translate a file system error into a `StackError` that says what to do."""
        subject = f"The home {self.folder}"
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            return StackError(
                f"{subject} has no room for {MIN_FREE_BYTES >> 20} MB: free some disk space, "
                "or set NIOCHAT_HOME to a folder on another disk."
            )
        if isinstance(error, NotADirectoryError | FileExistsError):
            return StackError(f"{subject} is a file, or below one: set NIOCHAT_HOME to a folder.")
        if isinstance(error, PermissionError) or error.errno == errno.EROFS:
            return StackError(
                f"{subject} cannot be written: set NIOCHAT_HOME to a folder that you may write, "
                "or give yourself permission to write there."
            )
        reason = error.strerror or error
        return StackError(
            f"{subject} cannot be used ({reason}): set NIOCHAT_HOME to another folder."
        )

    @property
    def environment_file(self) -> Path:
        """Environment of a running stack's child processes; other commands find the stack by it."""
        return self.folder / "env.json"

    def log_file(self, name: str) -> Path:
        """The log file of one program."""
        return self.folder / "log" / f"{name}.log"

    def temporary_folder(self) -> Path:
        """A private folder for sockets with a short path, the same one in every run of this home.

        The path of a Unix socket has at most 107 characters and Ray adds about 70, so the path
        of the home itself may be too long. Raises `StackError` when another user owns it.
        """
        digest = hashlib.sha256(str(self.folder).encode()).hexdigest()[:8]
        folder = Path("/tmp") / f"niochat-{os.getuid()}-{digest}"
        folder.mkdir(exist_ok=True, mode=_PRIVATE_FOLDER)
        status = folder.lstat()
        if folder.is_symlink() or status.st_uid != os.getuid():
            raise StackError(f"{folder} belongs to another user; remove it and start again.")
        folder.chmod(_PRIVATE_FOLDER)
        return folder


def read_json(file: Path) -> dict[str, Any]:
    """The JSON object in `file`, empty when the file does not exist. Raises `StackError`."""
    try:
        value = json.loads(file.read_text())
    except FileNotFoundError:
        return {}
    except NotADirectoryError as error:
        raise HomeFolder(file.parent).unusable_error(error) from error
    except OSError as error:
        raise StackError(
            f"{file} cannot be read ({error.strerror}): run as the user who created the home, "
            "or set NIOCHAT_HOME to another folder."
        ) from error
    except json.JSONDecodeError as error:
        raise StackError(f"{file} is damaged ({error}); restore it, or move it away.") from error
    if not isinstance(value, dict):
        raise StackError(f"{file} should hold a JSON object; restore it, or move it away.")
    return value


def write_private(file: Path, text: str) -> None:
    """Write `text` to `file` atomically, readable by its owner only. Raises `StackError`."""
    try:
        _write_private(file, text)
    except OSError as error:
        raise HomeFolder(file.parent).unusable_error(error) from error


def _write_private(file: Path, text: str) -> None:
    # mkstemp creates the file with mode 0600.
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(descriptor, "w") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(name, file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def write_json(file: Path, value: Mapping[str, Any]) -> None:
    """Write `value` to `file` as JSON, atomically, readable by its owner only."""
    write_private(file, json.dumps(value, indent=2) + "\n")


class HomeLock:
    """A file lock that allows one launcher per home. The kernel releases it when the
    launcher dies.
    """

    def __init__(self, home: HomeFolder) -> None:
        self._file = home.folder / "lock"
        self._descriptor: int | None = None

    @property
    def is_held(self) -> bool:
        """Whether this object holds the lock."""
        return self._descriptor is not None

    def acquire(self) -> None:
        """Take the lock, or raise `HomeInUseError` with the process id of its holder."""
        try:
            descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _PRIVATE_FILE)
        except OSError as error:
            raise HomeFolder(self._file.parent).unusable_error(error) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise HomeInUseError(
                f"NioChat already runs in {self._file.parent} ({self._holder_text()}). "
                f"`NIOCHAT_HOME={shlex.quote(str(self._file.parent))} niochat down` stops it; "
                "or set NIOCHAT_HOME to another folder."
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._descriptor = descriptor

    def release(self) -> None:
        """Release the lock; no-op when this object does not hold it."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def holder(self) -> int | None:
        """Id of the process that holds the lock: the one named in the file, if it has it open.

        None when it cannot be determined: the named process may have died, and another program
        may have its id now.
        """
        try:
            pid = int(self._file.read_text())
            open_files = psutil.Process(pid).open_files()
        except (OSError, ValueError, psutil.Error):
            return None
        return pid if str(self._file) in {each.path for each in open_files} else None

    def _holder_text(self) -> str:
        holder = self.holder()
        return f"process {holder}" if holder else "an unknown process"

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"the user {uid}"


def _write_and_remove(folder: Path, size: int) -> None:
    """Allocate `size` bytes on the disk and free them again. Raises `OSError`."""
    with tempfile.TemporaryFile(dir=folder) as file:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)
        elif shutil.disk_usage(folder).free < size:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
