"""The webhook endpoint: authenticate, parse, store. It answers 200 only after the commit, then
pokes the conversation's actor.
"""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Protocol
from uuid import UUID

import orjson
import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from niochat.adapters import clock
from niochat.adapters.gateways.registry import GATEWAYS
from niochat.domain.conversation.commands import ReceiveSystemNotice
from niochat.domain.errors import (
    InvalidInputError,
    NotFoundError,
    RateLimitedError,
    UnavailableError,
)
from niochat.http.body_limits import MIB, check_declared_size, read_body
from niochat.http.request_metadata import client_address
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

MAX_WEBHOOK_BODY = MIB
_SCHEDULED_CODES = {"flood", "crowded", "disconnected", "cancelled"}
"""Codes of webhooks that were not stored although the database was available. A back-fill is
scheduled for them at once.
"""


class ChannelLookup(Protocol):
    """Looks up channels and their keys."""

    async def channel(self, channel_id: UUID) -> ChannelRecord | None:
        """Return the channel; None if it does not exist."""
        ...

    def hmac_key(self, channel: ChannelRecord) -> str | None:
        """Return the key that signs the webhooks of the channel; None: they are not signed."""
        ...


class WebhookEndpoint:
    """Receives webhooks. ``poke`` is called with (thread, tenant) after something new was stored,
    ``on_connected`` with the tenant of a channel that has connected, and ``count_ignored`` with
    the reason why a webhook was not stored.
    """

    def __init__(
        self,
        channels: ChannelLookup,
        vault: Vault,
        inbox: InboxStore,
        poke: Callable[[UUID, UUID], None],
        on_connected: Callable[[UUID], None],
        count_ignored: Callable[[str], None],
        backfill_scheduler: BackfillScheduler | None = None,
        admission: WebhookAdmission | None = None,
    ) -> None:
        self._channels = channels
        self._vault = vault
        self._inbox = inbox
        self._poke = poke
        self._on_connected = on_connected
        self._count_ignored = count_ignored
        self._backfill_scheduler = backfill_scheduler
        self._admission = admission or WebhookAdmission()

    async def receive(self, request: Request) -> Response:
        """``POST /webhooks/{kind}/{channel_id}/{secret}``; 429 and 503 say when to repeat it."""
        if self._admission.is_full:
            self._record_missed_by_path(request)
        with self._admission.admit_request():
            channel = await self._authenticate(request)
            return await self._admit(request, channel)

    async def _admit(self, request: Request, channel: ChannelRecord) -> Response:
        """Number the webhook, then wait for its slot. Nothing may be awaited between the two: both
        must follow the order of arrival.
        """
        scheduler = self._backfill_scheduler
        arrival = scheduler.next_arrival() if scheduler is not None else 0
        closed_s = scheduler.closed_for_s(channel.id) if scheduler is not None else 0.0
        try:
            with self._admission.admit_tenant(channel.tenant_id, closed_s) as slot:
                await slot.wait_until_due()
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
        """Remember that the webhook is missing, because the gateway may not repeat it. While the
        database is unavailable no back-fill is scheduled: it could not store anything.
        """
        if self._backfill_scheduler is None:
            return
        if code in _SCHEDULED_CODES:
            self._backfill_scheduler.record_rejected(channel, arrival)
        else:
            self._backfill_scheduler.record_missed(channel.id, arrival)

    def _record_missed_by_path(self, request: Request) -> None:
        """Remember an unauthenticated webhook. A forged one causes at most one extra back-fill."""
        try:
            channel_id = UUID(request.path_params["channel_id"])
        except ValueError:
            return
        if self._backfill_scheduler is not None:
            self._backfill_scheduler.record_missed(channel_id)

    async def _receive(self, request: Request, channel: ChannelRecord, arrival: int) -> Response:
        check_declared_size(request.headers, MAX_WEBHOOK_BODY)
        body = await read_body(request.receive, MAX_WEBHOOK_BODY)
        vendor = GATEWAYS.require_stored(channel.kind)
        self._check_signature(channel, vendor.signature_header, request, body)
        webhook = vendor.parse_webhook(_parse_json(body), clock.now())
        if vendor.body_has_token and not self._vault.matches_fingerprint(
            webhook.token, channel.token_hash
        ):
            _log.warning(
                "webhook_token_refused", channel=str(channel.id), client=client_address(request)
            )
            raise NotFoundError("The channel does not exist.")
        return JSONResponse(await self._handle_event(channel, webhook, arrival))

    async def _authenticate(self, request: Request) -> ChannelRecord:
        """Return the channel of the path. An unknown channel, another kind and a wrong secret get
        the same response after the same time.
        """
        try:
            channel_id = UUID(request.path_params["channel_id"])
        except ValueError:
            raise NotFoundError("The channel does not exist.") from None
        channel = await self._load_channel(channel_id)
        if channel is not None and channel.kind != request.path_params["kind"]:
            channel = None
        fingerprint = channel.secret_hash if channel is not None else bytes(32)
        matches = self._vault.matches_fingerprint(request.path_params["secret"], fingerprint)
        if channel is None or not matches:
            _log.warning("webhook_refused", channel=str(channel_id), client=client_address(request))
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
        expected = "sha256=" + hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
        signature = request.headers.get(header, "")
        if not hmac.compare_digest(expected.encode(), signature.encode()):
            _log.warning("webhook_signature_refused", channel=str(channel.id))
            raise NotFoundError("The channel does not exist.")

    async def _handle_event(
        self, channel: ChannelRecord, webhook: ParsedWebhook, arrival: int
    ) -> dict[str, object]:
        match webhook.event:
            case IgnoredEvent(reason=reason):
                self._count_ignored(reason)
                return {"ignored": reason}
            case ChannelConnectionChanged(status=status, reason=reason):
                await self._inbox.record_connection_status(channel.id, status, reason)
                _log.info("channel_session_changed", channel=str(channel.id), status=status)
                if status == "connected":
                    self._on_connected(channel.tenant_id)
                return {"accepted": "connection"}
            case incoming:
                accepted = await self._accept(channel, incoming, arrival)
        if accepted.thread_id is None:
            self._count_ignored("stranger")
            return {"ignored": "stranger"}
        if accepted.new:
            if isinstance(incoming.command, ReceiveSystemNotice):
                self._count_ignored(f"notice_{incoming.command.shape}")
            self._poke(accepted.thread_id, channel.tenant_id)
        return {"accepted": "new" if accepted.new else "known"}

    async def _accept(
        self, channel: ChannelRecord, incoming: InboundEvent, arrival: int
    ) -> AcceptResult:
        if self._backfill_scheduler is not None:
            await self._backfill_scheduler.wait_until_filled(channel, arrival)
        return await self._inbox.accept(channel.tenant_id, channel.id, incoming)


def build_webhook_routes(endpoint: WebhookEndpoint) -> list[Route]:
    """Return the routes of the endpoint."""
    return [Route("/webhooks/{kind}/{channel_id}/{secret}", endpoint.receive, methods=["POST"])]


def _parse_json(body: bytes) -> dict[str, object]:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        value = _parse_with_lone_surrogates(body, str(error))
    if not isinstance(value, dict):
        raise InvalidInputError("The body must be a JSON object.", code="malformed")
    return value


def _parse_with_lone_surrogates(body: bytes, complaint: str) -> object:
    """Parse JSON with lone surrogates (half an emoji). They are valid JSON, but orjson rejects
    them; the message must not be lost.
    """
    try:
        return json.loads(body, parse_constant=_reject_constant)
    except (ValueError, RecursionError):
        raise InvalidInputError(
            f"The body is not valid JSON: {complaint}.", code="malformed"
        ) from None


def _reject_constant(name: str) -> object:
    raise ValueError(name)
