"""The lanes; one PostgreSQL for the session, one database for each test, all thrown away."""

import os
import random
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import psycopg
import pytest
import pytest_asyncio
import structlog
from xdist.scheduler import LoadScopeScheduling

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.schema_migration import migrate
from niochat.launcher import process_control
from niochat.launcher.databases.postgres_server import EmbeddedPostgres
from niochat.launcher.home_folder import HomeFolder
from niochat.launcher.network_ports import StackPorts
from niochat.launcher.stack_credentials import StackCredentials
from tests.builders import RowBuilder, ShardAssignments, open_connection
from tests.lanes import LANES, SHARED, lane_of, may_have, scope_of

# The default draws a page for each exception; a log in a test is one line.
structlog.configure(
    processors=[structlog.processors.format_exc_info, structlog.processors.KeyValueRenderer()]
)
TEMPLATE = "template_of_tests"
_numbers = count()
STARTS = {"subprocess.Popen", "os.fork", "os.posix_spawn", "socket.bind", "socket.connect"}
"""Audit events of what a test of the lane ``unit`` must not do."""
_now = {"lane": ""}


def pytest_addoption(parser: pytest.Parser) -> None:
    """How long strangers try, and on which stack."""
    parser.addoption(
        "--hostile", type=int, default=1, help="times as many tries of tests/hostile as in CI"
    )
    parser.addoption(
        "--stack",
        default="",
        help="NIOCHAT_HOME of a running stack for tests/end_to_end, which then start none",
    )


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """With ``-m <lane>``, files of other lanes are not even imported."""
    lane = config.option.markexpr
    if lane not in LANES or not collection_path.name.startswith("test_"):
        return None
    return None if not collection_path.is_file() or may_have(collection_path, lane) else True


LEAKS_ARE_IGNORED = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
"""The garbage collector reports a connection that was never closed in whichever test runs then, so
the report would fail a test at random. In the lane ``unit`` nothing connects, and it is an error.
"""


@pytest.hookimpl(tryfirst=True)  # before -m chooses
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test gets the mark of its lane. What is ``in_order`` is put back into it, and folders
    stay whole, with all that lies in them: one stack or cluster of a folder is started once.
    """
    tests = Path(__file__).parent
    folders = list(dict.fromkeys(item.path.parent for item in items))
    rooms = list(dict.fromkeys(each.relative_to(tests).parts[:1] for each in folders))
    folders.sort(key=lambda folder: rooms.index(folder.relative_to(tests).parts[:1]))
    items.sort(key=lambda item: folders.index(item.path.parent))
    for item in items:
        if item.get_closest_marker("long") is None:
            item.add_marker(lane_of(item.path))
        if item.get_closest_marker("unit") is None:
            item.add_marker(LEAKS_ARE_IGNORED)
    for file in {item.path for item in items if item.get_closest_marker("in_order")}:
        places = [place for place, item in enumerate(items) if item.path == file]
        written = sorted((items[place] for place in places), key=lambda item: item.location[1] or 0)
        for place, item in zip(places, written, strict=True):
            items[place] = item


class ScopedLoadScheduling(LoadScopeScheduling):
    """Every test goes to whoever is free, but for those that share something.

    ``--dist loadgroup`` of xdist 3.8 forgets its groups with pytest 9.2.
    """

    def _split_scope(self, nodeid: str) -> str:
        return scope_of(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ScopedLoadScheduling | None:
    return ScopedLoadScheduling(config, log) if config.option.dist == "loadgroup" else None


def pytest_unconfigure(config: pytest.Config) -> None:
    """Workers that were ended in the middle of a test left the stack that they shared."""
    if hasattr(config, "workerinput") or not config.getoption("numprocesses", None):
        return
    home = config._tmp_path_factory.getbasetemp() / SHARED  # type: ignore[attr-defined]
    if home.exists() and process_control.find_stack_processes(home):
        run = Path(__file__).parents[1] / "scripts" / "run"
        subprocess.run([run, "--stop"], env={**os.environ, "NIOCHAT_HOME": str(home)}, check=False)


def pytest_collection_finish() -> None:
    """The seed is of the order alone. Ports are drawn by chance: no two workers draw the same."""
    random.seed()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    _now["lane"] = next(mark.name for mark in item.iter_markers() if mark.name in LANES)
    try:
        return (yield)
    finally:
        _now["lane"] = ""


def _watch(event: str, _details: object, now: dict[str, str] = _now) -> None:
    """``now`` is bound here, because the module's names are gone when Python ends."""
    if now["lane"] == "unit" and event in STARTS:
        raise RuntimeError(f"{event}: a test of the lane unit starts nothing, see tests/lanes.py")


