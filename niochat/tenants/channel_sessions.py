"""A channel's session with its gateway: paired with a phone, looked at, ended; and its webhook."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from niochat.adapters.gateways.gateway_vendor import GatewayVendor
from niochat.adapters.gateways.registry import GATEWAYS
from niochat.adapters.postgres.audit_log import record_change
from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.errors import NotFoundError, OperationRefusedError, UnavailableError
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
    """How a phone joins, until when."""

    pairing: PairingState
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class WebhookProblem:
    """What is wrong with a webhook, as a code and in words that say what to do."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class WebhookStatus:
    """``address`` without what is secret of it; None where there is no webhook."""

    address: str | None
    enabled: bool
    events: tuple[str, ...]
    problems: tuple[WebhookProblem, ...]


@dataclass(frozen=True, slots=True)
class _OpenedChannel:
    id: UUID
    status: str
    line: GatewayCredentials
    url: str = field(repr=False)


class ChannelSessionService:
    """Of one tenant's channel at a time. All raise ``NotFoundError``, ``UnavailableError``, and
    ``Refused`` for a token that the gateway does not take any more.
    """

    def __init__(self, database: Database, seals: Encryptor, outside: GatewayAccess) -> None:
        self._database = database
        self._seals = seals
        self._outside = outside

    async def connect(
        self, tenant_id: UUID, channel_id: UUID, phone: str | None, who: AuditActor, now: datetime
    ) -> PairingOffer:
        """A picture or, for ``phone``, a code; what is under way already is shown again. Raises
        ``Refused`` (``already_connected``, ``connecting`` where there is nothing to show yet).
        """
        channel = await self._open_channel(tenant_id, channel_id)
        pairing = await self._start_pairing(channel.line, phone)
        how = "code" if pairing.code else "picture"
        await self._record_status(
            tenant_id, channel, pairing.status, who, "channels.connect", {"by": how}
        )
        if not (pairing.qrcode or pairing.code):
            return PairingOffer(pairing, None)
        vendor = GATEWAYS.require_stored(channel.line.kind)
        lifetime = vendor.pairing_code_lifetime if pairing.code else vendor.qr_code_lifetime
        return PairingOffer(pairing, now + lifetime)

    async def status(self, tenant_id: UUID, channel_id: UUID) -> InstanceStatus:
        """As the gateway has it now, which is stored."""
        channel = await self._open_channel(tenant_id, channel_id)
        found = await self._line_status(channel.line)
        await self._record_status(tenant_id, channel, found.status)
        return found

    async def disconnect(self, tenant_id: UUID, channel_id: UUID, who: AuditActor) -> None:
        """Log the phone out: nothing leaves or arrives until it is paired again."""
        channel = await self._open_channel(tenant_id, channel_id)
        await self._outside.admin.disconnect(channel.line)
        await self._record_status(
            tenant_id, channel, "disconnected", who, "channels.disconnect", {}
        )

    async def set_webhook(
        self, tenant_id: UUID, channel_id: UUID, who: AuditActor
    ) -> WebhookStatus:
        """Have the gateway post to us, and look whether it does."""
        channel = await self._open_channel(tenant_id, channel_id)
        try:
            await self._outside.gateway.set_webhook(channel.line, channel.url)
        except UnavailableError as error:
            raise _translate_unauthorized(error) from error
        await self._record_status(tenant_id, channel, None, who, "channels.webhook", {})
        return await self.webhook_status(tenant_id, channel_id)

    async def webhook_status(self, tenant_id: UUID, channel_id: UUID) -> WebhookStatus:
        """What the gateway knows of us, and what is wrong with it."""
        channel = await self._open_channel(tenant_id, channel_id)
        found = await self._outside.admin.list_webhooks(channel.line)
        ours = next((each for each in found if each.url == channel.url), None)
        shown = ours or next(iter(found), None)
        return WebhookStatus(
            None if shown is None else _redact_url(shown.url, channel),
            shown is not None and shown.enabled,
            () if shown is None else shown.events,
            tuple(_find_problems(GATEWAYS.require_stored(channel.line.kind), found, ours)),
        )

    async def _start_pairing(self, line: GatewayCredentials, phone: str | None) -> PairingState:
        administration = self._outside.admin
        try:
            return await administration.start_pairing(line, phone)
        except OperationRefusedError as error:
            if error.code != "gateway_conflict":
                raise
        pairing = await administration.get_pairing(line)
        if pairing.status == "connected":
            raise OperationRefusedError(
                "The channel is already connected. Disconnect it first.", code="already_connected"
            )
        if not (pairing.qrcode or pairing.code):
            raise OperationRefusedError(
                "The channel is connecting. Repeat the request later.", code="connecting"
            )
        return pairing

    async def _line_status(self, line: GatewayCredentials) -> InstanceStatus:
        try:
            return await self._outside.gateway.fetch_status(line)
        except UnavailableError as error:
            raise _translate_unauthorized(error) from error

    async def _open_channel(self, tenant_id: UUID, channel_id: UUID) -> _OpenedChannel:
        async with self._database.as_tenant(tenant_id) as connection:
            row = await connection.fetchrow(_SQL["load_sealed"], tenant_id, channel_id)
        if row is None:
            raise NotFoundError("The channel does not exist.")
        opened = [
            self._seals.open(row[column], tenant_id=tenant_id, purpose=purpose)
            for column, purpose in (
                ("token_sealed", SecretPurpose.CHANNEL_TOKEN),
                ("secret_sealed", SecretPurpose.CHANNEL_SECRET),
            )
        ]
        url = build_webhook_url(self._outside.base_url, row["kind"], channel_id, opened[1])
        return _OpenedChannel(
            channel_id,
            row["status"],
            GatewayCredentials(row["base_url"], opened[0], row["kind"]),
            url,
        )

    async def _record_status(
        self,
        tenant_id: UUID,
        channel: _OpenedChannel,
        status: str | None,
        who: AuditActor | None = None,
        action: str = "",
        told: dict[str, Any] | None = None,
    ) -> None:
        """What the gateway said, and who asked it for what."""
        changed = status is not None and status != channel.status
        async with self._database.system_transaction() as connection:
            if changed:
                await connection.execute(_INBOX["connection_changed"], channel.id, status, "")
            if who is not None:
                before, after = {"status": channel.status}, {"status": status, **(told or {})}
                await record_change(
                    connection,
                    AuditEntry(tenant_id, who, action, f"channel:{channel.id}", before, after),
                )


