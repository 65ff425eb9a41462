"""A process is killed in the middle of a write; whoever comes next does not do it twice."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from niochat.ports.erp import ErpWriteStatus, IdempotentErpWrite
from tests.erp.crashing_process import CrashingJob, CrashingProcess, Moment
from tests.erp.erp_service_harness import ErpProvider, ErpServiceHarness
from tests.erp.sgp_installation_client import SgpInstallationClient
from tests.erp.write_requests import ROUTES, build_write, build_write_order

pytestmark = pytest.mark.asyncio
both = pytest.mark.parametrize("kind", ["unlock", "ticket"])


@contextmanager
def process(
    moment: Moment, order: IdempotentErpWrite, provider: ErpProvider, database_url: str
) -> Iterator[CrashingProcess]:
    child = CrashingProcess(CrashingJob(moment, database_url, provider.id, order))
    try:
        yield child
    finally:
        child.end()


@both
async def test_after_the_journal_the_next_process_does_it(
    kind: str,
    erp_service: ErpServiceHarness,
    provider: ErpProvider,
    sgp: SgpInstallationClient,
    database_url: str,
) -> None:
    order = build_write_order(await build_write(kind, sgp), await provider.start_turn())
    with process("journalled", order, provider, database_url) as child:
        await child.wait_until_dead()
    assert (await provider.load_write_states(), await sgp.kinds()) == (["started"], [])

    result = await erp_service.writes.write(provider.id, order)

    assert result.status is ErpWriteStatus.DONE
    assert await sgp.kinds() == [kind]


@both
async def test_before_the_socket_nobody_knows_and_it_is_never_done_twice(
    kind: str,
    erp_service: ErpServiceHarness,
    provider: ErpProvider,
    sgp: SgpInstallationClient,
    database_url: str,
) -> None:
    order = build_write_order(await build_write(kind, sgp), await provider.start_turn())
    with process("leaving", order, provider, database_url) as child:
        await child.wait_until_dead()
    assert (await provider.load_write_states(), await sgp.kinds()) == (["sending"], [])

    results = [await erp_service.writes.write(provider.id, order) for _ in range(2)]

    assert [result.status for result in results] == [ErpWriteStatus.UNKNOWN] * 2
    assert await sgp.kinds() == []


@both
async def test_while_the_erp_holds_the_request_the_next_process_waits_for_it_to_show(
    kind: str,
    erp_service: ErpServiceHarness,
    provider: ErpProvider,
    sgp: SgpInstallationClient,
    database_url: str,
) -> None:
    order = build_write_order(await build_write(kind, sgp), await provider.start_turn())
    await sgp.inject_fault("hold", ROUTES[kind])
    with process("asking", order, provider, database_url) as child:
        await sgp.count_fault_hits()
        child.kill()
        await child.wait_until_dead()

    early = await erp_service.writes.write(provider.id, order)
    await sgp.clear_faults()
    await sgp.ledger_of(1)
    late = await erp_service.writes.write(provider.id, order)

    assert (early.status, late.status) == (ErpWriteStatus.UNKNOWN, ErpWriteStatus.DONE)
    assert await sgp.kinds() == [kind]


@both
async def test_while_the_erp_holds_its_answer_the_next_process_finds_what_was_done(
    kind: str,
    erp_service: ErpServiceHarness,
    provider: ErpProvider,
    sgp: SgpInstallationClient,
    database_url: str,
) -> None:
    order = build_write_order(await build_write(kind, sgp), await provider.start_turn())
    await sgp.inject_fault("hold_after", ROUTES[kind])
    with process("asking", order, provider, database_url) as child:
        await sgp.ledger_of(1)
        child.kill()
        await child.wait_until_dead()

    result = await erp_service.writes.write(provider.id, order)

    assert result.status is ErpWriteStatus.DONE
    assert await provider.load_write_states() == ["done"]
    assert await sgp.kinds() == [kind]


@both
async def test_before_the_answer_is_recorded_the_next_process_finds_what_was_done(
    kind: str,
    erp_service: ErpServiceHarness,
    provider: ErpProvider,
    sgp: SgpInstallationClient,
    database_url: str,
) -> None:
    order = build_write_order(await build_write(kind, sgp), await provider.start_turn())
    with process("settling", order, provider, database_url) as child:
        await child.wait_until_dead()
    assert (await provider.load_write_states(), await sgp.kinds()) == (["sending"], [kind])

    result = await erp_service.writes.write(provider.id, order)

    assert result.status is ErpWriteStatus.DONE
    assert await provider.load_write_states() == ["done"]
    assert await sgp.count_requests(ROUTES[kind]) == 1


@both
async def test_a_new_attempt_after_a_kill_finds_it_too(
    kind: str,
    erp_service: ErpServiceHarness,
    provider: ErpProvider,
    sgp: SgpInstallationClient,
    database_url: str,
) -> None:
    turn, request = await provider.start_turn(), await build_write(kind, sgp)
    with process("settling", build_write_order(request, turn), provider, database_url) as child:
        await child.wait_until_dead()
    await provider.retry_turn(turn)

    result = await erp_service.writes.write(
        provider.id, build_write_order(request, turn, attempt=2)
    )

    assert result.status is ErpWriteStatus.DONE
    assert await sgp.kinds() == [kind]
