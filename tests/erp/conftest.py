"""The simulated ERP and a Redis for the session; a provider and two processes for each test."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from niochat.adapters.postgres.database import Database
from niochat.sandbox.__main__ import create_server
from niochat.stack.credentials import StackCredentials
from niochat.stack.home import HomeFolder
from niochat.stack.ports import StackPorts
from niochat.stack.redis_server import EmbeddedRedis
from tests.builders import Given, Host, Ownership
from tests.erp.ledger import Installation
from tests.erp.office import Office, Provider
from tests.plain_client import plain_client
from tests.sandbox.conftest import bound_socket, serve


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
async def sgp(origin: str) -> AsyncIterator[Installation]:
    """The provider's installation, without faults before and after."""
    async with plain_client(origin, 5) as http:
        installation = Installation(http)
        await installation.well()
        yield installation
        await installation.well()


@pytest_asyncio.fixture
async def provider(
    given: Given, database: Database, ownership: Ownership, origin: str, sgp: Installation
) -> Provider:
    host = Host("host-a:1", database)
    await ownership.give(host)
    made = Provider(given, host, await given.place(), f"{origin}/sgp")
    await made.has_erp(sgp.token)
    return made


@pytest_asyncio.fixture
async def office(database: Database) -> AsyncIterator[Office]:
    made = Office(database)
    yield made
    await made.close()


@pytest_asyncio.fixture
async def other(database_url: str) -> AsyncIterator[Office]:
    """A second process, with connections and limits of its own."""
    opened = await Database.open(database_url, size=4)
    made = Office(opened)
    yield made
    await made.close()
    opened.terminate()
