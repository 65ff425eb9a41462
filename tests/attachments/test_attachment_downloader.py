"""A customer's file is fetched from the gateway, over real HTTP, and kept, whoever dies."""

import asyncio
import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from niochat.adapters.file_store import FileStore
from niochat.adapters.gateways.uazapi.client import UazapiClient
from niochat.adapters.postgres.database import Database
from niochat.attachments.attachment_downloader import MAX_ATTEMPTS, AttachmentDownloader
from niochat.attachments.attachment_store import object_key
from niochat.domain.conversation.commands import ReceiveMessage, SettleFile
from niochat.domain.message import MessageContent, MessageKind
from tests.actors.sandbox_provider import (
    SandboxProvider,
    create_gateway_instance,
    create_sandbox_provider,
    one_root_certificate,
)
from tests.attachments.media.recordings import encode_tone
from tests.builders import SENT_AT, Host, RowBuilder, ShardAssignments, insert_commands
from tests.niochat_sandbox.conftest import origin
from tests.outbox.outbox_harness import PNG

__all__ = ["one_root_certificate", "origin"]
pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]
PHONE = "5581988887777"


class DownloadFixture:
    """A host of one thread that fetches files from the sandbox's gateway."""

    def __init__(
        self,
        host: Host,
        provider: SandboxProvider,
        given: RowBuilder,
        thread: UUID,
        store: FileStore,
    ) -> None:
        self.host, self.provider, self.given, self.thread = host, provider, given, thread
        self.store, self.gateway = store, UazapiClient(lookup_timeout_s=2)
        self.settled: list[SettleFile] = []
        self.fetcher = self.another()

    def another(self) -> AttachmentDownloader:
        """A fetcher of another process: it remembers nothing."""
        return AttachmentDownloader(
            self.host.database,
            self.gateway,
            self.provider.directory.gateway_credentials,
            self.store,
            lambda thread, settled: self.settled.append(settled),
        )

    async def arrives(self, kind: str = "image", name: str = "../foto.png", **more: Any) -> None:
        """The customer sends a file: the gateway has it, and the step wants it."""
        external = await self.provider.sandbox.write(PHONE, kind=kind, **more)
        content = MessageContent(MessageKind(kind), "", {"file_name": name})
        wrote = ReceiveMessage(external, content, SENT_AT)
        await insert_commands(self.host, self.provider.place, self.thread, [wrote])
        await self.host.run(self.thread)

    async def look(self, fetcher: AttachmentDownloader | None = None) -> None:
        """One search, until its fetches have ended; what came of them becomes steps."""
        fetcher = fetcher or self.fetcher
        await fetcher.enqueue_due(range(1024))
        while fetcher._queue._tasks:
            await asyncio.wait(fetcher._queue._tasks)
        settled, self.settled = self.settled, []
        if settled:
            await self.host.step(self.thread, *settled)

    async def row(self) -> Any:
        return await self.given.admin.fetchrow("SELECT * FROM attachments")

    async def later(self) -> None:
        await self.given.admin.execute("UPDATE attachments SET next_at = now()")


@pytest_asyncio.fixture
async def room(
    database: Database, origin: str, given: RowBuilder, ownership: ShardAssignments, tmp_path: Path
) -> AsyncIterator[DownloadFixture]:
    async with create_gateway_instance(origin) as world:
        provider = await create_sandbox_provider(database, world, tmp_path)
        host = Host("host-a:1", database)
        await ownership.assign_all(host)
        store = FileStore.from_url((tmp_path / "files").as_uri())
        here = DownloadFixture(host, provider, given, await provider.thread(), store)
        yield here
        await here.gateway.close()


async def shown(room: DownloadFixture) -> Any:
    return await room.given.admin.fetchval("SELECT file ->> 'status' FROM shown_messages")


