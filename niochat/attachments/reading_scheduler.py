"""What customers' files say is asked of the pool as soon as a file is here: by its row, fairly."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol
from uuid import UUID

import structlog

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.conversation.commands import SettleFileReading
from niochat.domain.conversation.file_reading import (
    FileReading,
    FileReadingRequest,
    ReadableFileKind,
)
from niochat.domain.errors import NiochatError
from niochat.domain.ids import ConversationId, MessageId
from niochat.runtime.fairness.fair_limiter import FairLimiter, LaneQuota

_SQL = queries("attachment_readings")
_log = structlog.get_logger(__name__)

MAX_CONCURRENT = 24
"""Files that one host has read at once."""
MAX_PER_TENANT = 12
MAX_WAITING = 5_000
"""Further ones are found by their rows."""
READING_TIMEOUT_S = 90.0
"""For the pool's answer."""
LEASE_S = READING_TIMEOUT_S + 30.0
"""For one try of a process that lives; what one took that died is taken over at once."""
MAX_PER_HOUR = 60
"""Of one customer: who sends more is not paid for."""
SEARCH_LIMIT = 200
"""Rows in one search."""
MAX_ATTEMPTS = 5
_RETRY_DELAYS_S = (1.0, 3.0, 8.0, 30.0)


class FileReaderClient(Protocol):
    """Who reads a file; raises when the member of the pool that did is gone."""

    async def read_file(self, request: FileReadingRequest) -> FileReading:
        """What the file says."""
        ...


ReadingSettler = Callable[[UUID, SettleFileReading], None]
"""Gives (thread, command) to the thread's actor."""


@dataclass(frozen=True, slots=True)
class _ReadingRef:
    tenant_id: UUID
    file_id: UUID


class ReadingScheduler:
    """Has the files of a host's threads read, fairly between tenants.

    A reading is kept by the step that takes it, once: whoever dies between the answer and that
    step costs another request, never another transcript.
    """

    def __init__(
        self, database: Database, incarnation: str, reader: FileReaderClient, settle: ReadingSettler
    ) -> None:
        self._database = database
        self._incarnation = incarnation
        self._reader = reader
        self._settle = settle
        self._pending: set[_ReadingRef] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._slots: FairLimiter[_ReadingRef] = FairLimiter(MAX_CONCURRENT, max_waiting=MAX_WAITING)

    def enqueue(self, tenant_id: UUID, file_id: UUID) -> None:
        """As soon as there is a place; a hint, the row is what counts."""
        wanted = _ReadingRef(tenant_id, file_id)
        if wanted in self._pending:
            return
        if self._slots.enqueue(tenant_id, wanted, LaneQuota(1.0, MAX_PER_TENANT)):
            self._pending.add(wanted)
            self._start_next()

    async def enqueue_due(self, shards: Sequence[int]) -> None:
        """What was forgotten, or is due again."""
        async with self._database.as_system() as connection:
            rows = await connection.fetch(
                _SQL["list_due"], list(shards), SEARCH_LIMIT, self._incarnation
            )
        for row in rows:
            self.enqueue(row["tenant_id"], row["file_id"])

    def _start_next(self) -> None:
        while (started := self._slots.admit_next()) is not None:
            _, wanted = started
            task = asyncio.get_running_loop().create_task(self._read_file(wanted))
            self._tasks.add(task)
            task.add_done_callback(partial(self._on_done, wanted))

    def _on_done(self, wanted: _ReadingRef, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        self._pending.discard(wanted)
        self._slots.release(wanted.tenant_id)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, NiochatError):
            _log.warning("reading_put_off", file=str(wanted.file_id), code=error.code)
        elif error is not None:
            _log.error("file_not_read", file=str(wanted.file_id), exc_info=error)
        self._start_next()

    async def _read_file(self, wanted: _ReadingRef) -> None:
        async with self._database.as_system() as connection:
            row: Any = await connection.fetchrow(
                _SQL["claim"],
                wanted.tenant_id,
                wanted.file_id,
                self._incarnation,
                LEASE_S,
                MAX_PER_HOUR,
            )
        if row is None:  # it was read, is not wanted, or somebody else is at it
            return
        request = FileReadingRequest(
            wanted.tenant_id,
            wanted.file_id,
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
            await self._postpone(wanted, row["attempts"])
            _log.warning("reading_put_off", file=str(wanted.file_id), code=reading.code)
            return
        conversation = row["conversation_id"] and ConversationId(row["conversation_id"])
        settled = SettleFileReading(MessageId(row["message_id"]), conversation, reading)
        self._settle(row["thread_id"], settled)

    async def _request_reading(self, request: FileReadingRequest) -> FileReading:
        try:
            async with asyncio.timeout(READING_TIMEOUT_S):
                return await self._reader.read_file(request)
        except TimeoutError:
            return FileReading(code="too_slow", again=True)
        except Exception as error:  # noqa: BLE001 - a member that is gone is no reading
            _log.warning("reader_lost", error=repr(error)[:200])
            return FileReading(code="reader_lost", again=True)

    async def _postpone(self, wanted: _ReadingRef, attempts: int) -> None:
        seconds = _RETRY_DELAYS_S[min(attempts, len(_RETRY_DELAYS_S)) - 1]
        async with self._database.as_system() as connection:
            await connection.execute(_SQL["postpone"], wanted.tenant_id, wanted.file_id, seconds)
