"""What the client asks a gateway besides sending; no proper answer is ``UnavailableError``."""

import asyncio

import pytest

from niochat.adapters.gateways.uazapi.client import UazapiClient
from niochat.adapters.gateways.uazapi.parsing.webhook_parser import parse_webhook
from niochat.domain.errors import UnavailableError
from niochat.ports.gateway import GatewayCredentials, InstanceStatus
from niochat.ports.gateway_events import InboundEvent
from tests.adapters.gateways.uazapi.captured_webhooks import NOW, build_message_body
from tests.adapters.gateways.uazapi.scripted_gateway import ScriptedGateway, closed_port_credentials

pytestmark = pytest.mark.asyncio


# -- look-ups ------------------------------------------------------------------------------


async def test_a_send_is_found_by_its_track_id(
    client: UazapiClient, gateway: ScriptedGateway
) -> None:
    found = {"messages": [{"track_id": "track-1", "id": "9:3EB0A"}], "returnedMessages": 1}
    gateway.set_response(200, found)
    assert await client.find_by_track_id(gateway.line, "track-1") == "3EB0A"
    assert gateway.requests[0].path == "/message/find"
    assert gateway.requests[0].body == {"track_id": "track-1", "limit": 5, "offset": 0}


async def test_a_send_that_is_not_there_was_certainly_not_made(
    client: UazapiClient, gateway: ScriptedGateway
) -> None:
    gateway.set_response(200, {"messages": []})
    assert await client.find_by_track_id(gateway.line, "track-1") is None


@pytest.mark.parametrize(
    "other", [{"track_id": "x", "id": "A"}, {"id": "A"}, {"track_id": "track-1"}]
)
async def test_an_answer_about_something_else_proves_nothing(
    client: UazapiClient, gateway: ScriptedGateway, other: dict[str, object]
) -> None:
    gateway.set_response(200, {"messages": [other]})
    with pytest.raises(UnavailableError):
        await client.find_by_track_id(gateway.line, "track-1")


async def test_stored_messages_come_as_webhooks_that_parse_alike(
    client: UazapiClient, gateway: ScriptedGateway
) -> None:
    body = build_message_body()
    gateway.set_response(200, {"messages": [body["message"]]})
    (found,) = await client.list_messages(gateway.line, limit=50, offset=100)
    assert gateway.requests[0].body == {"limit": 50, "offset": 100}
    webhook, pushed = parse_webhook(found, NOW), parse_webhook(body, NOW)
    assert webhook.token == "line-token"
    assert isinstance(webhook.event, InboundEvent)
    assert isinstance(pushed.event, InboundEvent)
    assert webhook.event.command == pushed.event.command
    assert webhook.event.dedupe_key == pushed.event.dedupe_key


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (
            {"instance": {"status": "Connected", "owner": "558130009999"}},
            InstanceStatus("connected", "558130009999"),
        ),
        ({"status": {"connected": False}}, InstanceStatus("disconnected", "")),
    ],
)
async def test_the_state_of_an_instance_is_read(
    client: UazapiClient, gateway: ScriptedGateway, answer: object, expected: InstanceStatus
) -> None:
    gateway.set_response(200, answer)
    assert await client.fetch_status(gateway.line) == expected
    assert (gateway.requests[0].method, gateway.requests[0].path) == ("GET", "/instance/status")


async def test_a_webhook_is_set_with_echoes_and_without_groups(
    client: UazapiClient, gateway: ScriptedGateway
) -> None:
    gateway.set_response(200, [{"id": "w"}])
    await client.set_webhook(gateway.line, "https://niochat.test/hook")
    assert gateway.requests[0].path == "/webhook"
    assert gateway.requests[0].body == {
        "enabled": True,
        "url": "https://niochat.test/hook",
        "events": ["messages", "messages_update", "connection"],
        "excludeMessages": ["isGroupYes"],
    }


async def ask_everything(client: UazapiClient, line: GatewayCredentials) -> list[UnavailableError]:
    asked = (
        client.find_by_track_id(line, "track-1"),
        client.list_messages(line, 10, 0),
        client.fetch_status(line),
        client.set_webhook(line, "https://niochat.test/hook"),
    )
    found = await asyncio.gather(*asked, return_exceptions=True)
    return [error for error in found if isinstance(error, UnavailableError)]


@pytest.mark.parametrize(
    ("status", "body"),
    [(200, "<html>busy</html>"), (200, ""), (404, {"error": "x"}), (429, {}), (500, {}), (302, "")],
)
async def test_a_look_up_without_a_proper_answer_is_unavailable(
    client: UazapiClient, gateway: ScriptedGateway, status: int, body: object
) -> None:
    gateway.set_response(status, body)
    assert len(await ask_everything(client, gateway.line)) == 4


@pytest.mark.parametrize("shape", [[], {"messages": None}, {"messages": {"id": "A"}}, "x", 7])
async def test_a_look_up_of_a_wrong_shape_is_unavailable(
    client: UazapiClient, gateway: ScriptedGateway, shape: object
) -> None:
    gateway.set_response(200, shape)
    for ask in (client.find_by_track_id(gateway.line, "t"), client.fetch_status(gateway.line)):
        with pytest.raises(UnavailableError):
            await ask


async def test_a_look_up_with_a_wrong_token_says_so(
    client: UazapiClient, gateway: ScriptedGateway
) -> None:
    gateway.set_response(401, {"error": "Invalid token"})
    errors = await ask_everything(client, gateway.line)
    assert [error.code for error in errors] == ["unauthorized"] * 4


async def test_a_look_up_of_a_gateway_that_is_gone_is_unavailable(client: UazapiClient) -> None:
    assert len(await ask_everything(client, closed_port_credentials())) == 4
    assert len(await ask_everything(client, GatewayCredentials("gateway.test", "t"))) == 4


async def test_a_look_up_ends_by_its_own_deadline(gateway: ScriptedGateway) -> None:
    gateway.hangs = True
    hasty = UazapiClient(lookup_timeout_s=0.2)
    assert len(await ask_everything(hasty, gateway.line)) == 4
    await hasty.close()
