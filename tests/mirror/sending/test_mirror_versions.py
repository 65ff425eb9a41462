"""An older row never replaces a newer one, whoever sends it and however late it comes."""

import asyncio

import pytest

from niochat.adapters.postgres.database import Database
from niochat.adapters.supabase.project_client import ProjectClient
from niochat.domain.errors import ConflictError
from niochat.mirror.mirror_backfill import start_backfill
from niochat.mirror.mirror_batch import read_rows
from niochat.mirror.mirror_position import claim
from niochat.mirror.mirror_sources import CONTACTS, SourceRow
from niochat.mirror.row_sender import SendResult, send_rows
from niochat_sandbox.fault_injection.fault_rules import FaultKind, FaultRule, FaultTarget
from tests.mirror.mirror_fixture import UTC, MirrorFixture
from tests.wait_until import wait_until

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(120)]


async def _contact(mirrored: MirrorFixture) -> SourceRow:
    ids = [str(each) for each in await mirrored.given.rows("SELECT id FROM contacts")]
    async with mirrored.database.as_tenant(mirrored.tenant) as connection:
        (row,) = await read_rows(connection, mirrored.tenant, CONTACTS, ids)
    return row


async def test_a_process_that_lost_its_claim_overwrites_nothing(mirrored: MirrorFixture) -> None:
    await mirrored.insights.serve()
    await mirrored.send()
    late = await claim(mirrored.database, mirrored.tenant)
    assert late is not None
    old = await _contact(mirrored)
    # It stands still; its claim expires, and another process sends what has changed.
    await mirrored.given.admin.execute("UPDATE mirror_positions SET leased_until = '-infinity'")
    await mirrored.given.admin.execute("UPDATE contacts SET name = 'Novo nome'")
    await mirrored.send(mirrored.new_mirror())
    result = SendResult()
    project = mirrored.open_project(mirrored.target)
    await send_rows(project, CONTACTS, [old], late.version, result)
    (row,) = await mirrored.rows("contacts")
    assert row["name"] == "Novo nome"
    for stale in (late.keep(), late.renew()):
        with pytest.raises(ConflictError):
            await stale
    assert await mirrored.differences() == []


async def test_a_row_of_a_restored_backup_is_newer_than_what_was_sent_before(
    mirrored: MirrorFixture,
) -> None:
    await mirrored.insights.serve()
    await mirrored.send()
    await mirrored.given.admin.execute("UPDATE mirror_positions SET version = 5")
    await mirrored.given.admin.execute("UPDATE contacts SET name = 'Depois do backup'")
    await mirrored.send()
    (row,) = await mirrored.rows("contacts")
    assert row["name"] == "Depois do backup"


async def test_two_rows_with_one_key_in_a_batch_are_one_row(mirrored: MirrorFixture) -> None:
    await mirrored.insights.serve()
    await mirrored.send()
    old = await _contact(mirrored)
    new = SourceRow(old.ref, {**old.row, "name": "A última vale"})
    project = mirrored.open_project(mirrored.target)
    result = SendResult()
    version = (await mirrored.position())["version"] + 1
    await send_rows(project, CONTACTS, [old, new], version, result)
    assert (result.sent, result.refused) == (1, [])
    (row,) = await mirrored.rows("contacts")
    assert row["name"] == "A última vale"


async def test_two_processes_send_everything_once_and_in_order(
    mirrored: MirrorFixture, serving_url: str
) -> None:
    other_database = await Database.open(serving_url, timeouts=UTC)
    other = mirrored.new_mirror(other_database)
    try:
        for _ in range(3):
            for _ in range(3):
                await mirrored.insights.serve()
            await mirrored.insights.project()
            await asyncio.gather(mirrored.mirror.run_until_sent(), other.run_until_sent())
        await mirrored.send()
        assert await mirrored.differences() == []
        assert len(await mirrored.rows("conversations")) == 9
    finally:
        await other.close()
        await other_database.close()


async def test_whoever_sends_to_an_old_project_settles_nothing(mirrored: MirrorFixture) -> None:
    await mirrored.insights.serve()
    await mirrored.send()
    held = await claim(mirrored.database, mirrored.tenant)
    assert held is not None
    await start_backfill(mirrored.database, mirrored.tenant, "another project")
    with pytest.raises(ConflictError):
        await held.keep()
    async with mirrored.database.as_tenant(mirrored.tenant) as connection:
        with pytest.raises(ConflictError):
            await held.settle_rows(connection, SendResult())


async def test_a_process_that_is_stopped_gives_its_claim_back(mirrored: MirrorFixture) -> None:
    await mirrored.insights.serve()
    await mirrored.insights.project()
    fault = FaultRule(FaultTarget.SUPABASE, FaultKind.HOLD, path="/contacts")
    mirrored.sandbox.faults.faults = [fault]
    running = asyncio.create_task(mirrored.mirror.run())
    await wait_until(lambda: fault.hits)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    mirrored.sandbox.faults.faults = []
    await mirrored.send(mirrored.new_mirror())
    assert await mirrored.differences() == []


async def test_the_trigger_guards_every_writer(mirrored: MirrorFixture) -> None:
    await mirrored.insights.serve()
    await mirrored.send()
    project: ProjectClient = mirrored.open_project(mirrored.target)
    row = (await _contact(mirrored)).row
    await project.upsert("contacts", [{**row, "name": "antigo", "version": 7}])
    (stored,) = await mirrored.rows("contacts")
    assert stored["name"] != "antigo"
