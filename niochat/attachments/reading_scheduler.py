"""Schedules readings of customers' files in the pool as soon as the files are stored."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Protocol
from uuid import UUID

import structlog

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.attachments.file_queue import FileQueue, FileRef
from niochat.domain.conversation.commands import SettleFileReading
from niochat.domain.conversation.file_reading import (
    FileReading,
    FileReadingRequest,
    ReadableFileKind,
)
from niochat.domain.ids import ConversationId, MessageId

_SQL = queries("attachment_readings")
_log = structlog.get_logger(__name__)

MAX_CONCURRENT = 24
"""Concurrent readings of one host."""
MAX_PER_TENANT = 12
READING_TIMEOUT_S = 90.0
"""Seconds until the pool must have returned a reading."""
LEASE_S = READING_TIMEOUT_S + 30.0
"""How long an attempt of a living process claims a file. Files of a dead process are taken over at
once.
"""
MAX_PER_HOUR = 60
"""The most files of one customer that are read in an hour, because each reading costs money."""
SEARCH_LIMIT = 200
"""The most rows of one search."""
MAX_ATTEMPTS = 5
_RETRY_DELAYS_S = (1.0, 3.0, 8.0, 30.0)


class FileReaderClient(Protocol):
    """Reads a file in the pool; raises when the pool member has died."""

    async def read_file(self, request: FileReadingRequest) -> FileReading:
        """The content of the file."""
        ...


ReadingSettler = Callable[[UUID, SettleFileReading], None]
"""Delivers (thread, command) to the thread's actor."""


class ReadingScheduler:
    """Schedules the readings of a host's threads, fairly between tenants.

    The thread's step stores a reading once. If the process dies between the pool's result and that
    step, the file is read again, which costs another request and never stores a second transcript.
    """

    def __init__(
        self, database: Database, incarnation: str, reader: FileReaderClient, settle: ReadingSettler
    ) -> None:
        self._database = database
        self._incarnation = incarnation
        self._reader = reader
        self._settle = settle
        self._queue = FileQueue(
            "file_reading_failed",
            self._read_file,
            max_concurrent=MAX_CONCURRENT,
            max_per_tenant=MAX_PER_TENANT,
        )

    def enqueue(self, tenant_id: UUID, file_id: UUID) -> None:
        """Read the file as soon as there is a slot. The call is a hint: sweeps find the row."""
        self._queue.enqueue(FileRef(tenant_id, file_id))

    async def enqueue_due(self, shards: Sequence[int]) -> None:
        """Enqueue files whose hint was lost, and files that are due again."""
        async with self._database.as_system() as connection:
            rows = await connection.fetch(
                _SQL["list_due"], list(shards), SEARCH_LIMIT, self._incarnation
            )
        for row in rows:
            self.enqueue(row["tenant_id"], row["file_id"])

    async def _read_file(self, file: FileRef) -> None:
        async with self._database.as_system() as connection:
            row: Any = await connection.fetchrow(
                _SQL["claim"],
                file.tenant_id,
                file.file_id,
                self._incarnation,
                LEASE_S,
                MAX_PER_HOUR,
            )
        if row is None:  # the file was read, must not be read, or another process has claimed it
            return
        request = FileReadingRequest(
            file.tenant_id,
            file.file_id,
            ReadableFileKind(row["sort"]),
            row["mimetype"],
            row["said_seconds"],
        )
        reading = (
            FileReading(code="too_many")
            if row["too_many"]
            else await self._request_reading(request)
        )
        if reading.again and row["attempts"] < MAX_ATTEMPTS and not row["too_old"]:
            await self._postpone(file, row["attempts"])
            _log.warning("file_reading_postponed", file=str(file.file_id), code=reading.code)
            return
        conversation = row["conversation_id"] and ConversationId(row["conversation_id"])
        command = SettleFileReading(MessageId(row["message_id"]), conversation, reading)
        self._settle(row["thread_id"], command)

    async def _request_reading(self, request: FileReadingRequest) -> FileReading:
        try:
            async with asyncio.timeout(READING_TIMEOUT_S):
                return await self._reader.read_file(request)
        except TimeoutError:
            return FileReading(code="too_slow", again=True)
        except Exception as error:  # noqa: BLE001 - a lost pool member may raise anything
            _log.warning("reader_lost", error=repr(error)[:200])
            return FileReading(code="reader_lost", again=True)

    async def _postpone(self, file: FileRef, attempts: int) -> None:
        seconds = _RETRY_DELAYS_S[min(attempts, len(_RETRY_DELAYS_S)) - 1]
        async with self._database.as_system() as connection:
            await connection.execute(_SQL["postpone"], file.tenant_id, file.file_id, seconds)
