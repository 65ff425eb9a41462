"""Promises about writes whose outcome became known late: their books are put right by reading."""

import pytest

from niochat.domain.erp import ErpWriteStatus
from niochat.erp.reconcile import RECONCILE_INTERVAL_S, WriteReconciler
from tests.erp.ledger import OWNER_ROUTE, TICKETS_ROUTE, Installation
from tests.erp.office import Office, Provider
from tests.erp.wishes import ROUTES, ordered, wish
from tests.until import until

pytestmark = pytest.mark.asyncio
EVIDENCE = {"unlock": OWNER_ROUTE, "ticket": TICKETS_ROUTE}
both = pytest.mark.parametrize("kind", EVIDENCE)


async def journal_is(provider: Provider, *states: str) -> None:
    """Returns once the writes of the provider are so."""

    async def so() -> bool:
        return await provider.journal() == list(states)

    await until(so)


async def given_up(kind: str, office: Office, provider: Provider, sgp: Installation) -> None:
    """The ERP did it, its answer was lost, and nobody could look in time."""
    office.looks_s = ()
    await sgp.fault("lost_answer", ROUTES[kind])
    result = await office.writes.write(
        provider.id, ordered(await wish(kind, sgp), await provider.turn())
    )
    assert result.status is ErpWriteStatus.UNKNOWN
    await sgp.well()
    await provider.given.admin.execute("UPDATE erp_writes SET left_at = left_at - interval '3 min'")


@both
async def test_what_the_erp_shows_later_is_settled_without_another_order(
    kind: str, office: Office, provider: Provider, sgp: Installation
) -> None:
    await given_up(kind, office, provider, sgp)

    office.reconciler.reconcile_if_due(provider.id)

    await journal_is(provider, "done")
    assert await sgp.asked(ROUTES[kind]) == 1


@both
async def test_what_the_erp_does_not_show_stays_unknown_and_is_not_done(
    kind: str, office: Office, provider: Provider, sgp: Installation
) -> None:
    office.looks_s = ()
    await sgp.fault("drop", ROUTES[kind])
    await office.writes.write(provider.id, ordered(await wish(kind, sgp), await provider.turn()))
    await sgp.well()
    await provider.given.admin.execute("UPDATE erp_writes SET left_at = now() - interval '1 h'")
    looked = await sgp.asked(EVIDENCE[kind])

    office.reconciler.reconcile_if_due(provider.id)

    async def looked_again() -> bool:
        return await sgp.asked(EVIDENCE[kind]) > looked

    await until(looked_again)
    assert await provider.journal() == ["sending"]
    assert await sgp.asked(ROUTES[kind]) == 0


async def test_one_provider_is_not_looked_at_again_and_again(
    office: Office, provider: Provider, sgp: Installation
) -> None:
    now = 0.0
    reconciler = WriteReconciler(office.calls, office.journal, clock=lambda: now)
    reconciler.reconcile_if_due(provider.id)
    await given_up("ticket", office, provider, sgp)

    now = RECONCILE_INTERVAL_S - 1
    reconciler.reconcile_if_due(provider.id)
    assert await provider.journal() == ["sending"]
    now = RECONCILE_INTERVAL_S
    reconciler.reconcile_if_due(provider.id)

    await journal_is(provider, "done")
