"""The sandbox over real HTTP, and a provider whose gateway and model it is."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from niochat.adapters.gateways.uazapi.client import UazapiClient
from niochat.adapters.postgres.database import Database
from tests.actors.manual_tenant_actor import ManualTenantActor
from tests.actors.sandbox_provider import (
    SandboxProvider,
    create_gateway_instance,
    create_sandbox_provider,
    one_root_certificate,
)
from tests.cluster.hosts.in_memory_cluster import InMemoryCluster
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
async def cluster(database_url: str, provider: SandboxProvider) -> AsyncIterator[InMemoryCluster]:
    here = InMemoryCluster(database_url, provider)
    yield here
    await here.close()


@pytest_asyncio.fixture
async def tenant(provider: SandboxProvider) -> AsyncIterator[ManualTenantActor]:
    gateway = UazapiClient(lookup_timeout_s=2)
    here = ManualTenantActor(provider, gateway)
    yield here
    await here.run_until_idle()
    await gateway.close()
