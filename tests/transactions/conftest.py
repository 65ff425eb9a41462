"""Two hosts on one database, each with connections of its own; ``a`` owns every shard."""

from collections.abc import AsyncIterator

import pytest_asyncio

from niochat.adapters.postgres.database import Database
from tests.builders import ChannelRef, Host, RowBuilder, ShardAssignments


@pytest_asyncio.fixture
async def a(database: Database, ownership: ShardAssignments) -> Host:
    host = Host("host-a:1", database)
    await ownership.assign_all(host)
    return host


@pytest_asyncio.fixture
async def b(database_url: str) -> AsyncIterator[Host]:
    opened = await Database.open(database_url, size=4)
    yield Host("host-b:1", opened)
    opened.terminate()


@pytest_asyncio.fixture
async def place(given: RowBuilder) -> ChannelRef:
    return await given.place()


@pytest_asyncio.fixture
async def thread(given: RowBuilder, place: ChannelRef) -> object:
    return await given.thread(place)
