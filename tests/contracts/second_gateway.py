"""A second vendor of gateways, as small as the port allows: it proves that one plugs in."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import aiohttp
import orjson

from niochat.adapters.gateways.gateway_vendor import GatewayVendor
from niochat.adapters.http_pool import open_shared_session
from niochat.adapters.ssrf_guard import SsrfGuard
from niochat.domain.conversation import commands as cmd
from niochat.domain.errors import InvalidInputError, UnavailableError
from niochat.domain.message import DeliveryStatus, MessageContent, MessageKind
from niochat.ports.gateway import (
    FetchedFile,
    GatewayCredentials,
    GatewaySendResult,
    InstanceStatus,
    OutboundMessage,
    SentMessageChange,
    WhatsAppGateway,
)
from niochat.ports.gateway_events import (
    ChannelConnectionChanged,
    IgnoredEvent,
    InboundEvent,
    ParsedWebhook,
    WhatsAppIdentity,
)

MAX_BYTES = 2_000_000
LOOKUP_S = 5.0
STATES = {"up": "connected", "joining": "connecting", "down": "disconnected"}
_NEVER_SENT = (aiohttp.ClientConnectorError, aiohttp.InvalidURL)
_BROKEN = (aiohttp.ClientError, OSError, ValueError)


@dataclass(frozen=True)
class EchoResponse:
    status: int
    fields: Mapping[str, object]


class EchoGateway(WhatsAppGateway):
    """JSON over HTTP, with the token in the header that everybody knows."""

    def __init__(self, guard: SsrfGuard | None) -> None:
        self._guard = guard
        self._session: aiohttp.ClientSession | None = None

    async def send(
        self,
        credentials: GatewayCredentials,
        number: str,
        outgoing: OutboundMessage | SentMessageChange,
        track_id: str,
        timeout_s: float,
    ) -> GatewaySendResult:
        said = outgoing.text if isinstance(outgoing, OutboundMessage) else outgoing.value
        body = {"to": number, "text": said, "ref": track_id}
        try:
            found = await self._call(credentials, "/messages", body, timeout_s)
        except _NEVER_SENT:
            return GatewaySendResult(cmd.SendStatus.RETRY, code="unreachable")
        except _BROKEN:
            return GatewaySendResult(cmd.SendStatus.UNCERTAIN, code="answer_lost")
        return _outcome(found)

    async def find_by_track_id(self, credentials: GatewayCredentials, track_id: str) -> str | None:
        items = _items(await self._look_up(credentials, "/lookup", {"ref": track_id}))
        ours = [each for each in items if each.get("ref") == track_id]
        if items and not ours:
            raise UnavailableError("the gateway found other messages than asked for")
        return str(ours[0]["id"]) if ours else None

    async def fetch_file(
        self, credentials: GatewayCredentials, external_id: str, most_bytes: int
    ) -> FetchedFile | None:
        limit = most_bytes * 4 // 3 + 1000
        try:
            found = await self._call(credentials, "/file", {"id": external_id}, LOOKUP_S, limit)
        except InvalidInputError:
            raise
        except _BROKEN as error:
            raise UnavailableError("the gateway did not hand out the file") from error
        if found.status == 404:
            return None
        data = base64.b64decode(str(found.fields.get("data", "")))
        if found.status != 200 or not data:
            raise UnavailableError("the gateway did not hand out the file")
        return FetchedFile(data, str(found.fields.get("type", "")))

    async def list_messages(
        self, credentials: GatewayCredentials, limit: int, offset: int
    ) -> Sequence[Mapping[str, object]]:
        return _items(
            await self._look_up(credentials, "/stored", {"limit": limit, "offset": offset})
        )

    async def fetch_status(self, credentials: GatewayCredentials) -> InstanceStatus:
        found = await self._look_up(credentials, "/state", {})
        state = STATES.get(str(found.get("state")))
        if state is None:
            raise UnavailableError("the gateway names no state")
        return InstanceStatus(state, str(found.get("phone", "")))

    async def set_webhook(self, credentials: GatewayCredentials, url: str) -> None:
        await self._look_up(credentials, "/hook", {"url": url})

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def _look_up(
        self, credentials: GatewayCredentials, path: str, body: Mapping[str, object]
    ) -> Mapping[str, object]:
        try:
            found = await self._call(credentials, path, body, LOOKUP_S)
        except (InvalidInputError, *_BROKEN) as error:
            raise UnavailableError(f"the gateway did not answer {path}") from error
        if found.status == 401:
            raise UnavailableError("the gateway refuses the token", code="unauthorized")
        if found.status != 200 or not found.fields:
            raise UnavailableError(f"the gateway answered {path} with {found.status}")
        return found.fields

    async def _call(
        self,
        credentials: GatewayCredentials,
        path: str,
        body: Mapping[str, object],
        timeout_s: float,
        most_bytes: int = MAX_BYTES,
    ) -> EchoResponse:
        if self._session is None:
            self._session = open_shared_session(10, guard=self._guard)
        async with self._session.post(
            credentials.base_url.rstrip("/") + path,
            json=dict(body),
            headers={"authorization": f"Bearer {credentials.token}"},
            timeout=aiohttp.ClientTimeout(total=timeout_s),
            allow_redirects=False,
        ) as answer:
            text = bytearray()
            async for chunk in answer.content.iter_chunked(64 * 1024):
                text += chunk
                if len(text) > most_bytes:
                    raise EchoTooLargeError("the answer is too long", code="too_large")
            return EchoResponse(answer.status, _fields(bytes(text)))


class EchoTooLargeError(InvalidInputError, ValueError):
    """More than was to be read."""


def _fields(text: bytes) -> Mapping[str, object]:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}


def _items(fields: Mapping[str, object]) -> list[Mapping[str, object]]:
    items = fields.get("items")
    if not isinstance(items, list):
        raise UnavailableError("the gateway lists nothing")
    return items


def _outcome(found: EchoResponse) -> GatewaySendResult:
    external_id = found.fields.get("id")
    match found.status:
        case 200 if isinstance(external_id, str):
            return GatewaySendResult(cmd.SendStatus.SENT, external_id)
        case 401:
            code = "unauthorized"
            return GatewaySendResult(cmd.SendStatus.RETRY, code=code, hold_reason=code)
        case 429 | 503:
            return GatewaySendResult(cmd.SendStatus.RETRY, code="busy", retry_in_s=5)
        case status if 400 <= status < 500:
            return GatewaySendResult(cmd.SendStatus.FAILED, code=f"gateway_{status}")
        case status:
            return GatewaySendResult(cmd.SendStatus.UNCERTAIN, code=f"gateway_{status}")


def parse_echo_webhook(body: Mapping[str, object], received_at: datetime) -> ParsedWebhook:
    """``what`` names the event, ``from`` the customer's number."""
    if "what" not in body:
        raise InvalidInputError("The body names no event.")
    if body["what"] == "state":
        status = STATES.get(str(body.get("state")))
        return ParsedWebhook(
            "", IgnoredEvent("no_status") if status is None else ChannelConnectionChanged(status)
        )
    command = _command(body, read_echo_time(body, received_at))
    if command is None:
        return ParsedWebhook("", IgnoredEvent("unknown_event"))
    key = f"{body['what']}:{body.get('id') or body.get('target')}:{body.get('status', '')}"
    creates = isinstance(command, cmd.ReceiveMessage)
    identity = WhatsAppIdentity(phone=str(body.get("from")))
    return ParsedWebhook("", InboundEvent(identity, command, key, creates, body))


