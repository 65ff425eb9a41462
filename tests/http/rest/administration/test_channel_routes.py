"""Channels over the API on the simulated gateway: made once, paired, watched, heard."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

from niochat.adapters.gateways.uazapi.client import UazapiClient
from niochat.adapters.gateways.uazapi.instance_admin import UazapiAdmin
from niochat.adapters.ssrf_guard import SsrfGuard
from niochat.composition.tenant_services import build_tenant_services
from niochat.http.api.idempotency_key import IDEMPOTENCY_HEADER
from niochat.http.webhooks.webhook_endpoint import WebhookEndpoint
from niochat.inbox.inbox_store import InboxStore
from niochat.ports.gateway import GatewayServer
from niochat.tenants.channel_provisioning import GatewayAccess
from niochat.tenants.tenant_config_cache import TenantConfigCache
from niochat_sandbox.app import create_app
from tests.http.conftest import IgnoredCounter, build_webhook_application, serve_app
from tests.http.rest.conftest import RestApiFixture, assert_problem

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]

LINE = {"slug": "suporte", "name": "Suporte"}
ADMIN = {"admintoken": "sandbox-admin"}


@dataclass
class ChannelFixture:
    """The API on a gateway, and the door that the gateway posts to."""

    desk: RestApiFixture
    boss: Mapping[str, str]
    outside: httpx.AsyncClient
    """The sandbox."""
    directory: TenantConfigCache
    rebuild: Callable[[GatewayServer | None], None]

    async def post(self, path: str, body: Any = None, **headers: str) -> httpx.Response:
        return await self.desk.http.post(path, json=body, headers={**self.boss, **headers})

    async def get(self, path: str) -> httpx.Response:
        return await self.desk.http.get(path, headers=self.boss)

    async def made(self, **changes: Any) -> dict[str, Any]:
        answer = await self.post("/channels", {**LINE, **changes})
        assert answer.status_code == 201, answer.text
        body: dict[str, Any] = answer.json()
        return body

    async def instances(self) -> list[dict[str, Any]]:
        found = await self.outside.get("/gateway/instance/all", headers=ADMIN)
        return list(found.json())

    async def fault(self, kind: str, path: str, **more: Any) -> None:
        order = {"target": "gateway", "kind": kind, "path": path, "count": 1, **more}
        answer = await self.outside.post("/sandbox/faults", json=order)
        assert answer.status_code < 300, answer.text

    async def scan(self) -> None:
        (instance,) = await self.instances()
        answer = await self.outside.post(f"/sandbox/instances/{instance['token']}/scan")
        assert answer.status_code == 200, answer.text


@pytest_asyncio.fixture
async def shop(rest_api: RestApiFixture) -> AsyncIterator[ChannelFixture]:
    """The sandbox needs its address before it listens; webhooks reach the real door."""
    _, boss = await rest_api.add_signed_in_user("admin")
    database, vault = rest_api.house.database, rest_api.house.vault
    directory = TenantConfigCache(database, vault)

    def poke(thread: Any, tenant: Any) -> None:
        """Nobody steps here."""

    door = WebhookEndpoint(
        directory, vault, InboxStore(database), poke, lambda tenant: None, IgnoredCounter()
    )
    guard = SsrfGuard([ip_network("127.0.0.0/8")])
    gateway = UazapiClient(lookup_timeout_s=5, guard=guard)
    administration = UazapiAdmin(timeout_s=5, guard=guard)
    async with AsyncExitStack() as opened:
        doorway = await opened.enter_async_context(
            serve_app(build_webhook_application(door), lifespan="off")
        )
        sandbox = create_app("http://sandbox.invalid")
        outside = await opened.enter_async_context(serve_app(sandbox))  # type: ignore[arg-type]

        def rebuild(server: GatewayServer | None) -> None:
            ways = GatewayAccess(
                gateway, administration, guard.check_url, server, str(doorway.base_url)
            )
            accounts = build_tenant_services(database, vault, ways, announce)
            rest_api.with_services(tenants=accounts)

        async def announce(tenant: Any) -> None:
            directory.invalidate(tenant)

        rebuild(GatewayServer(f"{outside.base_url}/gateway", "sandbox-admin", "uazapi"))
        yield ChannelFixture(rest_api, boss, outside, directory, rebuild)
    await gateway.close()
    await administration.close()


async def test_a_channel_is_made_paired_and_its_customers_are_heard(shop: ChannelFixture) -> None:
    made = await shop.made()
    assert (made["status"], made["webhook_set"]) == ("disconnected", True)
    path = f"/channels/{made['id']}"
    assert "token" not in str((await shop.get(path)).json())

    offered = (await shop.post(f"{path}/connect", {})).json()
    assert offered["qr_code"].startswith("data:image/png;base64,")
    assert (offered["status"], offered["code"]) == ("connecting", None)
    assert offered["expires_at"] is not None
    await shop.scan()
    told = (await shop.get(f"{path}/status")).json()
    assert told["status"] == "connected"
    assert told["phone"].startswith("5581")
    assert (await shop.get(path)).json()["status"] == "connected"

    (instance,) = await shop.instances()
    said = f"/sandbox/instances/{instance['token']}/customers/5581988887777/messages"
    assert (await shop.outside.post(said, json={"text": "oi"})).status_code == 200
    for _ in range(200):
        if await shop.desk.given.count("inbox"):
            break
        await asyncio.sleep(0.02)
    (command,) = await shop.desk.given.rows("SELECT command FROM inbox")
    assert command["content"]["text"] == "oi"


async def test_a_phone_may_type_a_code_instead(shop: ChannelFixture) -> None:
    made = await shop.made()
    path = f"/channels/{made['id']}"
    bad = await shop.post(f"{path}/connect", {"phone": "81 9888"})
    assert_problem(bad, 422, "invalid")
    offered = (await shop.post(f"{path}/connect", {"phone": "+5581988887777"})).json()
    assert (offered["code"], offered["qr_code"]) == ("1234-5678", None)
    # Somebody who reloads the page sees it again.
    assert (await shop.post(f"{path}/connect", {})).json()["code"] == "1234-5678"
    await shop.scan()
    assert_problem(await shop.post(f"{path}/connect", {}), 409, "already_connected")

    assert (await shop.post(f"{path}/disconnect")).status_code == 204
    assert (await shop.get(path)).json()["status"] == "disconnected"
    actions = await shop.desk.given.rows("SELECT action FROM audit ORDER BY id")
    assert [each for each in actions if each.startswith("channels.")] == [
        "channels.create",
        "channels.connect",
        "channels.connect",
        "channels.disconnect",
    ]


async def test_a_lost_answer_of_the_gateway_leaves_one_instance(shop: ChannelFixture) -> None:
    await shop.fault("lost_answer", "/instance/init", seconds=0)
    await shop.made()
    assert len(await shop.instances()) == 1


async def test_an_instance_that_was_made_before_we_died_is_found_again(
    shop: ChannelFixture,
) -> None:
    tenant = shop.desk.house.tenant
    (slug,) = await shop.desk.given.rows("SELECT slug FROM tenants WHERE tenant_id = $1", tenant)
    for mark in ("somebody else's", f"niochat:{tenant}:suporte"):
        body = {"name": f"{slug}.suporte", "adminField01": mark}
        await shop.outside.post("/gateway/instance/init", json=body, headers=ADMIN)
    again = [await shop.post("/channels", LINE, **{IDEMPOTENCY_HEADER: "k"}) for _ in range(2)]
    assert [each.status_code for each in again] == [201, 201]
    assert again[0].json() == again[1].json()
    stranger, ours = await shop.instances()
    told = [
        (await shop.outside.get("/gateway/webhook", headers={"token": each["token"]})).json()
        for each in (stranger, ours)
    ]
    assert [each[0]["enabled"] for each in told] == [False, True]


async def test_of_two_who_make_the_same_channel_at_once_one_does(shop: ChannelFixture) -> None:
    answers = await asyncio.gather(*(shop.post("/channels", LINE) for _ in range(3)))
    assert sorted(each.status_code for each in answers) == [201, 409, 409]
    assert {each.json()["code"] for each in answers if each.status_code == 409} <= {
        "in_progress",
        "slug_taken",
    }
    assert len(await shop.instances()) == 1


async def test_without_a_gateway_the_operator_is_told_what_to_set(shop: ChannelFixture) -> None:
    shop.rebuild(None)
    said = assert_problem(await shop.post("/channels", LINE), 409, "no_gateway")
    assert "NIOCHAT_GATEWAY_URL" in said["title"]
    shop.rebuild(GatewayServer(f"{shop.outside.base_url}/gateway", "wrong", "uazapi"))
    said = assert_problem(await shop.post("/channels", LINE), 503, "gateway_token")
    assert "NIOCHAT_GATEWAY_ADMIN_TOKEN" in said["title"]


async def test_an_instance_there_is_becomes_a_channel_once(shop: ChannelFixture) -> None:
    await shop.outside.put("/sandbox/instances/tok-1", json={"owner": "558130000001"})
    known = {"base_url": f"{shop.outside.base_url}/gateway", "token": "tok-1"}
    assert (await shop.made(**known))["status"] == "connected"
    again = await shop.post("/channels", {**LINE, **known, "slug": "vendas"})
    assert_problem(again, 409, "shared_instance")
    wrong = await shop.post("/channels", {**LINE, **known, "slug": "vendas", "token": "tok-2"})
    assert_problem(wrong, 409, "gateway_token")
    nobody = {**LINE, **known, "slug": "vendas", "base_url": "http://127.0.0.1:9"}
    assert_problem(await shop.post("/channels", nobody), 400, "gateway_unreachable")
    other_kind = await shop.post("/channels", {**LINE, **known, "slug": "x", "kind": "pigeon"})
    said = assert_problem(other_kind, 422, "invalid")
    assert "use one of uazapi" in str(said)
    half = await shop.post("/channels", {**LINE, "slug": "vendas", "token": "tok-1"})
    assert_problem(half, 422, "invalid")
    assert await shop.desk.given.count("channels") == 1


async def test_a_gateway_inside_the_installation_is_refused(shop: ChannelFixture) -> None:
    for url in ("http://10.0.0.1", "http://169.254.169.254/latest", "http://[::1]:6379"):
        inside = {**LINE, "base_url": url, "token": "t"}
        assert_problem(await shop.post("/channels", inside), 400, "private_address")
    assert await shop.desk.given.count("channels") == 0


async def test_a_webhook_that_is_wrong_is_told_in_codes_and_set_up_again(
    shop: ChannelFixture,
) -> None:
    await shop.fault("status", "/webhook", status=500)
    made = await shop.made()
    assert made["webhook_set"] is False
    path = f"/channels/{made['id']}/webhook"

    async def faults() -> list[str]:
        return [each["code"] for each in (await shop.get(path)).json()["problems"]]

    assert await faults() == ["other_address"]
    whole = (await shop.post(path)).json()
    assert (whole["enabled"], whole["problems"]) == (True, [])
    assert whole["url"].endswith(made["id"])

    (instance,) = await shop.instances()
    token = {"token": instance["token"]}
    change = {"enabled": False, "events": ["messages"], "excludeMessages": ["wasSentByApi"]}
    await shop.outside.post("/gateway/webhook", json=change, headers=token)
    assert await faults() == ["switched_off", "missing_events", "echoes_excluded"]
    elsewhere = {"url": "https://u:p@other.example/hook/secret"}
    await shop.outside.post("/gateway/webhook", json=elsewhere, headers=token)
    told = (await shop.get(path)).json()
    assert (told["url"], [each["code"] for each in told["problems"]]) == (
        "https://other.example",
        ["other_address"],
    )
    assert (await shop.post(path)).json()["problems"] == []


async def test_what_the_gateway_says_no_to_is_a_problem_and_changes_nothing(
    shop: ChannelFixture,
) -> None:
    made = await shop.made()
    path = f"/channels/{made['id']}"
    await shop.fault("status", "/instance/connect", status=429)
    assert_problem(await shop.post(f"{path}/connect", {}), 503, "gateway_full")
    await shop.fault("status", "/instance/status", status=500)
    assert_problem(await shop.get(f"{path}/status"), 503, "unavailable")
    assert_problem(await shop.post(f"/channels/{uuid4()}/connect", {}), 404, "not_found")
    assert_problem(await shop.post("/channels", LINE), 409, "slug_taken")
    assert (await shop.get(path)).json()["status"] == "disconnected"


async def test_another_tenants_channel_is_as_unknown_as_any(shop: ChannelFixture) -> None:
    made = await shop.made()
    _, theirs = await shop.desk.add_signed_in_user("admin", await shop.desk.given.tenant())
    for method, rest in (
        ("GET", ""),
        ("GET", "/status"),
        ("GET", "/webhook"),
        ("POST", "/webhook"),
        ("POST", "/connect"),
        ("POST", "/disconnect"),
    ):
        answer = await shop.desk.http.request(
            method, f"/channels/{made['id']}{rest}", json={}, headers=theirs
        )
        assert_problem(answer, 404, "not_found")
    listed = await shop.desk.http.get("/channels", headers=theirs)
    assert listed.json() == []
