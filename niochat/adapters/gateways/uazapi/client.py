"""The client of Uazapi instances over HTTP."""

import base64
import binascii
from collections.abc import Mapping, Sequence

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
"""Bytes around a file in its answer."""
_GONE = frozenset({400, 404})
_PATHS = {
    MessageChange.EDIT: "/message/edit",
    MessageChange.DELETION: "/message/delete",
    MessageChange.REACTION: "/message/react",
}
WEBHOOK_EVENTS = ("messages", "messages_update", "connection")
"""Events that an instance must post."""


class UazapiClient(WhatsAppGateway):
    """Reaches the instances of all channels over one pool of connections.

    Safe to use from many tasks of one event loop; :meth:`close` once at the end.
    """

    def __init__(
        self,
        connections: int = _CONNECTIONS,
        lookup_timeout_s: float = _LOOKUP_S,
        guard: SsrfGuard | None = None,
    ) -> None:
        """Without a ``guard`` any address may be reached."""
        self._lookup_timeout_s = lookup_timeout_s
        self._wire = UazapiTransport(connections, guard)

    async def close(self) -> None:
        """Close the pool; sends in flight end as lost."""
        await self._wire.close()

    async def send(
        self,
        credentials: GatewayCredentials,
        number: str,
        outgoing: OutboundMessage | SentMessageChange,
        track_id: str,
        timeout_s: float,
    ) -> GatewaySendResult:
        """Send once within ``timeout_s`` and say what is known. No response raises.

        Responses are classified by :func:`classify_send_response` and errors by
        :func:`classify_send_error`. A change succeeds without an id in the response.
        """
        changes = isinstance(outgoing, SentMessageChange)
        path, body = _request(number, outgoing, track_id)
        try:
            response = await self._call(credentials, "POST", path, body, timeout_s)
        except InvalidInputError:  # too long to be read: the message may have left
            return GatewaySendResult(SendStatus.UNCERTAIN, code="answer_lost")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return classify_send_error(error)
        wish = parse_retry_after(response.retry_after, clock.now())
        return classify_send_response(response.status, response.body, wish, needs_id=not changes)

    async def find_by_track_id(self, credentials: GatewayCredentials, track_id: str) -> str | None:
        """The bare id of the message sent under ``track_id``; ``None`` if there is certainly none.

        Raises ``UnavailableError`` also when the answer holds other messages than asked for: a
        build that ignores the filter does not prove that ours was not sent.
        """
        query = {"track_id": track_id, "limit": _MAX_LISTED_MESSAGES, "offset": 0}
        messages = await self._find(credentials, query)
        ours = [m for m in messages if read_text(m.get("track_id")).strip() == track_id]
        external_id = next((found for m in ours if (found := read_message_id(m))), None)
        if external_id is None and messages:
            raise UnavailableError("the gateway found messages, but none can be told to be ours")
        return external_id

    async def fetch_file(
        self, credentials: GatewayCredentials, external_id: str, most_bytes: int
    ) -> FetchedFile | None:
        """The file of a message, as base64 in the response: a link could lead anywhere."""
        query = {
            "id": external_id,
            "return_base64": True,
            "return_link": False,
            "generate_mp3": False,
        }
        most = most_bytes * 4 // 3 + _ENVELOPE
        try:
            response = await self._call(
                credentials, "POST", "/message/download", query, _FETCH_S, most
            )
        except (aiohttp.ClientError, OSError, ValueError) as e:
            raise UnavailableError(
                f"the gateway did not hand out a file: {type(e).__name__}"
            ) from e
        if response.status in _GONE:
            return None
        return _fetched(response)

    async def list_messages(
        self, credentials: GatewayCredentials, limit: int, offset: int
    ) -> Sequence[Mapping[str, object]]:
        """Stored messages of the instance as webhook bodies, in the gateway's order."""
        found = await self._find(credentials, {"limit": limit, "offset": offset})
        return [{"EventType": "messages", "token": credentials.token, "message": m} for m in found]

    async def fetch_status(self, credentials: GatewayCredentials) -> InstanceStatus:
        """State of the instance and the connected number (digits, maybe empty)."""
        answer = read_object(await self._lookup(credentials, "GET", "/instance/status"))
        instance = read_object(answer.get("instance"))
        status = read_text(instance.get("status")).strip().lower()
        if not status:
            connected = read_object(answer.get("status")).get("connected")
            if connected is None:
                raise UnavailableError("the gateway's status answer names no status")
            status = "connected" if read_flag(connected) else "disconnected"
        return InstanceStatus(status, owner=read_text(instance.get("owner")).strip())

    async def set_webhook(self, credentials: GatewayCredentials, url: str) -> None:
        """Have the instance post messages, receipts and its own state to ``url``.

        Echoes stay included: without them an uncertain send could not be reconciled
        (Uazapi reference 2.4). Simple mode: the one webhook of the instance is replaced.
        """
        wanted = {
            "enabled": True,
            "url": url,
            "events": list(WEBHOOK_EVENTS),
            "excludeMessages": ["isGroupYes"],
        }
        await self._lookup(credentials, "POST", "/webhook", wanted)

    async def _find(
        self, credentials: GatewayCredentials, query: Mapping[str, object]
    ) -> list[Mapping[str, object]]:
        answer = read_object(await self._lookup(credentials, "POST", "/message/find", query))
        if not isinstance(answer.get("messages"), list):
            raise UnavailableError("the gateway's answer to a search holds no list of messages")
        return [read_object(m) for m in read_list(answer["messages"])]

    async def _lookup(
        self,
        credentials: GatewayCredentials,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
    ) -> object:
        """The JSON of a 2xx answer; anything else is ``UnavailableError``."""
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
        secret = {"token": credentials.token}
        return await self._wire.call(method, url, secret, body, timeout_s, most_bytes)


