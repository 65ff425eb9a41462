"""What is ordered is done once, whoever orders it how often and whatever becomes of him."""

import asyncio

import pytest

from niochat.domain.errors import OperationRefusedError
from niochat.ports.erp import ErpWriteResult, ErpWriteStatus
from tests.erp.erp_service_harness import ErpProvider, ErpServiceHarness
from tests.erp.sgp_installation_client import TICKET_ROUTE, SgpInstallationClient
from tests.erp.write_requests import ROUTES, build_write, build_write_order
from tests.wait_until import wait_until

pytestmark = pytest.mark.asyncio
both = pytest.mark.parametrize("kind", ["unlock", "ticket"])


@both
async def test_a_write_is_done_and_its_protocol_known(
    kind: str, erp_service: ErpServiceHarness, provider: ErpProvider, sgp: SgpInstallationClient
) -> None:
    order = build_write_order(await build_write(kind, sgp), await provider.start_turn())

    result = await erp_service.writes.write(provider.id, order)

    (line,) = await sgp.load_ledger()
    assert (line["kind"], line["protocol"]) == (kind, result.protocol)
    assert (result.status, result.earlier) == (ErpWriteStatus.DONE, False)
    if kind == "unlock":
        assert result.until is not None
        assert result.until.isoformat() == line["until"]
    assert await provider.load_write_states() == ["done"]


@both
async def test_what_was_done_is_told_again_and_not_done_again(
    kind: str,
    erp_service: ErpServiceHarness,
    other: ErpServiceHarness,
    provider: ErpProvider,
    sgp: SgpInstallationClient,
) -> None:
    request = await build_write(kind, sgp)
    first = await erp_service.writes.write(
        provider.id, build_write_order(request, await provider.start_turn())
    )

    again = await other.writes.write(
        provider.id, build_write_order(request, await provider.start_turn())
    )

    told = (first.protocol, first.until)
    assert (again.status, again.earlier) == (ErpWriteStatus.DONE, True)
    assert (again.protocol, again.until) == told
    assert await sgp.count_requests(ROUTES[kind]) == 1


@both
async def test_two_processes_at_once_do_it_once(
    kind: str,
    erp_service: ErpServiceHarness,
    other: ErpServiceHarness,
    provider: ErpProvider,
    sgp: SgpInstallationClient,
) -> None:
    order = build_write_order(await build_write(kind, sgp), await provider.start_turn())
    writers = [each.writes for each in (erp_service, other) for _ in range(3)]

    results = await asyncio.gather(*(each.write(provider.id, order) for each in writers))

    assert {result.status for result in results} == {ErpWriteStatus.DONE}
    assert await sgp.kinds() == [kind]
    assert await sgp.count_requests(ROUTES[kind]) == 1


@both
async def test_who_stops_waiting_does_not_stop_the_write(
    kind: str, erp_service: ErpServiceHarness, provider: ErpProvider, sgp: SgpInstallationClient
) -> None:
    order = build_write_order(await build_write(kind, sgp), await provider.start_turn())
    await sgp.inject_fault("hold", ROUTES[kind])
    waiting = asyncio.create_task(erp_service.writes.write(provider.id, order))
    await sgp.count_fault_hits()

    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert waiting.cancelled()
    await sgp.clear_faults()

    await wait_until(lambda: _settled(provider))
    assert await sgp.kinds() == [kind]


async def _settled(provider: ErpProvider) -> bool:
    return await provider.load_write_states() == ["done"]


@both
async def test_nothing_leaves_for_a_turn_that_ended_while_it_waited_for_a_place(
    kind: str, erp_service: ErpServiceHarness, provider: ErpProvider, sgp: SgpInstallationClient
) -> None:
    turn, permit = await provider.start_turn(), erp_service.actor.occupy_permit()
    order = build_write_order(await build_write(kind, sgp), turn)
    waiting = asyncio.create_task(erp_service.writes.write(provider.id, order))
    await wait_until(lambda: _asked(erp_service))

    await provider.take_over(turn)
    erp_service.actor.release_permit(permit)

    with pytest.raises(OperationRefusedError) as refused:
        await waiting
    assert refused.value.code == "turn_not_current"
    assert await sgp.count_requests(ROUTES[kind]) == 0
    assert await provider.load_write_states() == ["started"]


async def test_nothing_leaves_for_a_tenant_that_is_suspended_meanwhile(
    erp_service: ErpServiceHarness, provider: ErpProvider, sgp: SgpInstallationClient
) -> None:
    permit = erp_service.actor.occupy_permit()
    order = build_write_order(await build_write("ticket", sgp), await provider.start_turn())
    waiting = asyncio.create_task(erp_service.writes.write(provider.id, order))
    await wait_until(lambda: _asked(erp_service))

    await provider.suspend()
    erp_service.actor.release_permit(permit)

    with pytest.raises(OperationRefusedError):
        await waiting
    assert await sgp.kinds() == []


async def _asked(erp_service: ErpServiceHarness) -> bool:
    return erp_service.actor.asks > 0


async def test_a_suspended_tenant_and_a_turn_that_is_over_write_nothing_down(
    erp_service: ErpServiceHarness, provider: ErpProvider, sgp: SgpInstallationClient
) -> None:
    request, ended, older = (
        await build_write("ticket", sgp),
        await provider.start_turn(),
        await provider.start_turn(),
    )
    await provider.take_over(ended)
    await provider.retry_turn(older)
    orders = [build_write_order(request, ended), build_write_order(request, older, attempt=1)]
    for order in orders:
        with pytest.raises(OperationRefusedError):
            await erp_service.writes.write(provider.id, order)
    current = build_write_order(request, await provider.start_turn())

    await provider.suspend()

    with pytest.raises(OperationRefusedError):
        await erp_service.writes.write(provider.id, current)
    assert await provider.load_write_states() == []
    assert await sgp.kinds() == []


async def test_what_another_process_sends_is_not_called_unsent_by_one_without_a_place(
    erp_service: ErpServiceHarness,
    other: ErpServiceHarness,
    provider: ErpProvider,
    sgp: SgpInstallationClient,
) -> None:
    order = build_write_order(await build_write("ticket", sgp), await provider.start_turn())
    permit = other.actor.occupy_permit()
    late = asyncio.create_task(other.writes.write(provider.id, order))
    await wait_until(lambda: _asked(other))
    await sgp.inject_fault("hold", TICKET_ROUTE)
    sending = asyncio.create_task(erp_service.writes.write(provider.id, order))
    await sgp.count_fault_hits()
    for _ in range(5):
        other.actor.permits.breaker.record_result(False, 1e9)

    unheard = await late

    assert unheard.status is ErpWriteStatus.UNKNOWN
    assert await provider.load_write_states() == ["sending"]
    await sgp.clear_faults()
    other.actor.permits.breaker.record_result(True, 1e9)
    other.actor.release_permit(permit)
    known: list[ErpWriteResult] = [await sending, await other.writes.write(provider.id, order)]
    assert [result.status for result in known] == [ErpWriteStatus.DONE] * 2
    assert await sgp.kinds() == ["ticket"]


async def test_a_place_is_given_back_once_for_each_call(
    erp_service: ErpServiceHarness, provider: ErpProvider, sgp: SgpInstallationClient
) -> None:
    order = build_write_order(await build_write("unlock", sgp), await provider.start_turn())

    await erp_service.writes.write(provider.id, order)
    await erp_service.writes.write(provider.id, order)

    assert [ended.healthy for ended in erp_service.actor.told] == [True]
    assert erp_service.actor.permits.in_flight == {}
