"""The sandbox over real HTTP, and a provider whose gateway and model it is."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from niochat.adapters.postgres.database import Database
from niochat.adapters.whatsapp.uazapi.client import UazapiClient
from tests.actors.cluster import Cluster
from tests.actors.one_tenant import Tenant
from tests.actors.provider import Provider, declared, instance, one_root_certificate
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
async def cluster(database_url: str, provider: Provider) -> AsyncIterator[Cluster]:
    here = Cluster(database_url, provider)
    yield here
    await here.close()


@pytest_asyncio.fixture
async def tenant(provider: Provider) -> AsyncIterator[Tenant]:
    gateway = UazapiClient(lookup_timeout_s=2)
    here = Tenant(provider, gateway)
    yield here
    await here.at_rest()
    await gateway.close()
