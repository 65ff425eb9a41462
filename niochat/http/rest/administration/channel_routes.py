"""``/channels``: WhatsApp numbers: creating, pairing, status, webhook and disconnecting."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import Field, SecretStr, model_validator

from niochat.adapters.clock import database_clock
from niochat.domain.permissions import PermissionAction
from niochat.http.api.schemas import RequestModel, ResponseModel, Slug
from niochat.http.rest.dependencies import (
    PermissionDependency,
    audit_actor_for,
    tenant_services_for,
)
from niochat.http.rest.idempotent_route import IdempotentRoute
from niochat.identity.authentication import Principal
from niochat.tenants.channel_provisioning import NewChannel
from niochat.tenants.channel_sessions import WebhookStatus
from niochat.tenants.provider_file.field_types import (
    GatewayKind,
    HttpAddress,
    SecretToken,
    ShortName,
)

Phone = Annotated[str, Field(pattern=r"^\+?[0-9]{10,15}$")]
MayRead = Annotated[Principal, Depends(PermissionDependency(PermissionAction.CHANNELS_READ))]
MayWrite = Annotated[Principal, Depends(PermissionDependency(PermissionAction.CHANNELS_WRITE))]

router = APIRouter(prefix="/channels", tags=["channels"], route_class=IdempotentRoute)


class ChannelResponse(ResponseModel):
    """A WhatsApp number of the tenant. ``kind`` is the vendor of its gateway.

    ``held_until`` is set while sending is paused; no message is
    sent before. ``last_active_at`` is the time of the last change of a conversation on the channel.
    """

    id: UUID
    slug: str
    name: str
    kind: str
    status: str
    status_reason: str
    status_at: datetime
    held_until: datetime | None
    held_reason: str | None
    last_active_at: datetime | None
    created_at: datetime


class CreateChannelRequest(RequestModel):
    """A new channel. Send ``base_url`` and ``token`` to use an existing gateway instance, or leave
    out both to create an instance on the gateway of the installation. ``kind`` is the vendor of
    the gateway.
    """

    slug: Slug
    name: ShortName
    kind: GatewayKind | None = None
    base_url: HttpAddress | None = None
    token: SecretToken | None = None

    @model_validator(mode="after")
    def _both(self) -> Self:
        if (self.base_url is None) != (self.token is None):
            raise ValueError("send both base_url and token, or leave out both")
        return self


class CreatedChannelResponse(ChannelResponse):
    """The new channel. ``webhook_set`` is false if the gateway did not accept the webhook; set the
    webhook again with ``POST /channels/{channel_id}/webhook``.
    """

    webhook_set: bool


class ConnectChannelRequest(RequestModel):
    """How to pair the phone. With ``phone``, the response has a code to type on the phone; without
    it, a QR code to scan.
    """

    phone: Phone | None = None


class ChannelPairingResponse(ResponseModel):
    """How to pair the phone: ``qr_code`` (an image as a data URI) or ``code``. Both are null if the
    channel is already connected.
    """

    status: str
    qr_code: str | None
    code: str | None
    expires_at: datetime | None


class ChannelStatusResponse(ResponseModel):
    """The connection status that the gateway reports. ``phone`` is the number of the paired phone,
    digits only.
    """

    status: str
    phone: str | None


class ChannelWebhookProblemResponse(ResponseModel):
    """A problem with the webhook: a stable code and a sentence for people."""

    code: str
    message: str


class ChannelWebhookResponse(ResponseModel):
    """The webhook that the gateway has. ``url`` does not contain the secret. ``problems`` is empty
    if the webhook is correct.
    """

    url: str | None
    enabled: bool
    events: list[str]
    problems: list[ChannelWebhookProblemResponse]


@router.get("")
async def list_channels(caller: MayRead, request: Request) -> list[ChannelResponse]:
    """List all channels by slug."""
    rows = await tenant_services_for(request).channels.list(
        caller.require(PermissionAction.CHANNELS_READ)
    )
    return [ChannelResponse.model_validate(row) for row in rows]


@router.post("", status_code=201)
async def create_channel(
    body: CreateChannelRequest, caller: MayWrite, request: Request
) -> CreatedChannelResponse:
    """Create a channel and set the webhook at its gateway."""
    tenant_id = caller.require(PermissionAction.CHANNELS_WRITE)
    tenant_services = tenant_services_for(request)
    new = NewChannel(body.slug, body.name, body.kind, body.base_url, _reveal(body.token))
    channel_id, webhook_set = await tenant_services.channels.create(
        tenant_id, new, audit_actor_for(request, caller)
    )
    await tenant_services.announce_change(tenant_id)
    row = await tenant_services.channels.find(tenant_id, channel_id)
    return CreatedChannelResponse.model_validate({**row, "webhook_set": webhook_set})


@router.get("/{channel_id}")
async def get_channel(channel_id: UUID, caller: MayRead, request: Request) -> ChannelResponse:
    """Return one channel."""
    row = await tenant_services_for(request).channels.find(
        caller.require(PermissionAction.CHANNELS_READ), channel_id
    )
    return ChannelResponse.model_validate(row)


@router.post("/{channel_id}/connect")
async def connect_channel(
    channel_id: UUID, body: ConnectChannelRequest, caller: MayWrite, request: Request
) -> ChannelPairingResponse:
    """Pair the channel with a phone."""
    tenant_id = caller.require(PermissionAction.CHANNELS_WRITE)
    phone = None if body.phone is None else body.phone.removeprefix("+")
    offer = await tenant_services_for(request).channel_sessions.connect(
        tenant_id, channel_id, phone, audit_actor_for(request, caller), database_clock.now()
    )
    pairing = offer.pairing
    return ChannelPairingResponse(
        status=pairing.status,
        qr_code=pairing.qrcode or None,
        code=pairing.code or None,
        expires_at=offer.expires_at,
    )


@router.get("/{channel_id}/status")
async def get_channel_status(
    channel_id: UUID, caller: MayRead, request: Request
) -> ChannelStatusResponse:
    """Ask the gateway for the connection status of the channel."""
    tenant_id = caller.require(PermissionAction.CHANNELS_READ)
    session = await tenant_services_for(request).channel_sessions.status(tenant_id, channel_id)
    return ChannelStatusResponse(status=session.status, phone=session.owner or None)


@router.post("/{channel_id}/disconnect", status_code=204)
async def disconnect_channel(channel_id: UUID, caller: MayWrite, request: Request) -> None:
    """Log out the phone of the channel."""
    tenant_id = caller.require(PermissionAction.CHANNELS_WRITE)
    await tenant_services_for(request).channel_sessions.disconnect(
        tenant_id, channel_id, audit_actor_for(request, caller)
    )


@router.get("/{channel_id}/webhook")
async def get_channel_webhook(
    channel_id: UUID, caller: MayRead, request: Request
) -> ChannelWebhookResponse:
    """Check whether the gateway sends all required events to this installation."""
    tenant_id = caller.require(PermissionAction.CHANNELS_READ)
    return _webhook_response(
        await tenant_services_for(request).channel_sessions.webhook_status(tenant_id, channel_id)
    )


@router.post("/{channel_id}/webhook")
async def set_channel_webhook(
    channel_id: UUID, caller: MayWrite, request: Request
) -> ChannelWebhookResponse:
    """Set the webhook at the gateway again."""
    tenant_id = caller.require(PermissionAction.CHANNELS_WRITE)
    actor = audit_actor_for(request, caller)
    return _webhook_response(
        await tenant_services_for(request).channel_sessions.set_webhook(
            tenant_id, channel_id, actor
        )
    )


def _webhook_response(state: WebhookStatus) -> ChannelWebhookResponse:
    return ChannelWebhookResponse.model_validate(state)


def _reveal(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()
