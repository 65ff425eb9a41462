"""A call waits for a place, gives it back whatever happens, and is tried again only if quick."""

import asyncio
import time

import pytest

from niochat.domain.errors import UnavailableError
from niochat.erp.call_limiter import CallPermit, CallPermitRequest, ErpCallLimiter
from niochat.erp.limited_client import LimitedErpClient
from niochat.erp.rpc_reply import ErpReadOptions
from niochat.ports.erp import (
    CheckAccessStatus,
    ErpError,
    ErpRefusedError,
    ErpWriteStatus,
    ListServicePlans,
    ReadContract,
)
from tests.builders import RowBuilder
from tests.erp.erp_service_harness import ErpProvider, ErpServiceHarness
from tests.erp.sgp_installation_client import OWNER_ROUTE, SgpInstallationClient
from tests.erp.write_requests import build_unlock, build_write_order, find_contract
from tests.wait_until import wait_until

pytestmark = pytest.mark.asyncio
PLANS_ROUTE = "/api/ura/consultaplano/"


async def hits(sgp: SgpInstallationClient) -> int:
    """How many requests met the first fault."""
    return int((await sgp.control("GET", "/faults"))["items"][0]["hits"])


async def test_a_quick_failure_is_tried_again_once(
    erp_service: ErpServiceHarness, provider: ErpProvider, sgp: SgpInstallationClient
) -> None:
    await sgp.inject_fault("status", PLANS_ROUTE, status=500, count=1)

    plans = await erp_service.calls.read(provider.id, ListServicePlans())

    assert len(plans) == 4
    assert [ended.healthy for ended in erp_service.actor.told] == [False, True]


async def test_a_failure_that_lasts_is_told_after_two_tries(
    erp_service: ErpServiceHarness, provider: ErpProvider, sgp: SgpInstallationClient
) -> None:
    await sgp.inject_fault("status", PLANS_ROUTE, status=500)

    with pytest.raises(ErpError) as failed:
        await erp_service.calls.read(provider.id, ListServicePlans())

    assert (failed.value.code, await hits(sgp)) == ("erp_failed", 2)


async def test_a_slow_failure_is_not_tried_again(
    erp_service: ErpServiceHarness, provider: ErpProvider, sgp: SgpInstallationClient
) -> None:
    await provider.update_erp(timeout_s=0.4)
    await sgp.inject_fault("hang", PLANS_ROUTE)

    with pytest.raises(ErpError) as failed:
        await erp_service.calls.read(provider.id, ListServicePlans())

    assert (failed.value.code, await hits(sgp)) == ("erp_timeout", 1)


@pytest.mark.parametrize(("status", "code"), [(404, "erp_missing"), (403, "erp_unauthorized")])
async def test_what_will_fail_again_is_not_tried_again(
    status: int,
    code: str,
    erp_service: ErpServiceHarness,
    provider: ErpProvider,
    sgp: SgpInstallationClient,
) -> None:
    await sgp.inject_fault("status", PLANS_ROUTE, status=status)

    with pytest.raises(ErpError) as failed:
        await erp_service.calls.read(provider.id, ListServicePlans())

    assert (failed.value.code, await hits(sgp)) == (code, 1)
    assert [ended.healthy for ended in erp_service.actor.told] == [True]


async def test_a_refusal_is_not_tried_again_and_counts_as_an_answer(
    erp_service: ErpServiceHarness, provider: ErpProvider, sgp: SgpInstallationClient
) -> None:
    contract = await find_contract("suspended_refused", sgp)

    order = build_write_order(build_unlock(contract), await provider.start_turn())
    result = await erp_service.writes.write(provider.id, order)

    assert result.status is ErpWriteStatus.REFUSED
    assert [ended.healthy for ended in erp_service.actor.told] == [True]


async def test_a_provider_without_an_erp_is_asked_nothing(
    erp_service: ErpServiceHarness, provider: ErpProvider, given: RowBuilder
) -> None:
    await given.admin.execute("DELETE FROM erps")

    with pytest.raises(ErpError) as failed:
        await erp_service.calls.read(provider.id, ListServicePlans())

    assert (failed.value.code, failed.value.maybe_sent) == ("erp_none", False)
    assert (erp_service.actor.asks, erp_service.actor.told) == (0, [])


async def test_a_call_waits_for_a_place_and_then_goes(
    erp_service: ErpServiceHarness, provider: ErpProvider, sgp: SgpInstallationClient
) -> None:
    permit = erp_service.actor.occupy_permit()
    waiting = asyncio.create_task(erp_service.calls.read(provider.id, ListServicePlans()))

    async def asked_twice() -> bool:
        return erp_service.actor.asks >= 2

    await wait_until(asked_twice)
    assert await sgp.count_requests(PLANS_ROUTE) == 0

    erp_service.actor.release_permit(permit)

    assert len(await waiting) == 4


