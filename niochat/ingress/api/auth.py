"""``/auth``: signing in and out, the second factor, sessions, forgotten passwords."""

import secrets
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import EmailStr, Field, SecretStr

from niochat.access.callers import Caller
from niochat.access.devices import KNOWN_FOR
from niochat.access.sessions import LASTS, Ended, Tokens
from niochat.access.signing import VALID
from niochat.adapters.clock import agreed
from niochat.domain.errors import AuthenticationError, NotFoundError
from niochat.domain.permissions import format_grants
from niochat.ingress.api.doorway import (
    ACCESS_COOKIE,
    CSRF_COOKIE,
    DEVICE_COOKIE,
    REFRESH_COOKIE,
    Open,
    SignedIn,
    access_changed,
    access_of,
    check_csrf,
    device_of,
)
from niochat.ingress.api.once import ActingRoute
from niochat.ingress.api.rooms import rooms_of
from niochat.ingress.api.shapes import Body, Shown

Text = Annotated[str, Field(min_length=1, max_length=256)]
Secret = Annotated[SecretStr, Field(min_length=1, max_length=1024)]
User = Annotated[Caller, Depends(SignedIn())]
Anybody = Depends(Open())

router = APIRouter(prefix="/auth", tags=["auth"], route_class=ActingRoute)


class LogIn(Body):
    """Credentials of a user. Accounts with a second factor also need ``code``; without it, the
    response is 401 with the code ``second_factor_required``. Browsers set ``cookies`` to true: the
    tokens are then set as HttpOnly cookies and are left out of the response.
    """

    login: Text
    password: Secret
    code: Annotated[str, Field(max_length=32)] | None = None
    cookies: bool = False


class Refresh(Body):
    """The refresh token. Without one, the refresh cookie of the browser is used."""

    refresh_token: Secret | None = None


class SignedInAs(Shown):
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


class Me(Shown):
    """The signed-in user. ``tenant`` is the tenant in which the user acts; ``acting_until`` is set
    while a superuser acts in a tenant.
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


class Session(Shown):
    """A session of the user on one device. ``current`` is true for the session that sends the
    request; ``agent`` is the user agent.
    """

    id: UUID
    address: str
    agent: str
    created_at: datetime
    seen_at: datetime
    current: bool


class Ticket(Shown):
    """A ticket for the ``hello`` frame of a ``/live`` socket."""

    ticket: str


class Enrolment(Shown):
    """The secret for an authenticator app. Show ``address`` as a QR code, or let the user type
    ``secret``.
    """

    secret: str
    address: str


class Code(Body):
    """A one-time code of the authenticator app. To disable the second factor, a recovery code is
    accepted too.
    """

    code: Annotated[str, Field(min_length=1, max_length=32)]


class RecoveryCodes(Shown):
    """Recovery codes. Each replaces one code of the authenticator app, once. The codes are not
    shown again.
    """

    recovery_codes: list[str]


class Forgotten(Body):
    """The login whose password is to be reset."""

    login: EmailStr


class NewPassword(Body):
    """The new password. ``secret`` is the part after ``#`` in the link of the e-mail."""

    secret: Secret
    password: Secret


@router.post("/login", dependencies=[Anybody])
async def log_in(body: LogIn, request: Request, response: Response) -> SignedInAs:
    """Sign in with login and password."""
    device = replace(device_of(request), token=request.cookies.get(device_cookie(body.login), ""))
    tokens = await access_of(request).sessions.log_in(
        body.login, body.password.get_secret_value(), body.code, device, agreed.now()
    )
    _known(body.login, tokens.device, request, response)
    return _told(tokens, request, response, cookies=body.cookies)


@router.post("/refresh", dependencies=[Anybody])
async def refresh(body: Refresh, request: Request, response: Response) -> SignedInAs:
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
    tokens = await access_of(request).sessions.refresh(token, agreed.now())
    cookies = body.refresh_token is None
    csrf = request.cookies.get(CSRF_COOKIE, "") if cookies else ""  # other tabs know it
    return _told(tokens, request, response, cookies=cookies, csrf=csrf)


@router.post("/logout", status_code=204)
async def log_out(user: User, request: Request, response: Response) -> None:
    """End the current session. Its tokens are rejected from the next request on."""
    assert user.session_id is not None
    await access_of(request).sessions.end(user.session_id, Ended.LOGOUT, agreed.now())
    await access_changed(request, user.id)
    _forget(response)


@router.post("/logout-everywhere", status_code=204)
async def log_out_everywhere(user: User, request: Request, response: Response) -> None:
    """End all sessions of the user."""
    await access_of(request).sessions.end_all(user.id, Ended.EVERYWHERE, agreed.now())
    await access_changed(request, user.id)
    _forget(response)


@router.get("/me")
async def me(user: User) -> Me:
    """Return the signed-in user and the permissions of the user."""
    return Me(
        id=user.id, login=user.login, name=user.name, role=user.role, tenant_id=user.tenant_id,
        tenant=user.tenant, teams=sorted(user.teams), permissions=format_grants(user.grants),
        acting_until=user.acting_until,
    )  # fmt: skip


