"""The sandbox over real HTTP, and a provider's office whose gateway, model and ERP it is."""

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
from tests.assistant.assistant_pipeline import AssistantPipeline, open_assistant_pipeline
from tests.builders import RowBuilder, ShardAssignments
from tests.niochat_sandbox.conftest import SandboxFixture, origin

__all__ = ["one_root_certificate", "origin"]


@pytest_asyncio.fixture
async def sandbox(origin: str) -> AsyncIterator[SandboxFixture]:
    async with create_gateway_instance(origin) as here:
        yield here


@pytest_asyncio.fixture
async def provider(database: Database, sandbox: SandboxFixture, tmp_path: Path) -> SandboxProvider:
    return await create_sandbox_provider(database, sandbox, tmp_path)


@pytest_asyncio.fixture
async def pipeline(
    database: Database,
    given: RowBuilder,
    ownership: ShardAssignments,
    sandbox: SandboxFixture,
    tmp_path: Path,
) -> AsyncIterator[AssistantPipeline]:
    here = await open_assistant_pipeline(database, given, ownership, sandbox, tmp_path)
    yield here
    await here.close()
