"""The client and the ERP it talks to, ended with each test."""

from collections.abc import AsyncIterator

import pytest_asyncio

from niochat.adapters.erps.sgp.client import SgpClient
from tests.adapters.erps.sgp.scripted_sgp import ScriptedSgp, start_scripted_sgp


@pytest_asyncio.fixture
async def sgp() -> AsyncIterator[ScriptedSgp]:
    async with start_scripted_sgp() as scripted:
        yield scripted


@pytest_asyncio.fixture
async def client() -> AsyncIterator[SgpClient]:
    erp = SgpClient()
    yield erp
    await erp.close()
