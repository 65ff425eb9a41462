"""People see whether the mirror works, how far it is, and what keeps it."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from niochat.mirror.administration.mirror_status import MirrorState, MirrorStatusReader
from niochat.mirror.mirror_settings import MirrorSettingsEditor
from niochat.mirror.settings_content import MirrorSettingsContent
from tests.mirror.conftest import KEY, URL, MirrorSettingsFixture

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]


def reader_of(fixture: MirrorSettingsFixture) -> MirrorStatusReader:
    return MirrorStatusReader(fixture.database, fixture.store)


async def begin(fixture: MirrorSettingsFixture, **columns: object) -> None:
    """The mirror has begun, and read everything."""
    values: Mapping[str, object] = {"log_version": 0, "audit_id": 0, **columns}
    names = ", ".join(values)
    marks = ", ".join(f"${number}" for number in range(2, len(values) + 2))
    await fixture.admin.execute(
        "INSERT INTO mirror_positions (tenant_id, log_xid, log_conversation, audit_xid,"
        f" {names}) VALUES ($1, pg_current_xact_id(), $1, '0', {marks})",
        fixture.tenant,
        *values.values(),
    )


async def test_states_in_the_order_of_a_mirrors_life(
    mirror_settings: MirrorSettingsFixture,
) -> None:
    reader, tenant = reader_of(mirror_settings), mirror_settings.tenant
    assert (await reader.read(tenant)).state is MirrorState.OFF

    content = MirrorSettingsContent(url=URL, key=KEY)
    await mirror_settings.store.replace(mirror_settings.editor, content)
    waiting = await reader.read(tenant)
    assert (waiting.state, waiting.lag, waiting.rows_sent) == (
        MirrorState.WAITING,
        timedelta(0),
        0,
    )
    await begin(mirror_settings, backfill_source="contacts", backfill_done=7, backfill_total=5)
    active = await reader.read(tenant)
    assert active.state is MirrorState.ACTIVE
    assert (active.backfill.running, active.backfill.done, active.backfill.total) == (True, 7, 7)

    await mirror_settings.admin.execute(
        "UPDATE mirror_positions SET failure = 'key_refused', failure_detail = 'set its key',"
        " failures = 1, failed_since = now(), retry_at = now() + interval '1 minute'"
    )
    failing = await reader.read(tenant)
    assert failing.state is MirrorState.FAILING
    assert failing.failure is not None
    assert (failing.failure.code, failing.failure.detail) == ("key_refused", "set its key")
    assert failing.failure.retry_at is not None

    await mirror_settings.store.pause(mirror_settings.actor, tenant)
    assert (await reader.read(tenant)).state is MirrorState.PAUSED
    await mirror_settings.store.replace(
        mirror_settings.editor, MirrorSettingsContent(enabled=False)
    )
    assert (await reader.read(tenant)).state is MirrorState.OFF


async def test_the_lag_is_the_age_of_the_oldest_change_that_is_not_sent(
    mirror_settings: MirrorSettingsFixture,
) -> None:
    reader, tenant = reader_of(mirror_settings), mirror_settings.tenant
    await begin(mirror_settings)
    assert (await reader.read(tenant)).lag == timedelta(0)

    await mirror_settings.admin.execute(
        "INSERT INTO mirror_changes (tenant_id, source, ref, at)"
        " VALUES ($1, 'contacts', 'x', now() - interval '90 s')",
        tenant,
    )
    lag = (await reader.read(tenant)).lag
    assert timedelta(seconds=90) <= lag < timedelta(seconds=150)


async def test_refused_rows_are_counted_by_source_and_reason(
    mirror_settings: MirrorSettingsFixture,
) -> None:
    reader, tenant = reader_of(mirror_settings), mirror_settings.tenant
    other = await mirror_settings.given.tenant()
    for whose, source, ref, code, reason in (
        (tenant, "messages", "1", "22P05", "400 an old reason"),
        (tenant, "messages", "2", "22P05", "400 a new reason"),
        (tenant, "contacts", "3", "23502", "400 no name"),
        (other, "contacts", "3", "23502", "400 of another one"),
    ):
        await mirror_settings.admin.execute(
            "INSERT INTO mirror_dead_letters (tenant_id, source, ref, code, reason, last_at)"
            " VALUES ($1, $2, $3, $4, $5, now() + $3::text::int * interval '1 s')",
            whose,
            source,
            ref,
            code,
            reason,
        )

    groups = (await reader.read(tenant)).dead_letters

    assert [(each.source, each.code, each.counted, each.reason) for each in groups] == [
        ("messages", "22P05", 2, "400 a new reason"),
        ("contacts", "23502", 1, "400 no name"),
    ]
    assert MirrorSettingsEditor(tenant, mirror_settings.actor).tenant_id == tenant
