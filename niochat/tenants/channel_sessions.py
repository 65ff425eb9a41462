"""Sessions of channels with their gateways: pairing, status, disconnecting; and webhooks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from niochat.adapters.gateways.gateway_vendor import GatewayVendor
from niochat.adapters.gateways.registry import GATEWAYS
from niochat.adapters.postgres.audit_log import record_change
from niochat.adapters.postgres.database import Database, fetch_one
from niochat.adapters.postgres.queries import queries
from niochat.domain.errors import OperationRefusedError, UnavailableError
from niochat.ports.audit import AuditActor, AuditEntry
from niochat.ports.encryption import Encryptor
from niochat.ports.gateway import (
    GatewayCredentials,
    InstanceStatus,
    PairingState,
    WebhookRegistration,
)
from niochat.tenants.channel_provisioning import GatewayAccess
from niochat.tenants.config_records import build_webhook_url
from niochat.tenants.tenant_secrets import SecretPurpose

_SQL = queries("channels")
_INBOX = queries("inbox")


@dataclass(frozen=True, slots=True)
class PairingOffer:
    """QR code or pairing code for a phone, and when it expires."""

    pairing: PairingState
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class WebhookProblem:
    """A problem of a webhook: a code, and a message that says what to do."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class WebhookStatus:
    """Configuration of a webhook at the gateway.

    ``url`` is without secrets; None if there is no webhook.
    """

    url: str | None
    enabled: bool
    events: tuple[str, ...]
    problems: tuple[WebhookProblem, ...]


@dataclass(frozen=True, slots=True)
class _OpenedChannel:
    id: UUID
    status: str
    credentials: GatewayCredentials
    url: str = field(repr=False)


