"""A mirror that is killed by the operating system in the middle of its work."""

import asyncio
from multiprocessing import get_context

import pytest

from niochat.adapters.postgres.database import Database
from niochat.adapters.supabase.project_client import ProjectClient
from niochat.mirror.mirror import Mirror
from niochat.mirror.mirror_settings import MirrorTarget
from niochat_sandbox.fault_injection.fault_rules import FaultKind, FaultRule, FaultTarget
from tests.mirror.mirror_fixture import UTC, MirrorFixture
from tests.wait_until import wait_until

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(120)]


async def _mirror(url: str, target: MirrorTarget) -> None:
    database = await Database.open(url, timeouts=UTC)

    async def load_targets() -> list[MirrorTarget]:
        return [target]

    mirror = Mirror(
        database, load_targets, lambda each: ProjectClient(each.url, each.key), lambda: False
    )
    while True:
        await mirror.run_until_sent()


def mirror_until_killed(url: str, target: MirrorTarget) -> None:
    """Mirrors one tenant, until killed."""
    asyncio.run(_mirror(url, target))


@pytest.mark.parametrize("table", ["conversations", "mensagens", "auditoria", "rollups"])
@pytest.mark.parametrize("kind", [FaultKind.HOLD, FaultKind.HOLD_AFTER])
async def test_a_killed_mirror_leaves_no_gap_and_nothing_older(
    mirrored: MirrorFixture, serving_url: str, table: str, kind: FaultKind
) -> None:
    """Killed before the project has stored the rows of a request, or after it has and before the
    mirror knows.
    """
    await mirrored.insights.serve()
    await mirrored.insights.project()
    fault = FaultRule(FaultTarget.SUPABASE, kind, path=f"/{table}")
    mirrored.sandbox.faults.faults = [fault]
    process = get_context("spawn").Process(
        target=mirror_until_killed, args=(serving_url, mirrored.target)
    )
    process.start()
    await wait_until(lambda: fault.hits)
    process.kill()
    process.join()
    assert process.exitcode == -9
    mirrored.sandbox.faults.faults = []
    await mirrored.given.admin.execute("UPDATE contacts SET name = 'Depois'")
    await mirrored.insights.serve()

    # Its claim lasts until it expires.
    await mirrored.mirror.run_until_sent()
    assert await mirrored.unsent() > 0
    await mirrored.given.admin.execute("UPDATE mirror_positions SET leased_until = now()")
    await mirrored.send()
    assert await mirrored.differences() == []
    names = {row["name"] for row in await mirrored.rows("contacts")}
    assert "Depois" in names
