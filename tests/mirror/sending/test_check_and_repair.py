"""The check finds every row that differs, and the repair mends it and nothing else."""

import asyncio
from dataclasses import replace

import pytest

from niochat.domain.tenant.supabase_project import MirroredMessages
from niochat.mirror.mirror_backfill import start_backfill
from tests.mirror.mirror_fixture import MirrorFixture

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(120)]


@pytest.mark.parametrize(
    ("damage", "table", "kind"),
    [
        ("DELETE FROM mensagens WHERE is_from_customer", "mensagens", "missing"),
        ("UPDATE contacts SET name = 'x', version = version + 1", "contacts", "stale"),
        ("DELETE FROM rollups WHERE grain = 'hour'", "rollups", "missing"),
        ("UPDATE auditoria SET action = 'x', version = version + 1", "auditoria", "stale"),
        (
            "UPDATE conversations SET deleted_at = now(), version = version + 1",
            "conversations",
            "missing",
        ),
        (
            "INSERT INTO contacts (provedor_id, id, name, created_at, version)"
            " SELECT provedor_id, gen_random_uuid(), 'Intruso', created_at, 1 FROM contacts",
            "contacts",
            "extra",
        ),
        (
            "INSERT INTO auditoria (provedor_id, id, action, created_at, version)"
            " SELECT provedor_id, gen_random_uuid(), 'x', now() - interval '40 days', 1"
            " FROM contacts",
            "auditoria",
            "extra",
        ),
    ],
)
async def test_a_damaged_mirror_is_repaired(
    mirrored: MirrorFixture, damage: str, table: str, kind: str
) -> None:
    await mirrored.insights.serve()
    await mirrored.insights.serve()
    await mirrored.send()
    assert await mirrored.differences() == []
    await mirrored.project_rows.execute(damage)
    found = await mirrored.differences()
    assert {each.place.table for each in found} == {table}
    assert all(getattr(each, kind) for each in found)
    assert await mirrored.repair() == sum(each.count for each in found)
    await mirrored.send()
    assert await mirrored.differences() == []


async def test_a_row_that_is_changed_meanwhile_is_no_difference(mirrored: MirrorFixture) -> None:
    """Two comparisons see it in two states."""
    for _ in range(4):
        await mirrored.insights.serve()
    await mirrored.send()

    async def go_on() -> None:
        for _ in range(6):
            await mirrored.insights.serve()

    async def keep_sending() -> None:
        while True:
            await mirrored.insights.projector.run_until_read()
            await mirrored.mirror.run_until_sent()
            await asyncio.sleep(0)

    sender = asyncio.create_task(keep_sending())
    await asyncio.gather(go_on(), mirrored.differences())
    sender.cancel()
    await asyncio.gather(sender, return_exceptions=True)
    await mirrored.send()
    assert await mirrored.differences() == []


async def test_a_backfill_sends_everything_anew_and_goes_on_where_it_was(
    mirrored: MirrorFixture,
) -> None:
    for _ in range(3):
        await mirrored.insights.serve()
    await mirrored.send()
    await mirrored.project_rows.execute("TRUNCATE contacts, conversations, mensagens, rollups")
    await start_backfill(mirrored.database, mirrored.tenant, mirrored.target.fingerprint)
    await mirrored.sandbox.go_down()  # in its middle
    await mirrored.mirror.run_until_sent()
    await mirrored.sandbox.come_up()
    await mirrored.given.admin.execute("UPDATE mirror_positions SET retry_at = now()")
    await mirrored.send(mirrored.new_mirror())
    assert await mirrored.differences() == []
    position = await mirrored.position()
    assert position["backfill_source"] is None
    assert position["backfill_done"] >= position["backfill_total"] - 1


async def test_another_project_gets_everything(mirrored: MirrorFixture) -> None:
    await mirrored.insights.serve()
    await mirrored.send()
    await mirrored.project_rows.execute(
        "TRUNCATE contacts, conversations, mensagens, csat_feedback, auditoria, rollups"
    )
    # The same project under another address is another project.
    mirrored.target = replace(
        mirrored.target, url=mirrored.target.url.replace("127.0.0.1", "localhost")
    )
    await mirrored.send()
    assert await mirrored.differences() == []


async def test_whoever_is_not_mirrored_any_more_is_forgotten(mirrored: MirrorFixture) -> None:
    await mirrored.insights.serve()
    await mirrored.send()
    mirror = mirrored.new_mirror()

    async def nobody() -> list[object]:
        return []

    mirror._load_targets = nobody  # type: ignore[assignment]
    await mirror.run_until_sent()
    assert await mirrored.given.count("mirror_positions") == 0
    await mirrored.given.admin.execute("UPDATE contacts SET name = 'Depois'")
    assert await mirrored.given.count("mirror_changes") == 0
    await mirrored.mirror_messages(MirroredMessages.FULL)
    await mirrored.send()
    assert await mirrored.differences() == []
