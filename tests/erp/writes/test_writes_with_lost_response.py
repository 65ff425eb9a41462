"""A write whose answer is lost is looked up in the ERP, and never repeated."""

from dataclasses import replace

import pytest

from niochat.ports.erp import ErpWrite, ErpWriteStatus, IdempotentErpWrite
from tests.erp.erp_service_harness import ErpProvider, ErpServiceHarness
from tests.erp.sgp_installation_client import (
    LEAD_ROUTE,
    OWNER_ROUTE,
    TICKETS_ROUTE,
    UNLOCK_ROUTE,
    SgpInstallationClient,
)
from tests.erp.write_requests import (
    LEAD,
    ROUTES,
    build_ticket,
    build_unlock,
    build_write,
    build_write_order,
    find_contract,
)

pytestmark = pytest.mark.asyncio
both = pytest.mark.parametrize("kind", ["unlock", "ticket"])
EVIDENCE = {"unlock": OWNER_ROUTE, "ticket": TICKETS_ROUTE}
SHORT_S = 0.6
"""For calls that are meant to run out of time."""


@both
@pytest.mark.parametrize("fault", ["lost_answer", "malformed", "empty", "cut", "hold_after"])
async def test_what_the_erp_did_without_telling_is_found_there(
    kind: str,
    fault: str,
    erp_service: ErpServiceHarness,
    provider: ErpProvider,
    sgp: SgpInstallationClient,
) -> None:
    await provider.update_erp(timeout_s=SHORT_S)
    order = build_write_order(await build_write(kind, sgp), await provider.start_turn())
    await sgp.inject_fault(fault, ROUTES[kind])

    result = await erp_service.writes.write(provider.id, order)

    (line,) = await sgp.load_ledger()
    assert result.status is ErpWriteStatus.DONE
    # The ERP lists the numbers of tickets, not those of unlocks.
    assert result.protocol == (line["protocol"] if kind == "ticket" else "")
    assert await sgp.count_requests(ROUTES[kind]) == 1
    assert await provider.load_write_states() == ["done"]


@both
@pytest.mark.parametrize("fault", ["hang", "drop", "status", "html"])
async def test_where_nothing_is_found_the_outcome_is_unknown_and_nothing_is_repeated(
    kind: str,
    fault: str,
    erp_service: ErpServiceHarness,
    provider: ErpProvider,
    sgp: SgpInstallationClient,
) -> None:
    await provider.update_erp(timeout_s=SHORT_S)
    order = build_write_order(await build_write(kind, sgp), await provider.start_turn())
    await sgp.inject_fault(fault, ROUTES[kind])

    first = await erp_service.writes.write(provider.id, order)
    await sgp.clear_faults()
    second = await erp_service.writes.write(provider.id, order)

    assert (first.status, first.reason) == (ErpWriteStatus.UNKNOWN, "erp_write_unknown")
    assert second.status is ErpWriteStatus.UNKNOWN
    assert await sgp.count_requests(ROUTES[kind]) == 0
    assert await provider.load_write_states() == ["sending"]


@both
async def test_what_could_not_be_looked_up_is_settled_by_the_next_order(
    kind: str,
    erp_service: ErpServiceHarness,
    other: ErpServiceHarness,
    provider: ErpProvider,
    sgp: SgpInstallationClient,
) -> None:
    request = await build_write(kind, sgp)
    erp_service.looks_s = (0.0,)
    await sgp.inject_fault("lost_answer", ROUTES[kind])
    await sgp.inject_fault("status", EVIDENCE[kind], status=500)

    first = await erp_service.writes.write(
        provider.id, build_write_order(request, await provider.start_turn())
    )

    assert first.status is ErpWriteStatus.UNKNOWN
    assert await provider.load_write_states() == ["sending"]

    await sgp.clear_faults()
    second = await other.writes.write(
        provider.id, build_write_order(request, await provider.start_turn())
    )

    assert second.status is ErpWriteStatus.DONE
    assert await provider.load_write_states() == ["done"]
    assert await sgp.count_requests(ROUTES[kind]) == 1


