"""Stores files in a directory of this machine or in any S3-compatible store, with ``obstore``."""

import asyncio
import contextlib
from collections.abc import Awaitable
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, S3Store

from niochat.domain.errors import InvalidInputError, UnavailableError

TIMEOUT_S = 30.0
"""For one operation; the library alone would retry for minutes."""
UPLOAD_TIMEOUT_S = 240.0
"""For a large file."""
T = TypeVar("T")
_PRIVATE_FOLDER = 0o700
_PRIVATE_FILE = 0o600


class FileStore:
    """Stores bytes under keys such as ``<tenant>/<file>``, each file whole or not at all."""

    def __init__(self, store: ObjectStore | None, directory: Path | None = None) -> None:
        """``directory``: the folder of a store on this machine."""
        self._opened = store
        self._directory = directory

    @classmethod
    def from_url(cls, address: str | None, variable: str = "NIOCHAT_FILES_URL") -> "FileStore":
        """Open ``file:///directory``, which is created when it is missing, or
        ``s3://bucket/prefix``, whose credentials are in the variables ``AWS_…``. Raises
        ``InvalidInputError``, which names the setting, for any other address. With ``None`` there
        is no store, and every use raises.
        """
        if address is None:
            return cls(None)
        parts = urlsplit(address)
        if parts.scheme == "file" and parts.path.startswith("/"):
            directory = Path(parts.path)
            try:
                directory.mkdir(parents=True, exist_ok=True, mode=_PRIVATE_FOLDER)
            except OSError as error:
                raise InvalidInputError(
                    f"NIOCHAT_FILES_URL cannot be used ({error.strerror}: {directory}): name a "
                    "folder that may be written.",
                    code="bad_settings",
                ) from None
            return cls(LocalStore(directory), directory)
        if parts.scheme == "s3" and parts.netloc:
            return cls(S3Store.from_url(address, retry_config={"max_retries": 2}))
        raise InvalidInputError(
            f"{variable} must be file:///directory or s3://bucket/prefix",
            code="bad_settings",
        )

    @property
    def _store(self) -> ObjectStore:
        if self._opened is None:
            raise UnavailableError(
                "this installation keeps no files: set NIOCHAT_FILES_URL", code="no_file_store"
            )
        return self._opened

    async def put(self, key: str, data: bytes) -> None:
        """Write or overwrite the file. Raises ``UnavailableError``."""
        await self._put(key, data, TIMEOUT_S)

    async def put_file(self, key: str, file: Path) -> None:
        """The same with the content of a file on this machine, which is sent in parts: it may be
        larger than the memory. Raises ``UnavailableError``.
        """
        await self._put(key, file, UPLOAD_TIMEOUT_S)

    async def _put(self, key: str, content: bytes | Path, timeout_s: float) -> None:
        if self._directory is not None:
            self._make_private_folder(self._directory / key)
        await _translate_errors(obstore.put_async(self._store, key, content), timeout_s)
        if self._directory is not None:
            with contextlib.suppress(FileNotFoundError):
                (self._directory / key).chmod(_PRIVATE_FILE)

    def _make_private_folder(self, file: Path) -> None:
        """Create the private folder first: the library follows the process's umask."""
        assert self._directory is not None
        for folder in reversed(file.relative_to(self._directory).parents):
            try:
                (self._directory / folder).mkdir(exist_ok=True, mode=_PRIVATE_FOLDER)
                if folder != Path():
                    (self._directory / folder).chmod(_PRIVATE_FOLDER)
            except OSError as error:
                raise _unavailable_error(error) from error

    async def get(self, key: str) -> bytes | None:
        """All bytes; ``None`` when the file does not exist. Raises ``UnavailableError``."""
        try:
            result = await _translate_errors(obstore.get_async(self._store, key))
        except FileNotFoundError:
            return None
        return bytes(await _translate_errors(result.bytes_async()))

    async def get_range(self, key: str, start: int, length: int) -> bytes | None:
        """``length`` bytes from ``start``; ``None`` when the file does not exist."""
        try:
            operation = obstore.get_range_async(self._store, key, start=start, length=length)
            return bytes(await _translate_errors(operation))
        except FileNotFoundError:
            return None

    async def delete(self, key: str) -> None:
        """Delete the file, if it exists. Raises ``UnavailableError``."""
        with contextlib.suppress(FileNotFoundError):
            await _translate_errors(obstore.delete_async(self._store, key))


async def _translate_errors(operation: Awaitable[T], timeout_s: float = TIMEOUT_S) -> T:
    try:
        async with asyncio.timeout(timeout_s):
            return await operation
    except FileNotFoundError:
        raise
    except (BaseError, OSError) as error:
        raise _unavailable_error(error) from error


def _unavailable_error(error: Exception) -> UnavailableError:
    """The library's message names keys and hosts, so it goes to the log only."""
    return UnavailableError(
        f"the file store does not answer: {type(error).__name__}", code="files_away"
    )
