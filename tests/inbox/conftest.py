"""A provider whose gateway is the sandbox, over real HTTP."""

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
from tests.niochat_sandbox.conftest import SandboxFixture, origin

__all__ = ["one_root_certificate", "origin"]


@pytest_asyncio.fixture
async def world(origin: str) -> AsyncIterator[SandboxFixture]:
    async with create_gateway_instance(origin) as here:
        yield here


@pytest_asyncio.fixture
async def provider(database: Database, world: SandboxFixture, tmp_path: Path) -> SandboxProvider:
    return await create_sandbox_provider(database, world, tmp_path)
