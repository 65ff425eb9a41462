"""The audit log has a part for each month; a log with data gets them beside its writers."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest

from niochat.adapters.postgres.audit_log import record_access
from niochat.adapters.postgres.audit_months import (
    add_months_ahead,
    cancel_partitioning,
    partition_audit_log,
)
from niochat.adapters.postgres.database import PLANNER_SETTINGS, Connection, Database
from niochat.adapters.postgres.queries import queries
from niochat.adapters.postgres.schema_migration import migrate
from niochat.audit.audit_chain import AuditChain
from niochat.domain.errors import OperationRefusedError
from niochat.ports.audit import AuditActor, AuditActorKind, AuditEntry
from tests.adapters.postgres.old_audit_log import BEFORE, OldLog, old_log
from tests.adapters.postgres.test_schema_files import schema, without_key
from tests.audit.test_audit_chain import sealed
from tests.builders import Admin, RowBuilder
from tests.conftest import database_dsn
from tests.wait_until import wait_until

__all__ = ["old_log"]

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(180)]

ROWS = 200_000
ANA = AuditActor(AuditActorKind.USER, "ana", "203.0.113.7")
DIGEST = "SELECT (count(*), sum(hashtextextended(a::text, 0)))::text FROM audit a WHERE id <= $1"
MOVE = (
    "import sys; from niochat.adapters.postgres.audit_months import partition_audit_log;"
    " partition_audit_log(sys.argv[1])"
)


@asynccontextmanager
async def writers(log: OldLog, count: int) -> AsyncIterator[list[str]]:
    """Processes go on writing, under each role; yields the targets that are committed."""
    database = await Database.open(log.serving_url)
    written: list[str] = []
    ended = asyncio.Event()
    sessions: tuple[Callable[[], AbstractAsyncContextManager[Connection]], ...] = (
        lambda: database.as_tenant(log.tenant),
        database.system_transaction,
        database.as_auth,
    )

    async def write(writer: int) -> None:
        number = 0
        while not ended.is_set():
            target, number = f"w:{writer}:{number}", number + 1
            async with sessions[writer % len(sessions)]() as connection:
                await record_access(connection, AuditEntry(log.tenant, ANA, "x", target))
            written.append(target)
            await asyncio.sleep(0.002)

    tasks = [asyncio.create_task(write(number)) for number in range(count)]
    try:
        yield written
    finally:
        ended.set()
        await asyncio.gather(*tasks)
        await database.close()


async def kill_mover_when(log: OldLog, reached: Callable[[], Awaitable[bool]]) -> None:
    """Another process moves the log and is killed; its session of the server ends, too."""
    mover = subprocess.Popen([sys.executable, "-c", MOVE, log.owner_url])
    try:
        await wait_until(reached, 60)
    finally:
        os.kill(mover.pid, signal.SIGKILL)
        mover.wait()

    async def session_ended() -> bool:
        held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 7226042"
        return bool(await log.admin.fetchval(held) == 0)

    await wait_until(session_ended)


async def test_a_large_log_is_moved_beside_its_writers_whatever_dies(
    old_log: OldLog, database_url: str, admin_url: str
) -> None:
    log, admin = old_log, old_log.admin
    await log.fill(ROWS)
    before = await admin.fetchval(DIGEST, ROWS)
    migrate(log.owner_url)
    assert not await log.is_partitioned(), "the migration would lock a large log for too long"

    async def move() -> int | None:
        try:
            return int(await admin.fetchval("SELECT copied FROM audit_move"))
        except Exception:  # noqa: BLE001 - the table comes with the move
            return None

    async def begun() -> bool:
        return await move() is not None

    async def half_copied() -> bool:
        return (await move() or 0) > ROWS // 2

    async def copied() -> bool:
        return (await move() or 0) >= ROWS

    async with writers(log, 4) as written:
        for moment in (begun, half_copied, copied):
            await kill_mover_when(log, moment)
        assert len(written) > 100
        await asyncio.to_thread(partition_audit_log, log.owner_url)
        count = len(written)
        await wait_until(lambda: len(written) > count + 50)

    assert await log.is_partitioned()
    assert not await asyncio.to_thread(partition_audit_log, log.owner_url), "twice is harmless"
    assert await admin.fetchval(DIGEST, ROWS) == before, "xid and time of each row, too"
    targets = [r[0] for r in await admin.fetch("SELECT target FROM audit WHERE target LIKE 'w:%'")]
    assert sorted(targets) == sorted(written), "no entry is lost or doubled"
    assert await admin.fetchval("SELECT count(DISTINCT id) = count(*) FROM audit")
    assert await admin.fetchval("SELECT count(*) FROM audit_other") == 0
    moved = schema.dump(database_dsn(admin_url, urlsplit(log.owner_url).path[1:]))
    assert without_key(moved) == without_key(schema.dump(database_url)), "rights, policies, keys"


async def test_a_small_log_is_moved_by_the_migration_and_its_chain_stays_whole(
    old_log: OldLog, database_url: str, admin_url: str
) -> None:
    await old_log.fill(500)
    database = await Database.open(old_log.serving_url)
    migrate(old_log.owner_url, serving_url=old_log.serving_url, to=BEFORE)
    chain = AuditChain(database, batch=100)
    await sealed(chain, 500)
    before = await old_log.admin.fetchval(DIGEST, 500)

    migrate(old_log.owner_url)

    assert await old_log.is_partitioned()
    assert await old_log.admin.fetchval(DIGEST, 500) == before
    verdict = await chain.verify()
    assert (verdict.rows, verdict.unsealed, verdict.broken) == (500, 0, None)
    async with database.as_tenant(old_log.tenant) as connection:
        await record_access(connection, AuditEntry(old_log.tenant, ANA, "x", "next"))
    assert await old_log.admin.fetchval("SELECT id FROM audit WHERE target = 'next'") == 501
    await database.close()


async def test_an_unfinished_move_can_be_undone(old_log: OldLog, admin_url: str) -> None:
    await old_log.leave_as_one_table()
    url = database_dsn(admin_url, urlsplit(old_log.owner_url).path[1:])
    before = schema.dump(url)
    await old_log.admin.execute("SET ROLE niochat; SELECT begin_audit_move(); RESET ROLE")
    await old_log.admin.execute("SET ROLE niochat; SELECT copy_audit_rows(100); RESET ROLE")

    await asyncio.to_thread(cancel_partitioning, old_log.owner_url)

    assert without_key(schema.dump(url)) == without_key(before)
    assert await old_log.admin.fetchval("SELECT count(*) FROM audit") == 300
    await asyncio.to_thread(cancel_partitioning, old_log.owner_url)  # twice is harmless
    assert await asyncio.to_thread(partition_audit_log, old_log.owner_url)


async def test_a_copy_that_differs_is_not_used(old_log: OldLog) -> None:
    await old_log.leave_as_one_table()
    await old_log.admin.execute("SET ROLE niochat; SELECT begin_audit_move(); RESET ROLE")
    await old_log.admin.execute("SET ROLE niochat; SELECT copy_audit_rows(100); RESET ROLE")
    await old_log.admin.execute("UPDATE audit SET who = 'eve' WHERE id = 7")

    with pytest.raises(OperationRefusedError, match="differs"):
        await asyncio.to_thread(partition_audit_log, old_log.owner_url)

    assert not await old_log.is_partitioned()


async def test_one_process_moves_the_log_at_a_time(old_log: OldLog) -> None:
    await old_log.leave_as_one_table()
    await old_log.admin.execute("SELECT pg_advisory_lock(7226042)")

    with pytest.raises(OperationRefusedError, match="Another process"):
        await asyncio.to_thread(partition_audit_log, old_log.owner_url)


async def test_a_row_of_a_month_without_a_part_is_stored_all_the_same(
    admin: Admin, given: RowBuilder, database_url: str
) -> None:
    insert = (
        "INSERT INTO audit (tenant_id, at, who_kind, who, action, target, address)"
        " VALUES ($1, $2, 'user', 'ana', 'x', 'y', '')"
    )
    tenant = await given.tenant()
    await admin.execute(insert, tenant, datetime(2099, 5, 31, 23, 59, 59, tzinfo=UTC))
    await admin.execute("SET ROLE niochat")
    # The month of the row stays in the default part; the next one gets a part.
    added = await admin.fetchval(
        "SELECT add_audit_months('audit', '2099-05-01 00:00+00', '2099-06-30 00:00+00')"
    )
    await admin.execute("RESET ROLE")
    await admin.execute(insert, tenant, datetime(2099, 6, 1, tzinfo=UTC))

    assert added == 1
    assert await given.rows("SELECT tableoid::regclass::text FROM audit ORDER BY at") == [
        "audit_other",
        "audit_2099_06",
    ]
    assert add_months_ahead(database_url) == 0, "the migration has added a year"


async def test_pages_and_the_chain_read_months_by_their_indexes(
    admin: Admin, given: RowBuilder
) -> None:
    for setting, value in PLANNER_SETTINGS.items():
        await admin.execute(f"SET {setting} = '{value}'")
    tenant = await given.tenant()
    for role, name, values in (
        ("niochat_app", "list", [tenant, None, None, None, 50]),
        ("niochat_gate", "list_unsealed", ["1", 0, 100]),
        ("niochat_gate", "list_sealed", ["1", 0, "9", 9, 100]),
    ):
        await admin.execute(f"SET ROLE {role}")
        rows = await admin.fetch(f"EXPLAIN {queries('audit')[name]}", *values)
        plan = "\n".join(row[0] for row in rows)
        assert "Merge Append" in plan, plan
        assert "Seq Scan" not in plan, plan
        assert "->  Sort" not in plan, plan
        await admin.execute("RESET ROLE")
