"""What is ordered is done once, whoever orders it how often and whatever becomes of him."""

import asyncio

import pytest

from niochat.domain.erp import ErpWriteResult, ErpWriteStatus
from niochat.domain.errors import OperationRefusedError
from tests.erp.ledger import TICKET_ROUTE, Installation
from tests.erp.office import Office, Provider
from tests.erp.wishes import ROUTES, ordered, wish
from tests.until import until

pytestmark = pytest.mark.asyncio
both = pytest.mark.parametrize("kind", ["unlock", "ticket"])


@both
async def test_a_write_is_done_and_its_protocol_known(
    kind: str, office: Office, provider: Provider, sgp: Installation
) -> None:
    order = ordered(await wish(kind, sgp), await provider.turn())

    result = await office.writes.write(provider.id, order)

    (line,) = await sgp.done()
    assert (line["kind"], line["protocol"]) == (kind, result.protocol)
    assert (result.status, result.earlier) == (ErpWriteStatus.DONE, False)
    if kind == "unlock":
        assert result.until is not None
        assert result.until.isoformat() == line["until"]
    assert await provider.journal() == ["done"]


@both
async def test_what_was_done_is_told_again_and_not_done_again(
    kind: str, office: Office, other: Office, provider: Provider, sgp: Installation
) -> None:
    request = await wish(kind, sgp)
    first = await office.writes.write(provider.id, ordered(request, await provider.turn()))

    again = await other.writes.write(provider.id, ordered(request, await provider.turn()))

    told = (first.protocol, first.until)
    assert (again.status, again.earlier) == (ErpWriteStatus.DONE, True)
    assert (again.protocol, again.until) == told
    assert await sgp.asked(ROUTES[kind]) == 1


@both
async def test_two_processes_at_once_do_it_once(
    kind: str, office: Office, other: Office, provider: Provider, sgp: Installation
) -> None:
    order = ordered(await wish(kind, sgp), await provider.turn())
    writers = [each.writes for each in (office, other) for _ in range(3)]

    results = await asyncio.gather(*(each.write(provider.id, order) for each in writers))

    assert {result.status for result in results} == {ErpWriteStatus.DONE}
    assert await sgp.kinds() == [kind]
    assert await sgp.asked(ROUTES[kind]) == 1


@both
async def test_who_stops_waiting_does_not_stop_the_write(
    kind: str, office: Office, provider: Provider, sgp: Installation
) -> None:
    order = ordered(await wish(kind, sgp), await provider.turn())
    await sgp.fault("hold", ROUTES[kind])
    waiting = asyncio.create_task(office.writes.write(provider.id, order))
    await sgp.fault_met()

    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert waiting.cancelled()
    await sgp.well()

    await until(lambda: _settled(provider))
    assert await sgp.kinds() == [kind]


async def _settled(provider: Provider) -> bool:
    return await provider.journal() == ["done"]


@both
async def test_nothing_leaves_for_a_turn_that_ended_while_it_waited_for_a_place(
    kind: str, office: Office, provider: Provider, sgp: Installation
) -> None:
    turn, permit = await provider.turn(), office.actor.fill()
    order = ordered(await wish(kind, sgp), turn)
    waiting = asyncio.create_task(office.writes.write(provider.id, order))
    await until(lambda: _asked(office))

    await provider.over(turn)
    office.actor.free(permit)

    with pytest.raises(OperationRefusedError) as refused:
        await waiting
    assert refused.value.code == "turn_not_current"
    assert await sgp.asked(ROUTES[kind]) == 0
    assert await provider.journal() == ["started"]


async def test_nothing_leaves_for_a_tenant_that_is_suspended_meanwhile(
    office: Office, provider: Provider, sgp: Installation
) -> None:
    permit = office.actor.fill()
    order = ordered(await wish("ticket", sgp), await provider.turn())
    waiting = asyncio.create_task(office.writes.write(provider.id, order))
    await until(lambda: _asked(office))

    await provider.suspended()
    office.actor.free(permit)

    with pytest.raises(OperationRefusedError):
        await waiting
    assert await sgp.kinds() == []


async def _asked(office: Office) -> bool:
    return office.actor.asks > 0


async def test_a_suspended_tenant_and_a_turn_that_is_over_write_nothing_down(
    office: Office, provider: Provider, sgp: Installation
) -> None:
    request, ended, older = await wish("ticket", sgp), await provider.turn(), await provider.turn()
    await provider.over(ended)
    await provider.again(older)
    orders = [ordered(request, ended), ordered(request, older, attempt=1)]
    for order in orders:
        with pytest.raises(OperationRefusedError):
            await office.writes.write(provider.id, order)
    current = ordered(request, await provider.turn())

    await provider.suspended()

    with pytest.raises(OperationRefusedError):
        await office.writes.write(provider.id, current)
    assert await provider.journal() == []
    assert await sgp.kinds() == []


async def test_what_another_process_sends_is_not_called_unsent_by_one_without_a_place(
    office: Office, other: Office, provider: Provider, sgp: Installation
) -> None:
    order = ordered(await wish("ticket", sgp), await provider.turn())
    permit = other.actor.fill()
    late = asyncio.create_task(other.writes.write(provider.id, order))
    await until(lambda: _asked(other))
    await sgp.fault("hold", TICKET_ROUTE)
    sending = asyncio.create_task(office.writes.write(provider.id, order))
    await sgp.fault_met()
    for _ in range(5):
        other.actor.permits.breaker.record_result(False, 1e9)

    unheard = await late

    assert unheard.status is ErpWriteStatus.UNKNOWN
    assert await provider.journal() == ["sending"]
    await sgp.well()
    other.actor.permits.breaker.record_result(True, 1e9)
    other.actor.free(permit)
    known: list[ErpWriteResult] = [await sending, await other.writes.write(provider.id, order)]
    assert [result.status for result in known] == [ErpWriteStatus.DONE] * 2
    assert await sgp.kinds() == ["ticket"]


async def test_a_place_is_given_back_once_for_each_call(
    office: Office, provider: Provider, sgp: Installation
) -> None:
    order = ordered(await wish("unlock", sgp), await provider.turn())

    await office.writes.write(provider.id, order)
    await office.writes.write(provider.id, order)

    assert [ended.healthy for ended in office.actor.told] == [True]
    assert office.actor.permits.in_flight == {}
