"""The doorway of the API: who calls, and whether they may. Every route says which it needs."""

import hmac
from uuid import UUID

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
from niochat.domain.permissions import PermissionAction
from niochat.http.rest.rest_services import services_for
from niochat.identity.api_keys import API_KEY_PREFIX as KEY_PREFIX
from niochat.identity.authentication import Principal, PrincipalKind
from niochat.identity.sessions import SignInDevice
from niochat.identity.users import ChangedBy
from niochat.ports.audit import AuditActor, AuditActorKind, AuditEntry

_log = structlog.get_logger(__name__)

ACCESS_COOKIE, REFRESH_COOKIE, CSRF_COOKIE = "niochat_access", "niochat_refresh", "niochat_csrf"
DEVICE_COOKIE_PREFIX = "niochat_device"
"""How its name begins."""
CSRF_HEADER = "x-csrf-token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class PublicDependency:
    """Anybody may call it; whatever it gives away is no secret."""

    async def __call__(self) -> None:
        """Nothing to find out."""


class UserDependency:
    """A user may call it, whatever their role: it is about themselves."""

    async def __call__(self, request: Request) -> Principal:
        """Who calls. Raises ``AuthenticationError``, ``PermissionDeniedError``."""
        caller = await authenticate(request)
        if caller.kind is not PrincipalKind.USER:
            raise PermissionDeniedError(
                "The endpoint is for users. API keys have no session.", code="users_only"
            )
        return caller


class PermissionDependency:
    """Whoever is allowed ``action`` may call it, a user or an integration."""

    def __init__(self, action: PermissionAction) -> None:
        self.action = action

    async def __call__(self, request: Request) -> Principal:
        """Who calls. Raises ``AuthenticationError``, ``PermissionDeniedError``."""
        caller = await authenticate(request)
        if not caller.may(self.action):
            raise PermissionDeniedError(f"The permission {self.action} is required.")
        return caller


def identity_services_for(request: Request) -> IdentityServices:
    """What the application was built with."""
    return services_for(request).identity


def tenant_services_for(request: Request) -> TenantServices:
    """The same of providers and what belongs to them."""
    return services_for(request).tenants


async def announce_access_change(request: Request, whose: UUID) -> None:
    """A hint for open sockets, after the commit; without it they are looked after soon."""
    await services_for(request).announce_access_change(whose)


def agent_presence_for(request: Request) -> PresenceStore:
    """Who is there."""
    return services_for(request).agent_presence


async def announce_presence_change(request: Request, tenant_id: UUID, user_id: UUID) -> None:
    """After the commit: what they leave is given back, and their queues look; else soon."""
    await services_for(request).announce_presence_change(tenant_id, user_id)


async def authenticate(request: Request) -> Principal:
    """Who calls, if they have not called too often. Raises ``AuthenticationError``,
    ``RateLimitedError``.
    """
    caller = await _resolve_caller(request)
    request.state.caller = caller
    limit = services_for(request).rate_limiter
    if limit is not None:
        await limit.check(request, caller.id)
    return caller


async def _resolve_caller(request: Request) -> Principal:
    """By ``Authorization: Bearer`` with an access token or an API key, else by the browser's
    cookie; a header that is wrong is not made good by a cookie.
    """
    callers, now = identity_services_for(request).authenticator, database_clock.now()
    header = request.headers.get("authorization")
    if header is not None:
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise AuthenticationError(
                "The Authorization header is invalid. Send Authorization: Bearer <access token "
                "or API key>."
            )
        token = token.strip()
        if token.startswith(KEY_PREFIX):
            return await callers.authenticate_api_key(token, now)
        return await callers.authenticate_token(token, now)
    cookie = request.cookies.get(ACCESS_COOKIE)
    if not cookie:
        raise AuthenticationError(
            "Authentication is required. Sign in with POST /api/v1/auth/login."
        )
    check_csrf(request)
    return await callers.authenticate_token(cookie, now)


def check_csrf(request: Request) -> None:
    """A page of somebody else's can send our cookies, but neither read them nor set a header
    (double submit, OWASP). Raises ``PermissionDeniedError``.
    """
    if request.method in SAFE_METHODS:
        return
    sent, kept = request.headers.get(CSRF_HEADER, ""), request.cookies.get(CSRF_COOKIE, "")
    if not kept or not hmac.compare_digest(sent.encode(), kept.encode()):
        raise PermissionDeniedError(
            f"The CSRF token is missing or wrong. Send the cookie {CSRF_COOKIE} also as the "
            f"header {CSRF_HEADER}.",
            code="csrf",
        )


def audit_actor_for(request: Request, caller: Principal) -> AuditActor:
    """The caller, as the audit log names them."""
    return AuditActor(AuditActorKind(caller.kind), str(caller.id), device_for(request).address)


async def audit_read(
    request: Request,
    caller: Principal,
    action: str,
    target: str,
    after: dict[str, object] | None = None,
) -> None:
    """Whoever looked at what is told of people is written down."""
    who = audit_actor_for(request, caller)
    await identity_services_for(request).audit_log.write_entry(
        AuditEntry(caller.tenant_id, who, action, target, None, after)
    )


async def audit_denied(request: Request, error: PermissionDeniedError | NotFoundError) -> None:
    """Somebody known wanted what they may not: the route, the ids in its address and the reason are
    written down. Who is refused hears so also while the log is away.
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
    except NiochatError as away:
        _log.warning("denial_not_written", code=away.code)


def _is_id(value: object) -> bool:
    try:
        return bool(UUID(str(value)))
    except ValueError:
        return False


def changed_by_for(request: Request, caller: Principal) -> ChangedBy:
    """The caller, as somebody who changes what belongs to others."""
    role = caller.role if caller.kind is PrincipalKind.USER else ""
    return ChangedBy(caller.id, caller.grants, audit_actor_for(request, caller), caller.teams, role)


def device_for(request: Request) -> SignInDevice:
    """Where somebody signs in from; the address is the proxy's word only where it is trusted."""
    address = request.client.host if request.client is not None else ""
    return SignInDevice(address, request.headers.get("user-agent", ""))
