"""``/auth``: sign-in and sign-out, sessions, the second factor, and passwords."""

import secrets
from dataclasses import replace
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import EmailStr, Field, SecretStr

from niochat.adapters.clock import database_clock
from niochat.domain.errors import AuthenticationError, NotFoundError
from niochat.domain.permissions import format_grants
from niochat.domain.text_validation import digest_text
from niochat.http.api.schemas import RequestModel, ResponseModel
from niochat.http.rest.dependencies import (
    ACCESS_COOKIE,
    CSRF_COOKIE,
    DEVICE_COOKIE_PREFIX,
    REFRESH_COOKIE,
    PublicDependency,
    UserDependency,
    announce_access_change,
    check_csrf,
    device_for,
    identity_services_for,
)
from niochat.http.rest.idempotent_route import IdempotentRoute
from niochat.http.rest.rest_services import services_for
from niochat.identity.access_tokens import ACCESS_TOKEN_LIFETIME
from niochat.identity.authentication import Principal
from niochat.identity.login.known_devices import DEVICE_TOKEN_LIFETIME
from niochat.identity.sessions import SESSION_LIFETIME, SessionEndReason, SessionTokens

LoginText = Annotated[str, Field(min_length=1, max_length=256)]
SecretText = Annotated[SecretStr, Field(min_length=1, max_length=1024)]
CurrentUser = Annotated[Principal, Depends(UserDependency())]
Public = Depends(PublicDependency())

router = APIRouter(prefix="/auth", tags=["auth"], route_class=IdempotentRoute)


class LoginRequest(RequestModel):
    """Credentials of a user. Accounts with a second factor also need ``code``; without it, the
    response is 401 with the code ``second_factor_required``. Browsers set ``use_cookies`` to true:
    the tokens are then set as HttpOnly cookies and are left out of the response.
    """

    login: LoginText
    password: SecretText
    code: Annotated[str, Field(max_length=32)] | None = None
    use_cookies: bool = False


class RefreshRequest(RequestModel):
    """The refresh token. Without one, the refresh cookie of the browser is used."""

    refresh_token: SecretText | None = None


class TokenResponse(ResponseModel):
    """A signed-in session. ``access_token`` expires after ``expires_in`` seconds. With cookies,
    both tokens are null and ``csrf_token`` must be sent in the header ``X-CSRF-Token`` of every
    request that changes something.
    """

    token_type: str = "Bearer"
    expires_in: int
    session_id: UUID
    access_token: str | None = None
    refresh_token: str | None = None
    csrf_token: str | None = None


class CurrentUserResponse(ResponseModel):
    """The signed-in user. ``tenant`` is the tenant in which the user acts; ``acting_until`` is set
    while a superuser acts in a tenant. ``second_factor`` says whether one is required. The session
    ends ``idle_timeout_s`` seconds after its last request, and at ``session_expires_at`` unless its
    tokens are refreshed before. ``photo_url`` changes with the photo.
    """

    id: UUID
    login: str | None
    name: str
    role: str
    tenant_id: UUID | None
    tenant: str | None
    teams: list[str]
    permissions: list[str]
    acting_until: datetime | None
    second_factor: bool
    session_id: UUID
    session_expires_at: datetime
    idle_timeout_s: float
    photo_url: str | None


class SessionResponse(ResponseModel):
    """A session of the user on one device. ``current`` is true for the session that sends the
    request; ``agent`` is the user agent.
    """

    id: UUID
    address: str
    agent: str
    created_at: datetime
    seen_at: datetime
    current: bool


class SocketTicketResponse(ResponseModel):
    """A ticket for the ``hello`` frame of a ``/live`` socket."""

    ticket: str


class SecondFactorEnrolmentResponse(ResponseModel):
    """The secret for an authenticator app. Show ``otpauth_uri`` as a QR code, or let the user type
    ``secret``.
    """

    secret: str
    otpauth_uri: str


class SecondFactorCodeRequest(RequestModel):
    """A one-time code of the authenticator app. To disable the second factor, a recovery code is
    accepted too.
    """

    code: Annotated[str, Field(min_length=1, max_length=32)]


class RecoveryCodesResponse(ResponseModel):
    """Recovery codes. Each replaces one code of the authenticator app, once. The codes are not
    shown again.
    """

    recovery_codes: list[str]


class PasswordResetRequest(RequestModel):
    """The login whose password is to be reset."""

    login: EmailStr


class SetPasswordRequest(RequestModel):
    """The new password. ``secret`` is the part after ``#`` in the link of the e-mail."""

    secret: SecretText
    password: SecretText


