"""Tenants that share a project: the installation's."""

import asyncio
from dataclasses import replace
from datetime import date

import pytest

from niochat.mirror.mirror_sources import TABLES
from niochat_sandbox.fault_injection.fault_rules import FaultKind, FaultRule, FaultTarget
from tests.insights.conftest import InsightsFixture
from tests.mirror.mirror_fixture import MirrorFixture
from tests.wait_until import wait_until

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(120)]


async def test_tenants_of_one_project_keep_their_rows_apart(mirrored: MirrorFixture) -> None:
    place = await mirrored.given.place()
    neighbour = InsightsFixture(
        mirrored.insights.database, mirrored.given, mirrored.insights.host, place
    )
    mirrored.others = [replace(mirrored.target, tenant_id=place.tenant)]
    await mirrored.insights.serve()
    await neighbour.serve()
    await neighbour.project()
    await mirrored.send()
    owners = [row["provedor_id"] for row in await mirrored.rows("conversations")]
    assert sorted(owners) == sorted([mirrored.tenant, place.tenant])
    assert await mirrored.differences() == await mirrored.differences(place.tenant) == []


async def test_a_slow_project_delays_no_other_tenant(mirrored: MirrorFixture) -> None:
    """The neighbour's project is at another address, which holds every request."""
    place = await mirrored.given.place()
    neighbour = InsightsFixture(
        mirrored.insights.database, mirrored.given, mirrored.insights.host, place
    )
    fault = FaultRule(FaultTarget.SUPABASE, FaultKind.HOLD, path="/contacts", count=1)
    mirrored.sandbox.faults.faults = [fault]
    mirrored.others = [replace(mirrored.target, tenant_id=place.tenant)]
    await neighbour.serve()
    await mirrored.insights.serve()
    running = asyncio.create_task(mirrored.mirror.run())

    async def has_one() -> bool:
        return len(await mirrored.rows("conversations")) == 1

    await wait_until(lambda: fault.hits)
    await wait_until(has_one, 30)
    mirrored.sandbox.faults.faults = []

    async def has_both() -> bool:
        return len(await mirrored.rows("conversations")) == 2

    await wait_until(has_both, 30)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_requests_at_once_share_the_connections(mirrored: MirrorFixture) -> None:
    project = mirrored.open_project(mirrored.target)
    found = await asyncio.gather(
        *(project.count_days(mirrored.tenant, table, date(2026, 1, 1), None) for table in TABLES)
    )
    assert found == [{}] * len(TABLES)
