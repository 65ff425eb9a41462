"""``/push``: the browsers to which notifications of the signed-in user are sent."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import Field

from niochat.adapters.clock import database_clock
from niochat.http.api.schemas import RequestModel, ResponseModel
from niochat.http.rest.dependencies import UserDependency, audit_actor_for, home_tenant_id
from niochat.http.rest.idempotent_route import IdempotentRoute
from niochat.http.rest.rest_services import services_for
from niochat.identity.authentication import Principal
from niochat.push.push_subscriptions import SubscriptionOwner, parse_browser_address

SignedInUser = Annotated[Principal, Depends(UserDependency())]
KeyText = Annotated[str, Field(min_length=16, max_length=200)]

router = APIRouter(prefix="/push", tags=["push"], route_class=IdempotentRoute)


class PushPublicKeyResponse(ResponseModel):
    """The ``applicationServerKey`` of the installation, in base64url. It stays the same."""

    public_key: str


class PushKeys(RequestModel):
    """The keys of a subscription, in base64url."""

    p256dh: KeyText
    auth: KeyText


class PutPushSubscriptionRequest(RequestModel):
    """A subscription as ``PushSubscription.toJSON()`` returns it, and the ``device`` as the user
    knows it. ``expirationTime`` may be sent and is ignored.
    """

    endpoint: Annotated[str, Field(min_length=10, max_length=1000)]
    keys: PushKeys
    device: Annotated[str, Field(min_length=1, max_length=80)]
    expirationTime: float | None = None  # noqa: N815 - the browser's own name


class PushSubscriptionResponse(ResponseModel):
    """A browser of the user. ``current`` is true for the session that sends the request."""

    id: UUID
    device: str
    created_at: datetime
    current: bool


@router.get("/public-key")
async def get_push_public_key(user: SignedInUser, request: Request) -> PushPublicKeyResponse:
    """Return the key with which a browser subscribes."""
    key = await services_for(request).vapid_keys.load()
    return PushPublicKeyResponse(public_key=key.public_key)


@router.get("/subscriptions")
async def list_push_subscriptions(
    user: SignedInUser, request: Request
) -> list[PushSubscriptionResponse]:
    """List the browsers of the signed-in user."""
    rows = await services_for(request).push_subscriptions.list(home_tenant_id(user), user.id)
    return [_subscription_response(row, user) for row in rows]


@router.put("/subscriptions")
async def put_push_subscription(
    body: PutPushSubscriptionRequest, user: SignedInUser, request: Request
) -> PushSubscriptionResponse:
    """Add the browser of this session, or renew it. Notifications are sent to it while the session
    is signed in, as the preferences of the user say. A user can have ten browsers.

    A notification is JSON with ``kind``, ``conversation_id``, ``title``, ``body`` and ``tag``.
    """
    row = await services_for(request).push_subscriptions.put(
        _owner_for(request, user),
        parse_browser_address(body.endpoint, body.keys.p256dh, body.keys.auth),
        body.device,
        database_clock.now(),
    )
    return _subscription_response(row, user)


@router.delete("/subscriptions/{subscription_id}", status_code=204)
async def delete_push_subscription(
    subscription_id: UUID, user: SignedInUser, request: Request
) -> None:
    """Remove a browser of the signed-in user."""
    await services_for(request).push_subscriptions.delete(
        _owner_for(request, user), subscription_id
    )


def _owner_for(request: Request, user: Principal) -> SubscriptionOwner:
    assert user.session_id is not None
    return SubscriptionOwner(
        home_tenant_id(user), user.id, user.session_id, audit_actor_for(request, user)
    )


def _subscription_response(row: dict[str, Any], user: Principal) -> PushSubscriptionResponse:
    return PushSubscriptionResponse.model_validate(
        {**row, "current": row["session_id"] == user.session_id}
    )
