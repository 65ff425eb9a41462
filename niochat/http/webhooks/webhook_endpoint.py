"""The gateway's door: authenticate, parse, store; 200 only after the commit, then poke."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Protocol
from uuid import UUID

import orjson
import structlog
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from niochat.adapters import clock
from niochat.adapters.gateways.registry import GATEWAYS
from niochat.domain.conversation.commands import ReceiveSystemNotice
from niochat.domain.errors import (
    InvalidInputError,
    NiochatError,
    NotFoundError,
    RateLimitedError,
    UnavailableError,
)
from niochat.http.problems import BodyTooLargeError, problem_response
from niochat.http.webhooks.backfill_scheduler import BackfillScheduler
from niochat.http.webhooks.webhook_admission import WebhookAdmission
from niochat.inbox.inbox_store import AcceptResult, InboxStore
from niochat.ports.gateway_events import (
    ChannelConnectionChanged,
    IgnoredEvent,
    InboundEvent,
    ParsedWebhook,
)
from niochat.tenants.config_records import ChannelRecord
from niochat.vault.vault import Vault

_log = structlog.get_logger(__name__)

MAX_WEBHOOK_BODY = 1024 * 1024
_SCHEDULED_CODES = {"flood", "crowded", "disconnected", "cancelled"}
"""Why a webhook was not stored although the database is there: it is fetched without being asked.
"""


class ChannelLookup(Protocol):
    """Where channels are looked up."""

    async def channel(self, channel_id: UUID) -> ChannelRecord | None:
        """The channel, or ``None``."""
        ...

    def hmac_key(self, channel: ChannelRecord) -> str | None:
        """The key that its webhooks must be signed with."""
        ...


class WebhookEndpoint:
    """Handles webhooks. ``poke`` is told the threads that got something new, and their tenant."""

    def __init__(
        self,
        channels: ChannelLookup,
        vault: Vault,
        inbox: InboxStore,
        poke: Callable[[UUID, UUID], None],
        connected: Callable[[UUID], None],
        count: Callable[[str], None],
        catch_up: BackfillScheduler | None = None,
        admission: WebhookAdmission | None = None,
    ) -> None:
        self._channels = channels
        self._vault = vault
        self._inbox = inbox
        self._poke = poke
        self._connected = connected
        self._count = count
        self._backfill_scheduler = catch_up
        self._admission = admission or WebhookAdmission()

    async def receive(self, request: Request) -> Response:
        """``POST /webhooks/{kind}/{channel_id}/{secret}``; 429 and 503 say when to repeat it."""
        if self._admission.is_full:
            self._record_missed_by_path(request)
        with self._admission.admit_request():
            channel = await self._authenticate(request)
            return await self._admit(request, channel)

    async def _admit(self, request: Request, channel: ChannelRecord) -> Response:
        """Nothing is waited for between number and place: both follow the order of arrival."""
        catch_up = self._backfill_scheduler
        arrival = catch_up.next_arrival() if catch_up is not None else 0
        closed_s = catch_up.closed_for_s(channel.id) if catch_up is not None else 0.0
        try:
            with self._admission.admit_tenant(channel.tenant_id, closed_s) as place:
                await place.wait_until_due()
                return await self._receive(request, channel, arrival)
        except ClientDisconnect:
            self._record_missed(channel, arrival, "disconnected")
            raise InvalidInputError("The body ended early. Send the complete body.") from None
        except (RateLimitedError, UnavailableError) as error:
            self._record_missed(channel, arrival, error.code)
            raise
        except asyncio.CancelledError:
            self._record_missed(channel, arrival, "cancelled")
            raise

    def _record_missed(self, channel: ChannelRecord, arrival: int, code: str) -> None:
        """The gateway may not repeat it. A database that is away cannot be filled either."""
        if self._backfill_scheduler is None:
            return
        if code in _SCHEDULED_CODES:
            self._backfill_scheduler.record_rejected(channel, arrival)
        else:
            self._backfill_scheduler.record_missed(channel.id, arrival)

    def _record_missed_by_path(self, request: Request) -> None:
        """Nobody looked whether it is a gateway's: at worst a channel is filled once more."""
        try:
            channel_id = UUID(request.path_params["channel_id"])
        except ValueError:
            return
        if self._backfill_scheduler is not None:
            self._backfill_scheduler.record_missed(channel_id)

    async def _receive(self, request: Request, channel: ChannelRecord, arrival: int) -> Response:
        body = await _read_body(request)
        vendor = GATEWAYS.require_stored(channel.kind)
        self._check_signature(channel, vendor.signature_header, request, body)
        webhook = vendor.parse_webhook(_parse_json(body), clock.now())
        if vendor.body_has_token and not self._vault.matches_fingerprint(
            webhook.token, channel.token_hash
        ):
            _log.warning(
                "webhook_token_refused", channel=str(channel.id), client=_client_address(request)
            )
            raise NotFoundError("The channel does not exist.")
        return JSONResponse(await self._handle_event(channel, webhook, arrival))

    async def _authenticate(self, request: Request) -> ChannelRecord:
        """The channel of the address. An unknown channel, another kind and a wrong secret look the
        same and take the same time.
        """
        try:
            channel_id = UUID(request.path_params["channel_id"])
        except ValueError:
            raise NotFoundError("The channel does not exist.") from None
        channel = await self._load_channel(channel_id)
        if channel is not None and channel.kind != request.path_params["kind"]:
            channel = None
        known = channel.secret_hash if channel is not None else bytes(32)
        right = self._vault.matches_fingerprint(request.path_params["secret"], known)
        if channel is None or not right:
            _log.warning(
                "webhook_refused", channel=str(channel_id), client=_client_address(request)
            )
            raise NotFoundError("The channel does not exist.")
        return channel

    async def _load_channel(self, channel_id: UUID) -> ChannelRecord | None:
        try:
            return await self._channels.channel(channel_id)
        except UnavailableError:
            if self._backfill_scheduler is not None:
                self._backfill_scheduler.record_missed(channel_id)
            raise

    def _check_signature(
        self, channel: ChannelRecord, header: str, request: Request, body: bytes
    ) -> None:
        key = self._channels.hmac_key(channel)
        if key is None:
            return
        wanted = "sha256=" + hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
        given = request.headers.get(header, "")
        if not hmac.compare_digest(wanted.encode(), given.encode()):
            _log.warning("webhook_signature_refused", channel=str(channel.id))
            raise NotFoundError("The channel does not exist.")

    async def _handle_event(
        self, channel: ChannelRecord, webhook: ParsedWebhook, arrival: int
    ) -> dict[str, object]:
        match webhook.event:
            case IgnoredEvent(reason=reason):
                self._count(reason)
                return {"ignored": reason}
            case ChannelConnectionChanged(status=status, reason=reason):
                await self._inbox.record_connection_status(channel.id, status, reason)
                _log.info("channel_session_changed", channel=str(channel.id), status=status)
                if status == "connected":
                    self._connected(channel.tenant_id)
                return {"accepted": "connection"}
            case incoming:
                accepted = await self._accept(channel, incoming, arrival)
        if accepted.thread_id is None:
            self._count("stranger")
            return {"ignored": "stranger"}
        if accepted.new:
            if isinstance(incoming.command, ReceiveSystemNotice):
                self._count(f"notice_{incoming.command.shape}")
            self._poke(accepted.thread_id, channel.tenant_id)
        return {"accepted": "new" if accepted.new else "known"}

    async def _accept(
        self, channel: ChannelRecord, incoming: InboundEvent, arrival: int
    ) -> AcceptResult:
        if self._backfill_scheduler is not None:
            await self._backfill_scheduler.wait_until_filled(channel, arrival)
        return await self._inbox.accept(channel.tenant_id, channel.id, incoming)


