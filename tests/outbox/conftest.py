"""The sandbox over real HTTP, and a provider whose gateway and model it is."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from niochat.adapters.postgres.database import Database
from tests.actors.sandbox_provider import (
    SandboxProvider,
    create_gateway_instance,
    create_sandbox_provider,
    one_root_certificate,
)
from tests.builders import Host, RowBuilder, ShardAssignments
from tests.niochat_sandbox.conftest import SandboxFixture, origin
from tests.outbox.outbox_harness import OutboxHarness

__all__ = ["one_root_certificate", "origin"]


@pytest_asyncio.fixture
async def sandbox(origin: str) -> AsyncIterator[SandboxFixture]:
    async with create_gateway_instance(origin) as here:
        yield here


@pytest_asyncio.fixture
async def provider(database: Database, sandbox: SandboxFixture, tmp_path: Path) -> SandboxProvider:
    return await create_sandbox_provider(database, sandbox, tmp_path)


@pytest_asyncio.fixture
async def harness(
    database: Database, provider: SandboxProvider, given: RowBuilder, ownership: ShardAssignments
) -> AsyncIterator[OutboxHarness]:
    host = Host("host-a:1", database)
    await ownership.assign_all(host)
    here = OutboxHarness(host, provider, given, await provider.thread())
    yield here
    await here.gateway.close()
