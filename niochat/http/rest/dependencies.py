"""Dependencies of the routes: authentication, permissions, services and audit.

Every route declares who may call it: ``PublicDependency``, ``UserDependency`` or
``PermissionDependency``. A test checks that none is missing.
"""

import hmac
from uuid import NAMESPACE_URL, UUID, uuid5

import structlog
from fastapi import Request

from niochat.adapters.clock import database_clock
from niochat.assignment.agent_presence import PresenceStore
from niochat.composition.identity_services import IdentityServices
from niochat.composition.tenant_services import TenantServices
from niochat.domain.errors import (
    AuthenticationError,
    NiochatError,
    NotFoundError,
    PermissionDeniedError,
)
from niochat.domain.permissions import BuiltInRole, PermissionAction
from niochat.http.request_metadata import bearer_token, client_address
from niochat.http.rest.rest_services import services_for
from niochat.identity.api_keys import API_KEY_PREFIX
from niochat.identity.authentication import Principal, PrincipalKind
from niochat.identity.sessions import SignInDevice
from niochat.identity.users import ChangedBy
from niochat.ports.audit import AuditActor, AuditActorKind, AuditEntry

_log = structlog.get_logger(__name__)

ACCESS_COOKIE, REFRESH_COOKIE, CSRF_COOKIE = "niochat_access", "niochat_refresh", "niochat_csrf"
DEVICE_COOKIE_PREFIX = "niochat_device"
"""The beginning of the name of a device cookie."""
CSRF_HEADER = "x-csrf-token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class PublicDependency:
    """Anyone may call the route without authentication. It must not return secrets."""

    async def __call__(self, request: Request) -> None:
        """Accept every request."""


class LimitedPublicDependency(PublicDependency):
    """The same, with a rate limit for each address."""

    async def __call__(self, request: Request) -> None:
        """Count the request. Raises ``RateLimitedError``."""
        rate_limiter = services_for(request).rate_limiter
        if rate_limiter is not None:
            await rate_limiter.check(request, uuid5(NAMESPACE_URL, client_address(request)))


class UserDependency:
    """Any signed-in user may call the route, with any role: it concerns only this user, or shows
    what every member of the tenant may see.
    """

    async def __call__(self, request: Request) -> Principal:
        """Return the user. Raises ``AuthenticationError``, ``PermissionDeniedError``."""
        caller = await authenticate(request)
        if caller.kind is not PrincipalKind.USER:
            raise PermissionDeniedError(
                "The endpoint is for users. API keys have no session.", code="users_only"
            )
        return caller


class PermissionDependency:
    """A user or an API key with the permission ``action`` may call the route."""

    def __init__(self, action: PermissionAction) -> None:
        self.action = action

    async def __call__(self, request: Request) -> Principal:
        """Return the caller. Raises ``AuthenticationError``, ``PermissionDeniedError``."""
        caller = await authenticate(request)
        if not caller.may(self.action):
            raise PermissionDeniedError(f"The permission {self.action} is required.")
        return caller


def identity_services_for(request: Request) -> IdentityServices:
    """Return the services for users, sessions, roles, teams and API keys."""
    return services_for(request).identity


def tenant_services_for(request: Request) -> TenantServices:
    """Return the services for tenants, channels and settings."""
    return services_for(request).tenants


async def announce_access_change(request: Request, principal_id: UUID) -> None:
    """Tell open sockets that the access of a user or of a tenant's users has changed. Call it after
    the commit. A lost announcement only delays the regular check of the sockets.
    """
    await services_for(request).announce_access_change(principal_id)


def agent_presence_for(request: Request) -> PresenceStore:
    """Return the store of agents' presence."""
    return services_for(request).agent_presence


async def announce_presence_change(request: Request, tenant_id: UUID, user_id: UUID) -> None:
    """Return the conversations that the user leaves, and let the user's queues assign again. Call
    it after the commit. A lost announcement only delays both.
    """
    await services_for(request).announce_presence_change(tenant_id, user_id)


async def authenticate(request: Request) -> Principal:
    """Return the caller and count the request. Raises ``AuthenticationError``,
    ``RateLimitedError``.
    """
    caller = await _resolve_caller(request)
    request.state.caller = caller
    rate_limiter = services_for(request).rate_limiter
    if rate_limiter is not None:
        await rate_limiter.check(request, caller.id)
    return caller


