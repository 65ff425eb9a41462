"""A host of one thread whose customers send files: fetched, then read, over real HTTP."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from niochat.adapters.file_store import FileStore
from niochat.adapters.gateways.uazapi.client import UazapiClient
from niochat.adapters.models.openai.model_client import ModelClient
from niochat.adapters.postgres.database import Database
from niochat.attachments.attachment_downloader import AttachmentDownloader
from niochat.attachments.attachment_reader import AttachmentReader
from niochat.attachments.attachment_store import object_key
from niochat.attachments.reading_scheduler import ReadingScheduler
from niochat.conversations.step.step_types import MemoryCommand
from niochat.domain.conversation.commands import ReceiveMessage
from niochat.domain.conversation.file_reading import FileReading, FileReadingRequest
from niochat.domain.message import MessageContent, MessageKind
from tests.actors.sandbox_provider import SandboxProvider, create_sandbox_provider
from tests.builders import SENT_AT, Host, RowBuilder, ShardAssignments, insert_commands
from tests.niochat_sandbox.conftest import SandboxFixture

PHONE = "5581988887777"
KINDS = {
    "ptt": MessageKind.VOICE,
    "audio": MessageKind.AUDIO,
    "image": MessageKind.IMAGE,
    "document": MessageKind.DOCUMENT,
}


class AttachmentPipeline:
    """``settled`` are commands that no step has taken yet."""

    def __init__(
        self,
        host: Host,
        provider: SandboxProvider,
        given: RowBuilder,
        thread: UUID,
        store: FileStore,
    ) -> None:
        self.host, self.provider, self.given, self.thread = host, provider, given, thread
        self.store, self.gateway, self.models = (
            store,
            UazapiClient(lookup_timeout_s=2),
            ModelClient(),
        )
        self.settled: list[MemoryCommand] = []
        self.asked: list[FileReadingRequest] = []
        self.reader = AttachmentReader(self.models, self._whole, provider.directory.assistant)
        self.fetcher = AttachmentDownloader(
            host.database, self.gateway, provider.directory.gateway_credentials, store, self._settle
        )
        self.readings = self.process("host-a:1")

    def process(self, incarnation: str) -> ReadingScheduler:
        """The same of another process: it remembers nothing."""
        return ReadingScheduler(self.host.database, incarnation, self, self._settle)

    async def read_file(self, request: FileReadingRequest) -> FileReading:
        self.asked.append(request)
        return await self.reader.read_file(request)

    async def receive_voice_note(self, words: str, **more: Any) -> str:
        """The customer sends a voice note; the gateway's id of it."""
        return await self.receive_file(kind="ptt", speech=words, **more)

    async def receive_file(self, kind: str, *, caption: str = "", **more: Any) -> str:
        """The customer sends a file; the gateway has it, and the step wants it."""
        external = await self.provider.world.write(PHONE, kind=kind, text=caption, **more)
        await self.accept_message(external, kind, caption, **more)
        return external

    async def accept_message(
        self, external: str, kind: str, caption: str = "", **more: Any
    ) -> None:
        """The message reaches us."""
        details = {"seconds": more.get("seconds", 2), "file_name": more.get("file", "")}
        content = MessageContent(KINDS[kind], caption, details)
        wrote = ReceiveMessage(external, content, SENT_AT)
        await insert_commands(self.host, self.provider.place, self.thread, [wrote])
        await self.host.run(self.thread)

    async def receive_bytes(self, kind: str, data: bytes, **more: Any) -> None:
        await self.receive_file(kind, data=base64.b64encode(data).decode(), **more)

    async def run_downloads(self) -> None:
        """Files are here, or will not come."""
        await self._search(self.fetcher)
        await self.run_steps()

    async def run_readings(self, readings: ReadingScheduler | None = None) -> None:
        """What files say is known, as far as it can be for now."""
        await self._search(readings or self.readings)
        await self.run_steps()

    async def run_readings_without_step(self, readings: ReadingScheduler | None = None) -> None:
        """The same, but the process died before its step."""
        await self._search(readings or self.readings)
        self.settled.clear()

    async def run_steps(self) -> None:
        settled, self.settled = self.settled, []
        await self.host.run(self.thread, *settled)

    async def expire_waits(self) -> None:
        await self.given.admin.execute("UPDATE readings SET next_at = now()")

    async def load_shown_messages(self) -> list[Any]:
        """What the API shows, oldest first."""
        return [
            dict(row)
            for row in await self.given.admin.fetch("SELECT * FROM shown_messages ORDER BY version")
        ]

    async def load_attachment_row(self) -> Any:
        return await self.given.admin.fetchrow("SELECT * FROM readings")

    async def list_turn_texts(self) -> list[str]:
        return await self.given.rows("SELECT status FROM turns ORDER BY started_at")

    async def _search(self, searching: Any) -> None:
        await searching.enqueue_due(range(1024))
        while searching._queue._tasks:
            await asyncio.wait(searching._queue._tasks)

    async def _whole(self, tenant_id: UUID, file_id: UUID) -> bytes | None:
        return await self.store.get(object_key(tenant_id, file_id))

    def _settle(self, thread: UUID, command: MemoryCommand) -> None:
        assert thread == self.thread
        self.settled.append(command)


@asynccontextmanager
async def open_attachment_pipeline(
    database: Database,
    world: SandboxFixture,
    given: RowBuilder,
    ownership: ShardAssignments,
    folder: Path,
    **settings: Any,
) -> AsyncIterator[AttachmentPipeline]:
    """``settings`` are the assistant's."""
    provider = await create_sandbox_provider(database, world, folder, **settings)
    host = Host("host-a:1", database)
    await ownership.assign_all(host)
    store = FileStore.from_url((folder / "files").as_uri())
    room = AttachmentPipeline(host, provider, given, await provider.thread(), store)
    yield room
    await room.gateway.close()
    await room.models.close()
