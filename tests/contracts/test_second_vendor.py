"""A second vendor of each port works with the product as it is: only its row is added."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from niochat.adapters.erps.erp_router import ErpRouter
from niochat.adapters.erps.registry import ERPS
from niochat.adapters.gateways.gateway_router import GatewayAdminRouter, GatewayRouter
from niochat.adapters.gateways.registry import GATEWAYS
from niochat.adapters.postgres.database import Database
from niochat.domain.conversation import commands as cmd
from niochat.domain.errors import InvalidInputError, OperationRefusedError
from niochat.domain.ids import shard_of
from niochat.domain.message import MessageContent, MessageKind
from niochat.http.webhooks.webhook_endpoint import WebhookEndpoint
from niochat.inbox.backfill import Backfiller
from niochat.inbox.inbox_store import InboxStore
from niochat.outbox.dispatcher import OutboxDispatcher
from niochat.ports.erp import FindSubscriber
from niochat.ports.gateway import GatewayCredentials
from niochat.tenants.config_records import ChannelAddress
from niochat.tenants.provider_sync.provider_sync import apply_providers
from niochat.tenants.tenant_config_cache import TenantConfigCache
from niochat.vault.vault import Vault
from tests.adapters.erps.sgp.scripted_sgp import start_scripted_sgp
from tests.adapters.gateways.uazapi.scripted_gateway import ScriptedGateway, start_scripted_gateway
from tests.builders import Host, RowBuilder, ShardAssignments
from tests.contracts.second_erp import LEDGER
from tests.contracts.second_gateway import ECHO
from tests.http.conftest import build_webhook_application, serve_app
from tests.tenants.provider_files import (
    build_channel,
    build_erp,
    build_provider,
    load_provider_file,
)

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]

VAULT = Vault({"k1": bytes(32)})
KEY = "hmac-of-demo"
PHONE = "5581977776666"


@pytest.fixture(autouse=True)
def second_vendors() -> Iterator[None]:
    with GATEWAYS.registered(ECHO), ERPS.registered(LEDGER):
        yield


@pytest_asyncio.fixture
async def server() -> AsyncIterator[ScriptedGateway]:
    async with start_scripted_gateway() as scripted:
        yield scripted


@pytest_asyncio.fixture
async def gateway() -> AsyncIterator[GatewayRouter]:
    router = GatewayRouter(GATEWAYS, None)
    yield router
    await router.close()


async def declare(
    database: Database, folder: Path, server: ScriptedGateway, **provider: Any
) -> ChannelAddress:
    """A provider with a channel of the second kind."""
    channel = build_channel(kind="echo", base_url=server.line.base_url, hmac_key="env:DEMO_HMAC")
    declared = build_provider(channels=[channel], **provider)
    await apply_providers(database, VAULT, load_provider_file(folder, declared))
    async with database.as_system() as connection:
        await connection.execute("UPDATE tenants SET policy = policy || '{\"burst_window_s\": 0}'")
    (address,) = await TenantConfigCache(database, VAULT).list_channels()
    return address


def sign(body: bytes) -> dict[str, str]:
    digest = hmac.new(KEY.encode(), body, hashlib.sha256).hexdigest()
    return {"x-echo-signature": f"sha256={digest}", "content-type": "application/json"}


async def test_a_message_comes_in_and_its_answer_leaves_through_a_second_gateway(
    database: Database,
    given: RowBuilder,
    ownership: ShardAssignments,
    server: ScriptedGateway,
    gateway: GatewayRouter,
    tmp_path: Path,
) -> None:
    address = await declare(database, tmp_path, server)
    directory, inbox = TenantConfigCache(database, VAULT), InboxStore(database)
    endpoint = WebhookEndpoint(
        directory, VAULT, inbox, lambda *_: None, lambda _: None, lambda _: None
    )
    path = address.webhook_url("").removeprefix("/")
    assert path.startswith("webhooks/echo/")
    body = json.dumps({"what": "message", "id": "A1", "from": PHONE, "text": "oi"}).encode()
    async with serve_app(build_webhook_application(endpoint), lifespan="off") as http:
        unsigned = await http.post(f"/{path}", content=body)
        other_kind = await http.post(
            f"/{path.replace('echo', 'uazapi')}", content=body, headers=sign(body)
        )
        accepted = await http.post(f"/{path}", content=body, headers=sign(body))
        again = await http.post(f"/{path}", content=body, headers=sign(body))
    assert [each.status_code for each in (unsigned, other_kind, accepted, again)] == [
        *(404, 404),
        *(200, 200),
    ]
    assert (accepted.json(), again.json()) == ({"accepted": "new"}, {"accepted": "known"})

    host = Host("host-a:1", database)
    await ownership.assign_all(host)
    (thread,) = await given.rows("SELECT id FROM threads")
    await host.run(thread)
    turn = host.turn(thread)
    reply = MessageContent(MessageKind.TEXT, "bom dia")
    await host.step(
        thread,
        cmd.FinishAssistantTurn(turn.id, turn.attempt, cmd.TurnOutcome.ANSWERED, (reply,)),
    )
    settled: list[cmd.SettleSend] = []
    dispatcher = OutboxDispatcher(
        host.outbox,
        gateway,
        directory.gateway_credentials,
        lambda key: host.epochs.get(shard_of(key)),
        lambda _, command: settled.append(command),
    )
    server.set_response(200, {"id": "B1"})
    dispatcher.deliver(thread)
    while running := dispatcher.running_deliveries(set(range(1024))):
        await asyncio.wait(running)

    assert [(each.result, each.external_id) for each in settled] == [(cmd.SendStatus.SENT, "B1")]
    (sent,) = server.requests
    assert sent.path == "/messages"
    assert sent.headers["authorization"] == "Bearer token-of-demo"
    assert isinstance(sent.body, dict)
    assert (sent.body["to"], sent.body["text"]) == (PHONE, "bom dia")


async def test_lost_webhooks_are_fetched_from_a_second_gateway(
    database: Database,
    given: RowBuilder,
    server: ScriptedGateway,
    gateway: GatewayRouter,
    tmp_path: Path,
) -> None:
    address = await declare(database, tmp_path, server)
    backfill = Backfiller(database, InboxStore(database), gateway)
    (channel,) = await backfill.list_channels(address.channel.tenant_id)
    credentials = TenantConfigCache(database, VAULT).gateway_credentials(
        channel.kind, channel.base_url, channel.token_sealed, channel.tenant_id
    )
    missed = {"what": "message", "id": "A2", "from": PHONE, "text": "perdida"}
    server.set_response(200, {"items": [missed]})
    await backfill.fill(channel, credentials)

    assert await given.rows("SELECT command -> 'content' ->> 'text' FROM inbox") == ["perdida"]


async def test_a_vendor_without_administration_says_so() -> None:
    admin = GatewayAdminRouter(GATEWAYS, None)
    with pytest.raises(OperationRefusedError) as refused:
        await admin.list_webhooks(GatewayCredentials("http://gateway.invalid", "t", "echo"))
    assert refused.value.code == "gateway_unsupported"


async def test_an_unknown_kind_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    declared = build_provider(
        channels=[build_channel(kind="carrier-pigeon")], erp=build_erp(kind="abacus")
    )
    with pytest.raises(InvalidInputError) as refused:
        load_provider_file(tmp_path, declared)
    gateways, erps = ", ".join(GATEWAYS.kinds), ", ".join(ERPS.kinds)
    assert f"channels[0].kind: unknown kind of gateway: use one of {gateways}" in str(refused.value)
    assert f"erp.kind: unknown kind of ERP: use one of {erps}" in str(refused.value)
    assert "echo" in gateways
    assert "ledger" in erps


async def test_a_second_erp_is_declared_and_asked(
    database: Database, server: ScriptedGateway, tmp_path: Path
) -> None:
    async with start_scripted_sgp() as ledger:
        declared = build_erp(kind="ledger", base_url=ledger.base_url)
        del declared["app"]
        address = await declare(database, tmp_path, server, erp=declared)
        record = await TenantConfigCache(database, VAULT).erp(address.channel.tenant_id)
        assert record is not None
        assert record.account.kind == "ledger"
        ledger.set_response({"person": "Maria", "contract": "7"})
        router = ErpRouter(ERPS, None)
        found = await router.read(record.account, FindSubscriber("12345678909"), 5)
        await router.close()
    assert found is not None
    assert found.name == "Maria"


async def test_what_a_vendor_does_not_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"erp\.app: Ledger has no app: remove it"):
        load_provider_file(tmp_path, build_provider(erp=build_erp(kind="ledger")))
