"""Promises about writes whose outcome became known late: their books are put right by reading."""

import pytest

from niochat.erp.write_reconciler import RECONCILE_INTERVAL_S, WriteReconciler
from niochat.ports.erp import ErpWriteStatus
from tests.erp.erp_service_harness import ErpProvider, ErpServiceHarness
from tests.erp.sgp_installation_client import OWNER_ROUTE, TICKETS_ROUTE, SgpInstallationClient
from tests.erp.write_requests import ROUTES, build_write, build_write_order
from tests.wait_until import wait_until

pytestmark = pytest.mark.asyncio
EVIDENCE = {"unlock": OWNER_ROUTE, "ticket": TICKETS_ROUTE}
both = pytest.mark.parametrize("kind", EVIDENCE)


async def journal_is(provider: ErpProvider, *states: str) -> None:
    """Returns once the writes of the provider are so."""

    async def so() -> bool:
        return await provider.load_write_states() == list(states)

    await wait_until(so)


async def given_up(
    kind: str, erp_service: ErpServiceHarness, provider: ErpProvider, sgp: SgpInstallationClient
) -> None:
    """The ERP did it, its answer was lost, and nobody could look in time."""
    erp_service.looks_s = ()
    await sgp.inject_fault("lost_answer", ROUTES[kind])
    result = await erp_service.writes.write(
        provider.id, build_write_order(await build_write(kind, sgp), await provider.start_turn())
    )
    assert result.status is ErpWriteStatus.UNKNOWN
    await sgp.clear_faults()
    await provider.given.admin.execute("UPDATE erp_writes SET left_at = left_at - interval '3 min'")


@both
async def test_what_the_erp_shows_later_is_settled_without_another_order(
    kind: str, erp_service: ErpServiceHarness, provider: ErpProvider, sgp: SgpInstallationClient
) -> None:
    await given_up(kind, erp_service, provider, sgp)

    erp_service.reconciler.reconcile_if_due(provider.id)

    await journal_is(provider, "done")
    assert await sgp.count_requests(ROUTES[kind]) == 1


@both
async def test_what_the_erp_does_not_show_stays_unknown_and_is_not_done(
    kind: str, erp_service: ErpServiceHarness, provider: ErpProvider, sgp: SgpInstallationClient
) -> None:
    erp_service.looks_s = ()
    await sgp.inject_fault("drop", ROUTES[kind])
    await erp_service.writes.write(
        provider.id, build_write_order(await build_write(kind, sgp), await provider.start_turn())
    )
    await sgp.clear_faults()
    await provider.given.admin.execute("UPDATE erp_writes SET left_at = now() - interval '1 h'")
    looked = await sgp.count_requests(EVIDENCE[kind])

    erp_service.reconciler.reconcile_if_due(provider.id)

    async def looked_again() -> bool:
        return await sgp.count_requests(EVIDENCE[kind]) > looked

    await wait_until(looked_again)
    assert await provider.load_write_states() == ["sending"]
    assert await sgp.count_requests(ROUTES[kind]) == 0


async def test_one_provider_is_not_looked_at_again_and_again(
    erp_service: ErpServiceHarness, provider: ErpProvider, sgp: SgpInstallationClient
) -> None:
    now = 0.0
    reconciler = WriteReconciler(erp_service.calls, erp_service.journal, clock=lambda: now)
    reconciler.reconcile_if_due(provider.id)
    await given_up("ticket", erp_service, provider, sgp)

    now = RECONCILE_INTERVAL_S - 1
    reconciler.reconcile_if_due(provider.id)
    assert await provider.load_write_states() == ["sending"]
    now = RECONCILE_INTERVAL_S
    reconciler.reconcile_if_due(provider.id)

    await journal_is(provider, "done")