async def test_an_erp_that_answers_slowly_is_looked_at_until_it_shows_the_write(
    erp_service: ErpServiceHarness,
    other: ErpServiceHarness,
    provider: ErpProvider,
    sgp: SgpInstallationClient,
) -> None:
    order = build_write_order(await build_write("ticket", sgp), await provider.start_turn())
    await provider.update_erp(timeout_s=SHORT_S)
    await sgp.inject_fault("hold", ROUTES["ticket"])

    first = await erp_service.writes.write(provider.id, order)
    await sgp.clear_faults()
    await sgp.ledger_of(1)
    second = await other.writes.write(provider.id, order)

    assert (first.status, second.status) == (ErpWriteStatus.UNKNOWN, ErpWriteStatus.DONE)
    assert await sgp.kinds() == ["ticket"]


async def test_an_unlock_is_proved_by_what_was_so_before_it_not_by_what_a_later_order_says(
    erp_service: ErpServiceHarness,
    other: ErpServiceHarness,
    provider: ErpProvider,
    sgp: SgpInstallationClient,
) -> None:
    turn, erp_service.looks_s = await provider.start_turn(), ()
    contract = await find_contract("suspended", sgp)
    await sgp.inject_fault("lost_answer", UNLOCK_ROUTE)
    first = await erp_service.writes.write(
        provider.id, build_write_order(build_unlock(contract), turn)
    )
    await sgp.clear_faults()
    await provider.retry_turn(turn)
    counted = build_unlock(contract, promises=1)

    second = await other.writes.write(provider.id, build_write_order(counted, turn, attempt=2))

    assert (first.status, second.status) == (ErpWriteStatus.UNKNOWN, ErpWriteStatus.DONE)
    assert await sgp.kinds() == ["unlock"]


async def test_an_unlock_used_before_proves_nothing(
    erp_service: ErpServiceHarness, provider: ErpProvider, sgp: SgpInstallationClient
) -> None:
    subscriber = await sgp.subscriber("suspended")
    await sgp.change(subscriber, promises=1)
    contract = str(subscriber["contracts"][0]["id"])
    await sgp.inject_fault("drop", UNLOCK_ROUTE)

    order = build_write_order(build_unlock(contract, promises=1), await provider.start_turn())
    result = await erp_service.writes.write(provider.id, order)

    assert result.status is ErpWriteStatus.UNKNOWN


async def test_another_ticket_of_the_contract_proves_nothing(
    erp_service: ErpServiceHarness, provider: ErpProvider, sgp: SgpInstallationClient
) -> None:
    mine = build_ticket(await find_contract("offline_dark", sgp))
    theirs = replace(mine, reference="NC-another")
    await erp_service.writes.write(
        provider.id, replace(await order_of(provider, theirs), key="other")
    )
    await sgp.inject_fault("drop", ROUTES["ticket"])

    result = await erp_service.writes.write(provider.id, await order_of(provider, mine))

    assert result.status is ErpWriteStatus.UNKNOWN
    assert await sgp.kinds() == ["ticket"]


async def test_a_lead_whose_answer_is_lost_stays_unknown_and_is_never_sent_again(
    erp_service: ErpServiceHarness,
    other: ErpServiceHarness,
    provider: ErpProvider,
    sgp: SgpInstallationClient,
) -> None:
    await sgp.inject_fault("lost_answer", LEAD_ROUTE)

    first = await erp_service.writes.write(provider.id, await order_of(provider, LEAD))
    await sgp.clear_faults()
    second = await other.writes.write(provider.id, await order_of(provider, LEAD))

    assert {first.status, second.status} == {ErpWriteStatus.UNKNOWN}
    assert await sgp.kinds() == ["lead"]
    assert await provider.load_write_states() == ["sending"]


async def order_of(provider: ErpProvider, request: ErpWrite) -> IdempotentErpWrite:
    return build_write_order(request, await provider.start_turn())
