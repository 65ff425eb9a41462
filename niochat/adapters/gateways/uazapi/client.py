"""The client of Uazapi instances over HTTP."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import replace

import aiohttp

from niochat.adapters import clock
from niochat.adapters.gateways.uazapi.parsing.json_fields import (
    read_flag,
    read_list,
    read_message_id,
    read_object,
    read_text,
)
from niochat.adapters.gateways.uazapi.placeholder_escaping import escape_placeholders
from niochat.adapters.gateways.uazapi.send_outcome import (
    classify_send_error,
    classify_send_response,
    parse_retry_after,
)
from niochat.adapters.gateways.uazapi.transport import (
    MAX_RESPONSE_BYTES,
    UazapiResponse,
    UazapiTransport,
    describe_error,
)
from niochat.adapters.ssrf_guard import SsrfGuard
from niochat.domain.conversation.commands import SendStatus
from niochat.domain.errors import InvalidInputError, UnavailableError
from niochat.domain.message import MessageChange, MessageKind
from niochat.ports.gateway import (
    FetchedFile,
    GatewayCredentials,
    GatewaySendResult,
    InstanceStatus,
    OutboundFile,
    OutboundMessage,
    SentMessageChange,
    WhatsAppGateway,
)

_CONNECTIONS = 200
_LOOKUP_S = 10.0
_MAX_LISTED_MESSAGES = 5
_FETCH_S = 60.0
_ENVELOPE = 64 * 1024
"""Bytes of a response beside the file that it holds."""
_GONE = frozenset({400, 404})
_LIST_BUTTON = "Responder"
"""What customers tap to open a menu."""
VOICE_MIMETYPE = "audio/ogg; codecs=opus"
"""The type of voice notes in WhatsApp; phones do not play others as such."""
_PATHS = {
    MessageChange.EDIT: "/message/edit",
    MessageChange.DELETION: "/message/delete",
    MessageChange.REACTION: "/message/react",
}
WEBHOOK_EVENTS = ("messages", "messages_update", "connection")
"""Events that an instance must post."""


class UazapiClient(WhatsAppGateway):
    """Calls the instances of all channels over one pool of connections.

    Safe to use from many tasks of one event loop; call :meth:`close` once at the end.
    """

    def __init__(
        self,
        connections: int = _CONNECTIONS,
        lookup_timeout_s: float = _LOOKUP_S,
        guard: SsrfGuard | None = None,
    ) -> None:
        """Without a ``guard`` any address may be reached."""
        self._lookup_timeout_s = lookup_timeout_s
        self._transport = UazapiTransport(connections, guard)

    async def close(self) -> None:
        """Close the pool; sends in progress fail as lost."""
        await self._transport.close()

    async def send(
        self,
        credentials: GatewayCredentials,
        number: str,
        outgoing: OutboundMessage | SentMessageChange,
        track_id: str,
        timeout_s: float,
    ) -> GatewaySendResult:
        """Send once within ``timeout_s`` and return what is known. No response raises an error.

        Responses are classified by :func:`classify_send_response` and errors by
        :func:`classify_send_error`. A change succeeds without an id in the response. A menu that
        the gateway refuses is sent as text alone.
        """
        result = await self._send_once(credentials, number, outgoing, track_id, timeout_s)
        if isinstance(outgoing, SentMessageChange) or not outgoing.choices:
            return result
        if result.result is not SendStatus.FAILED:
            return result
        text = replace(outgoing, choices=())  # the menu was refused, so nothing was sent
        return await self._send_once(credentials, number, text, track_id, timeout_s)

    async def _send_once(
        self,
        credentials: GatewayCredentials,
        number: str,
        outgoing: OutboundMessage | SentMessageChange,
        track_id: str,
        timeout_s: float,
    ) -> GatewaySendResult:
        is_change = isinstance(outgoing, SentMessageChange)
        path, body = _request(number, outgoing, track_id)
        try:
            response = await self._call(credentials, "POST", path, body, timeout_s)
        except InvalidInputError:  # the response is too long to be read; the message may have left
            return GatewaySendResult(SendStatus.UNCERTAIN, code="answer_lost")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return classify_send_error(error)
        retry_in_s = parse_retry_after(response.retry_after, clock.now())
        return classify_send_response(
            response.status, response.body, retry_in_s, needs_id=not is_change
        )

    async def find_by_track_id(self, credentials: GatewayCredentials, track_id: str) -> str | None:
        """The bare id of the message sent under ``track_id``; ``None`` if there is certainly none.

        Raises ``UnavailableError`` also if messages were found but none is certainly ours: a
        build that ignores the filter does not prove that ours was not sent.
        """
        query = {"track_id": track_id, "limit": _MAX_LISTED_MESSAGES, "offset": 0}
        messages = await self._find(credentials, query)
        ours = [m for m in messages if read_text(m.get("track_id")).strip() == track_id]
        external_id = next((message_id for m in ours if (message_id := read_message_id(m))), None)
        if external_id is None and messages:
            raise UnavailableError("the gateway found messages, but none can be told to be ours")
        return external_id

    async def fetch_file(
        self, credentials: GatewayCredentials, external_id: str, most_bytes: int
    ) -> FetchedFile | None:
        """The file of a message. It comes as base64, because a link could lead anywhere."""
        query = {
            "id": external_id,
            "return_base64": True,
            "return_link": False,
            "generate_mp3": False,
        }
        max_response_bytes = most_bytes * 4 // 3 + _ENVELOPE
        try:
            response = await self._call(
                credentials, "POST", "/message/download", query, _FETCH_S, max_response_bytes
            )
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise UnavailableError(
                f"the gateway did not hand out a file: {type(error).__name__}"
            ) from error
        if response.status in _GONE:
            return None
        return _parse_file(response)

    async def list_messages(
        self, credentials: GatewayCredentials, limit: int, offset: int
    ) -> Sequence[Mapping[str, object]]:
        """Stored messages of the instance as webhook bodies, in the gateway's order."""
        messages = await self._find(credentials, {"limit": limit, "offset": offset})
        return [
            {"EventType": "messages", "token": credentials.token, "message": m} for m in messages
        ]

    async def fetch_status(self, credentials: GatewayCredentials) -> InstanceStatus:
        """The state of the instance and the connected number (digits, maybe empty)."""
        body = read_object(await self._lookup(credentials, "GET", "/instance/status"))
        instance = read_object(body.get("instance"))
        status = read_text(instance.get("status")).strip().lower()
        if not status:
            connected = read_object(body.get("status")).get("connected")
            if connected is None:
                raise UnavailableError("the gateway's status answer names no status")
            status = "connected" if read_flag(connected) else "disconnected"
        return InstanceStatus(status, owner=read_text(instance.get("owner")).strip())

    async def set_webhook(self, credentials: GatewayCredentials, url: str) -> None:
        """Have the instance post messages, receipts and its own state to ``url``.

        Echoes stay included, because without them an uncertain send could not be reconciled
        (Uazapi reference 2.4). This uses simple mode, which replaces the instance's one webhook.
        """
        registration = {
            "enabled": True,
            "url": url,
            "events": list(WEBHOOK_EVENTS),
            "excludeMessages": ["isGroupYes"],
        }
        await self._lookup(credentials, "POST", "/webhook", registration)

    async def _find(
        self, credentials: GatewayCredentials, query: Mapping[str, object]
    ) -> list[Mapping[str, object]]:
        body = read_object(await self._lookup(credentials, "POST", "/message/find", query))
        if not isinstance(body.get("messages"), list):
            raise UnavailableError("the gateway's answer to a search holds no list of messages")
        return [read_object(m) for m in read_list(body["messages"])]

    async def _lookup(
        self,
        credentials: GatewayCredentials,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
    ) -> object:
        """The JSON of a 2xx response. Raises ``UnavailableError`` for any other response."""
        try:
            response = await self._call(credentials, method, path, body, self._lookup_timeout_s)
        except (aiohttp.ClientError, OSError, ValueError) as e:
            raise UnavailableError(f"the gateway did not answer {path}: {describe_error(e)}") from e
        except InvalidInputError as e:
            raise UnavailableError(f"the gateway's answer to {path} is too long") from e
        if response.status == 401:
            raise UnavailableError("the gateway refuses the instance token", code="unauthorized")
        if not 200 <= response.status < 300 or response.body is None:
            raise UnavailableError(f"the gateway answered {path} with {response.status}")
        return response.body

    async def _call(
        self,
        credentials: GatewayCredentials,
        method: str,
        path: str,
        body: Mapping[str, object] | None,
        timeout_s: float,
        most_bytes: int = MAX_RESPONSE_BYTES,
    ) -> UazapiResponse:
        url = credentials.base_url.rstrip("/") + path
        headers = {"token": credentials.token}
        return await self._transport.call(method, url, headers, body, timeout_s, most_bytes)