async def test_a_picture_is_wanted_with_its_message_then_kept_and_screens_hear_of_it(
    room: DownloadFixture,
) -> None:
    await room.arrives()
    assert await shown(room) == "wanted"

    await room.look()

    row = await room.row()
    kept = await room.store.get(object_key(row["tenant_id"], row["id"]))
    assert kept is not None
    assert (row["status"], row["mimetype"], row["size"]) == ("kept", "image/png", len(kept))
    assert await shown(room) == "kept"
    assert await room.given.count("events", "type = 'file_settled'") == 1


async def test_what_is_kept_has_its_size_or_its_length(room: DownloadFixture) -> None:
    tone = encode_tone("ogg", "libopus", layout="mono")
    await room.arrives("document", data=base64.b64encode(PNG).decode(), mimetype="image/png")
    await room.look()
    assert ((await room.row())["width"], (await room.row())["height"]) == (1, 1)
    await room.given.admin.execute("DELETE FROM attachments")
    await room.arrives("document", data=base64.b64encode(tone).decode(), mimetype="audio/ogg")
    await room.look()
    row = await room.row()
    assert (row["status"], row["width"], round(row["duration_s"], 1)) == ("kept", None, 1.0)


async def test_a_file_that_could_run_is_kept_as_nothing_that_runs(room: DownloadFixture) -> None:
    await room.arrives(name="fatura\u202egpj.pdf.exe")

    await room.look()

    row = await room.row()
    assert (row["status"], row["mimetype"]) == ("kept", "application/octet-stream")
    assert row["filename"] == "faturagpj_pdf_exe.bin"


async def test_what_is_kept_is_not_fetched_again(room: DownloadFixture) -> None:
    await room.arrives()
    await room.look()
    await room.later()
    await room.look()

    assert (await room.row())["attempts"] == 1


async def test_a_gateway_that_is_away_is_asked_again_later(room: DownloadFixture) -> None:
    await room.arrives()
    await room.provider.inject_fault("gateway", "status", path="/message/download", status=500)
    await room.look()
    assert (await room.row())["status"] == "wanted"
    await room.look()
    assert (await room.row())["attempts"] == 1, "not before it is time"

    await room.later()
    await room.look()
    assert (await room.row())["status"] == "kept"


async def test_who_died_while_fetching_is_followed_by_another(room: DownloadFixture) -> None:
    await room.arrives()
    await room.fetcher.enqueue_due(range(1024))
    for task in room.fetcher._queue._tasks:
        task.cancel()
    await asyncio.gather(*room.fetcher._queue._tasks, return_exceptions=True)
    assert (await room.row())["status"] == "wanted"

    await room.later()
    await room.look(room.another())
    assert (await room.row())["status"] == "kept"


async def test_a_kept_file_whose_step_was_lost_is_fetched_once_more(room: DownloadFixture) -> None:
    await room.arrives()
    await room.fetcher.enqueue_due(range(1024))
    while room.fetcher._queue._tasks:
        await asyncio.wait(room.fetcher._queue._tasks)
    room.settled.clear()  # the process died before the step

    await room.later()
    await room.look(room.another())
    assert ((await room.row())["status"], await shown(room)) == ("kept", "kept")


async def test_what_the_gateway_does_not_have_any_more_is_missing(room: DownloadFixture) -> None:
    await room.arrives()
    await room.provider.inject_fault("gateway", "status", path="/message/download", status=404)
    await room.look()

    row = await room.row()
    assert (row["status"], row["code"], await shown(room)) == ("missing", "gone", "missing")


async def test_a_file_that_never_arrives_is_given_up(room: DownloadFixture) -> None:
    await room.arrives()
    await room.given.admin.execute("UPDATE attachments SET attempts = $1", MAX_ATTEMPTS)
    await room.provider.inject_fault("gateway", "status", path="/message/download", status=500)
    await room.look()

    row = await room.row()
    assert (row["status"], row["code"]) == ("missing", "given_up")


async def test_a_file_for_a_conversation_that_is_over_is_kept_all_the_same(
    room: DownloadFixture,
) -> None:
    await room.arrives()
    await room.given.admin.execute("UPDATE conversations SET status = 'resolved'")
    room.host.memory.clear()
    await room.look()

    assert (await room.row())["status"] == "kept"