class ChannelSessionService:
    """Pairs, inspects and disconnects channels, and sets their webhooks.

    All methods raise ``NotFoundError``, ``UnavailableError``, and ``OperationRefusedError`` if the
    gateway rejects the channel's token.
    """

    def __init__(self, database: Database, encryptor: Encryptor, access: GatewayAccess) -> None:
        self._database = database
        self._encryptor = encryptor
        self._access = access

    async def connect(
        self, tenant_id: UUID, channel_id: UUID, phone: str | None, actor: AuditActor, now: datetime
    ) -> PairingOffer:
        """Start pairing and return a QR code or, if ``phone`` is given, a pairing code.

        If pairing is in progress its code is returned again. Raises ``OperationRefusedError``
        (``already_connected``, or ``connecting`` if there is no code yet).
        """
        channel = await self._open_channel(tenant_id, channel_id)
        pairing = await self._start_pairing(channel.credentials, phone)
        method = "code" if pairing.code else "picture"
        await self._record_status(
            tenant_id, channel, pairing.status, actor, "channels.connect", {"by": method}
        )
        if not (pairing.qrcode or pairing.code):
            return PairingOffer(pairing, None)
        vendor = GATEWAYS.require_stored(channel.credentials.kind)
        lifetime = vendor.pairing_code_lifetime if pairing.code else vendor.qr_code_lifetime
        return PairingOffer(pairing, now + lifetime)

    async def status(self, tenant_id: UUID, channel_id: UUID) -> InstanceStatus:
        """Fetch the status from the gateway and store it."""
        channel = await self._open_channel(tenant_id, channel_id)
        instance = await self._fetch_status(channel.credentials)
        await self._record_status(tenant_id, channel, instance.status)
        return instance

    async def disconnect(self, tenant_id: UUID, channel_id: UUID, actor: AuditActor) -> None:
        """Log the phone out. No message is sent or received until it is paired again."""
        channel = await self._open_channel(tenant_id, channel_id)
        await self._access.admin.disconnect(channel.credentials)
        await self._record_status(
            tenant_id, channel, "disconnected", actor, "channels.disconnect", {}
        )

    async def set_webhook(
        self, tenant_id: UUID, channel_id: UUID, actor: AuditActor
    ) -> WebhookStatus:
        """Register our webhook at the gateway, and return the resulting status."""
        channel = await self._open_channel(tenant_id, channel_id)
        try:
            await self._access.gateway.set_webhook(channel.credentials, channel.url)
        except UnavailableError as error:
            raise _translate_unauthorized(error) from error
        await self._record_status(tenant_id, channel, None, actor, "channels.webhook", {})
        return await self.webhook_status(tenant_id, channel_id)

    async def webhook_status(self, tenant_id: UUID, channel_id: UUID) -> WebhookStatus:
        """Return the webhook that the gateway has, and its problems."""
        channel = await self._open_channel(tenant_id, channel_id)
        webhooks = await self._access.admin.list_webhooks(channel.credentials)
        ours = next((each for each in webhooks if each.url == channel.url), None)
        shown = ours or next(iter(webhooks), None)
        vendor = GATEWAYS.require_stored(channel.credentials.kind)
        return WebhookStatus(
            None if shown is None else _redact_url(shown.url, channel),
            shown is not None and shown.enabled,
            () if shown is None else shown.events,
            tuple(_find_problems(vendor, webhooks, ours)),
        )

    async def _start_pairing(
        self, credentials: GatewayCredentials, phone: str | None
    ) -> PairingState:
        admin = self._access.admin
        try:
            return await admin.start_pairing(credentials, phone)
        except OperationRefusedError as error:
            if error.code != "gateway_conflict":
                raise
        pairing = await admin.get_pairing(credentials)
        if pairing.status == "connected":
            raise OperationRefusedError(
                "The channel is already connected. Disconnect it first.", code="already_connected"
            )
        if not (pairing.qrcode or pairing.code):
            raise OperationRefusedError(
                "The channel is connecting. Repeat the request later.", code="connecting"
            )
        return pairing

    async def _fetch_status(self, credentials: GatewayCredentials) -> InstanceStatus:
        try:
            return await self._access.gateway.fetch_status(credentials)
        except UnavailableError as error:
            raise _translate_unauthorized(error) from error

    async def _open_channel(self, tenant_id: UUID, channel_id: UUID) -> _OpenedChannel:
        async with self._database.as_tenant(tenant_id) as connection:
            row = await fetch_one(
                connection, _SQL["load_sealed"], tenant_id, channel_id, what="channel"
            )
        secrets = [
            self._encryptor.open(row[column], tenant_id=tenant_id, purpose=purpose)
            for column, purpose in (
                ("token_sealed", SecretPurpose.CHANNEL_TOKEN),
                ("secret_sealed", SecretPurpose.CHANNEL_SECRET),
            )
        ]
        url = build_webhook_url(self._access.base_url, row["kind"], channel_id, secrets[1])
        return _OpenedChannel(
            channel_id,
            row["status"],
            GatewayCredentials(row["base_url"], secrets[0], row["kind"]),
            url,
        )

    async def _record_status(
        self,
        tenant_id: UUID,
        channel: _OpenedChannel,
        status: str | None,
        actor: AuditActor | None = None,
        action: str = "",
        details: dict[str, Any] | None = None,
    ) -> None:
        """Store the status, and write an audit entry if ``actor`` is given."""
        changed = status is not None and status != channel.status
        async with self._database.system_transaction() as connection:
            if changed:
                await connection.execute(_INBOX["connection_changed"], channel.id, status, "")
            if actor is not None:
                before, after = {"status": channel.status}, {"status": status, **(details or {})}
                await record_change(
                    connection,
                    AuditEntry(tenant_id, actor, action, f"channel:{channel.id}", before, after),
                )


def _translate_unauthorized(error: UnavailableError) -> OperationRefusedError | UnavailableError:
    if error.code != "unauthorized":
        return error
    return OperationRefusedError(
        "The gateway rejects the token of the channel.", code="gateway_token"
    )


def _redact_url(url: str, channel: _OpenedChannel) -> str:
    """Our own URL without the secret at its end; of another URL scheme and host only."""
    if url == channel.url:
        return url.rpartition("/")[0]
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}"


def _find_problems(
    vendor: GatewayVendor,
    webhooks: Sequence[WebhookRegistration],
    ours: WebhookRegistration | None,
) -> Iterator[WebhookProblem]:
    if not webhooks:
        yield WebhookProblem("no_webhook", "the gateway has no webhook: set it up again")
    elif ours is None:
        yield WebhookProblem(
            "other_address", "the gateway posts to another address: set the webhook up again"
        )
    if ours is None:
        return
    if len(webhooks) > 1:
        yield WebhookProblem(
            "several", "the gateway also posts to other addresses: remove those that are not yours"
        )
    if not ours.enabled:
        yield WebhookProblem("switched_off", "the webhook is disabled: set it up again")
    missing = sorted(vendor.required_events - set(ours.events))
    if missing:
        yield WebhookProblem(
            "missing_events", f"the webhook lacks the events {', '.join(missing)}: set it up again"
        )
    if vendor.echo_filters & set(ours.excluded):
        yield WebhookProblem(
            "echoes_excluded", "the webhook excludes our own messages: set it up again"
        )
