"""A door that is full says so, and when to come again; nobody has all of it."""

import asyncio
from uuid import UUID, uuid4

import pytest

from niochat.adapters.postgres.database import Database
from niochat.adapters.redis.token_buckets import TokenGrant
from niochat.domain.errors import UnavailableError
from niochat.http.webhooks.tenant_rate_limit import TOKEN_BLOCK, TenantRateLimiter
from niochat.http.webhooks.webhook_admission import (
    MAX_TENANT_WEBHOOKS,
    MAX_WEBHOOKS,
    WebhookAdmission,
)
from niochat.http.webhooks.webhook_endpoint import WebhookEndpoint
from niochat.inbox.inbox_store import InboxStore
from niochat.tenants.config_records import ChannelAddress
from niochat.tenants.tenant_config_cache import TenantConfigCache
from tests.builders import RowBuilder
from tests.http.conftest import WebhookFixture, build_webhook_application, path_of, serve_app, vault

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]


async def nothing(tenant: UUID, wanted: int) -> TokenGrant:
    return TokenGrant(0, 7.2)


def door(world: WebhookFixture, admission: WebhookAdmission) -> WebhookEndpoint:
    return WebhookEndpoint(
        TenantConfigCache(world.database, vault),
        vault,
        InboxStore(world.database),
        lambda *_: None,
        world.connected.append,
        world.ignored,
        None,
        admission,
    )


async def test_a_flood_is_answered_429_with_the_seconds_to_wait(
    world: WebhookFixture, address: ChannelAddress, given: RowBuilder
) -> None:
    guard = TenantRateLimiter(nothing, per_s=1.0, burst=1.0)
    for _ in range(2 * TOKEN_BLOCK):
        guard.take_token(address.channel.tenant_id)
        await asyncio.sleep(0)
    app = build_webhook_application(door(world, WebhookAdmission(guard)))
    async with serve_app(app, lifespan="off") as http:
        answer = await http.post(path_of(address), json={"EventType": "presence"})
        unknown = await http.post(f"/webhooks/uazapi/{uuid4()}/nonsense", json={})

    assert answer.status_code == 429
    assert 1 <= int(answer.headers["retry-after"]) <= 8
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "flood"
    assert unknown.status_code == 404, "who is not let in is told nothing about anybody"


async def test_a_door_that_is_full_is_answered_503_with_the_seconds_to_wait(
    world: WebhookFixture, address: ChannelAddress
) -> None:
    admission = WebhookAdmission()
    admission.in_progress = MAX_WEBHOOKS
    async with serve_app(build_webhook_application(door(world, admission)), lifespan="off") as http:
        full = await http.post(path_of(address), json={})
        admission.in_progress = 0
        free = await http.post(path_of(address), json={})

    assert (full.status_code, full.headers["retry-after"]) == (503, "2")
    assert full.json()["code"] == "crowded"
    assert free.status_code == 400, "it is no webhook, but it came in"
    assert admission.in_progress == 0


async def test_a_database_that_is_away_is_503_with_the_seconds_to_wait(
    world: WebhookFixture,
) -> None:
    away = await Database.open("postgresql://nobody:x@127.0.0.1:9/nothing")
    app = build_webhook_application(
        WebhookEndpoint(
            TenantConfigCache(away, vault), vault, InboxStore(away), lambda *_: None, print, print
        )
    )
    async with serve_app(app, lifespan="off") as http:
        answer = await http.post(f"/webhooks/uazapi/{uuid4()}/secret", json={})

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    await away.close()


async def test_one_tenant_does_not_fill_the_door() -> None:
    admission, noisy, quiet = WebhookAdmission(), uuid4(), uuid4()
    open_ = [admission.admit_tenant(noisy) for _ in range(MAX_TENANT_WEBHOOKS)]
    for each in open_:
        each.__enter__()
    with pytest.raises(UnavailableError), admission.admit_tenant(noisy):
        pass
    with admission.admit_tenant(quiet):
        pass
    for each in open_:
        each.__exit__(None, None, None)
    with admission.admit_tenant(noisy):
        pass
    assert not admission._tenants


async def test_whoever_leaves_by_an_error_leaves_its_place() -> None:
    admission = WebhookAdmission()
    for _ in range(3):
        with pytest.raises(KeyError), admission.admit_request(), admission.admit_tenant(uuid4()):
            raise KeyError

    assert admission.in_progress == 0
    assert not admission._tenants