@router.post("/login", dependencies=[Public])
async def log_in(body: LoginRequest, request: Request, response: Response) -> TokenResponse:
    """Sign in with login and password."""
    device = replace(
        device_for(request), token=request.cookies.get(device_cookie_name(body.login), "")
    )
    tokens = await identity_services_for(request).sessions.log_in(
        body.login, body.password.get_secret_value(), body.code, device, database_clock.now()
    )
    _remember_device(body.login, tokens.device, request, response)
    return _token_response(tokens, request, response, use_cookies=body.use_cookies)


@router.post("/refresh", dependencies=[Public])
async def refresh_tokens(
    body: RefreshRequest, request: Request, response: Response
) -> TokenResponse:
    """Exchange a refresh token for new tokens. A refresh token can be used once. For a few seconds,
    repeating the request returns the same tokens, so that two browser tabs can send it.
    """
    cookie = request.cookies.get(REFRESH_COOKIE)
    if body.refresh_token is not None:
        token = body.refresh_token.get_secret_value()
    elif cookie:
        check_csrf(request)
        token = cookie
    else:
        raise AuthenticationError(
            "The refresh token is missing. Send refresh_token, or sign in again."
        )
    tokens = await identity_services_for(request).sessions.refresh(token, database_clock.now())
    use_cookies = body.refresh_token is None
    csrf = request.cookies.get(CSRF_COOKIE, "") if use_cookies else ""  # other tabs have this one
    return _token_response(tokens, request, response, use_cookies=use_cookies, csrf=csrf)


@router.post("/logout", status_code=204)
async def log_out(user: CurrentUser, request: Request, response: Response) -> None:
    """End the current session. Its tokens are rejected from the next request on."""
    assert user.session_id is not None
    await identity_services_for(request).sessions.end(
        user.session_id, SessionEndReason.LOGOUT, database_clock.now()
    )
    await announce_access_change(request, user.id)
    _clear_cookies(response)


@router.post("/logout-everywhere", status_code=204)
async def log_out_everywhere(user: CurrentUser, request: Request, response: Response) -> None:
    """End all sessions of the user."""
    await identity_services_for(request).sessions.end_all(
        user.id, SessionEndReason.EVERYWHERE, database_clock.now()
    )
    await announce_access_change(request, user.id)
    _clear_cookies(response)


@router.get("/me")
async def get_current_user(user: CurrentUser, request: Request) -> CurrentUserResponse:
    """Return the signed-in user, the permissions of the user and the limits of the session."""
    assert user.session_id is not None
    account = await identity_services_for(request).profiles.load_account(user.session_id)
    return CurrentUserResponse(
        id=user.id,
        login=user.login,
        name=user.name,
        role=user.role,
        tenant_id=user.tenant_id,
        tenant=user.tenant,
        teams=sorted(user.teams),
        permissions=format_grants(user.grants),
        acting_until=user.acting_until,
        second_factor=account.second_factor,
        session_id=user.session_id,
        session_expires_at=account.session_expires_at,
        idle_timeout_s=account.idle_timeout_s,
        photo_url=photo_url_for(user.id, account.photo),
    )


@router.post("/socket-tickets")
async def create_socket_ticket(user: CurrentUser, request: Request) -> SocketTicketResponse:
    """Create a ticket that opens one ``/live`` socket. The ticket can be used once, within thirty
    seconds.
    """
    assert user.session_id is not None
    ticket = await identity_services_for(request).socket_tickets.issue(
        user.session_id, database_clock.now()
    )
    return SocketTicketResponse(ticket=ticket)


@router.get("/sessions")
async def list_sessions(user: CurrentUser, request: Request) -> list[SessionResponse]:
    """List the active sessions of the user."""
    rows = await identity_services_for(request).sessions.list_for_user(user.id)
    return [SessionResponse(**row, current=row["id"] == user.session_id) for row in rows]


@router.delete("/sessions/{session_id}", status_code=204)
async def revoke_session(session_id: UUID, user: CurrentUser, request: Request) -> None:
    """End one session of the user."""
    sessions = await identity_services_for(request).sessions.list_for_user(user.id)
    if session_id not in {row["id"] for row in sessions}:
        raise NotFoundError("The session does not exist.")
    await identity_services_for(request).sessions.end(
        session_id, SessionEndReason.REVOKED, database_clock.now()
    )
    await announce_access_change(request, user.id)