def _translate_unauthorized(error: UnavailableError) -> OperationRefusedError | UnavailableError:
    if error.code != "unauthorized":
        return error
    return OperationRefusedError(
        "The gateway rejects the token of the channel.", code="gateway_token"
    )


def _redact_url(url: str, channel: _OpenedChannel) -> str:
    """Ours without its last part, another one's without all that may be secret."""
    if url == channel.url:
        return url.rpartition("/")[0]
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}"


def _find_problems(
    vendor: GatewayVendor,
    found: Sequence[WebhookRegistration],
    ours: WebhookRegistration | None,
) -> Iterator[WebhookProblem]:
    if not found:
        yield WebhookProblem("no_webhook", "the gateway posts nowhere: set the webhook up again")
    elif ours is None:
        yield WebhookProblem(
            "other_address", "the gateway posts elsewhere: set the webhook up again"
        )
    if ours is None:
        return
    if len(found) > 1:
        yield WebhookProblem(
            "several", "the gateway posts to others too: remove what is not yours there"
        )
    if not ours.enabled:
        yield WebhookProblem("switched_off", "the webhook is switched off: set it up again")
    missing = sorted(vendor.required_events - set(ours.events))
    if missing:
        yield WebhookProblem(
            "missing_events", f"it does not tell of {', '.join(missing)}: set it up again"
        )
    if vendor.echo_filters & set(ours.excluded):
        yield WebhookProblem("echoes_excluded", "it leaves our own messages out: set it up again")
