"""The tenant's actor gives places to calls of the ERP, for all of its processes together."""

import pytest
import pytest_asyncio

from niochat.erp.call_limiter import PERMIT_EXPIRES_AFTER_S
from niochat.erp.circuit_breaker import FAILURE_THRESHOLD, MAX_OPEN_S, MIN_OPEN_S
from tests.actors.manual_tenant_actor import ManualTenantActor
from tests.actors.sandbox_provider import SandboxProvider
from tests.builders import RowBuilder

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(30)]


@pytest_asyncio.fixture(autouse=True)
async def limits(provider: SandboxProvider, given: RowBuilder) -> None:
    """Three calls at once, sixty a minute: a burst of six."""
    await given.admin.execute(
        "INSERT INTO erps (tenant_id, base_url, app, token_sealed, calls_at_once, per_minute)"
        " VALUES ($1, 'http://erp.invalid', 'niochat', '\\x00', 3, 60)"
        " ON CONFLICT (tenant_id) DO UPDATE SET calls_at_once = 3, per_minute = 60",
        provider.place.tenant,
    )


async def failed(tenant: ManualTenantActor, times: int = FAILURE_THRESHOLD) -> None:
    """So many calls in a row that came back from an ERP that does not work."""
    for _ in range(times):
        tenant.clock.now += 1  # never too many a minute
        await tenant.end_erp_calls(await tenant.begin_erp_call(), healthy=False)


async def test_no_more_calls_at_once_than_the_provider_allows(tenant: ManualTenantActor) -> None:
    calls = [await tenant.begin_erp_call() for _ in range(3)]

    refused = await tenant.request_erp_permit()

    assert (refused.id, refused.breaker_open) == (None, False)
    assert refused.wait_s > 0
    await tenant.end_erp_calls(calls[0])
    assert await tenant.begin_erp_call() not in calls


async def test_no_more_calls_a_minute_than_the_provider_allows(tenant: ManualTenantActor) -> None:
    for _ in range(6):
        await tenant.end_erp_calls(await tenant.begin_erp_call())

    refused = await tenant.request_erp_permit()

    assert (refused.id, refused.wait_s) == (None, 1.0)
    tenant.clock.now += 1
    await tenant.end_erp_calls(await tenant.begin_erp_call())
    assert (await tenant.request_erp_permit()).id is None


async def test_a_permit_whose_process_died_is_given_to_another(tenant: ManualTenantActor) -> None:
    for _ in range(3):
        await tenant.begin_erp_call()
    tenant.clock.now += PERMIT_EXPIRES_AFTER_S
    assert (await tenant.request_erp_permit()).id is None, "it may still be under way"

    tenant.clock.now += 1

    await tenant.begin_erp_call()


async def test_a_call_that_comes_back_after_it_was_forgotten_frees_no_second_place(
    tenant: ManualTenantActor,
) -> None:
    lost = await tenant.begin_erp_call()
    tenant.clock.now += PERMIT_EXPIRES_AFTER_S + 1
    for _ in range(3):
        await tenant.begin_erp_call()

    await tenant.end_erp_calls(lost)

    assert (await tenant.request_erp_permit()).id is None


async def test_an_erp_that_fails_in_a_row_rests_and_nobody_asks_it(
    tenant: ManualTenantActor,
) -> None:
    await failed(tenant, FAILURE_THRESHOLD - 1)
    await tenant.end_erp_calls(await tenant.begin_erp_call(), healthy=True)
    await failed(tenant, FAILURE_THRESHOLD - 1)
    await tenant.end_erp_calls(await tenant.begin_erp_call(), healthy=False)

    refused = await tenant.request_erp_permit()

    assert (refused.id, refused.breaker_open) == (None, True)
    assert refused.wait_s == MIN_OPEN_S


async def test_after_its_rest_one_call_tries_and_the_others_wait(tenant: ManualTenantActor) -> None:
    await failed(tenant)
    tenant.clock.now += MIN_OPEN_S

    trial, other = await tenant.begin_erp_call(), await tenant.request_erp_permit()

    assert (other.id, other.breaker_open) == (None, True)
    await tenant.end_erp_calls(trial, healthy=True)
    await tenant.begin_erp_call()
    await tenant.begin_erp_call()


async def test_a_trial_that_fails_doubles_the_rest_up_to_its_longest(
    tenant: ManualTenantActor,
) -> None:
    await failed(tenant)
    rests = []
    for _ in range(5):
        tenant.clock.now += (await tenant.request_erp_permit()).wait_s
        await tenant.end_erp_calls(await tenant.begin_erp_call(), healthy=False)
        rests.append((await tenant.request_erp_permit()).wait_s)

    assert rests == [30.0, 60.0, MAX_OPEN_S, MAX_OPEN_S, MAX_OPEN_S]


async def test_a_trial_whose_process_died_does_not_keep_the_erp_resting(
    tenant: ManualTenantActor,
) -> None:
    await failed(tenant)
    tenant.clock.now += MIN_OPEN_S
    await tenant.begin_erp_call()
    assert (await tenant.request_erp_permit()).breaker_open

    tenant.clock.now += PERMIT_EXPIRES_AFTER_S + 1

    await tenant.begin_erp_call()


async def test_new_limits_count_without_a_restart(
    tenant: ManualTenantActor, provider: SandboxProvider, given: RowBuilder
) -> None:
    for _ in range(3):
        await tenant.begin_erp_call()
    await tenant.run_until_idle()
    await given.admin.execute("UPDATE erps SET calls_at_once = 4")
    tenant.clock.now += 31
    await tenant.send()
    await tenant.run_until_idle()

    await tenant.begin_erp_call()

    assert (await tenant.request_erp_permit()).id is None


async def test_calls_and_turns_have_limits_of_their_own(tenant: ManualTenantActor) -> None:
    for _ in range(3):
        await tenant.begin_erp_call()

    assert (await tenant.request_turn_grant()).turns > 0


async def test_a_provider_without_an_erp_has_one_place(
    tenant: ManualTenantActor, provider: SandboxProvider, given: RowBuilder
) -> None:
    await given.admin.execute("DELETE FROM erps")

    permits = [await tenant.request_erp_permit() for _ in range(2)]

    assert [permit.id is not None for permit in permits] == [True, False]
