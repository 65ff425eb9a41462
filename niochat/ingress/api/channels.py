"""``/channels``: WhatsApp numbers, made, paired with a phone, watched and ended."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import Field, SecretStr, model_validator

from niochat.access.callers import Caller
from niochat.accounts.channel_sessions import WebhookState
from niochat.accounts.channels import NewChannel
from niochat.accounts.fields import Address, Name, Secret
from niochat.adapters.clock import agreed
from niochat.domain.permissions import PermissionAction
from niochat.ingress.api.doorway import Needs, accounts_of, who_of
from niochat.ingress.api.once import ActingRoute
from niochat.ingress.api.shapes import Body, Shown

Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
Phone = Annotated[str, Field(pattern=r"^\+?[0-9]{10,15}$")]
MayRead = Annotated[Caller, Depends(Needs(PermissionAction.CHANNELS_READ))]
MayWrite = Annotated[Caller, Depends(Needs(PermissionAction.CHANNELS_WRITE))]

router = APIRouter(prefix="/channels", tags=["channels"], route_class=ActingRoute)


class ChannelShown(Shown):
    """A WhatsApp number of the tenant. ``held_until`` is set while sending is paused; no message is
    sent before. ``last_active_at`` is the time of the last change of a conversation on the channel.
    """

    id: UUID
    slug: str
    name: str
    status: str
    status_reason: str
    status_at: datetime
    held_until: datetime | None
    held_reason: str | None
    last_active_at: datetime | None
    created_at: datetime


class ChannelBody(Body):
    """A new channel. Send ``base_url`` and ``token`` to use an existing gateway instance, or leave
    out both to create an instance on the gateway of the installation.
    """

    slug: Slug
    name: Name
    base_url: Address | None = None
    token: Secret | None = None

    @model_validator(mode="after")
    def _both(self) -> Self:
        if (self.base_url is None) != (self.token is None):
            raise ValueError("send both base_url and token, or leave out both")
        return self


class ChannelMade(ChannelShown):
    """The new channel. ``webhook_set`` is false if the gateway did not accept the webhook; set the
    webhook again with ``POST /channels/{channel_id}/webhook``.
    """

    webhook_set: bool


class Connecting(Body):
    """How to pair the phone. With ``phone``, the response has a code to type on the phone; without
    it, a QR code to scan.
    """

    phone: Phone | None = None


class PairingShown(Shown):
    """How to pair the phone: ``qrcode`` (an image as a data URI) or ``code``. Both are null if the
    channel is already connected.
    """

    status: str
    qrcode: str | None
    code: str | None
    expires_at: datetime | None


class SessionShown(Shown):
    """The connection status that the gateway reports. ``number`` is the number of the paired phone,
    digits only.
    """

    status: str
    number: str | None


class FaultShown(Shown):
    """A problem with the webhook: a stable code and a sentence for people."""

    code: str
    words: str


class WebhookShown(Shown):
    """The webhook that the gateway has. ``address`` does not contain the secret. ``faults`` is
    empty if the webhook is correct.
    """

    address: str | None
    enabled: bool
    events: list[str]
    faults: list[FaultShown]


@router.get("")
async def channels(caller: MayRead, request: Request) -> list[ChannelShown]:
    """List all channels by slug."""
    rows = await accounts_of(request).channels.list(caller.need(PermissionAction.CHANNELS_READ))
    return [ChannelShown.model_validate(row) for row in rows]


@router.post("", status_code=201)
async def create(body: ChannelBody, caller: MayWrite, request: Request) -> ChannelMade:
    """Create a channel and set the webhook at its gateway."""
    tenant_id, accounts = caller.need(PermissionAction.CHANNELS_WRITE), accounts_of(request)
    new = NewChannel(body.slug, body.name, body.base_url, _revealed(body.token))
    made, told = await accounts.channels.create(tenant_id, new, who_of(request, caller))
    await accounts.announce_change(tenant_id)
    row = await accounts.channels.find(tenant_id, made)
    return ChannelMade.model_validate({**row, "webhook_set": told})


@router.get("/{channel_id}")
async def channel(channel_id: UUID, caller: MayRead, request: Request) -> ChannelShown:
    """Return one channel."""
    row = await accounts_of(request).channels.find(
        caller.need(PermissionAction.CHANNELS_READ), channel_id
    )
    return ChannelShown.model_validate(row)


@router.post("/{channel_id}/connect")
async def connect(
    channel_id: UUID, body: Connecting, caller: MayWrite, request: Request
) -> PairingShown:
    """Pair the channel with a phone."""
    tenant_id = caller.need(PermissionAction.CHANNELS_WRITE)
    phone = None if body.phone is None else body.phone.removeprefix("+")
    offered = await accounts_of(request).channel_sessions.connect(
        tenant_id, channel_id, phone, who_of(request, caller), agreed.now()
    )
    pairing = offered.pairing
    return PairingShown(
        status=pairing.status, qrcode=pairing.qrcode or None, code=pairing.code or None,
        expires_at=offered.expires_at,
    )  # fmt: skip


@router.get("/{channel_id}/status")
async def status(channel_id: UUID, caller: MayRead, request: Request) -> SessionShown:
    """Ask the gateway for the connection status of the channel."""
    tenant_id = caller.need(PermissionAction.CHANNELS_READ)
    found = await accounts_of(request).channel_sessions.status(tenant_id, channel_id)
    return SessionShown(status=found.status, number=found.owner or None)


@router.post("/{channel_id}/disconnect", status_code=204)
async def disconnect(channel_id: UUID, caller: MayWrite, request: Request) -> None:
    """Log out the phone of the channel."""
    tenant_id = caller.need(PermissionAction.CHANNELS_WRITE)
    await accounts_of(request).channel_sessions.disconnect(
        tenant_id, channel_id, who_of(request, caller)
    )


@router.get("/{channel_id}/webhook")
async def webhook(channel_id: UUID, caller: MayRead, request: Request) -> WebhookShown:
    """Check whether the gateway sends all required events to this installation."""
    tenant_id = caller.need(PermissionAction.CHANNELS_READ)
    return _shown(await accounts_of(request).channel_sessions.webhook(tenant_id, channel_id))


@router.post("/{channel_id}/webhook")
async def set_webhook(channel_id: UUID, caller: MayWrite, request: Request) -> WebhookShown:
    """Set the webhook at the gateway again."""
    tenant_id, who = caller.need(PermissionAction.CHANNELS_WRITE), who_of(request, caller)
    return _shown(
        await accounts_of(request).channel_sessions.set_webhook(tenant_id, channel_id, who)
    )


def _shown(state: WebhookState) -> WebhookShown:
    return WebhookShown.model_validate(state)


def _revealed(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()
