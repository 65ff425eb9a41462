"""Every gateway passes the same contract: the product's own, and a second one."""

import base64
from collections.abc import AsyncIterator
from datetime import datetime

import pytest
import pytest_asyncio

from niochat.adapters.gateways.registry import GATEWAYS
from niochat.adapters.gateways.uazapi.uazapi_vendor import UAZAPI
from niochat.domain.message import DeliveryStatus
from niochat.ports.gateway import WhatsAppGateway
from tests.adapters.gateways.uazapi.captured_webhooks import (
    build_message_body,
    build_receipt_body,
    load_capture,
)
from tests.adapters.gateways.uazapi.scripted_gateway import ScriptedGateway, start_scripted_gateway
from tests.contracts.gateway_contract import (
    PHONE,
    Body,
    GatewayHarness,
    GatewayLookupContract,
    GatewayParsingContract,
    GatewaySendContract,
)
from tests.contracts.second_gateway import ECHO, STATES


class UazapiHarness:
    vendor = UAZAPI

    def sent(self, external_id: str) -> Body:
        return {"messageid": external_id, "status": "Pending"}

    def lookup(self, *messages: tuple[str, str]) -> Body:
        return {"messages": [{"id": f"9:{each}", "track_id": track} for each, track in messages]}

    def file(self, data: bytes, mimetype: str) -> Body:
        return {"base64Data": base64.b64encode(data).decode(), "mimetype": mimetype}

    def stored(self, *messages: Body) -> Body:
        return {"messages": [each["message"] for each in messages]}

    def status(self, status: str) -> Body:
        return {"instance": {"status": status, "owner": "558130009999"}}

    def message(self, external_id: str, text: str, sent_at: datetime) -> Body:
        return build_message_body(
            {
                "messageid": external_id,
                "id": external_id,
                "text": text,
                "content": text,
                "messageTimestamp": int(sent_at.timestamp() * 1000),
                "sender_pn": f"{PHONE}@s.whatsapp.net",
                "chatid": f"{PHONE}@s.whatsapp.net",
            }
        )

    def echo(self, external_id: str, track_id: str) -> Body:
        sent = {"fromMe": True, "wasSentByApi": True, "track_id": track_id}
        return build_message_body({"messageid": external_id, "id": external_id, **sent})

    def receipt(self, target: str, status: DeliveryStatus) -> Body:
        return build_receipt_body(MessageIDs=[target]) | {"state": status.value}

    def edit(self, target: str, text: str) -> Body:
        return build_message_body({"edited": target, "text": text, "content": text})

    def deletion(self, target: str) -> Body:
        return build_receipt_body(MessageIDs=[target]) | {"state": "Deleted", "type": "Deleted"}

    def reaction(self, target: str, emoji: str) -> Body:
        return build_message_body(
            {"messageType": "ReactionMessage", "reaction": target, "text": emoji}
        )

    def connection(self, status: str) -> Body:
        return load_capture(f"connection__{status}.event")

    def unknown(self) -> Body:
        return {"EventType": "hologram", "token": "t"}


class EchoHarness:
    vendor = ECHO

    def sent(self, external_id: str) -> Body:
        return {"id": external_id}

    def lookup(self, *messages: tuple[str, str]) -> Body:
        return {"items": [{"id": each, "ref": track} for each, track in messages]}

    def file(self, data: bytes, mimetype: str) -> Body:
        return {"data": base64.b64encode(data).decode(), "type": mimetype}

    def stored(self, *messages: Body) -> Body:
        return {"items": list(messages)}

    def status(self, status: str) -> Body:
        return {"state": _echo_state(status)}

    def message(self, external_id: str, text: str, sent_at: datetime) -> Body:
        at = int(sent_at.timestamp())
        return {"what": "message", "id": external_id, "from": PHONE, "text": text, "at": at}

    def echo(self, external_id: str, track_id: str) -> Body:
        return {"what": "echo", "id": external_id, "from": PHONE, "ref": track_id}

    def receipt(self, target: str, status: DeliveryStatus) -> Body:
        return {"what": "receipt", "target": target, "from": PHONE, "status": status.value}

    def edit(self, target: str, text: str) -> Body:
        return {"what": "edit", "id": "E1", "target": target, "from": PHONE, "text": text}

    def deletion(self, target: str) -> Body:
        return {"what": "deletion", "target": target, "from": PHONE}

    def reaction(self, target: str, emoji: str) -> Body:
        return {"what": "reaction", "id": "R1", "target": target, "from": PHONE, "text": emoji}

    def connection(self, status: str) -> Body:
        return {"what": "state", "state": _echo_state(status)}

    def unknown(self) -> Body:
        return {"what": "hologram", "id": "H1"}


def _echo_state(status: str) -> str:
    return next(theirs for theirs, ours in STATES.items() if ours == status)


HARNESSES: list[GatewayHarness] = [UazapiHarness(), EchoHarness()]


@pytest.fixture(params=HARNESSES, ids=lambda each: each.vendor.kind)
def harness(request: pytest.FixtureRequest) -> GatewayHarness:
    found: GatewayHarness = request.param
    return found


@pytest_asyncio.fixture
async def server() -> AsyncIterator[ScriptedGateway]:
    async with start_scripted_gateway() as scripted:
        yield scripted


@pytest_asyncio.fixture
async def client(harness: GatewayHarness) -> AsyncIterator[WhatsAppGateway]:
    opened = harness.vendor.open_client(None)
    yield opened
    await opened.close()


def test_every_registered_gateway_is_tested_here() -> None:
    assert set(GATEWAYS.kinds) <= {each.vendor.kind for each in HARNESSES}


@pytest.mark.asyncio
class TestGatewaySends(GatewaySendContract):
    """See the contract."""


@pytest.mark.asyncio
class TestGatewayLookups(GatewayLookupContract):
    """See the contract."""


class TestGatewayParsing(GatewayParsingContract):
    """See the contract."""
