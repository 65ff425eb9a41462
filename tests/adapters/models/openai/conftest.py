"""The sandbox's model over real HTTP."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.actors.sandbox_provider import create_gateway_instance, one_root_certificate
from tests.niochat_sandbox.conftest import SandboxFixture, origin

__all__ = ["one_root_certificate", "origin"]


@pytest_asyncio.fixture
async def sandbox(origin: str) -> AsyncIterator[SandboxFixture]:
    async with create_gateway_instance(origin) as here:
        yield here