def _command(body: Mapping[str, object], sent_at: datetime) -> cmd.DurableCommand | None:
    external_id, target = str(body.get("id", "")), str(body.get("target", ""))
    text = str(body.get("text", ""))
    content = MessageContent(MessageKind.TEXT, text)
    match body["what"]:
        case "message":
            return cmd.ReceiveMessage(external_id, content, sent_at)
        case "echo":
            return cmd.ReceiveEcho(external_id, str(body.get("ref", "")), content, sent_at)
        case "receipt":
            return cmd.ReceiveDeliveryReceipt((target,), DeliveryStatus(str(body.get("status"))))
        case "edit":
            return cmd.ReceiveEdit(external_id, target, text, sent_at)
        case "deletion":
            return cmd.ReceiveDeletion((target,))
        case "reaction":
            return cmd.ReceiveReaction(external_id, target, text, from_provider=False)
        case _:
            return None


def read_echo_time(body: Mapping[str, object], received_at: datetime) -> datetime:
    """``at`` in seconds since 1970."""
    at = body.get("at")
    return datetime.fromtimestamp(at, UTC) if isinstance(at, int) else received_at


ECHO = GatewayVendor(
    kind="echo",
    display_name="Echo",
    open_client=EchoGateway,
    parse_webhook=parse_echo_webhook,
    read_stored_time=read_echo_time,
    signature_header="x-echo-signature",
)
