"""The flood guard: far above any provider, shared over Redis, and never waiting for it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from uuid import UUID

import pytest
import pytest_asyncio

from niochat.adapters.redis.token_buckets import RedisTokenBuckets, TokenGrant
from niochat.http.webhooks.tenant_rate_limit import TOKEN_BLOCK, TenantRateLimiter
from niochat.launcher.databases.redis_server import EmbeddedRedis
from niochat.launcher.home_folder import HomeFolder
from niochat.launcher.network_ports import StackPorts
from niochat.launcher.stack_credentials import StackCredentials
from tests.manual_clock import ManualClock

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]

A, B = UUID(int=1), UUID(int=2)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedRedis]:
    home = HomeFolder.create(tmp_path_factory.mktemp("buckets"))
    embedded = EmbeddedRedis(
        home, StackPorts.allocate(home).redis, StackCredentials.load_or_create(home)
    )
    yield embedded
    embedded.stop()


@pytest_asyncio.fixture
async def buckets(server: EmbeddedRedis) -> AsyncIterator[RedisTokenBuckets]:
    server.start()
    made = RedisTokenBuckets(server.url, per_s=1.0, burst=1000.0)
    yield made
    await made.close()


async def let_in(guard: TenantRateLimiter, tenant: UUID, count: int) -> int:
    """How many of ``count`` webhooks come in, with a moment for the guard every now and then."""
    entered = 0
    for number in range(count):
        entered += guard.take_token(tenant) == 0
        if number % 20 == 0:
            await asyncio.sleep(0.002)
    return entered


async def test_two_replicas_share_one_bucket(buckets: RedisTokenBuckets) -> None:
    one, two = (TenantRateLimiter(buckets.take, per_s=1.0, burst=1000.0) for _ in range(2))

    entered = await let_in(one, A, 1500) + await let_in(two, A, 1500)

    # Each replica has a first block on credit, which the shared bucket did not count.
    assert 1000 <= entered <= 1000 + 3 * TOKEN_BLOCK
    assert await let_in(one, B, 100) == 100, "another tenant notices nothing"


async def test_tokens_are_taken_whole_and_never_twice_at_once(buckets: RedisTokenBuckets) -> None:
    tenant = UUID(int=77)

    taken = await asyncio.gather(*(buckets.take(tenant, 30) for _ in range(50)))

    granted = sum(each.granted for each in taken if each is not None)
    assert 1000 <= granted <= 1002
    refused = [each for each in taken if each is not None and not each.granted]
    assert all(0 < each.wait_s <= 1 for each in refused)


async def test_when_redis_dies_midway_each_replica_counts_alone_and_nobody_waits(
    server: EmbeddedRedis,
) -> None:
    server.start()
    buckets = RedisTokenBuckets(server.url, per_s=1.0, burst=1000.0)
    guard = TenantRateLimiter(buckets.take, per_s=1.0, burst=1000.0)
    tenant = UUID(int=78)
    assert await let_in(guard, tenant, 300) == 300
    server.stop()

    entered = await let_in(guard, tenant, 3000)

    assert 700 <= entered <= 1000 + 3 * TOKEN_BLOCK
    assert await buckets.take(tenant, 5) is None
    await buckets.close()


async def test_a_redis_that_hangs_costs_a_webhook_nothing() -> None:
    never = asyncio.Event()

    async def hangs(tenant: UUID, wanted: int) -> TokenGrant:
        await never.wait()
        raise AssertionError

    guard = TenantRateLimiter(hangs, per_s=10.0, burst=100.0)
    waits = [guard.take_token(A) for _ in range(3 * TOKEN_BLOCK)]
    await asyncio.sleep(0)

    assert waits[: 2 * TOKEN_BLOCK] == [0.0] * (2 * TOKEN_BLOCK), "on credit, as nobody said no"
    assert all(waits[2 * TOKEN_BLOCK :]), "and not without end"


async def test_redis_is_asked_once_for_a_hundred_webhooks() -> None:
    asked: list[int] = []

    async def take(tenant: UUID, wanted: int) -> TokenGrant:
        asked.append(wanted)
        return TokenGrant(wanted)

    guard = TenantRateLimiter(take, per_s=1000.0, burst=10_000.0)
    assert await let_in(guard, A, 5000) == 5000

    assert len(asked) <= 50
    assert abs(sum(asked) - 5000) <= TOKEN_BLOCK


async def test_who_is_turned_away_is_shown_until_it_is_over() -> None:
    async def nothing(tenant: UUID, wanted: int) -> TokenGrant:
        return TokenGrant(0, 3.0)

    clock = ManualClock()
    guard = TenantRateLimiter(nothing, per_s=1.0, burst=10.0, clock=clock)
    for _ in range(4 * TOKEN_BLOCK):
        guard.take_token(A)
        await asyncio.sleep(0)
    assert guard.take_token(A) == pytest.approx(3.0)
    guard.take_token(B)

    (held,) = guard.list_throttles()

    assert (held.tenant_id, held.reason, held.waiting > TOKEN_BLOCK) == (A, "flood", True)
    clock.now += 6
    assert guard.list_throttles() == []
    assert guard.take_token(A) == 0.0
