"""A process is killed in the middle of a write; whoever comes next does not do it twice."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from niochat.domain.erp import ErpWriteStatus, IdempotentErpWrite
from tests.erp.child import Doomed, Job, Moment
from tests.erp.ledger import Installation
from tests.erp.office import Office, Provider
from tests.erp.wishes import ROUTES, ordered, wish

pytestmark = pytest.mark.asyncio
both = pytest.mark.parametrize("kind", ["unlock", "ticket"])


@contextmanager
def process(
    moment: Moment, order: IdempotentErpWrite, provider: Provider, database_url: str
) -> Iterator[Doomed]:
    child = Doomed(Job(moment, database_url, provider.id, order))
    try:
        yield child
    finally:
        child.end()


@both
async def test_after_the_journal_the_next_process_does_it(
    kind: str, office: Office, provider: Provider, sgp: Installation, database_url: str
) -> None:
    order = ordered(await wish(kind, sgp), await provider.turn())
    with process("journalled", order, provider, database_url) as child:
        await child.gone()
    assert (await provider.journal(), await sgp.kinds()) == (["started"], [])

    result = await office.writes.write(provider.id, order)

    assert result.status is ErpWriteStatus.DONE
    assert await sgp.kinds() == [kind]


@both
async def test_before_the_socket_nobody_knows_and_it_is_never_done_twice(
    kind: str, office: Office, provider: Provider, sgp: Installation, database_url: str
) -> None:
    order = ordered(await wish(kind, sgp), await provider.turn())
    with process("leaving", order, provider, database_url) as child:
        await child.gone()
    assert (await provider.journal(), await sgp.kinds()) == (["sending"], [])

    results = [await office.writes.write(provider.id, order) for _ in range(2)]

    assert [result.status for result in results] == [ErpWriteStatus.UNKNOWN] * 2
    assert await sgp.kinds() == []


@both
async def test_while_the_erp_holds_the_request_the_next_process_waits_for_it_to_show(
    kind: str, office: Office, provider: Provider, sgp: Installation, database_url: str
) -> None:
    order = ordered(await wish(kind, sgp), await provider.turn())
    await sgp.fault("hold", ROUTES[kind])
    with process("asking", order, provider, database_url) as child:
        await sgp.fault_met()
        child.kill()
        await child.gone()

    early = await office.writes.write(provider.id, order)
    await sgp.well()
    await sgp.ledger_of(1)
    late = await office.writes.write(provider.id, order)

    assert (early.status, late.status) == (ErpWriteStatus.UNKNOWN, ErpWriteStatus.DONE)
    assert await sgp.kinds() == [kind]


@both
async def test_while_the_erp_holds_its_answer_the_next_process_finds_what_was_done(
    kind: str, office: Office, provider: Provider, sgp: Installation, database_url: str
) -> None:
    order = ordered(await wish(kind, sgp), await provider.turn())
    await sgp.fault("hold_after", ROUTES[kind])
    with process("asking", order, provider, database_url) as child:
        await sgp.ledger_of(1)
        child.kill()
        await child.gone()

    result = await office.writes.write(provider.id, order)

    assert result.status is ErpWriteStatus.DONE
    assert await provider.journal() == ["done"]
    assert await sgp.kinds() == [kind]


@both
async def test_before_the_answer_is_recorded_the_next_process_finds_what_was_done(
    kind: str, office: Office, provider: Provider, sgp: Installation, database_url: str
) -> None:
    order = ordered(await wish(kind, sgp), await provider.turn())
    with process("settling", order, provider, database_url) as child:
        await child.gone()
    assert (await provider.journal(), await sgp.kinds()) == (["sending"], [kind])

    result = await office.writes.write(provider.id, order)

    assert result.status is ErpWriteStatus.DONE
    assert await provider.journal() == ["done"]
    assert await sgp.asked(ROUTES[kind]) == 1


@both
async def test_a_new_attempt_after_a_kill_finds_it_too(
    kind: str, office: Office, provider: Provider, sgp: Installation, database_url: str
) -> None:
    turn, request = await provider.turn(), await wish(kind, sgp)
    with process("settling", ordered(request, turn), provider, database_url) as child:
        await child.gone()
    await provider.again(turn)

    result = await office.writes.write(provider.id, ordered(request, turn, attempt=2))

    assert result.status is ErpWriteStatus.DONE
    assert await sgp.kinds() == [kind]