def _request(
    number: str, outgoing: OutboundMessage | SentMessageChange, track_id: str
) -> tuple[str, dict[str, object]]:
    """Path and body of a send (Uazapi reference 2.2)."""
    body: dict[str, object] = {
        # Digits: one integrator saw sends to a whole JID fail (Uazapi reference 2.1).
        "number": number.removesuffix("@s.whatsapp.net"),
        "track_id": track_id,
        "track_source": "niochat",
    }
    if isinstance(outgoing, SentMessageChange):
        return _PATHS[outgoing.change], {**body, **_change(outgoing)}
    body["text"] = escape_placeholders(outgoing.text)
    if outgoing.reply_to is not None:
        body["replyid"] = outgoing.reply_to
    if outgoing.file is None:
        return "/send/text", {**body, "linkPreview": False}
    kind = "ptt" if outgoing.kind is MessageKind.VOICE else outgoing.kind.value
    return "/send/media", {**body, "type": kind, **_file(outgoing.file)}


def _change(outgoing: SentMessageChange) -> dict[str, object]:
    if outgoing.change is MessageChange.DELETION:
        return {"id": outgoing.target}
    return {"id": outgoing.target, "text": escape_placeholders(outgoing.value)}


def _file(file: OutboundFile) -> dict[str, object]:
    # As a data URI, which tells servers that do not know ``mimetype`` yet what it is.
    data = base64.b64encode(file.data).decode("ascii")
    return {
        "file": f"data:{file.mimetype};base64,{data}",
        "docName": file.filename,
        "mimetype": file.mimetype,
    }


def _fetched(response: UazapiResponse) -> FetchedFile:
    answer = read_object(response.body)
    if not 200 <= response.status < 300 or not answer:
        raise UnavailableError(f"the gateway answered a download with {response.status}")
    try:
        data = base64.b64decode(read_text(answer.get("base64Data")), validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if not data:
        raise UnavailableError("the gateway's answer to a download holds no file")
    return FetchedFile(data, read_text(answer.get("mimetype")))
