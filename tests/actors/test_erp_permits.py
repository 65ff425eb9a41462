"""The tenant's actor gives places to calls of the ERP, for all of its processes together."""

import pytest
import pytest_asyncio

from niochat.erp.breaker import FAILURE_THRESHOLD, MAX_OPEN_S, MIN_OPEN_S
from niochat.erp.permits import PERMIT_EXPIRES_AFTER_S
from tests.actors.one_tenant import Tenant
from tests.actors.provider import Provider
from tests.builders import Given

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(30)]


@pytest_asyncio.fixture(autouse=True)
async def limits(provider: Provider, given: Given) -> None:
    """Three calls at once, sixty a minute: a burst of six."""
    await given.admin.execute(
        "INSERT INTO erps (tenant_id, base_url, app, token_sealed, calls_at_once, per_minute)"
        " VALUES ($1, 'http://erp.invalid', 'niochat', '\\x00', 3, 60)"
        " ON CONFLICT (tenant_id) DO UPDATE SET calls_at_once = 3, per_minute = 60",
        provider.place.tenant,
    )


async def failed(tenant: Tenant, times: int = FAILURE_THRESHOLD) -> None:
    """So many calls in a row that came back from an ERP that does not work."""
    for _ in range(times):
        tenant.clock.now += 1  # never too many a minute
        await tenant.ended(await tenant.begun(), healthy=False)


async def test_no_more_calls_at_once_than_the_provider_allows(tenant: Tenant) -> None:
    calls = [await tenant.begun() for _ in range(3)]

    refused = await tenant.call()

    assert (refused.id, refused.breaker_open) == (None, False)
    assert refused.wait_s > 0
    await tenant.ended(calls[0])
    assert await tenant.begun() not in calls


async def test_no_more_calls_a_minute_than_the_provider_allows(tenant: Tenant) -> None:
    for _ in range(6):
        await tenant.ended(await tenant.begun())

    refused = await tenant.call()

    assert (refused.id, refused.wait_s) == (None, 1.0)
    tenant.clock.now += 1
    await tenant.ended(await tenant.begun())
    assert (await tenant.call()).id is None


async def test_a_permit_whose_process_died_is_given_to_another(tenant: Tenant) -> None:
    for _ in range(3):
        await tenant.begun()
    tenant.clock.now += PERMIT_EXPIRES_AFTER_S
    assert (await tenant.call()).id is None, "it may still be under way"

    tenant.clock.now += 1

    await tenant.begun()


async def test_a_call_that_comes_back_after_it_was_forgotten_frees_no_second_place(
    tenant: Tenant,
) -> None:
    lost = await tenant.begun()
    tenant.clock.now += PERMIT_EXPIRES_AFTER_S + 1
    for _ in range(3):
        await tenant.begun()

    await tenant.ended(lost)

    assert (await tenant.call()).id is None


async def test_an_erp_that_fails_in_a_row_rests_and_nobody_asks_it(tenant: Tenant) -> None:
    await failed(tenant, FAILURE_THRESHOLD - 1)
    await tenant.ended(await tenant.begun(), healthy=True)
    await failed(tenant, FAILURE_THRESHOLD - 1)
    await tenant.ended(await tenant.begun(), healthy=False)

    refused = await tenant.call()

    assert (refused.id, refused.breaker_open) == (None, True)
    assert refused.wait_s == MIN_OPEN_S


async def test_after_its_rest_one_call_tries_and_the_others_wait(tenant: Tenant) -> None:
    await failed(tenant)
    tenant.clock.now += MIN_OPEN_S

    trial, other = await tenant.begun(), await tenant.call()

    assert (other.id, other.breaker_open) == (None, True)
    await tenant.ended(trial, healthy=True)
    await tenant.begun()
    await tenant.begun()


async def test_a_trial_that_fails_doubles_the_rest_up_to_its_longest(tenant: Tenant) -> None:
    await failed(tenant)
    rests = []
    for _ in range(5):
        tenant.clock.now += (await tenant.call()).wait_s
        await tenant.ended(await tenant.begun(), healthy=False)
        rests.append((await tenant.call()).wait_s)

    assert rests == [30.0, 60.0, MAX_OPEN_S, MAX_OPEN_S, MAX_OPEN_S]


async def test_a_trial_whose_process_died_does_not_keep_the_erp_resting(tenant: Tenant) -> None:
    await failed(tenant)
    tenant.clock.now += MIN_OPEN_S
    await tenant.begun()
    assert (await tenant.call()).breaker_open

    tenant.clock.now += PERMIT_EXPIRES_AFTER_S + 1

    await tenant.begun()


async def test_new_limits_count_without_a_restart(
    tenant: Tenant, provider: Provider, given: Given
) -> None:
    for _ in range(3):
        await tenant.begun()
    await tenant.at_rest()
    await given.admin.execute("UPDATE erps SET calls_at_once = 4")
    tenant.clock.now += 31
    await tenant.told()
    await tenant.at_rest()

    await tenant.begun()

    assert (await tenant.call()).id is None


async def test_calls_and_turns_have_limits_of_their_own(tenant: Tenant) -> None:
    for _ in range(3):
        await tenant.begun()

    assert (await tenant.leased()).turns > 0


async def test_a_provider_without_an_erp_has_one_place(
    tenant: Tenant, provider: Provider, given: Given
) -> None:
    await given.admin.execute("DELETE FROM erps")

    permits = [await tenant.call() for _ in range(2)]

    assert [permit.id is not None for permit in permits] == [True, False]
