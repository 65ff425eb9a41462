"""The sandbox over real HTTP, and a provider's office whose gateway, model and ERP it is."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from niochat.adapters.postgres.database import Database
from tests.actors.provider import Provider, declared, instance, one_root_certificate
from tests.assistant.office import Office, opened
from tests.builders import Given, Ownership
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
    database: Database, given: Given, ownership: Ownership, world: World, tmp_path: Path
) -> AsyncIterator[Office]:
    here = await opened(database, given, ownership, world, tmp_path)
    yield here
    await here.close()
