"""The simulated ERP and a Redis for the session; a provider and two processes for each test."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from niochat.adapters.postgres.database import Database
from niochat.launcher.databases.redis_server import EmbeddedRedis
from niochat.launcher.home_folder import HomeFolder
from niochat.launcher.network_ports import StackPorts
from niochat.launcher.stack_credentials import StackCredentials
from niochat_sandbox.__main__ import create_server
from tests.builders import Host, RowBuilder, ShardAssignments
from tests.erp.erp_service_harness import ErpProvider, ErpServiceHarness
from tests.erp.sgp_installation_client import SgpInstallationClient
from tests.http_client import plain_client
from tests.niochat_sandbox.conftest import bound_socket, serve


@pytest.fixture(scope="session")
def origin() -> Iterator[str]:
    """Where the simulated ERP listens."""
    listening, port = bound_socket()
    for _ in serve(create_server("127.0.0.1", port), listening):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedRedis]:
    home = HomeFolder.create(tmp_path_factory.mktemp("shelf"))
    embedded = EmbeddedRedis(
        home, StackPorts.allocate(home).redis, StackCredentials.load_or_create(home)
    )
    yield embedded
    embedded.stop()


@pytest.fixture
def redis(redis_server: EmbeddedRedis) -> EmbeddedRedis:
    """It runs, whatever the test before did to it."""
    redis_server.start()
    return redis_server


@pytest_asyncio.fixture
async def sgp(origin: str) -> AsyncIterator[SgpInstallationClient]:
    """The provider's installation, without faults before and after."""
    async with plain_client(origin, 5) as http:
        installation = SgpInstallationClient(http)
        await installation.clear_faults()
        yield installation
        await installation.clear_faults()


@pytest_asyncio.fixture
async def provider(
    given: RowBuilder,
    database: Database,
    ownership: ShardAssignments,
    origin: str,
    sgp: SgpInstallationClient,
) -> ErpProvider:
    host = Host("host-a:1", database)
    await ownership.assign_all(host)
    made = ErpProvider(given, host, await given.place(), f"{origin}/sgp")
    await made.configure_erp(sgp.token)
    return made


@pytest_asyncio.fixture
async def erp_service(database: Database) -> AsyncIterator[ErpServiceHarness]:
    made = ErpServiceHarness(database)
    yield made
    await made.close()


@pytest_asyncio.fixture
async def other(database_url: str) -> AsyncIterator[ErpServiceHarness]:
    """A second process, with connections and limits of its own."""
    opened = await Database.open(database_url, size=4)
    made = ErpServiceHarness(opened)
    yield made
    await made.close()
    opened.terminate()