async def _resolve_caller(request: Request) -> Principal:
    """Use the access token or API key of the Authorization header; without the header, the cookie
    of the browser. A wrong header is an error even if the cookie is valid.
    """
    authenticator, now = identity_services_for(request).authenticator, database_clock.now()
    if "authorization" in request.headers:
        token = bearer_token(request)
        if token is None:
            raise AuthenticationError(
                "The Authorization header is invalid. Send Authorization: Bearer <access token "
                "or API key>."
            )
        if token.startswith(API_KEY_PREFIX):
            return await authenticator.authenticate_api_key(token, now)
        return await authenticator.authenticate_token(token, now)
    cookie = request.cookies.get(ACCESS_COOKIE)
    if not cookie:
        raise AuthenticationError(
            "Authentication is required. Sign in with POST /api/v1/auth/login."
        )
    check_csrf(request)
    return await authenticator.authenticate_token(cookie, now)


def check_csrf(request: Request) -> None:
    """Check the double-submit cookie (OWASP): another site can make the browser send our cookies,
    but it can neither read them nor set a header. Raises ``PermissionDeniedError``.
    """
    if request.method in SAFE_METHODS:
        return
    header, cookie = request.headers.get(CSRF_HEADER, ""), request.cookies.get(CSRF_COOKIE, "")
    if not cookie or not hmac.compare_digest(header.encode(), cookie.encode()):
        raise PermissionDeniedError(
            f"The CSRF token is missing or wrong. Send the cookie {CSRF_COOKIE} also as the "
            f"header {CSRF_HEADER}.",
            code="csrf",
        )


def home_tenant_id(caller: Principal) -> UUID:
    """Return the tenant of a member. A superuser who acts in a tenant is not a member of it. Raises
    ``PermissionDeniedError`` (``users_only``).
    """
    if (
        caller.kind is not PrincipalKind.USER
        or caller.role == BuiltInRole.SUPERUSER
        or caller.tenant_id is None
    ):
        raise PermissionDeniedError(
            "Only members of a provider can use this endpoint.", code="users_only"
        )
    return caller.tenant_id


def current_tenant_id(caller: Principal) -> UUID:
    """Return the tenant in which a user acts. Raises ``PermissionDeniedError`` (``no_tenant``) for
    a superuser who has entered none.
    """
    if caller.tenant_id is None:
        raise PermissionDeniedError(
            "Enter a provider first, with POST /api/v1/tenants/{tenant_id}/enter.",
            code="no_tenant",
        )
    return caller.tenant_id


def audit_actor_for(request: Request, caller: Principal) -> AuditActor:
    """Return the caller as the audit log names it."""
    return AuditActor(AuditActorKind(caller.kind), str(caller.id), client_address(request))


async def audit_read(
    request: Request,
    caller: Principal,
    action: str,
    target: str,
    after: dict[str, object] | None = None,
) -> None:
    """Record in the audit log that the caller has read personal data."""
    actor = audit_actor_for(request, caller)
    await identity_services_for(request).audit_log.write_entry(
        AuditEntry(caller.tenant_id, actor, action, target, None, after)
    )


async def audit_denied(request: Request, error: PermissionDeniedError | NotFoundError) -> None:
    """Record a rejected request of a known caller: the route, the ids in its path and the reason.
    If the audit log is unavailable, the request is rejected all the same.
    """
    caller: Principal | None = getattr(request.state, "caller", None)
    if caller is None:
        return
    route = getattr(request.scope.get("route"), "path", "")
    ids = {name: str(value) for name, value in request.path_params.items() if _is_id(value)}
    after = {"code": error.code, **ids}
    target = f"{request.method} {route}"
    entry = AuditEntry(
        caller.tenant_id, audit_actor_for(request, caller), "access.denied", target, None, after
    )
    try:
        await identity_services_for(request).audit_log.write_entry(entry)
    except NiochatError as unavailable:
        _log.warning("denial_not_audited", code=unavailable.code)


def _is_id(value: object) -> bool:
    try:
        return bool(UUID(str(value)))
    except ValueError:
        return False


def changed_by_for(request: Request, caller: Principal) -> ChangedBy:
    """Return the caller as the author of a change to other users, roles, teams or keys."""
    role = caller.role if caller.kind is PrincipalKind.USER else ""
    return ChangedBy(caller.id, caller.grants, audit_actor_for(request, caller), caller.teams, role)


def device_for(request: Request) -> SignInDevice:
    """Return the device from which a user signs in."""
    return SignInDevice(client_address(request), request.headers.get("user-agent", ""))
