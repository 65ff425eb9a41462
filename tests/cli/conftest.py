"""The sandbox over real HTTP, and an instance of one's own in it."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.actors.provider import instance, one_root_certificate
from tests.sandbox.conftest import World, origin

__all__ = ["one_root_certificate", "origin"]


@pytest_asyncio.fixture
async def world(origin: str) -> AsyncIterator[World]:
    async with instance(origin) as here:
        yield here
