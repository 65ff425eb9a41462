"""Instances as different builds of the gateway tell of them; what is odd is not believed."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from niochat.adapters.gateways.uazapi.instance_admin import UazapiAdmin
from niochat.domain.errors import NiochatError
from niochat.ports.gateway import GatewayCredentials, GatewayServer, PairingState
from tests.adapters.gateways.uazapi.scripted_gateway import ScriptedGateway, closed_port_credentials

pytestmark = pytest.mark.asyncio

PICTURE = "data:image/png;base64," + "iVBORw0KGgoAAAANSUhEUg=="


@pytest_asyncio.fixture
async def administration() -> AsyncIterator[UazapiAdmin]:
    made = UazapiAdmin(timeout_s=5)
    yield made
    await made.close()


def server(gateway: ScriptedGateway) -> GatewayServer:
    return GatewayServer(gateway.line.base_url, "admin-token")


@pytest.mark.parametrize(
    "answer",
    [
        {"token": "t1"},
        {"instance": {"token": "t1", "status": "disconnected"}, "name": "x"},
        {"instance": {"token": "t1"}, "token": "other"},
    ],
)
async def test_a_made_instance_has_the_token_wherever_it_stands(
    administration: UazapiAdmin, gateway: ScriptedGateway, answer: object
) -> None:
    gateway.set_response(200, answer)
    made = await administration.create_instance(server(gateway), "a.b", "niochat:1")
    assert (made.token, made.mark) == ("t1", "niochat:1")
    (asked,) = gateway.requests
    assert (asked.method, asked.path) == ("POST", "/instance/init")
    assert asked.headers["admintoken"] == "admin-token"
    assert isinstance(asked.body, dict)
    assert (asked.body["name"], asked.body["adminField01"]) == ("a.b", "niochat:1")
    assert "t1" not in repr(made)


async def test_of_a_list_that_is_none_nothing_is_believed(
    administration: UazapiAdmin, gateway: ScriptedGateway
) -> None:
    answers: tuple[Any, ...] = ({"instances": []}, "<html>", {"error": "x"})
    for answer in answers:
        gateway.set_response(200, answer)
        with pytest.raises(NiochatError) as away:
            await administration.list_instances(server(gateway))
        assert away.value.code == "gateway"
    gateway.set_response(200, [{"name": "a", "token": 7, "status": "CONNECTED"}, "odd", None])
    found = await administration.list_instances(server(gateway))
    assert (found[0].name, found[0].token, found[0].status) == ("a", "7", "connected")


@pytest.mark.parametrize(
    ("instance", "expected"),
    [
        ({"status": "connecting", "qrcode": PICTURE}, PairingState("connecting", PICTURE)),
        (
            {"status": "connecting", "paircode": "1234-5678"},
            PairingState("connecting", "", "1234-5678"),
        ),
        ({"status": "connecting", "qrcode": "javascript:alert(1)"}, PairingState("connecting")),
        ({"status": "connecting", "qrcode": "data:text/html,<script>"}, PairingState("connecting")),
        ({"qrcode": None, "paircode": ["x"]}, PairingState("unknown")),
    ],
)
async def test_only_a_picture_or_a_code_goes_on_to_a_browser(
    administration: UazapiAdmin,
    gateway: ScriptedGateway,
    instance: object,
    expected: PairingState,
) -> None:
    gateway.set_response(200, {"connected": False, "instance": instance})
    assert await administration.start_pairing(gateway.line, "5581988887777") == expected
    assert gateway.requests[0].body == {"phone": "5581988887777"}


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (401, "gateway_token"),
        (409, "gateway_conflict"),
        (429, "gateway_full"),
        (500, "gateway"),
        (404, "gateway"),
        (302, "gateway"),
    ],
)
async def test_what_a_gateway_refuses_has_a_code(
    administration: UazapiAdmin, gateway: ScriptedGateway, status: int, code: str
) -> None:
    gateway.set_response(status, {"error": "no"})
    with pytest.raises(NiochatError) as refused:
        await administration.disconnect(gateway.line)
    assert refused.value.code == code
    assert gateway.line.token not in str(refused.value)


async def test_a_gateway_that_is_away_is_said_to_be(administration: UazapiAdmin) -> None:
    with pytest.raises(NiochatError) as away:
        await administration.get_pairing(
            GatewayCredentials(closed_port_credentials().base_url, "t")
        )
    assert away.value.retryable


async def test_webhooks_come_as_a_list_or_alone(
    administration: UazapiAdmin, gateway: ScriptedGateway
) -> None:
    hook = {
        "enabled": True,
        "url": "https://x/secret",
        "events": ["messages"],
        "excludeMessages": None,
    }
    for answer in ([hook], hook):
        gateway.set_response(200, answer)
        (found,) = await administration.list_webhooks(gateway.line)
        assert (found.enabled, found.events, found.excluded) == (True, ("messages",), ())
        assert "secret" not in repr(found)
    empty: tuple[Any, ...] = ([], {})
    for nothing in empty:
        gateway.set_response(200, nothing)
        assert await administration.list_webhooks(gateway.line) == []