sys.addaudithook(_watch)


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """The product's server."""
    with _temporary_server() as server:
        yield server


@pytest.fixture(scope="session")
def supabase_postgres() -> Iterator[EmbeddedPostgres]:
    """The server of the sandbox's Supabase: it has roles that bypass row-level security, which the
    product's server must not have, and its log can be decoded.
    """
    with _temporary_server({"wal_level": "logical"}) as server:
        yield server


@contextmanager
def _temporary_server(settings: Mapping[str, str] | None = None) -> Iterator[EmbeddedPostgres]:
    """A server whose data nobody will miss: in memory where that is possible, never synced.

    Copying the template takes 15 ms there, and 200 ms on a disk.
    """
    memory = Path("/dev/shm")
    with TemporaryDirectory(dir=memory if memory.is_dir() else None, prefix="niochat-") as folder:
        home = HomeFolder.create(Path(folder))
        credentials = StackCredentials.load_or_create(home)
        port = StackPorts.allocate(home).postgres
        server = EmbeddedPostgres(home, port, credentials, settings=settings)
        server.start()
        # A log-in hashes its password 4,096 times on both sides: 10 ms, six times a test.
        for role, password in (
            ("niochat", credentials.postgres_owner),
            ("niochat_serving", credentials.postgres_serving),
            ("postgres", credentials.postgres_superuser),
        ):
            _administer(
                server, f"SET scram_iterations = 1; ALTER ROLE {role} PASSWORD '{password}'"
            )
        for setting in ("fsync = off", "full_page_writes = off", "autovacuum = off"):
            _administer(server, f"ALTER SYSTEM SET {setting}")
        _administer(server, "SELECT pg_reload_conf()")
        yield server
        server.stop()


@pytest.fixture(scope="session")
def template(postgres: EmbeddedPostgres) -> str:
    """Name of a database with the newest schema and no rows."""
    _administer(postgres, f"CREATE DATABASE {TEMPLATE} OWNER niochat")
    migrate(
        database_dsn(postgres.owner_dsn, TEMPLATE),
        serving_url=database_dsn(postgres.serving_dsn, TEMPLATE),
    )
    return TEMPLATE


@pytest.fixture
def empty_database_url(postgres: EmbeddedPostgres) -> Iterator[str]:
    """The owner's log-in to a database without a schema."""
    yield from _database(postgres, "template1")


@pytest.fixture
def database_url(postgres: EmbeddedPostgres, template: str) -> Iterator[str]:
    """The owner's log-in to this test's own database."""
    yield from _database(postgres, template)


@pytest.fixture
def serving_url(postgres: EmbeddedPostgres, database_url: str) -> str:
    """The log-in of what serves to the same database: it owns nothing."""
    return database_dsn(postgres.serving_dsn, urlsplit(database_url).path[1:])


@pytest.fixture
def admin_url(postgres: EmbeddedPostgres, database_url: str) -> str:
    """The superuser's log-in to the same database: it sees every row, the product never may."""
    return database_dsn(postgres.admin_dsn, urlsplit(database_url).path[1:])


@pytest_asyncio.fixture
async def database(serving_url: str) -> AsyncIterator[Database]:
    """The product's pools on this test's database, with the log-in that the product has."""
    opened = await Database.open(serving_url, size=4)
    yield opened
    opened.terminate()


@pytest_asyncio.fixture
async def admin(admin_url: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """Sees and may do everything, to look and to prepare."""
    connection = await open_connection(admin_url)
    yield connection
    await connection.close(timeout=5)


@pytest.fixture
def given(admin: "asyncpg.Connection[asyncpg.Record]") -> RowBuilder:
    """Builds tenants, channels and threads."""
    return RowBuilder(admin)


@pytest.fixture
def ownership(admin: "asyncpg.Connection[asyncpg.Record]") -> ShardAssignments:
    """Gives shards to host incarnations."""
    return ShardAssignments(admin)


def _database(server: EmbeddedPostgres, template: str) -> Iterator[str]:
    name = f"test_{next(_numbers)}"
    _administer(
        server, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy OWNER niochat"
    )
    yield database_dsn(server.owner_dsn, name)
    _administer(server, f"DROP DATABASE {name} WITH (FORCE)")


def _administer(server: EmbeddedPostgres, statement: str) -> None:
    with psycopg.connect(server.admin_dsn, autocommit=True) as connection:
        connection.execute(statement.encode())


def database_dsn(dsn: str, database: str) -> str:
    """The same log-in to another database of the server."""
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{database}"))
