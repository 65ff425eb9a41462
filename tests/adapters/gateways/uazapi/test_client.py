"""The gateway's client against real sockets: each outcome of a send."""

import asyncio

import pytest

from niochat.adapters.gateways.uazapi.client import UazapiClient
from niochat.domain.conversation.commands import SendStatus
from niochat.ports.gateway import (
    GatewayCredentials,
    GatewaySendResult,
    OutboundMessage,
    WhatsAppGateway,
)
from tests.adapters.gateways.uazapi.scripted_gateway import (
    Break,
    ScriptedGateway,
    closed_port_credentials,
)

pytestmark = pytest.mark.asyncio

UNREACHABLE = GatewaySendResult(SendStatus.RETRY, code="unreachable")
LOST = GatewaySendResult(SendStatus.UNCERTAIN, code="answer_lost")


async def send(
    client: WhatsAppGateway, line: GatewayCredentials, text: str = "Oi", timeout_s: float = 5
) -> GatewaySendResult:
    return await client.send(line, "5581977776666", OutboundMessage(text), "track-1", timeout_s)


# -- sends -------------------------------------------------------------------------------


async def test_a_send_says_what_the_gateway_needs_and_gets_its_id(
    client: UazapiClient, gateway: ScriptedGateway
) -> None:
    gateway.set_response(200, {"messageid": "3EB0A", "status": "Pending"})
    answer = await send(client, gateway.line, "Olá {{name}}")
    assert answer == GatewaySendResult(SendStatus.SENT, "3EB0A")
    (asked,) = gateway.requests
    assert (asked.method, asked.path) == ("POST", "/send/text")
    assert asked.headers["token"] == "line-token"
    assert asked.body == {
        "number": "5581977776666",
        "text": "Olá {\u200b{name}}",
        "track_id": "track-1",
        "track_source": "niochat",
        "linkPreview": False,
    }


MENU = OutboundMessage("Como foi?", choices=("🤩 5", "😡 1"))


async def test_choices_are_sent_as_a_menu(client: UazapiClient, gateway: ScriptedGateway) -> None:
    gateway.set_response(200, {"messageid": "3EB0A"})

    answer = await client.send(gateway.line, "5581977776666", MENU, "track-1", 5)

    assert answer == GatewaySendResult(SendStatus.SENT, "3EB0A")
    (asked,) = gateway.requests
    assert asked.path == "/send/menu"
    assert asked.body == {
        "number": "5581977776666",
        "text": "Como foi?",
        "track_id": "track-1",
        "track_source": "niochat",
        "type": "list",
        "choices": ["🤩 5", "😡 1"],
        "listButton": "Responder",
    }


async def test_where_menus_are_refused_the_text_is_sent(
    client: UazapiClient, gateway: ScriptedGateway
) -> None:
    gateway.set_response(404, {})

    answer = await client.send(gateway.line, "5581977776666", MENU, "track-1", 5)

    assert [each.path for each in gateway.requests] == ["/send/menu", "/send/text"]
    assert answer.code == "gateway_404"


async def test_a_menu_whose_answer_is_lost_is_not_sent_again(
    client: UazapiClient, gateway: ScriptedGateway
) -> None:
    gateway.set_response(200, {})

    answer = await client.send(gateway.line, "5581977776666", MENU, "track-1", 5)

    assert answer.result is SendStatus.UNCERTAIN
    assert len(gateway.requests) == 1


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, {}, GatewaySendResult(SendStatus.UNCERTAIN, code="no_message_id")),
        (200, "<html>", GatewaySendResult(SendStatus.UNCERTAIN, code="no_message_id")),
        (400, {"error": "x"}, GatewaySendResult(SendStatus.FAILED, code="gateway_400")),
        (404, {}, GatewaySendResult(SendStatus.FAILED, code="gateway_404")),
        (413, {}, GatewaySendResult(SendStatus.FAILED, code="gateway_413")),
        (415, {}, GatewaySendResult(SendStatus.FAILED, code="gateway_415")),
        (
            401,
            {},
            GatewaySendResult(SendStatus.RETRY, code="unauthorized", hold_reason="unauthorized"),
        ),
        (
            500,
            {"error": "WhatsApp disconnected"},
            GatewaySendResult(SendStatus.RETRY, code="disconnected", hold_reason="disconnected"),
        ),
        (
            500,
            {"error": "x", "provider_code": 463},
            GatewaySendResult(SendStatus.RETRY, code="capped", hold_reason="capped"),
        ),
        (429, {}, GatewaySendResult(SendStatus.RETRY, code="gateway_429", retry_in_s=9)),
        (503, {}, GatewaySendResult(SendStatus.RETRY, code="gateway_503", retry_in_s=9)),
        (500, {}, GatewaySendResult(SendStatus.UNCERTAIN, code="gateway_500")),
        (502, "<html>", GatewaySendResult(SendStatus.UNCERTAIN, code="gateway_502")),
        (302, "", GatewaySendResult(SendStatus.UNCERTAIN, code="gateway_302")),
    ],
)
async def test_each_answer_has_its_outcome(
    client: UazapiClient,
    gateway: ScriptedGateway,
    status: int,
    body: object,
    expected: GatewaySendResult,
) -> None:
    gateway.set_response(status, body, Retry_After="9")
    assert await send(client, gateway.line) == expected
    assert len(gateway.requests) == 1


