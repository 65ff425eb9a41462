"""Downloads customers' files as soon as they arrive: the gateway keeps them for days only."""

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any
from uuid import UUID

from niochat.adapters.file_store import FileStore
from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.attachments.attachment_store import MAX_FILE_BYTES, object_key, picture_size
from niochat.attachments.audio_duration import ogg_seconds
from niochat.attachments.file_queue import FileQueue, FileRef
from niochat.attachments.file_type import safe_name, storage_type_and_name
from niochat.domain.backoff import backoff_s
from niochat.domain.conversation.commands import SettleFile
from niochat.domain.errors import InvalidInputError, NiochatError
from niochat.domain.ids import ConversationId, MessageId
from niochat.ports.gateway import CredentialsOpener, FetchedFile, WhatsAppGateway

_SQL = queries("attachments")

MAX_CONCURRENT = 6
"""Concurrent downloads of one host. Each may take 16 MiB of memory, and more as base64."""
MAX_PER_TENANT = 3
LEASE_S = 120.0
"""How long an attempt claims a file. Then the file is due again: its process may have died."""
SEARCH_LIMIT = 200
"""The most rows of one search."""
MAX_ATTEMPTS = 12

AttachmentSettler = Callable[[UUID, SettleFile], None]
"""Delivers (thread, command) to the thread's actor."""


class AttachmentDownloader:
    """Downloads the files of a host's threads, fairly between tenants."""

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
        self._queue = FileQueue(
            "file_download_failed",
            self._download,
            max_concurrent=MAX_CONCURRENT,
            max_per_tenant=MAX_PER_TENANT,
        )

    def enqueue(self, tenant_id: UUID, file_id: UUID) -> None:
        """Download the file as soon as there is a slot. The call is a hint: sweeps find the row."""
        self._queue.enqueue(FileRef(tenant_id, file_id))

    async def enqueue_due(self, shards: Sequence[int]) -> None:
        """Enqueue files whose hint was lost, and files that are due again."""
        async with self._database.as_system() as connection:
            rows = await connection.fetch(_SQL["list_due"], list(shards), SEARCH_LIMIT)
        for row in rows:
            self.enqueue(row["tenant_id"], row["id"])

    async def _download(self, file: FileRef) -> None:
        async with self._database.as_system() as connection:
            row: Any = await connection.fetchrow(
                _SQL["claim"], file.tenant_id, file.file_id, LEASE_S
            )
        if row is None:  # the file is stored already, or another process has claimed it
            return
        credentials = self._open_credentials(
            row["channel_kind"], row["base_url"], row["token_sealed"], file.tenant_id
        )
        try:
            fetched = await self._gateway.fetch_file(
                credentials, row["external_id"], MAX_FILE_BYTES
            )
            command = _missing_file(file, row, "gone")
            if fetched is not None:
                command = await self._store_file(file, row, fetched)
        except InvalidInputError as error:
            command = _missing_file(file, row, error.code)
        except NiochatError:
            if row["attempts"] < MAX_ATTEMPTS and not row["too_old"]:
                await self._postpone(file, row["attempts"])
                raise
            command = _missing_file(file, row, "given_up")
        self._settle(row["thread_id"], command)

    async def _store_file(self, file: FileRef, row: Any, fetched: FetchedFile) -> SettleFile:
        data, filename = fetched.data, row["filename"]
        if len(data) > MAX_FILE_BYTES:
            raise InvalidInputError("the file is too large", code="too_large")
        mimetype, name = storage_type_and_name(data, filename, "arquivo")
        await self._store.put(object_key(file.tenant_id, file.file_id), data)
        await self._describe(file, data, mimetype)
        return SettleFile(
            file.file_id,
            MessageId(row["message_id"]),
            _conversation_id(row),
            mimetype,
            name,
            len(data),
            sha256(data).hexdigest(),
        )

    async def _describe(self, file: FileRef, data: bytes, mimetype: str) -> None:
        width, height = picture_size(data, mimetype)
        seconds = ogg_seconds(data) or None
        if width is None and seconds is None:
            return
        async with self._database.as_system() as connection:
            await connection.execute(
                _SQL["describe"], file.tenant_id, file.file_id, width, height, seconds
            )

    async def _postpone(self, file: FileRef, attempts: int) -> None:
        seconds = backoff_s(attempts, base_s=2.0, max_s=3600.0)
        async with self._database.as_system() as connection:
            await connection.execute(_SQL["postpone"], file.tenant_id, file.file_id, seconds)


def _missing_file(file: FileRef, row: Any, code: str) -> SettleFile:
    return SettleFile(
        file.file_id,
        MessageId(row["message_id"]),
        _conversation_id(row),
        filename=safe_name(row["filename"], "arquivo"),
        code=code,
    )


def _conversation_id(row: Any) -> ConversationId | None:
    return row["conversation_id"] and ConversationId(row["conversation_id"])
