"""Who asks too often is told when to come again, and nobody else's browser gets in."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from niochat.adapters.redis.token_buckets import RedisTokenBuckets
from niochat.http.rest.caller_rate_limit import CallerRateLimiter
from niochat.launcher.databases.redis_server import EmbeddedRedis
from niochat.launcher.home_folder import HomeFolder
from niochat.launcher.network_ports import StackPorts
from niochat.launcher.stack_credentials import StackCredentials
from tests.http.rest.conftest import RestApiFixture, assert_problem

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]

PER_S, BURST = 0.01, 5
"""So slow that no test lives to see another token."""


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[EmbeddedRedis]:
    home = HomeFolder.create(tmp_path)
    server = EmbeddedRedis(
        home, StackPorts.allocate(home).redis, StackCredentials.load_or_create(home)
    )
    server.start()
    yield server
    server.stop()


@pytest_asyncio.fixture
async def limited(rest_api: RestApiFixture, redis: EmbeddedRedis) -> RestApiFixture:
    buckets = RedisTokenBuckets(redis.url, per_s=PER_S, burst=BURST, kind="api")
    rest_api.with_services(rate_limiter=CallerRateLimiter(buckets.take, per_s=PER_S, burst=BURST))
    return rest_api


async def test_each_answer_says_what_is_left_until_there_is_nothing(
    limited: RestApiFixture,
) -> None:
    _, headers = await limited.add_signed_in_user("admin")
    for left in range(BURST - 1, -1, -1):
        answer = await limited.http.get("/auth/me", headers=headers)
        assert answer.status_code == 200
        assert answer.headers["ratelimit-policy"] == '"caller";q=5;w=500'
        assert answer.headers["ratelimit"].startswith(f'"caller";r={left};t=')
    refused = await limited.http.get("/auth/me", headers=headers)
    assert_problem(refused, 429, "too_many")
    assert 1 <= int(refused.headers["retry-after"]) <= 100
    assert refused.headers["ratelimit"].startswith('"caller";r=0;t=')


async def test_one_caller_takes_nothing_from_another_and_a_key_counts_for_itself(
    limited: RestApiFixture,
) -> None:
    _, headers = await limited.add_signed_in_user("admin")
    made = await limited.http.post(
        "/api-keys",
        json={"name": "erp", "permissions": ["users:read"]},
        headers={**headers, "idempotency-key": "k"},
    )
    assert made.headers["ratelimit"].startswith('"caller";r=4;')  # counted once
    for _ in range(BURST):
        await limited.http.get("/users", headers=headers)
    key = {"authorization": f"Bearer {made.json()['key']}"}
    assert (await limited.http.get("/users", headers=key)).status_code == 200
    _, other = await limited.add_signed_in_user("viewer")
    assert (await limited.http.get("/users", headers=other)).status_code == 200


async def test_without_redis_everybody_passes(rest_api: RestApiFixture) -> None:
    buckets = RedisTokenBuckets("redis://127.0.0.1:1/0", per_s=PER_S, burst=BURST, kind="api")
    rest_api.with_services(rate_limiter=CallerRateLimiter(buckets.take, per_s=PER_S, burst=BURST))
    _, headers = await rest_api.add_signed_in_user("admin")
    for _ in range(BURST + 2):
        answer = await rest_api.http.get("/auth/me", headers=headers)
        assert answer.status_code == 200
        assert "ratelimit" not in answer.headers


async def test_no_page_of_somebody_elses_is_let_in(rest_api: RestApiFixture) -> None:
    _, headers = await rest_api.add_signed_in_user("admin")
    origin = {"origin": "https://evil.example", "access-control-request-method": "POST"}
    for method, path in (
        ("GET", "/auth/me"),
        ("OPTIONS", "/auth/login"),
        ("OPTIONS", "/users"),
        ("POST", "/auth/login"),
    ):
        answer = await rest_api.http.request(method, path, headers={**headers, **origin})
        assert not [name for name in answer.headers if name.startswith("access-control-")]
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
