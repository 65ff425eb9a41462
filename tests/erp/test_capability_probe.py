"""What an ERP allows is found out when it is not known, old, or was proved wrong."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from niochat.erp.capability_probe import MIN_PROBE_INTERVAL, PROBE_INTERVAL
from niochat.erp.erp_service import ErpService
from niochat.ports.erp import (
    ErpCapability,
    ErpError,
    ErpWriteResult,
    FindSubscriber,
    ListServicePlans,
)
from tests.builders import RowBuilder
from tests.erp.erp_service_harness import ErpProvider, ErpServiceHarness
from tests.erp.sgp_installation_client import SgpInstallationClient
from tests.erp.write_requests import build_write, build_write_order
from tests.wait_until import wait_until

pytestmark = pytest.mark.asyncio
PROBED_ROUTE = "/api/ura/manutencao/list/"
LONG_AGO = datetime.now(UTC) - PROBE_INTERVAL - timedelta(minutes=1)
LATELY = datetime.now(UTC) - MIN_PROBE_INTERVAL


def probed(provider: ErpProvider, since: datetime | None) -> Callable[[], Awaitable[bool]]:
    """Whether something was found after ``since``."""

    async def happened() -> bool:
        at = (await provider.load_probe())[1]
        return at is not None and (since is None or at > since)

    return happened


async def known(provider: ErpProvider, at: datetime) -> None:
    await provider.update_erp(capabilities=["pix"], probed_at=at)


async def test_an_erp_that_was_never_probed_is_and_what_was_found_is_kept(
    erp_service: ErpServiceHarness, provider: ErpProvider, sgp: SgpInstallationClient
) -> None:
    await erp_service.prober.probe_if_due(provider.id)

    await wait_until(probed(provider, None))
    found = (await erp_service.settings_of(provider.id)).capabilities
    assert found is not None
    assert {ErpCapability.UNLOCK, ErpCapability.OPEN_TICKET, ErpCapability.INVOICES} <= found
    assert await sgp.kinds() == []


async def test_what_was_found_long_ago_is_found_out_again(
    erp_service: ErpServiceHarness, provider: ErpProvider
) -> None:
    await known(provider, LONG_AGO)

    await erp_service.prober.probe_if_due(provider.id)

    await wait_until(probed(provider, LONG_AGO))
    assert len((await provider.load_probe())[0] or ()) > 1


@pytest.mark.parametrize("code", ["erp_missing", "erp_unauthorized"])
async def test_what_a_call_proved_wrong_is_found_out_again(
    code: str, erp_service: ErpServiceHarness, provider: ErpProvider
) -> None:
    await known(provider, LATELY)

    await erp_service.prober.probe_if_due(provider.id, code)

    await wait_until(probed(provider, LATELY))


def under_way() -> int:
    """Probes that were begun and have not ended."""
    names = [str(task.get_coro()) for task in asyncio.all_tasks()]
    return sum("Prober._probe" in name for name in names)


async def none_under_way() -> bool:
    return under_way() == 0


async def test_what_is_known_and_proved_by_nothing_wrong_is_not_asked_again(
    erp_service: ErpServiceHarness, provider: ErpProvider, sgp: SgpInstallationClient
) -> None:
    await known(provider, LATELY)

    for code in ("", "erp_timeout", "erp_failed", "erp_none"):
        await erp_service.prober.probe_if_due(provider.id, code)

    assert under_way() == 0
    assert await sgp.count_requests(PROBED_ROUTE) == 0


async def test_an_erp_is_not_probed_again_at_once_whatever_its_calls_say(
    erp_service: ErpServiceHarness, provider: ErpProvider, sgp: SgpInstallationClient
) -> None:
    await asyncio.gather(*(erp_service.prober.probe_if_due(provider.id) for _ in range(5)))
    await wait_until(probed(provider, None))
    await wait_until(none_under_way)

    for _ in range(5):
        await erp_service.prober.probe_if_due(provider.id, "erp_missing")

    assert under_way() == 0
    assert await sgp.count_requests(PROBED_ROUTE) == 1


async def test_one_providers_probe_holds_no_other_providers_back(
    erp_service: ErpServiceHarness,
    provider: ErpProvider,
    given: RowBuilder,
    sgp: SgpInstallationClient,
) -> None:
    second = ErpProvider(given, provider.host, await given.place(), provider.base_url)
    await second.configure_erp(sgp.token)

    for each in (provider, second):
        await erp_service.prober.probe_if_due(each.id)

    for each in (provider, second):
        await wait_until(probed(each, None))


@pytest.mark.parametrize(("fault", "code"), [("drop", "erp_lost"), ("status", "erp_unauthorized")])
async def test_a_probe_that_fails_changes_nothing_and_is_only_logged(
    fault: str,
    code: str,
    erp_service: ErpServiceHarness,
    provider: ErpProvider,
    sgp: SgpInstallationClient,
) -> None:
    await known(provider, LONG_AGO)
    await sgp.inject_fault(fault, status=403)

    with capture_logs() as logs:
        await erp_service.prober.probe_if_due(provider.id)
        await wait_until(none_under_way)

    (line,) = [each for each in logs if each["event"] == "erp_probe_failed"]
    assert (line["log_level"], line["code"]) == ("warning", code)
    assert sgp.token not in str(logs)
    assert await provider.load_probe() == (["pix"], LONG_AGO)


async def test_a_probe_ends_with_its_process(
    erp_service: ErpServiceHarness, provider: ErpProvider, sgp: SgpInstallationClient
) -> None:
    await sgp.inject_fault("hold")
    await erp_service.prober.probe_if_due(provider.id)
    await sgp.count_fault_hits()

    erp_service.prober.close()

    await wait_until(none_under_way)
    assert await provider.load_probe() == (None, None)


def service(erp_service: ErpServiceHarness) -> ErpService:
    return ErpService(
        erp_service.calls, erp_service.writes, erp_service.prober, erp_service.reconciler
    )


async def test_each_call_of_the_pool_is_noticed_and_its_answer_is_data(
    erp_service: ErpServiceHarness, provider: ErpProvider, sgp: SgpInstallationClient
) -> None:
    reply = await service(erp_service).read(provider.id, ListServicePlans())

    plans = reply.unwrap()
    assert isinstance(plans, tuple)
    assert len(plans) == 4
    await wait_until(probed(provider, None))


async def test_a_write_of_the_pool_is_data_and_its_refusal_too(
    erp_service: ErpServiceHarness, provider: ErpProvider, sgp: SgpInstallationClient
) -> None:
    turn, request = await provider.start_turn(), await build_write("ticket", sgp)

    done = await service(erp_service).write(provider.id, build_write_order(request, turn))
    await provider.take_over(turn)
    later = build_write_order(await build_write("unlock", sgp), turn)
    refused = await service(erp_service).write(provider.id, later)

    assert isinstance(done.unwrap(), ErpWriteResult)
    assert refused.failure is not None
    assert (refused.failure.kind, refused.failure.code) == ("refused", "turn_not_current")
    assert await sgp.kinds() == ["ticket"]


async def test_a_provider_without_an_erp_is_told_so_and_not_probed(
    erp_service: ErpServiceHarness, provider: ErpProvider, given: RowBuilder
) -> None:
    await given.admin.execute("DELETE FROM erps")

    reply = await service(erp_service).read(provider.id, FindSubscriber("52998224725"))

    with pytest.raises(ErpError) as told:
        reply.unwrap()
    assert (told.value.code, told.value.maybe_sent) == ("erp_none", False)
    assert under_way() == 0


async def test_a_route_that_is_gone_makes_the_pool_probe(
    erp_service: ErpServiceHarness, provider: ErpProvider, sgp: SgpInstallationClient
) -> None:
    await known(provider, LATELY)
    await sgp.inject_fault("status", "/api/ura/consultaplano/", status=404)

    reply = await service(erp_service).read(provider.id, ListServicePlans())

    assert reply.failure is not None
    assert reply.failure.code == "erp_missing"
    await wait_until(probed(provider, LATELY))
    found = (await provider.load_probe())[0] or []
    assert ErpCapability.PLANS not in found
    assert ErpCapability.UNLOCK in found
