"""A dump that is restored into a new cluster, which counts transactions from the beginning: the log
goes on behind what it holds, for screens and for the chain of the audit log.
"""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import psycopg
import pytest
import pytest_asyncio

from niochat.adapters.postgres.audit_log import record_change
from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.log_position_base import (
    LOG_BASE_STEP,
    needs_log_base,
    raise_log_base,
)
from niochat.adapters.postgres.schema_migration import migrate
from niochat.audit.audit_chain import AuditChain
from niochat.launcher.databases.postgres_server import EmbeddedPostgres
from niochat.launcher.home_folder import HomeFolder
from niochat.launcher.network_ports import StackPorts
from niochat.launcher.stack_credentials import StackCredentials
from niochat.live.event_log import EventLog
from niochat.live.hub import LiveHub
from niochat.live.log_position import LogPosition
from niochat.live.screen_counters import ScreenCounters
from niochat.ports.audit import AuditActor, AuditActorKind, AuditEntry
from tests.builders import Host, RowBuilder, ShardAssignments, open_connection
from tests.conftest import database_dsn
from tests.live.test_hub import HubFixture, RecordedScreen
from tests.wait_until import wait_until

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(120)]

MANY = 30_000
"""More transactions than a new cluster needs to take the dump in."""
THERE = ("postgres", "niochat", "niochat_serving")
"""Roles that a new cluster of ours has."""
ANA = AuditActor(AuditActorKind.USER, "ana", "203.0.113.7")


@pytest.fixture
def other() -> Iterator[EmbeddedPostgres]:
    """A cluster that has seen nothing yet."""
    memory = Path("/dev/shm")
    with TemporaryDirectory(dir=memory if memory.is_dir() else None, prefix="niochat-") as folder:
        home = HomeFolder.create(Path(folder))
        server = EmbeddedPostgres(
            home, StackPorts.allocate(home).postgres, StackCredentials.load_or_create(home)
        )
        server.start()
        yield server
        server.stop()


def restore(source: str, target: EmbeddedPostgres) -> str:
    """As docs/operations.md says it: roles, then the database, as superusers. The owner's log-in
    to the restored one.
    """
    programs = target._program_folder
    environment = {**os.environ, "PGPASSWORD": ""}
    roles = _run([programs / "pg_dumpall", "--roles-only", "--no-role-passwords", "-d", source])
    dump = _run([programs / "pg_dump", "--format=custom", source])
    with psycopg.connect(target.admin_dsn, autocommit=True) as connection:
        for line in roles.decode().splitlines():
            known = line in {f"CREATE ROLE {name};" for name in THERE}
            if line.startswith(("CREATE ROLE", "ALTER ROLE", "GRANT")) and not known:
                connection.execute(line.encode())
        connection.execute("CREATE DATABASE restored OWNER niochat")
    into = database_dsn(target.admin_dsn, "restored")
    subprocess.run(
        [programs / "pg_restore", "--exit-on-error", "-d", into],
        input=dump,
        env=environment,
        check=True,
    )
    return database_dsn(target.owner_dsn, "restored")


def _run(command: list[Path | str]) -> bytes:
    return subprocess.run(command, capture_output=True, check=True).stdout


async def written(database: Database, given: RowBuilder, count: int) -> None:
    tenant = (await given.rows("SELECT tenant_id FROM tenants"))[0]
    for number in range(count):
        async with database.as_tenant(tenant) as connection:
            await record_change(
                connection, AuditEntry(tenant, ANA, "users.change", f"user:{number}")
            )


async def sealed(audit: AuditChain, rows: int) -> None:
    found: list[int] = []

    async def enough() -> bool:
        found.append(await audit.seal_batch())
        return sum(found) >= rows

    await wait_until(enough)


@pytest_asyncio.fixture
async def room(database: Database, given: RowBuilder, ownership: ShardAssignments) -> HubFixture:
    host = Host("host-a:1", database)
    await ownership.assign_all(host)
    hub = LiveHub(EventLog(database), ScreenCounters(database))
    return HubFixture(database, given, host, hub, await given.place())


async def test_a_restored_database_goes_on_where_its_log_ended(
    room: HubFixture, admin_url: str, other: EmbeddedPostgres
) -> None:
    audit = AuditChain(room.database)
    await room.given.admin.execute(
        f"DO $$ BEGIN FOR i IN 1..{MANY} LOOP PERFORM pg_current_xact_id(); COMMIT;"
        " END LOOP; END $$"
    )
    thread = await room.thread("oi")
    await written(room.database, room.given, 3)
    await sealed(audit, 3)
    await written(room.database, room.given, 2)  # and two that no link holds yet
    screen = RecordedScreen(room.place.tenant)
    await room.enter(screen)
    await room.settle()
    await room.hub.read_log()
    stood = room.hub.position
    assert stood is not None

    url = restore(admin_url, other)
    database = await Database.open(url, size=4)
    assert await needs_log_base(database)
    migrate(url)
    assert not await needs_log_base(database)
    assert not await needs_log_base(room.database)
    admin = await open_connection(database_dsn(other.admin_dsn, urlsplit(url).path[1:]))
    try:
        hub = LiveHub(EventLog(database), ScreenCounters(database))
        host = Host("host-a:2", database)
        await ShardAssignments(admin).assign_all(host)
        here = HubFixture(database, RowBuilder(admin), host, hub, room.place)
        # A screen of before fetches anew; one that comes now hears what happens, and nothing else.
        again = RecordedScreen(room.place.tenant)
        assert not await here.enter(again, stood)
        told = len(again.events())
        await here.say(thread, "voltou?")
        await here.read(again, told + 1)
        known = {each["event"] for each in again.events()[told:]}
        assert "message_received" in known
        assert all(LogPosition.parse(each["position"]) > stood for each in again.events())
        at = LogPosition.parse(again.events()[0]["position"])
        assert at.epoch == stood.epoch + 1
        # Another one that goes on from there misses nothing.
        assert await here.enter(RecordedScreen(room.place.tenant), at)
        # What no link held is sealed, and so is what is new; every link fits.
        chain = AuditChain(database)
        await written(database, here.given, 2)
        await sealed(chain, 4)
        verdict = await chain.verify()
        assert (verdict.broken, verdict.unsealed, verdict.rows) == (None, 0, 7)
        # Once.
        assert not raise_log_base(url)
        base = await admin.fetchval("SELECT log_base()")
        assert base == LOG_BASE_STEP
    finally:
        await admin.close()
        database.terminate()


async def test_nothing_is_moved_in_a_database_that_was_never_restored(
    room: HubFixture, database_url: str
) -> None:
    await room.thread("oi")
    await written(room.database, room.given, 1)
    assert not raise_log_base(database_url)
    assert await room.given.admin.fetchval("SELECT log_base()") == 0


async def test_a_position_costs_no_more_than_the_transactions_number(room: HubFixture) -> None:
    """The base is folded into the plan: nothing is called or added where nothing was restored."""
    for role in ("niochat_system", "niochat_app", "niochat_gate"):
        await room.given.admin.execute(f"SET ROLE {role}")
        rows = await room.given.admin.fetch(
            "EXPLAIN (VERBOSE) INSERT INTO audit (who_kind, who, action, target, address)"
            " VALUES ('user', 'a', 'b', 'c', 'd')"
        )
        plan = "\n".join(row[0] for row in rows)
        assert "pg_current_xact_id()" in plan
        assert "log_" not in plan
        assert "CASE" not in plan
        await room.given.admin.execute("RESET ROLE")
