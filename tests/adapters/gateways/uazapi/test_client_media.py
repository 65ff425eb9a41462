"""Files over real sockets: what ``/send/media`` is told, and what its answers mean."""

import asyncio
import base64

import pytest

from niochat.adapters.gateways.uazapi.client import UazapiClient
from niochat.domain.conversation.commands import SendStatus
from niochat.domain.message import MessageKind
from niochat.ports.gateway import (
    GatewayCredentials,
    GatewaySendResult,
    OutboundFile,
    OutboundMessage,
)
from tests.adapters.gateways.uazapi.scripted_gateway import ScriptedGateway, closed_port_credentials

pytestmark = pytest.mark.asyncio

LOST = GatewaySendResult(SendStatus.UNCERTAIN, code="answer_lost")
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
PICTURE = OutboundMessage(
    "Pague, {{name}}", MessageKind.IMAGE, OutboundFile(PNG, "image/png", "pix.png")
)
PDF = b"%PDF-1.4\n%%EOF\n"
INVOICE = OutboundMessage(
    "", MessageKind.DOCUMENT, OutboundFile(PDF, "application/pdf", "boleto março.pdf")
)


VOICE = OutboundMessage("", MessageKind.VOICE, OutboundFile(b"OggS", "audio/ogg", "audio.ogg"))


async def send(
    client: UazapiClient,
    line: GatewayCredentials,
    outgoing: OutboundMessage = PICTURE,
    timeout_s: float = 5,
) -> GatewaySendResult:
    return await client.send(line, "5581977776666", outgoing, "track-1", timeout_s)


async def test_a_voice_note_is_sent_as_phones_play_it(
    client: UazapiClient, gateway: ScriptedGateway
) -> None:
    gateway.set_response(200, {"messageid": "3EB0A", "status": "Pending"})
    await send(client, gateway.line, VOICE)
    (request,) = gateway.requests
    assert isinstance(request.body, dict)
    assert (request.path, request.body["type"]) == ("/send/media", "ptt")
    assert request.body["mimetype"] == "audio/ogg; codecs=opus"


@pytest.mark.parametrize(
    ("outgoing", "kind", "file", "caption"),
    [
        (PICTURE, "image", PNG, "Pague, {\u200b{name}}"),
        (INVOICE, "document", PDF, ""),
    ],
)
async def test_a_file_is_sent_with_all_that_the_gateway_needs_and_nothing_else(
    client: UazapiClient,
    gateway: ScriptedGateway,
    outgoing: OutboundMessage,
    kind: str,
    file: bytes,
    caption: str,
) -> None:
    gateway.set_response(200, {"messageid": "3EB0A", "status": "Pending"})
    answer = await send(client, gateway.line, outgoing)
    assert answer == GatewaySendResult(SendStatus.SENT, "3EB0A")
    (asked,) = gateway.requests
    assert (asked.method, asked.path) == ("POST", "/send/media")
    assert asked.headers["token"] == "line-token"
    assert outgoing.file is not None
    mimetype = outgoing.file.mimetype
    assert asked.body == {
        "number": "5581977776666",
        "type": kind,
        "file": f"data:{mimetype};base64,{base64.b64encode(file).decode()}",
        "text": caption,
        "docName": outgoing.file.filename,
        "mimetype": mimetype,
        "track_id": "track-1",
        "track_source": "niochat",
    }


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (413, GatewaySendResult(SendStatus.FAILED, code="gateway_413")),
        (415, GatewaySendResult(SendStatus.FAILED, code="gateway_415")),
        (401, GatewaySendResult(SendStatus.RETRY, code="unauthorized", hold_reason="unauthorized")),
        (429, GatewaySendResult(SendStatus.RETRY, code="gateway_429", retry_in_s=9)),
        (500, GatewaySendResult(SendStatus.UNCERTAIN, code="gateway_500")),
        (200, GatewaySendResult(SendStatus.UNCERTAIN, code="no_message_id")),
    ],
)
async def test_an_answer_means_the_same_as_to_a_text(
    client: UazapiClient, gateway: ScriptedGateway, status: int, expected: GatewaySendResult
) -> None:
    gateway.set_response(status, {}, Retry_After="9")
    assert await send(client, gateway.line) == expected
    assert len(gateway.requests) == 1


async def test_an_answer_lost_after_the_upload_is_uncertain_and_sent_once(
    client: UazapiClient, gateway: ScriptedGateway
) -> None:
    gateway.resets = True
    assert await send(client, gateway.line) == LOST
    assert len(gateway.requests) == 1


async def test_an_answer_that_does_not_come_in_time_is_uncertain(
    client: UazapiClient, gateway: ScriptedGateway
) -> None:
    gateway.hangs = True
    assert await send(client, gateway.line, timeout_s=0.2) == LOST


async def test_an_upload_that_nobody_reads_ends_with_the_deadline_and_is_uncertain(
    client: UazapiClient,
) -> None:
    """More than the sockets' buffers hold: the deadline strikes while the file is written."""
    large = OutboundFile(bytes(12 * 2**20), "application/pdf", "boleto.pdf")

    async def never_read(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ended.append(writer)

    ended: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(never_read, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    line = GatewayCredentials(f"http://127.0.0.1:{port}", "t")
    assert (
        await send(client, line, OutboundMessage("", MessageKind.DOCUMENT, large), timeout_s=0.3)
        == LOST
    )
    for writer in ended:
        writer.close()
    server.close()


async def test_a_refused_connection_sent_nothing(client: UazapiClient) -> None:
    unreachable = GatewaySendResult(SendStatus.RETRY, code="unreachable")
    assert await send(client, closed_port_credentials()) == unreachable