async def test_never_more_calls_than_places_are_under_way(
    erp_service: ErpServiceHarness, provider: ErpProvider, sgp: SgpInstallationClient
) -> None:
    erp_service.actor.permits.max_concurrent = 2
    contract = await find_contract("active", sgp)
    reads = [erp_service.calls.read(provider.id, CheckAccessStatus(contract)) for _ in range(6)]
    await sgp.inject_fault("hold")
    together = asyncio.gather(*reads)

    async def all_asked() -> bool:
        return erp_service.actor.asks >= 12

    await wait_until(all_asked)
    assert await hits(sgp) == 2
    await sgp.clear_faults()

    assert len(await together) == 6
    assert len(erp_service.actor.told) == 6


async def test_no_place_within_the_time_is_told_as_crowded(
    erp_service: ErpServiceHarness, provider: ErpProvider, sgp: SgpInstallationClient
) -> None:
    now = time.monotonic()
    erp_service.actor.permits = ErpCallLimiter(
        max_concurrent=1, per_minute=1, tokens=0.0, refilled_at=now
    )

    with pytest.raises(ErpError) as failed:
        await erp_service.calls.read(provider.id, ListServicePlans())

    assert (failed.value.code, failed.value.maybe_sent) == ("erp_crowded", False)
    assert erp_service.actor.told == []


async def test_an_erp_that_failed_often_is_left_alone(
    erp_service: ErpServiceHarness, provider: ErpProvider, sgp: SgpInstallationClient
) -> None:
    await sgp.inject_fault("status", status=500)
    for _ in range(2):
        with pytest.raises(ErpError):
            await erp_service.calls.read(provider.id, ListServicePlans())

    with pytest.raises(ErpError) as third:
        await erp_service.calls.read(provider.id, ListServicePlans())

    assert (third.value.code, third.value.maybe_sent) == ("erp_resting", False)
    assert await hits(sgp) == 5


async def test_a_cancelled_call_gives_its_place_back_and_tells_nothing_of_the_erp(
    erp_service: ErpServiceHarness, provider: ErpProvider, sgp: SgpInstallationClient
) -> None:
    await sgp.inject_fault("hold", OWNER_ROUTE)
    contract = await find_contract("active", sgp)
    reading = asyncio.create_task(erp_service.calls.read(provider.id, ReadContract(contract)))
    await sgp.count_fault_hits()

    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)

    assert reading.cancelled()
    assert [ended.healthy for ended in erp_service.actor.told] == [None]
    assert erp_service.actor.permits.in_flight == {}


async def test_a_place_is_given_back_when_a_call_goes_wrong_in_a_way_of_its_own(
    erp_service: ErpServiceHarness, provider: ErpProvider
) -> None:
    async def broken(_settings: object) -> None:
        raise ErpRefusedError("não") if len(erp_service.actor.told) else ValueError("ours")

    for kind in (ValueError, ErpRefusedError):
        with pytest.raises(kind):
            await erp_service.calls.call_once(provider.id, broken)

    assert [ended.healthy for ended in erp_service.actor.told] == [None, True]
    assert erp_service.actor.permits.in_flight == {}


async def test_without_the_tenants_actor_calls_go_without_a_place(
    erp_service: ErpServiceHarness, provider: ErpProvider, sgp: SgpInstallationClient
) -> None:
    async def away(_tenant_id: object, _lease: CallPermitRequest) -> CallPermit:
        raise UnavailableError("the tenant's host is away")

    erp, answers = erp_service.erp, erp_service.answers
    calls = LimitedErpClient(erp, erp_service.settings_of, answers, away, erp_service.actor.tell)

    plans = await calls.read(provider.id, ListServicePlans())
    assert len(plans) == 4
    assert erp_service.actor.told == []


async def test_agents_that_wait_for_a_permit_hold_no_place_of_the_assistant(
    erp_service: ErpServiceHarness, provider: ErpProvider, sgp: SgpInstallationClient
) -> None:
    permit, refused = erp_service.actor.occupy_permit(), CallPermit(wait_s=0.05)

    async def ask(_tenant: object, request: CallPermitRequest) -> CallPermit:
        erp_service.actor.asks += 1
        return refused if request.for_agent else CallPermit(permit)

    calls = LimitedErpClient(
        erp_service.erp,
        erp_service.settings_of,
        erp_service.answers,
        ask,
        erp_service.actor.tell,
    )
    agents = [
        asyncio.create_task(
            calls.read_timed(provider.id, ListServicePlans(), ErpReadOptions(0.0, for_agent=True))
        )
        for _ in range(20)
    ]

    async def waiting() -> bool:
        return erp_service.actor.asks >= 6

    await wait_until(waiting)
    plans = await calls.read(provider.id, ListServicePlans(), fresh=True)
    assert len(plans) == 4
    assert not any(agent.done() for agent in agents)
    for agent in agents:
        agent.cancel()
    await asyncio.gather(*agents, return_exceptions=True)
