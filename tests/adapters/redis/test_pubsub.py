"""Promises about announcements, on a real Redis."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from niochat.adapters.redis.pubsub import CONFIG_CHANNEL, ChangeAnnouncements
from niochat.launcher.databases.redis_server import EmbeddedRedis
from niochat.launcher.home_folder import HomeFolder
from niochat.launcher.network_ports import StackPorts
from niochat.launcher.stack_credentials import StackCredentials

pytestmark = pytest.mark.asyncio


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedRedis]:
    home = HomeFolder.create(tmp_path_factory.mktemp("announcements"))
    embedded = EmbeddedRedis(
        home, StackPorts.allocate(home).redis, StackCredentials.load_or_create(home)
    )
    yield embedded
    embedded.stop()


@pytest_asyncio.fixture
async def announcements(server: EmbeddedRedis) -> AsyncIterator[ChangeAnnouncements]:
    server.start()
    made = ChangeAnnouncements(server.url)
    yield made
    await made.close()


class Subscriber:
    """What one listener heard; ``None`` where listening began."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[UUID | None] = asyncio.Queue()

    async def next(self) -> UUID | None:
        return await asyncio.wait_for(self.heard.get(), 10)


@asynccontextmanager
async def listening(announcements: ChangeAnnouncements) -> AsyncIterator[Subscriber]:
    ear = Subscriber()
    heard = ear.heard
    task = asyncio.create_task(
        announcements.subscribe(heard.put_nowait, lambda: heard.put_nowait(None))
    )
    try:
        yield ear
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_what_is_announced_is_heard(announcements: ChangeAnnouncements) -> None:
    tenant_id = uuid4()
    async with listening(announcements) as ear:
        assert await ear.next() is None

        assert await announcements.publish(tenant_id)

        assert await ear.next() == tenant_id


async def test_rubbish_on_the_channel_does_not_end_the_listening(
    announcements: ChangeAnnouncements, server: EmbeddedRedis
) -> None:
    tenant_id = uuid4()
    async with listening(announcements) as ear, Redis.from_url(server.url) as stranger:
        assert await ear.next() is None
        for rubbish in (b"", b"\xff\xfe", b"demo"):
            await stranger.publish(CONFIG_CHANNEL, rubbish)

        await announcements.publish(tenant_id)

        assert await ear.next() == tenant_id


async def test_without_redis_nothing_fails_and_after_it_came_back_all_is_heard_again(
    announcements: ChangeAnnouncements, server: EmbeddedRedis
) -> None:
    tenant_id = uuid4()
    async with listening(announcements) as ear:
        assert await ear.next() is None
        await asyncio.to_thread(server.stop)

        assert not await announcements.ping()
        assert not await announcements.publish(tenant_id)
        assert ear.heard.empty()

        await asyncio.to_thread(server.start)
        assert await ear.next() is None
        assert await announcements.ping()
        await announcements.publish(tenant_id)
        assert await ear.next() == tenant_id


async def test_an_outage_is_logged_once(
    announcements: ChangeAnnouncements, server: EmbeddedRedis, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await announcements.ping()
    await asyncio.to_thread(server.stop)

    for _ in range(5):
        await announcements.ping()
    await asyncio.to_thread(server.start)
    for _ in range(5):
        await announcements.ping()

    said = "".join(capsys.readouterr())
    assert said.count("redis_went_away") == 1
    assert said.count("redis_came_back") == 1
