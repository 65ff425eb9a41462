"""Answers stay on a shelf for seconds: sealed, dropped by writes, never another tenant's."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from niochat.adapters.postgres.database import Database
from niochat.adapters.redis.redis_cache import RedisCache
from niochat.erp.read_cache import ErpReadCache
from niochat.erp.rpc_reply import ErpReadOptions
from niochat.launcher.databases.redis_server import EmbeddedRedis
from niochat.ports.erp import (
    CheckAccessStatus,
    ErpRead,
    ErpWriteStatus,
    FindSubscriber,
    ListInvoices,
    ListMaintenances,
    ListServicePlans,
    ListSubscribersByPhone,
    ListTickets,
    ReadContract,
)
from niochat.vault.vault import Vault
from tests.builders import RowBuilder
from tests.erp.erp_service_harness import ErpProvider, ErpServiceHarness
from tests.erp.sgp_installation_client import OWNER_ROUTE, UNLOCK_ROUTE, SgpInstallationClient
from tests.erp.write_requests import build_ticket, build_unlock, build_write_order, find_contract

pytestmark = pytest.mark.asyncio
READ_AT = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest_asyncio.fixture
async def erp_service(database: Database, redis: EmbeddedRedis) -> AsyncIterator[ErpServiceHarness]:
    """One whose shelf stands in a Redis that holds nothing yet."""
    async with Redis.from_url(redis.url) as cleaner:
        await cleaner.flushall()
    made = ErpServiceHarness(database, redis.url)
    yield made
    await made.close()


async def asked(sgp: SgpInstallationClient) -> int:
    """Calls of all routes."""
    calls = (await sgp.control("GET", f"/sgp/{sgp.token}/calls"))["items"]
    return sum(calls.values())


async def questions(sgp: SgpInstallationClient) -> list[ErpRead[Any]]:
    """One of each kind that may stand on the shelf."""
    owner = await sgp.subscriber("open_ticket")
    contract = str(owner["contracts"][0]["id"])
    return [
        ReadContract(contract),
        ListInvoices(contract),
        ListTickets(contract),
        FindSubscriber(owner["cpf"]),
        ListMaintenances(),
        ListServicePlans(),
    ]


async def test_a_second_read_asks_nobody_and_gets_the_same(
    erp_service: ErpServiceHarness, provider: ErpProvider, sgp: SgpInstallationClient
) -> None:
    reads = await questions(sgp)
    first = [await erp_service.calls.read(provider.id, read) for read in reads]
    assert all(first)
    calls = await asked(sgp)

    second = [await erp_service.calls.read(provider.id, read) for read in reads]

    assert second == first
    assert await asked(sgp) == calls == len(reads)


async def test_that_there_is_nobody_is_kept_too(
    erp_service: ErpServiceHarness, provider: ErpProvider, sgp: SgpInstallationClient
) -> None:
    for _ in range(2):
        assert await erp_service.calls.read(provider.id, FindSubscriber("52998224725")) is None

    assert await asked(sgp) == 1


async def test_a_fresh_read_asks_and_renews_the_shelf(
    erp_service: ErpServiceHarness, provider: ErpProvider, sgp: SgpInstallationClient
) -> None:
    owner = await sgp.subscriber("active")
    read = ReadContract(str(owner["contracts"][0]["id"]))
    before = await erp_service.calls.read(provider.id, read)
    await sgp.change(owner, promises=1)

    fresh = await erp_service.calls.read(provider.id, read, fresh=True)
    kept = await erp_service.calls.read(provider.id, read)

    assert before is not None
    assert fresh is not None
    promises = [subscriber.contracts[0].promises for subscriber in (before, fresh)]
    assert promises == [0, 1]
    assert kept == fresh
    assert await asked(sgp) == 2


async def test_an_agent_may_ask_for_what_is_only_seconds_old(
    erp_service: ErpServiceHarness, provider: ErpProvider, sgp: SgpInstallationClient
) -> None:
    first = await erp_service.calls.read_timed(provider.id, ListServicePlans(), ErpReadOptions())
    old = await erp_service.calls.read_timed(provider.id, ListServicePlans(), ErpReadOptions(60.0))
    assert (old, await asked(sgp)) == (first, 1)

    now = await erp_service.calls.read_timed(provider.id, ListServicePlans(), ErpReadOptions(-1.0))

    assert now.value == first.value
    assert now.read_at > first.read_at
    assert await asked(sgp) == 2


async def test_who_was_matched_by_phone_is_forgotten_with_a_contract(
    erp_service: ErpServiceHarness, provider: ErpProvider, sgp: SgpInstallationClient
) -> None:
    owner = await sgp.subscriber("active")
    read = ListSubscribersByPhone(owner["phone"])
    (subscriber,) = await erp_service.calls.read(provider.id, read)
    await erp_service.calls.read(provider.id, read)
    assert await asked(sgp) == 1

    await erp_service.calls.invalidate_contract(provider.id, subscriber.contracts[0].id)
    await erp_service.calls.read(provider.id, read)

    assert await asked(sgp) == 2


async def test_the_state_of_a_line_is_always_asked(
    erp_service: ErpServiceHarness, provider: ErpProvider, sgp: SgpInstallationClient
) -> None:
    read = CheckAccessStatus(await find_contract("active", sgp))

    for _ in range(2):
        await erp_service.calls.read(provider.id, read)

    assert await asked(sgp) == 2


async def test_a_write_invalidates_the_contracts_cache(
    erp_service: ErpServiceHarness, provider: ErpProvider, sgp: SgpInstallationClient
) -> None:
    contract, dark = await find_contract("suspended", sgp), await find_contract("offline_dark", sgp)
    turn = await provider.start_turn()
    await erp_service.calls.read(provider.id, ReadContract(contract))
    await erp_service.calls.read(provider.id, ListTickets(dark))

    await erp_service.writes.write(provider.id, build_write_order(build_unlock(contract), turn))
    await erp_service.writes.write(provider.id, build_write_order(build_ticket(dark), turn))

    owner = await erp_service.calls.read(provider.id, ReadContract(contract))
    assert owner is not None
    assert (owner.contracts[0].status.blocked, owner.contracts[0].promises) == (False, 1)
    tickets = await erp_service.calls.read(provider.id, ListTickets(dark))
    assert len(tickets) == 1


async def test_a_write_of_unknown_outcome_empties_it_too(
    erp_service: ErpServiceHarness, provider: ErpProvider, sgp: SgpInstallationClient
) -> None:
    contract = await find_contract("suspended", sgp)
    await erp_service.calls.read(provider.id, ReadContract(contract))
    await sgp.inject_fault("lost_answer", UNLOCK_ROUTE)
    erp_service.looks_s = ()

    order = build_write_order(build_unlock(contract), await provider.start_turn())
    result = await erp_service.writes.write(provider.id, order)

    assert result.status is ErpWriteStatus.UNKNOWN
    owner = await erp_service.calls.read(provider.id, ReadContract(contract))
    assert owner is not None
    assert not owner.contracts[0].status.blocked


async def test_who_has_the_contract_is_asked_again_after_a_write_too(
    erp_service: ErpServiceHarness, provider: ErpProvider, sgp: SgpInstallationClient
) -> None:
    subscriber = await sgp.subscriber("suspended")
    contract, person = str(subscriber["contracts"][0]["id"]), FindSubscriber(subscriber["cpf"])
    await erp_service.calls.read(provider.id, person)

    order = build_write_order(build_unlock(contract), await provider.start_turn())
    await erp_service.writes.write(provider.id, order)

    found = await erp_service.calls.read(provider.id, person)
    assert found is not None
    assert not found.contracts[0].status.blocked


async def test_a_write_keeps_the_cache_of_other_contracts(
    erp_service: ErpServiceHarness, provider: ErpProvider, sgp: SgpInstallationClient
) -> None:
    mine, theirs = await find_contract("suspended", sgp), await find_contract("suspended", sgp, 1)
    await erp_service.calls.read(provider.id, ReadContract(theirs))

    await erp_service.calls.invalidate_contract(provider.id, mine)
    await erp_service.calls.read(provider.id, ReadContract(theirs))

    assert await sgp.count_requests(OWNER_ROUTE) == 1


async def test_redis_holds_nothing_that_says_who_somebody_is(
    erp_service: ErpServiceHarness,
    provider: ErpProvider,
    sgp: SgpInstallationClient,
    redis: EmbeddedRedis,
) -> None:
    owner = await sgp.subscriber("open_ticket")
    for read in await questions(sgp):
        await erp_service.calls.read(provider.id, read)

    kept = await everything(redis)

    contract = owner["contracts"][0]
    assert len(kept) > 6
    for said in (owner["name"], owner["cpf"], owner["phone"], contract["address"], "FIBRA"):
        secret = said.casefold().encode()
        assert not any(secret in each.lower() for each in kept)
    async with Redis.from_url(redis.url, decode_responses=True) as client:
        keys = await client.keys()
    assert all(re.fullmatch(f"niochat:erp:{provider.id}:[0-9a-f]{{32}}", str(key)) for key in keys)


async def test_what_the_shelf_holds_goes_by_itself(
    erp_service: ErpServiceHarness,
    provider: ErpProvider,
    sgp: SgpInstallationClient,
    redis: EmbeddedRedis,
) -> None:
    for read in await questions(sgp):
        await erp_service.calls.read(provider.id, read)

    async with Redis.from_url(redis.url) as client:
        lives = [await client.ttl(key) for key in await client.keys()]

    assert lives
    assert all(0 < seconds <= 30 for seconds in lives)


async def test_the_cache_of_another_tenant_is_not_read(
    erp_service: ErpServiceHarness,
    provider: ErpProvider,
    sgp: SgpInstallationClient,
    given: RowBuilder,
) -> None:
    reads = await questions(sgp)
    for read in reads:
        await erp_service.calls.read(provider.id, read)
    stranger = await given.tenant()

    assert [await erp_service.answers.get(stranger, read) for read in reads] == [None] * len(reads)


async def test_an_answer_that_was_moved_to_another_tenants_shelf_does_not_open_there(
    erp_service: ErpServiceHarness, provider: ErpProvider, given: RowBuilder, redis: EmbeddedRedis
) -> None:
    stranger = await given.tenant()
    for tenant in (provider.id, stranger):
        await erp_service.answers.put(tenant, ListServicePlans(), (), READ_AT)
    assert await erp_service.answers.get(stranger, ListServicePlans()) == ((), READ_AT)

    async with Redis.from_url(redis.url, decode_responses=True) as client:
        (source,) = await client.keys(f"*{provider.id}*")
        (target,) = await client.keys(f"*{stranger}*")
        assert await client.copy(str(source), str(target), replace=True)

    assert await erp_service.answers.get(stranger, ListServicePlans()) is None
    assert await erp_service.answers.get(provider.id, ListServicePlans()) == ((), READ_AT)


async def test_what_another_key_sealed_counts_as_not_there(
    erp_service: ErpServiceHarness,
    provider: ErpProvider,
    sgp: SgpInstallationClient,
    redis: EmbeddedRedis,
) -> None:
    read = ReadContract(await find_contract("active", sgp))
    await erp_service.calls.read(provider.id, read)

    newer = ErpReadCache(RedisCache(redis.url, ttl_s=30), Vault({"k9": bytes(32)}), b"shelf")

    assert await newer.get(provider.id, read) is None
    await newer.close()


async def test_without_redis_everything_is_asked_and_nothing_fails(
    erp_service: ErpServiceHarness,
    provider: ErpProvider,
    sgp: SgpInstallationClient,
    redis: EmbeddedRedis,
) -> None:
    contract = await find_contract("suspended", sgp)
    await erp_service.calls.read(provider.id, ReadContract(contract))
    await asyncio.to_thread(redis.stop)

    for _ in range(2):
        assert await erp_service.calls.read(provider.id, ReadContract(contract)) is not None
    order = build_write_order(build_unlock(contract), await provider.start_turn())
    result = await erp_service.writes.write(provider.id, order)

    assert result.status is ErpWriteStatus.DONE
    assert await sgp.count_requests(OWNER_ROUTE) == 3


async def everything(redis: EmbeddedRedis) -> list[Any]:
    """All keys, names and values, as bytes."""
    found: list[Any] = []
    async with Redis.from_url(redis.url) as client:
        for key in await client.keys():
            found.append(key)
            for name, value in (await client.hgetall(key)).items():
                found += [name, value]
    return found
