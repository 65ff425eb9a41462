"""Customers' files are fetched from the gateway as soon as they come: it keeps them for days."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import Any
from uuid import UUID

import structlog

from niochat.adapters.file_store import FileStore
from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.attachments.attachment_store import MAX_FILE_BYTES, object_key
from niochat.attachments.file_type import safe_name, storage_type_and_name
from niochat.domain.conversation.commands import SettleFile
from niochat.domain.errors import InvalidInputError, NiochatError
from niochat.domain.ids import ConversationId, MessageId
from niochat.ports.gateway import CredentialsOpener, FetchedFile, WhatsAppGateway
from niochat.runtime.fairness.fair_limiter import FairLimiter, LaneQuota

_SQL = queries("attachments")
_log = structlog.get_logger(__name__)

MAX_CONCURRENT = 6
"""Files that one host fetches at once: each may be 16 MiB in memory, and again as base64."""
MAX_PER_TENANT = 3
MAX_WAITING = 5_000
"""Further ones are found by their rows."""
LEASE_S = 120.0
"""For one try; whoever dies in it is forgotten after that."""
SEARCH_LIMIT = 200
"""Rows in one search."""
MAX_ATTEMPTS = 12

AttachmentSettler = Callable[[UUID, SettleFile], None]
"""Gives (thread, command) to the thread's actor."""


@dataclass(frozen=True, slots=True)
class _AttachmentRef:
    tenant_id: UUID
    id: UUID


class AttachmentDownloader:
    """Fetches the files of a host's threads, fairly between tenants."""

    def __init__(
        self,
        database: Database,
        gateway: WhatsAppGateway,
        open_credentials: CredentialsOpener,
        store: FileStore,
        settle: AttachmentSettler,
    ) -> None:
        self._database = database
        self._gateway = gateway
        self._open_credentials = open_credentials
        self._store = store
        self._settle = settle
        self._pending: set[_AttachmentRef] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._slots: FairLimiter[_AttachmentRef] = FairLimiter(
            MAX_CONCURRENT, max_waiting=MAX_WAITING
        )

    def enqueue(self, tenant_id: UUID, file_id: UUID) -> None:
        """As soon as there is a place; a hint, the row is what counts."""
        wanted = _AttachmentRef(tenant_id, file_id)
        if wanted in self._pending:
            return
        if self._slots.enqueue(tenant_id, wanted, LaneQuota(1.0, MAX_PER_TENANT)):
            self._pending.add(wanted)
            self._start_next()

    async def enqueue_due(self, shards: Sequence[int]) -> None:
        """What was forgotten, or is due again."""
        async with self._database.as_system() as connection:
            rows = await connection.fetch(_SQL["list_due"], list(shards), SEARCH_LIMIT)
        for row in rows:
            self.enqueue(row["tenant_id"], row["id"])

    def _start_next(self) -> None:
        while (started := self._slots.admit_next()) is not None:
            _, wanted = started
            task = asyncio.get_running_loop().create_task(self._download(wanted))
            self._tasks.add(task)
            task.add_done_callback(partial(self._on_done, wanted))

    def _on_done(self, wanted: _AttachmentRef, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        self._pending.discard(wanted)
        self._slots.release(wanted.tenant_id)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, NiochatError):
            _log.warning("file_put_off", file=str(wanted.id), code=error.code)
        elif error is not None:
            _log.error("file_not_fetched", file=str(wanted.id), exc_info=error)
        self._start_next()

    async def _download(self, wanted: _AttachmentRef) -> None:
        async with self._database.as_system() as connection:
            row: Any = await connection.fetchrow(
                _SQL["claim"], wanted.tenant_id, wanted.id, LEASE_S
            )
        if row is None:  # it is here, or somebody else is at it
            return
        line = self._open_credentials(
            row["channel_kind"], row["base_url"], row["token_sealed"], wanted.tenant_id
        )
        try:
            found = await self._gateway.fetch_file(line, row["external_id"], MAX_FILE_BYTES)
            settled = _missing_file(wanted, row, "gone")
            if found is not None:
                settled = await self._store_file(wanted, row, found)
        except InvalidInputError as error:
            settled = _missing_file(wanted, row, error.code)
        except NiochatError:
            if row["attempts"] < MAX_ATTEMPTS and not row["too_old"]:
                await self._postpone(wanted, row["attempts"])
                raise
            settled = _missing_file(wanted, row, "given_up")
        self._settle(row["thread_id"], settled)

    async def _store_file(self, wanted: _AttachmentRef, row: Any, found: FetchedFile) -> SettleFile:
        data, given = found.data, row["filename"]
        if len(data) > MAX_FILE_BYTES:
            raise InvalidInputError("the file is too large", code="too_large")
        mimetype, name = storage_type_and_name(data, given, "arquivo")
        await self._store.put(object_key(wanted.tenant_id, wanted.id), data)
        return SettleFile(
            wanted.id,
            MessageId(row["message_id"]),
            _conversation_id(row),
            mimetype,
            name,
            len(data),
            sha256(data).hexdigest(),
        )

    async def _postpone(self, wanted: _AttachmentRef, attempts: int) -> None:
        seconds = min(2.0 * 2**attempts, 3600.0)
        async with self._database.as_system() as connection:
            await connection.execute(_SQL["postpone"], wanted.tenant_id, wanted.id, seconds)


def _missing_file(wanted: _AttachmentRef, row: Any, code: str) -> SettleFile:
    return SettleFile(
        wanted.id,
        MessageId(row["message_id"]),
        _conversation_id(row),
        filename=safe_name(row["filename"], "arquivo"),
        code=code,
    )


def _conversation_id(row: Any) -> ConversationId | None:
    return row["conversation_id"] and ConversationId(row["conversation_id"])