def _request(
    number: str, outgoing: OutboundMessage | SentMessageChange, track_id: str
) -> tuple[str, dict[str, object]]:
    """Path and body of a send (Uazapi reference 2.2)."""
    body: dict[str, object] = {
        # Digits only, because an integrator saw sends to a whole JID fail (Uazapi reference 2.1).
        "number": number.removesuffix("@s.whatsapp.net"),
        "track_id": track_id,
        "track_source": "niochat",
    }
    if isinstance(outgoing, SentMessageChange):
        return _PATHS[outgoing.change], {**body, **_change(outgoing)}
    body["text"] = escape_placeholders(outgoing.text)
    if outgoing.reply_to is not None:
        body["replyid"] = outgoing.reply_to
    if outgoing.choices:
        menu = {"type": "list", "choices": list(outgoing.choices), "listButton": _LIST_BUTTON}
        return "/send/menu", {**body, **menu}
    if outgoing.file is None:
        return "/send/text", {**body, "linkPreview": False}
    kind = "ptt" if outgoing.kind is MessageKind.VOICE else outgoing.kind.value
    media = {**body, "type": kind, **_file(outgoing.file)}
    if outgoing.kind is MessageKind.VOICE:
        media["mimetype"] = VOICE_MIMETYPE
    return "/send/media", media


def _change(outgoing: SentMessageChange) -> dict[str, object]:
    if outgoing.change is MessageChange.DELETION:
        return {"id": outgoing.target}
    return {"id": outgoing.target, "text": escape_placeholders(outgoing.value)}


def _file(file: OutboundFile) -> dict[str, object]:
    # A data URI states the type for older servers that do not know ``mimetype``.
    data = base64.b64encode(file.data).decode("ascii")
    return {
        "file": f"data:{file.mimetype};base64,{data}",
        "docName": file.filename,
        "mimetype": file.mimetype,
    }


def _parse_file(response: UazapiResponse) -> FetchedFile:
    body = read_object(response.body)
    if not 200 <= response.status < 300 or not body:
        raise UnavailableError(f"the gateway answered a download with {response.status}")
    try:
        data = base64.b64decode(read_text(body.get("base64Data")), validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if not data:
        raise UnavailableError("the gateway's answer to a download holds no file")
    return FetchedFile(data, read_text(body.get("mimetype")))