def build_webhook_routes(door: WebhookEndpoint) -> list[Route]:
    """Routes of the door."""
    return [Route("/webhooks/{kind}/{channel_id}/{secret}", door.receive, methods=["POST"])]


def build_webhook_application(door: WebhookEndpoint) -> Starlette:
    """The door as an application of its own, for tests."""
    return Starlette(
        routes=build_webhook_routes(door), exception_handlers={NiochatError: problem_response}
    )


async def _read_body(request: Request) -> bytes:
    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > MAX_WEBHOOK_BODY:
        raise BodyTooLargeError("The body is larger than 1 MiB.")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_WEBHOOK_BODY:
            raise BodyTooLargeError("The body is larger than 1 MiB.")
    return bytes(body)


def _parse_json(body: bytes) -> dict[str, object]:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        value = _parse_with_lone_surrogates(body, str(error))
    if not isinstance(value, dict):
        raise InvalidInputError("The body must be a JSON object.", code="malformed")
    return value


def _parse_with_lone_surrogates(body: bytes, complaint: str) -> object:
    """A lone surrogate (half an emoji) is JSON, but orjson refuses it, and with it the message."""
    try:
        return json.loads(body, parse_constant=_reject_constant)
    except (ValueError, RecursionError):
        raise InvalidInputError(
            f"The body is not valid JSON: {complaint}.", code="malformed"
        ) from None


def _reject_constant(name: str) -> object:
    raise ValueError(name)


def _client_address(request: Request) -> str:
    return request.client.host if request.client else ""
