"""The tenant's actor hands out turns in blocks and fills up its channels; nothing waits for it."""

import asyncio

import pytest

from niochat.actors.tenant_actor import (
    MAX_GRANT_TURNS,
    ChannelConnectedNotice,
    ModelThrottleNotice,
    TurnGrant,
)
from tests.actors.manual_tenant_actor import ManualTenantActor
from tests.actors.sandbox_provider import SandboxProvider
from tests.builders import RowBuilder

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(30)]


async def rate(given: RowBuilder, per_minute: int) -> None:
    await given.admin.execute("UPDATE assistants SET turns_per_minute = $1", per_minute)


async def test_turns_are_granted_in_blocks_up_to_the_rate(
    tenant: ManualTenantActor, given: RowBuilder
) -> None:
    await rate(given, 60)

    assert await tenant.request_turn_grant() == TurnGrant(MAX_GRANT_TURNS, 0.0)
    assert await tenant.request_turn_grant() == TurnGrant(0, 1.0)
    tenant.clock.now += 3.5
    assert await tenant.request_turn_grant() == TurnGrant(3, 0.0)
    assert await tenant.request_turn_grant() == TurnGrant(0, 0.5)


async def test_a_quiet_hour_is_not_saved_up(tenant: ManualTenantActor, given: RowBuilder) -> None:
    await rate(given, 60)
    await tenant.request_turn_grant()
    tenant.clock.now += 3600

    grants = [await tenant.request_turn_grant() for _ in range(3)]

    assert [grant.turns for grant in grants] == [MAX_GRANT_TURNS, 0, 0]


async def test_a_small_rate_is_kept_from_the_first_minute_on(
    tenant: ManualTenantActor, given: RowBuilder
) -> None:
    await rate(given, 3)

    assert (await tenant.request_turn_grant()).turns == 3
    assert (await tenant.request_turn_grant()).wait_s == pytest.approx(20.0)


async def test_nothing_is_granted_while_the_model_wants_to_rest(tenant: ManualTenantActor) -> None:
    await tenant.send(ModelThrottleNotice(10.0), ModelThrottleNotice(2.0))

    assert await tenant.request_turn_grant() == TurnGrant(0, 10.0)
    tenant.clock.now += 10
    assert (await tenant.request_turn_grant()).turns > 0


async def test_a_new_rate_counts_without_a_restart(
    tenant: ManualTenantActor, given: RowBuilder
) -> None:
    await rate(given, 60)
    while (await tenant.request_turn_grant()).turns:
        pass
    await tenant.run_until_idle()
    await rate(given, 1200)
    tenant.clock.now += 31
    await tenant.send()
    await tenant.run_until_idle()
    while (await tenant.request_turn_grant()).turns:
        pass
    tenant.clock.now += 1

    assert (await tenant.request_turn_grant()).turns == MAX_GRANT_TURNS


async def test_undelivered_webhooks_are_fetched_when_due(
    tenant: ManualTenantActor, provider: SandboxProvider
) -> None:
    await tenant.send()
    await tenant.run_until_idle()
    await provider.sandbox.write("5581988887777", text="ninguém me ouviu")
    await tenant.send()
    await tenant.run_until_idle()
    assert not tenant.poked, "not yet"

    tenant.clock.now += 31
    await tenant.send()

    await asyncio.wait_for(tenant.filled.wait(), 5)
    assert len(tenant.poked) == 1


async def test_a_channel_that_is_back_is_filled_at_once(
    tenant: ManualTenantActor, provider: SandboxProvider
) -> None:
    await tenant.send()
    await tenant.run_until_idle()
    await provider.sandbox.write("5581988887777", text="ninguém me ouviu")

    await tenant.send(ChannelConnectedNotice())

    await asyncio.wait_for(tenant.filled.wait(), 5)


async def test_a_broken_channel_does_not_keep_the_others_empty(
    tenant: ManualTenantActor, provider: SandboxProvider, given: RowBuilder
) -> None:
    await given.admin.execute("DELETE FROM channel_status_changes")
    await given.admin.execute(
        "UPDATE channels SET id = '00000000-0000-0000-0000-000000000001', slug = 'good'"
    )
    await given.channel(provider.place.tenant)  # its token cannot be opened
    await given.admin.execute("CLUSTER channels USING channels_tenant_id_slug_key")
    await provider.sandbox.write("5581988887777", text="ninguém me ouviu")

    await tenant.send()

    await asyncio.wait_for(tenant.filled.wait(), 5)
