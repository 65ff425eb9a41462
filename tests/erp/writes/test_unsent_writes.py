"""What certainly did not reach the ERP may be done later; what the ERP refused stays refused."""

import pytest

from niochat.erp.call_limiter import ErpCallLimiter
from niochat.ports.erp import ErpWriteResult, ErpWriteStatus, IdempotentErpWrite
from tests.builders import RowBuilder
from tests.erp.erp_service_harness import ErpProvider, ErpServiceHarness
from tests.erp.sgp_installation_client import UNLOCK_ROUTE, SgpInstallationClient
from tests.erp.write_requests import (
    LEAD,
    ROUTES,
    build_unlock,
    build_write,
    build_write_order,
    find_contract,
)

pytestmark = pytest.mark.asyncio
both = pytest.mark.parametrize("kind", ["unlock", "ticket"])
NOBODY_LISTENS = "http://127.0.0.1:1/sgp"


@both
async def test_what_an_erp_that_is_down_did_not_get_a_later_attempt_does_once(
    kind: str,
    erp_service: ErpServiceHarness,
    other: ErpServiceHarness,
    provider: ErpProvider,
    sgp: SgpInstallationClient,
) -> None:
    order = build_write_order(await build_write(kind, sgp), await provider.start_turn())
    here = provider.base_url
    await provider.update_erp(base_url=NOBODY_LISTENS)

    first = await erp_service.writes.write(provider.id, order)

    assert (first.status, first.reason) == (ErpWriteStatus.NOT_SENT, "erp_unreachable")
    assert await provider.load_write_states() == ["started"]

    await provider.update_erp(base_url=here)
    second = await other.writes.write(provider.id, order)
    third = await erp_service.writes.write(provider.id, order)

    assert (second.status, third.status) == (ErpWriteStatus.DONE, ErpWriteStatus.DONE)
    assert await sgp.kinds() == [kind]


@pytest.mark.parametrize(("status", "code"), [(503, "erp_busy"), (403, "erp_unauthorized")])
async def test_what_the_erp_turned_away_unread_may_be_done_later(
    status: int,
    code: str,
    erp_service: ErpServiceHarness,
    provider: ErpProvider,
    sgp: SgpInstallationClient,
) -> None:
    order = build_write_order(await build_write("ticket", sgp), await provider.start_turn())
    await sgp.inject_fault("status", ROUTES["ticket"], status=status, count=1)

    first = await erp_service.writes.write(provider.id, order)
    second = await erp_service.writes.write(provider.id, order)

    assert (first.status, first.reason) == (ErpWriteStatus.NOT_SENT, code)
    assert second.status is ErpWriteStatus.DONE
    assert await sgp.kinds() == ["ticket"]


async def test_a_write_without_a_place_is_not_sent_and_may_be_done_later(
    erp_service: ErpServiceHarness, provider: ErpProvider, sgp: SgpInstallationClient
) -> None:
    order = build_write_order(await build_write("ticket", sgp), await provider.start_turn())
    usual = erp_service.actor.permits
    erp_service.actor.permits = ErpCallLimiter(
        max_concurrent=1, per_minute=1, tokens=-5.0, refilled_at=usual.refilled_at
    )

    first = await erp_service.writes.write(provider.id, order)
    erp_service.actor.permits = usual
    second = await erp_service.writes.write(provider.id, order)

    assert (first.status, first.reason) == (ErpWriteStatus.NOT_SENT, "erp_crowded")
    assert second.status is ErpWriteStatus.DONE


async def test_a_provider_without_an_erp_gets_nothing_done(
    erp_service: ErpServiceHarness,
    provider: ErpProvider,
    given: RowBuilder,
    sgp: SgpInstallationClient,
) -> None:
    order = build_write_order(await build_write("ticket", sgp), await provider.start_turn())
    await given.admin.execute("DELETE FROM erps")

    result = await erp_service.writes.write(provider.id, order)

    assert (result.status, result.reason) == (ErpWriteStatus.NOT_SENT, "erp_none")


async def test_a_refusal_is_kept_in_the_erps_words(
    erp_service: ErpServiceHarness,
    other: ErpServiceHarness,
    provider: ErpProvider,
    sgp: SgpInstallationClient,
) -> None:
    contract = await find_contract("suspended_refused", sgp)
    order = build_write_order(build_unlock(contract), await provider.start_turn())

    first = await erp_service.writes.write(provider.id, order)
    second = await other.writes.write(provider.id, order)

    said = "Recurso de promessa de pagamento não disponível"
    assert (first.status, first.reason, first.earlier) == (ErpWriteStatus.REFUSED, said, False)
    assert (second.status, second.reason, second.earlier) == (ErpWriteStatus.REFUSED, said, True)
    assert await sgp.count_requests(UNLOCK_ROUTE) == 1
    assert await provider.load_write_states() == ["refused"]


async def test_a_later_turn_may_ask_again_for_what_was_refused(
    erp_service: ErpServiceHarness, provider: ErpProvider, sgp: SgpInstallationClient
) -> None:
    subscriber = await sgp.subscriber("suspended_used")
    request = build_unlock(str(subscriber["contracts"][0]["id"]))
    first = await erp_service.writes.write(
        provider.id, build_write_order(request, await provider.start_turn())
    )
    await sgp.change(subscriber, promises=0)

    second = await erp_service.writes.write(
        provider.id, build_write_order(request, await provider.start_turn())
    )

    assert [first.status, second.status] == [ErpWriteStatus.REFUSED, ErpWriteStatus.DONE]
    assert await provider.load_write_states() == ["done"]
    assert await sgp.kinds() == ["unlock"]


async def test_a_lead_is_registered_once(
    erp_service: ErpServiceHarness, provider: ErpProvider, sgp: SgpInstallationClient
) -> None:
    order = build_write_order(LEAD, await provider.start_turn())

    results = [await _write(erp_service, provider, order) for _ in range(2)]

    (line,) = await sgp.load_ledger()
    assert (line["kind"], line["plan"]) == ("lead", "3")
    assert [result.status for result in results] == [ErpWriteStatus.DONE] * 2
    assert {result.protocol for result in results} == {line["protocol"]}


async def _write(
    erp_service: ErpServiceHarness, provider: ErpProvider, order: IdempotentErpWrite
) -> ErpWriteResult:
    return await erp_service.writes.write(provider.id, order)


async def test_the_journal_holds_neither_words_nor_who_the_person_is(
    erp_service: ErpServiceHarness,
    provider: ErpProvider,
    sgp: SgpInstallationClient,
    given: RowBuilder,
) -> None:
    turn = await provider.start_turn()
    for request in (await build_write("unlock", sgp), await build_write("ticket", sgp), LEAD):
        await erp_service.writes.write(provider.id, build_write_order(request, turn))

    kept = " ".join(await given.rows("SELECT w::text FROM erp_writes w"))

    for said in ("Maria", "52998224725", "5581988887777", "Rua do Sol", "Sem internet", "liberar"):
        assert said not in kept
