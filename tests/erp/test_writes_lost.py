"""A write whose answer is lost is looked up in the ERP, and never repeated."""

from dataclasses import replace

import pytest

from niochat.domain.erp import ErpWrite, ErpWriteStatus, IdempotentErpWrite
from tests.erp.ledger import LEAD_ROUTE, OWNER_ROUTE, TICKETS_ROUTE, UNLOCK_ROUTE, Installation
from tests.erp.office import Office, Provider
from tests.erp.wishes import LEAD, ROUTES, contract_of, ordered, ticket, unlock, wish

pytestmark = pytest.mark.asyncio
both = pytest.mark.parametrize("kind", ["unlock", "ticket"])
EVIDENCE = {"unlock": OWNER_ROUTE, "ticket": TICKETS_ROUTE}
SHORT_S = 0.6
"""For calls that are meant to run out of time."""


@both
@pytest.mark.parametrize("fault", ["lost_answer", "malformed", "empty", "cut", "hold_after"])
async def test_what_the_erp_did_without_telling_is_found_there(
    kind: str, fault: str, office: Office, provider: Provider, sgp: Installation
) -> None:
    await provider.changed(timeout_s=SHORT_S)
    order = ordered(await wish(kind, sgp), await provider.turn())
    await sgp.fault(fault, ROUTES[kind])

    result = await office.writes.write(provider.id, order)

    (line,) = await sgp.done()
    assert result.status is ErpWriteStatus.DONE
    # The ERP lists the numbers of tickets, not those of unlocks.
    assert result.protocol == (line["protocol"] if kind == "ticket" else "")
    assert await sgp.asked(ROUTES[kind]) == 1
    assert await provider.journal() == ["done"]


@both
@pytest.mark.parametrize("fault", ["hang", "drop", "status", "html"])
async def test_where_nothing_is_found_the_outcome_is_unknown_and_nothing_is_repeated(
    kind: str, fault: str, office: Office, provider: Provider, sgp: Installation
) -> None:
    await provider.changed(timeout_s=SHORT_S)
    order = ordered(await wish(kind, sgp), await provider.turn())
    await sgp.fault(fault, ROUTES[kind])

    first = await office.writes.write(provider.id, order)
    await sgp.well()
    second = await office.writes.write(provider.id, order)

    assert (first.status, first.reason) == (ErpWriteStatus.UNKNOWN, "erp_write_unknown")
    assert second.status is ErpWriteStatus.UNKNOWN
    assert await sgp.asked(ROUTES[kind]) == 0
    assert await provider.journal() == ["sending"]


@both
async def test_what_could_not_be_looked_up_is_settled_by_the_next_order(
    kind: str, office: Office, other: Office, provider: Provider, sgp: Installation
) -> None:
    request = await wish(kind, sgp)
    office.looks_s = (0.0,)
    await sgp.fault("lost_answer", ROUTES[kind])
    await sgp.fault("status", EVIDENCE[kind], status=500)

    first = await office.writes.write(provider.id, ordered(request, await provider.turn()))

    assert first.status is ErpWriteStatus.UNKNOWN
    assert await provider.journal() == ["sending"]

    await sgp.well()
    second = await other.writes.write(provider.id, ordered(request, await provider.turn()))

    assert second.status is ErpWriteStatus.DONE
    assert await provider.journal() == ["done"]
    assert await sgp.asked(ROUTES[kind]) == 1


async def test_an_erp_that_answers_slowly_is_looked_at_until_it_shows_the_write(
    office: Office, other: Office, provider: Provider, sgp: Installation
) -> None:
    order = ordered(await wish("ticket", sgp), await provider.turn())
    await provider.changed(timeout_s=SHORT_S)
    await sgp.fault("hold", ROUTES["ticket"])

    first = await office.writes.write(provider.id, order)
    await sgp.well()
    await sgp.ledger_of(1)
    second = await other.writes.write(provider.id, order)

    assert (first.status, second.status) == (ErpWriteStatus.UNKNOWN, ErpWriteStatus.DONE)
    assert await sgp.kinds() == ["ticket"]


async def test_an_unlock_is_proved_by_what_was_so_before_it_not_by_what_a_later_order_says(
    office: Office, other: Office, provider: Provider, sgp: Installation
) -> None:
    turn, office.looks_s = await provider.turn(), ()
    contract = await contract_of("suspended", sgp)
    await sgp.fault("lost_answer", UNLOCK_ROUTE)
    first = await office.writes.write(provider.id, ordered(unlock(contract), turn))
    await sgp.well()
    await provider.again(turn)
    counted = unlock(contract, promises=1)

    second = await other.writes.write(provider.id, ordered(counted, turn, attempt=2))

    assert (first.status, second.status) == (ErpWriteStatus.UNKNOWN, ErpWriteStatus.DONE)
    assert await sgp.kinds() == ["unlock"]


async def test_an_unlock_used_before_proves_nothing(
    office: Office, provider: Provider, sgp: Installation
) -> None:
    subscriber = await sgp.subscriber("suspended")
    await sgp.change(subscriber, promises=1)
    contract = str(subscriber["contracts"][0]["id"])
    await sgp.fault("drop", UNLOCK_ROUTE)

    order = ordered(unlock(contract, promises=1), await provider.turn())
    result = await office.writes.write(provider.id, order)

    assert result.status is ErpWriteStatus.UNKNOWN


async def test_another_ticket_of_the_contract_proves_nothing(
    office: Office, provider: Provider, sgp: Installation
) -> None:
    mine = ticket(await contract_of("offline_dark", sgp))
    theirs = replace(mine, reference="NC-another")
    await office.writes.write(provider.id, replace(await order_of(provider, theirs), key="other"))
    await sgp.fault("drop", ROUTES["ticket"])

    result = await office.writes.write(provider.id, await order_of(provider, mine))

    assert result.status is ErpWriteStatus.UNKNOWN
    assert await sgp.kinds() == ["ticket"]


async def test_a_lead_whose_answer_is_lost_stays_unknown_and_is_never_sent_again(
    office: Office, other: Office, provider: Provider, sgp: Installation
) -> None:
    await sgp.fault("lost_answer", LEAD_ROUTE)

    first = await office.writes.write(provider.id, await order_of(provider, LEAD))
    await sgp.well()
    second = await other.writes.write(provider.id, await order_of(provider, LEAD))

    assert {first.status, second.status} == {ErpWriteStatus.UNKNOWN}
    assert await sgp.kinds() == ["lead"]
    assert await provider.journal() == ["sending"]


async def order_of(provider: Provider, request: ErpWrite) -> IdempotentErpWrite:
    return ordered(request, await provider.turn())
