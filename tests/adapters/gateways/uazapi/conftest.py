"""The client and the gateway it talks to, ended with each test."""

from collections.abc import AsyncIterator

import pytest_asyncio

from niochat.adapters.gateways.uazapi.client import UazapiClient
from tests.adapters.gateways.uazapi.scripted_gateway import ScriptedGateway, start_scripted_gateway


@pytest_asyncio.fixture
async def gateway() -> AsyncIterator[ScriptedGateway]:
    async with start_scripted_gateway() as scripted:
        yield scripted


@pytest_asyncio.fixture
async def client() -> AsyncIterator[UazapiClient]:
    uazapi = UazapiClient(lookup_timeout_s=5)
    yield uazapi
    await uazapi.close()