@router.post("/socket-tickets")
async def ticket(user: User, request: Request) -> Ticket:
    """Create a ticket that opens one ``/live`` socket. The ticket can be used once, within thirty
    seconds.
    """
    assert user.session_id is not None
    made = await access_of(request).socket_tickets.make(user.session_id, agreed.now())
    return Ticket(ticket=made)


@router.get("/sessions")
async def sessions(user: User, request: Request) -> list[Session]:
    """List the active sessions of the user."""
    rows = await access_of(request).sessions.of_user(user.id)
    return [Session(**row, current=row["id"] == user.session_id) for row in rows]


@router.delete("/sessions/{session_id}", status_code=204)
async def revoke_session(session_id: UUID, user: User, request: Request) -> None:
    """End one session of the user."""
    living = await access_of(request).sessions.of_user(user.id)
    if session_id not in {row["id"] for row in living}:
        raise NotFoundError("The session does not exist.")
    await access_of(request).sessions.end(session_id, Ended.REVOKED, agreed.now())
    await access_changed(request, user.id)


@router.post("/second-factor")
async def begin_second_factor(user: User, request: Request) -> Enrolment:
    """Create a secret for an authenticator app. The second factor is not required before it is
    confirmed.
    """
    begun = await access_of(request).second_factor.begin(user.id, user.login or user.name)
    return Enrolment.model_validate(begun)


@router.post("/second-factor/confirm")
async def confirm_second_factor(body: Code, user: User, request: Request) -> RecoveryCodes:
    """Enable the second factor with a first code of the authenticator app."""
    codes = await access_of(request).second_factor.confirm(
        user.id, body.code, agreed.now(), device_of(request).address
    )
    return RecoveryCodes(recovery_codes=codes)


@router.post("/second-factor/disable", status_code=204)
async def switch_second_factor_off(body: Code, user: User, request: Request) -> None:
    """Disable the second factor with a code of the authenticator app or a recovery code."""
    await access_of(request).second_factor.switch_off(
        user.id, body.code, agreed.now(), device_of(request).address
    )


@router.post("/password-reset", status_code=202, dependencies=[Anybody])
async def forgotten(body: Forgotten, request: Request) -> None:
    """Send an e-mail with a link to reset the password, if the login exists. The response is the
    same if it does not.
    """
    await access_of(request).one_time_links.forgotten(
        body.login, device_of(request).address, agreed.now()
    )


@router.post("/password", status_code=204, dependencies=[Anybody])
async def choose_password(body: NewPassword, request: Request, response: Response) -> None:
    """Set a password with the secret of an invitation or a password reset. All sessions of the user
    end.
    """
    user_id = await access_of(request).one_time_links.redeem(
        body.secret.get_secret_value(), body.password.get_secret_value(), agreed.now(),
        device_of(request).address,
    )  # fmt: skip
    login, token = await access_of(request).sessions.device_of(user_id, agreed.now())
    _known(login, token, request, response)
    await access_changed(request, user_id)


def device_cookie(login: str) -> str:
    """Of one account: people share machines."""
    account = sha256(login.strip().lower().encode("utf-8", "surrogatepass")).hexdigest()
    return f"{DEVICE_COOKIE}_{account[:16]}"


def _known(login: str, token: str, request: Request, response: Response) -> None:
    """The account was here: strangers' guesses do not shut this device out."""
    response.set_cookie(
        device_cookie(login), token, int(KNOWN_FOR.total_seconds()), path="/api/v1/auth",
        secure=rooms_of(request).secure_cookies, httponly=True, samesite="strict",
    )  # fmt: skip


def _told(
    tokens: Tokens, request: Request, response: Response, *, cookies: bool, csrf: str = ""
) -> SignedInAs:
    told = SignedInAs(expires_in=tokens.expires_in, session_id=tokens.session_id)
    if not cookies:
        told.access_token, told.refresh_token = tokens.access, tokens.refresh
        return told
    told.csrf_token = csrf or secrets.token_urlsafe(24)
    secure = rooms_of(request).secure_cookies
    lasts, valid = int(LASTS.total_seconds()), int(VALID.total_seconds())
    for name, value, age, path, hidden in (
        (ACCESS_COOKIE, tokens.access, valid, "/", True),
        (REFRESH_COOKIE, tokens.refresh, lasts, "/api/v1/auth", True),
        (CSRF_COOKIE, told.csrf_token, lasts, "/", False),  # the page has to read this one
    ):
        response.set_cookie(
            name, value, age, path=path, secure=secure, httponly=hidden, samesite="strict"
        )
    return told


def _forget(response: Response) -> None:
    response.delete_cookie(ACCESS_COOKIE, path="/")
    response.delete_cookie(REFRESH_COOKIE, path="/api/v1/auth")
    response.delete_cookie(CSRF_COOKIE, path="/")
