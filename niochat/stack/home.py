"""The folder of one stack: what it keeps, and who may run in it."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from niochat.stack.errors import HomeInUse, StackError

_PRIVATE_FOLDER = 0o700
_PRIVATE_FILE = 0o600


@dataclass(frozen=True)
class Home:
    """The absolute folder of a stack. Everything that outlives a run is in it."""

    folder: Path

    @classmethod
    def at(cls, folder: Path) -> Self:
        """The home at `folder`, made private to its owner when it is new."""
        absolute = folder.expanduser().resolve()
        absolute.mkdir(parents=True, exist_ok=True, mode=_PRIVATE_FOLDER)
        (absolute / "log").mkdir(exist_ok=True, mode=_PRIVATE_FOLDER)
        return cls(absolute)

    @property
    def environment_file(self) -> Path:
        """What a running stack told its children; other commands find it by this."""
        return self.folder / "env.json"

    def log(self, name: str) -> Path:
        """The log file of one program."""
        return self.folder / "log" / f"{name}.log"

    def temporary_folder(self) -> Path:
        """A short private folder for sockets, the same one for every run of this home.

        A unix socket's path ends at 107 characters and Ray adds about 70 of its own, so the
        home itself may be too deep.
        """
        digest = hashlib.sha256(str(self.folder).encode()).hexdigest()[:8]
        folder = Path("/tmp") / f"niochat-{os.getuid()}-{digest}"
        folder.mkdir(exist_ok=True, mode=_PRIVATE_FOLDER)
        found = folder.lstat()
        if folder.is_symlink() or found.st_uid != os.getuid():
            raise StackError(f"{folder} belongs to another user; remove it and start again.")
        folder.chmod(_PRIVATE_FOLDER)
        return folder


def read_json(file: Path) -> dict[str, Any]:
    """The object in `file`, or an empty one when there is no such file."""
    try:
        found = json.loads(file.read_text())
    except FileNotFoundError:
        return {}
    except json.JSONDecodeError as error:
        raise StackError(f"{file} is damaged ({error}); restore it, or move it away.") from error
    if not isinstance(found, dict):
        raise StackError(f"{file} should hold a JSON object; restore it, or move it away.")
    return found


def write_private(file: Path, text: str) -> None:
    """Put `text` into `file`, readable by its owner alone, whole or not at all."""
    # mkstemp makes the file 0600 from its first byte on.
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
    """Put `value` into `file`, readable by its owner alone, whole or not at all."""
    write_private(file, json.dumps(value, indent=2) + "\n")


class HomeLock:
    """One launcher per home. The kernel releases it when the launcher dies, however it dies."""

    def __init__(self, home: Home) -> None:
        self._file = home.folder / "lock"
        self._descriptor: int | None = None

    @property
    def held(self) -> bool:
        """Whether this object holds the lock."""
        return self._descriptor is not None

    def acquire(self) -> None:
        """Take the lock, or raise `HomeInUse` with the id of the launcher that has it."""
        descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _PRIVATE_FILE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise HomeInUse(
                f"NioChat already runs in {self._file.parent} (process {self.holder()}). "
                "Stop it with `niochat down`, or set NIOCHAT_HOME to another folder."
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._descriptor = descriptor

    def release(self) -> None:
        """Give the lock back; nothing happens when it is not held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def holder(self) -> int | None:
        """The process that wrote itself into the lock last, alive or not."""
        try:
            return int(self._file.read_text())
        except (FileNotFoundError, ValueError):
            return None

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