def _closes(gateway: ScriptedGateway) -> None:
    gateway.answer = b""


def _resets(gateway: ScriptedGateway) -> None:
    gateway.resets = True


def _breaks_off(gateway: ScriptedGateway) -> None:
    gateway.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"
    gateway.resets = True


def _speaks_nonsense(gateway: ScriptedGateway) -> None:
    gateway.answer = b"SSH-2.0-OpenSSH\r\n\r\n"


@pytest.mark.parametrize("ruin", [_closes, _resets, _breaks_off, _speaks_nonsense])
async def test_an_answer_lost_after_the_request_is_uncertain_and_sent_once(
    client: UazapiClient, gateway: ScriptedGateway, ruin: Break
) -> None:
    ruin(gateway)
    assert await send(client, gateway.line) == LOST
    assert len(gateway.requests) == 1


async def test_a_connection_kept_alive_and_then_lost_is_uncertain_and_sent_once(
    client: UazapiClient, gateway: ScriptedGateway
) -> None:
    gateway.set_response(200, {"messageid": "A"})
    await send(client, gateway.line)
    gateway.answer = b""
    assert await send(client, gateway.line) == LOST
    assert len(gateway.requests) == 2


async def test_an_answer_that_does_not_come_in_time_is_uncertain(
    client: UazapiClient, gateway: ScriptedGateway
) -> None:
    gateway.hangs = True
    assert await send(client, gateway.line, timeout_s=0.2) == LOST
    assert len(gateway.requests) == 1


async def test_an_answer_in_drops_does_not_outlast_the_deadline(
    client: UazapiClient, gateway: ScriptedGateway
) -> None:
    # The head arrives, the body never does: no single read may start the clock again.
    gateway.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"
    assert await send(client, gateway.line, timeout_s=0.2) == LOST


async def test_a_refused_connection_sent_nothing(client: UazapiClient) -> None:
    assert await send(client, closed_port_credentials()) == UNREACHABLE


@pytest.mark.parametrize(
    "base_url",
    ["http://no-such-host.invalid", "gateway.test", "ftp://gateway.test", "http://[", ""],
)
async def test_an_address_that_leads_nowhere_sent_nothing(
    client: UazapiClient, base_url: str
) -> None:
    assert await send(client, GatewayCredentials(base_url, "t")) == UNREACHABLE


async def test_a_plain_server_behind_a_tls_address_got_nothing(
    client: UazapiClient, gateway: ScriptedGateway
) -> None:
    base_url = gateway.line.base_url.replace("http:", "https:")
    assert await send(client, GatewayCredentials(base_url, "t"), timeout_s=1) == UNREACHABLE
    assert gateway.requests == []


async def test_a_send_that_found_no_free_connection_sent_nothing(gateway: ScriptedGateway) -> None:
    gateway.hangs = True
    narrow = UazapiClient(connections=1)
    first = asyncio.create_task(send(narrow, gateway.line))
    await gateway.reached.wait()
    assert await send(narrow, gateway.line, timeout_s=0.2) == UNREACHABLE
    assert len(gateway.requests) == 1
    first.cancel()
    await narrow.close()


async def test_a_cookie_of_one_tenants_gateway_is_not_shown_to_another(
    client: UazapiClient, gateway: ScriptedGateway
) -> None:
    gateway.set_response(200, {"messageid": "A"}, Set_Cookie="who=tenant-a; Path=/")
    await send(client, gateway.line)
    await send(client, GatewayCredentials(gateway.line.base_url, "another"))
    assert "cookie" not in gateway.requests[1].headers
