"""The sandbox over real HTTP, and a provider whose gateway and model it is."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from niochat.adapters.postgres.database import Database
from tests.actors.provider import Provider, declared, instance, one_root_certificate
from tests.builders import Given, Host, Ownership
from tests.outbox.office import Office
from tests.sandbox.conftest import World, origin

__all__ = ["one_root_certificate", "origin"]


@pytest_asyncio.fixture
async def world(origin: str) -> AsyncIterator[World]:
    async with instance(origin) as here:
        yield here


@pytest_asyncio.fixture
async def provider(database: Database, world: World, tmp_path: Path) -> Provider:
    return await declared(database, world, tmp_path)


@pytest_asyncio.fixture
async def office(
    database: Database, provider: Provider, given: Given, ownership: Ownership
) -> AsyncIterator[Office]:
    host = Host("host-a:1", database)
    await ownership.give(host)
    here = Office(host, provider, given, await provider.thread())
    yield here
    await here.gateway.close()