@router.post("/second-factor")
async def enrol_second_factor(user: CurrentUser, request: Request) -> SecondFactorEnrolmentResponse:
    """Create a secret for an authenticator app. The second factor is not required before it is
    confirmed.
    """
    enrolment = await identity_services_for(request).second_factor.begin_enrolment(
        user.id, user.login or user.name
    )
    return SecondFactorEnrolmentResponse.model_validate(enrolment)


@router.post("/second-factor/confirm")
async def confirm_second_factor(
    body: SecondFactorCodeRequest, user: CurrentUser, request: Request
) -> RecoveryCodesResponse:
    """Enable the second factor with a first code of the authenticator app."""
    codes = await identity_services_for(request).second_factor.confirm_enrolment(
        user.id, body.code, database_clock.now(), device_for(request).address
    )
    return RecoveryCodesResponse(recovery_codes=codes)


@router.post("/second-factor/disable", status_code=204)
async def disable_second_factor(
    body: SecondFactorCodeRequest, user: CurrentUser, request: Request
) -> None:
    """Disable the second factor with a code of the authenticator app or a recovery code."""
    await identity_services_for(request).second_factor.disable(
        user.id, body.code, database_clock.now(), device_for(request).address
    )


@router.post("/password-reset", status_code=202, dependencies=[Public])
async def request_password_reset(body: PasswordResetRequest, request: Request) -> None:
    """Send an e-mail with a link to reset the password, if the login exists. The response is the
    same if it does not.
    """
    await identity_services_for(request).one_time_links.request_password_reset(
        body.login, device_for(request).address, database_clock.now()
    )


@router.post("/password", status_code=204, dependencies=[Public])
async def set_password(body: SetPasswordRequest, request: Request, response: Response) -> None:
    """Set a password with the secret of an invitation or a password reset. All sessions of the user
    end.
    """
    user_id = await identity_services_for(request).one_time_links.redeem(
        body.secret.get_secret_value(),
        body.password.get_secret_value(),
        database_clock.now(),
        device_for(request).address,
    )
    login, token = await identity_services_for(request).sessions.issue_device_token(
        user_id, database_clock.now()
    )
    _remember_device(login, token, request, response)
    await announce_access_change(request, user_id)


def photo_url_for(user_id: UUID, digest: str | None) -> str | None:
    """Return the URL of a user's photo with this digest; None without a photo."""
    return None if digest is None else f"/api/v1/users/{user_id}/photo?v={digest}"


def device_cookie_name(login: str) -> str:
    """Return the name of the device cookie of an account. Several accounts can share a browser."""
    account = digest_text(login.strip().lower()).hex()
    return f"{DEVICE_COOKIE_PREFIX}_{account[:16]}"


def _remember_device(login: str, token: str, request: Request, response: Response) -> None:
    """Mark the device as known for the account, so that failed logins from elsewhere do not lock
    it out.
    """
    response.set_cookie(
        device_cookie_name(login),
        token,
        int(DEVICE_TOKEN_LIFETIME.total_seconds()),
        path="/api/v1/auth",
        secure=services_for(request).secure_cookies,
        httponly=True,
        samesite="strict",
    )


def _token_response(
    tokens: SessionTokens,
    request: Request,
    response: Response,
    *,
    use_cookies: bool,
    csrf: str = "",
) -> TokenResponse:
    token_response = TokenResponse(expires_in=tokens.expires_in, session_id=tokens.session_id)
    if not use_cookies:
        token_response.access_token, token_response.refresh_token = tokens.access, tokens.refresh
        return token_response
    token_response.csrf_token = csrf or secrets.token_urlsafe(24)
    secure = services_for(request).secure_cookies
    session_s = int(SESSION_LIFETIME.total_seconds())
    access_s = int(ACCESS_TOKEN_LIFETIME.total_seconds())
    for name, value, max_age, path, httponly in (
        (ACCESS_COOKIE, tokens.access, access_s, "/", True),
        (REFRESH_COOKIE, tokens.refresh, session_s, "/api/v1/auth", True),
        (CSRF_COOKIE, token_response.csrf_token, session_s, "/", False),  # the page reads it
    ):
        response.set_cookie(
            name, value, max_age, path=path, secure=secure, httponly=httponly, samesite="strict"
        )
    return token_response


def _clear_cookies(response: Response) -> None:
    response.delete_cookie(ACCESS_COOKIE, path="/")
    response.delete_cookie(REFRESH_COOKIE, path="/api/v1/auth")
    response.delete_cookie(CSRF_COOKIE, path="/")
