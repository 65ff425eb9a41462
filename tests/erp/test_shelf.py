"""Answers stay on a shelf for seconds: sealed, dropped by writes, never another tenant's."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from niochat.adapters.postgres.database import Database
from niochat.adapters.redis.shelf import RedisCache
from niochat.domain.erp import (
    CheckAccessStatus,
    ErpRead,
    ErpWriteStatus,
    FindSubscriber,
    ListInvoices,
    ListMaintenances,
    ListServicePlans,
    ListTickets,
    ReadContract,
)
from niochat.erp.answers import ErpReadCache
from niochat.stack.redis_server import EmbeddedRedis
from niochat.vault.vault import Vault
from tests.builders import Given
from tests.erp.ledger import OWNER_ROUTE, UNLOCK_ROUTE, Installation
from tests.erp.office import Office, Provider
from tests.erp.wishes import contract_of, ordered, ticket, unlock

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def office(database: Database, redis: EmbeddedRedis) -> AsyncIterator[Office]:
    """One whose shelf stands in a Redis that holds nothing yet."""
    async with Redis.from_url(redis.url) as cleaner:
        await cleaner.flushall()
    made = Office(database, redis.url)
    yield made
    await made.close()


async def asked(sgp: Installation) -> int:
    """Calls of all routes."""
    calls = (await sgp.control("GET", f"/sgp/{sgp.token}/calls"))["items"]
    return sum(calls.values())


async def questions(sgp: Installation) -> list[ErpRead[Any]]:
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
    office: Office, provider: Provider, sgp: Installation
) -> None:
    reads = await questions(sgp)
    first = [await office.calls.read(provider.id, read) for read in reads]
    assert all(first)
    calls = await asked(sgp)

    second = [await office.calls.read(provider.id, read) for read in reads]

    assert second == first
    assert await asked(sgp) == calls == len(reads)


async def test_that_there_is_nobody_is_kept_too(
    office: Office, provider: Provider, sgp: Installation
) -> None:
    for _ in range(2):
        assert await office.calls.read(provider.id, FindSubscriber("52998224725")) is None

    assert await asked(sgp) == 1


async def test_a_fresh_read_asks_and_renews_the_shelf(
    office: Office, provider: Provider, sgp: Installation
) -> None:
    owner = await sgp.subscriber("active")
    read = ReadContract(str(owner["contracts"][0]["id"]))
    before = await office.calls.read(provider.id, read)
    await sgp.change(owner, promises=1)

    fresh = await office.calls.read(provider.id, read, fresh=True)
    kept = await office.calls.read(provider.id, read)

    assert before is not None
    assert fresh is not None
    promises = [subscriber.contracts[0].promises for subscriber in (before, fresh)]
    assert promises == [0, 1]
    assert kept == fresh
    assert await asked(sgp) == 2


async def test_the_state_of_a_line_is_always_asked(
    office: Office, provider: Provider, sgp: Installation
) -> None:
    read = CheckAccessStatus(await contract_of("active", sgp))

    for _ in range(2):
        await office.calls.read(provider.id, read)

    assert await asked(sgp) == 2


async def test_a_write_empties_the_contracts_shelf(
    office: Office, provider: Provider, sgp: Installation
) -> None:
    contract, dark = await contract_of("suspended", sgp), await contract_of("offline_dark", sgp)
    turn = await provider.turn()
    await office.calls.read(provider.id, ReadContract(contract))
    await office.calls.read(provider.id, ListTickets(dark))

    await office.writes.write(provider.id, ordered(unlock(contract), turn))
    await office.writes.write(provider.id, ordered(ticket(dark), turn))

    owner = await office.calls.read(provider.id, ReadContract(contract))
    assert owner is not None
    assert (owner.contracts[0].status.blocked, owner.contracts[0].promises) == (False, 1)
    assert len(await office.calls.read(provider.id, ListTickets(dark))) == 1


async def test_a_write_of_unknown_outcome_empties_it_too(
    office: Office, provider: Provider, sgp: Installation
) -> None:
    contract = await contract_of("suspended", sgp)
    await office.calls.read(provider.id, ReadContract(contract))
    await sgp.fault("lost_answer", UNLOCK_ROUTE)
    office.looks_s = ()

    order = ordered(unlock(contract), await provider.turn())
    result = await office.writes.write(provider.id, order)

    assert result.status is ErpWriteStatus.UNKNOWN
    owner = await office.calls.read(provider.id, ReadContract(contract))
    assert owner is not None
    assert not owner.contracts[0].status.blocked


async def test_who_has_the_contract_is_asked_again_after_a_write_too(
    office: Office, provider: Provider, sgp: Installation
) -> None:
    subscriber = await sgp.subscriber("suspended")
    contract, person = str(subscriber["contracts"][0]["id"]), FindSubscriber(subscriber["cpf"])
    await office.calls.read(provider.id, person)

    order = ordered(unlock(contract), await provider.turn())
    await office.writes.write(provider.id, order)

    found = await office.calls.read(provider.id, person)
    assert found is not None
    assert not found.contracts[0].status.blocked


async def test_another_contracts_shelf_stays(
    office: Office, provider: Provider, sgp: Installation
) -> None:
    mine, theirs = await contract_of("suspended", sgp), await contract_of("suspended", sgp, 1)
    await office.calls.read(provider.id, ReadContract(theirs))

    await office.calls.invalidate_contract(provider.id, mine)
    await office.calls.read(provider.id, ReadContract(theirs))

    assert await sgp.asked(OWNER_ROUTE) == 1


async def test_redis_holds_nothing_that_says_who_somebody_is(
    office: Office, provider: Provider, sgp: Installation, redis: EmbeddedRedis
) -> None:
    owner = await sgp.subscriber("open_ticket")
    for read in await questions(sgp):
        await office.calls.read(provider.id, read)

    kept = await everything(redis)

    contract = owner["contracts"][0]
    assert len(kept) > 6
    for said in (owner["name"], owner["cpf"], owner["phone"], contract["address"], "FIBRA"):
        secret = said.casefold().encode()
        assert not any(secret in each.lower() for each in kept)
    async with Redis.from_url(redis.url, decode_responses=True) as client:
        keys = await client.keys()
    assert all(re.fullmatch(f"niochat:erp:{provider.id}:[0-9a-f]{{32}}", key) for key in keys)


async def test_what_the_shelf_holds_goes_by_itself(
    office: Office, provider: Provider, sgp: Installation, redis: EmbeddedRedis
) -> None:
    for read in await questions(sgp):
        await office.calls.read(provider.id, read)

    async with Redis.from_url(redis.url) as client:
        lives = [await client.ttl(key) for key in await client.keys()]

    assert lives
    assert all(0 < seconds <= 30 for seconds in lives)


async def test_another_tenants_shelf_is_not_seen(
    office: Office, provider: Provider, sgp: Installation, given: Given
) -> None:
    reads = await questions(sgp)
    for read in reads:
        await office.calls.read(provider.id, read)
    stranger = await given.tenant()

    assert [await office.answers.get(stranger, read) for read in reads] == [None] * len(reads)


async def test_an_answer_that_was_moved_to_another_tenants_shelf_does_not_open_there(
    office: Office, provider: Provider, given: Given, redis: EmbeddedRedis
) -> None:
    stranger = await given.tenant()
    for tenant in (provider.id, stranger):
        await office.answers.put(tenant, ListServicePlans(), ())
    assert await office.answers.get(stranger, ListServicePlans()) == ((),)

    async with Redis.from_url(redis.url) as client:
        (mine,) = await client.keys(f"*{provider.id}*")
        (theirs,) = await client.keys(f"*{stranger}*")
        assert await client.copy(mine, theirs, replace=True)

    assert await office.answers.get(stranger, ListServicePlans()) is None
    assert await office.answers.get(provider.id, ListServicePlans()) == ((),)


async def test_what_another_key_sealed_counts_as_not_there(
    office: Office, provider: Provider, sgp: Installation, redis: EmbeddedRedis
) -> None:
    read = ReadContract(await contract_of("active", sgp))
    await office.calls.read(provider.id, read)

    newer = ErpReadCache(RedisCache(redis.url, ttl_s=30), Vault({"k9": bytes(32)}), b"shelf")

    assert await newer.get(provider.id, read) is None
    await newer.close()


async def test_without_redis_everything_is_asked_and_nothing_fails(
    office: Office, provider: Provider, sgp: Installation, redis: EmbeddedRedis
) -> None:
    contract = await contract_of("suspended", sgp)
    await office.calls.read(provider.id, ReadContract(contract))
    await asyncio.to_thread(redis.stop)

    for _ in range(2):
        assert await office.calls.read(provider.id, ReadContract(contract)) is not None
    order = ordered(unlock(contract), await provider.turn())
    result = await office.writes.write(provider.id, order)

    assert result.status is ErpWriteStatus.DONE
    assert await sgp.asked(OWNER_ROUTE) == 3


async def everything(redis: EmbeddedRedis) -> list[Any]:
    """All keys, names and values, as bytes."""
    found: list[Any] = []
    async with Redis.from_url(redis.url) as client:
        for key in await client.keys():
            found.append(key)
            for name, value in (await client.hgetall(key)).items():
                found += [name, value]
    return found
