"""Signing in: a session is one log-in on one device, kept alive by refresh tokens that rotate.

A refresh token's successor is an HMAC of it under a key of the vault: whoever sends it again within
seconds (another tab, or the same one whose answer was lost) gets the same one, though only digests
are stored.
"""

import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from niochat.adapters.postgres.audit_log import record_change
from niochat.adapters.postgres.database import Connection, Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.errors import (
    AuthenticationError,
    NiochatError,
    PermissionDeniedError,
    RateLimitedError,
)
from niochat.domain.ids import PLATFORM_TENANT_ID
from niochat.domain.text_validation import digest_text
from niochat.identity.access_tokens import ACCESS_TOKEN_LIFETIME, AccessTokenSigner
from niochat.identity.login.known_devices import DeviceTokenService
from niochat.identity.login.login_alerts import LoginAlertSender, attempt_audit_entry
from niochat.identity.login.login_throttle import LoginThrottle, sign_in_limits
from niochat.identity.login.passwords import PasswordService
from niochat.identity.login.second_factor import SecondFactorService
from niochat.ports.audit import AuditActor, AuditActorKind, AuditEntry
from niochat.ports.encryption import Encryptor

_SQL = queries("sessions")

SESSION_LIFETIME = timedelta(days=30)
"""A refresh token, from its issue."""
DEFAULT_IDLE_TIMEOUT = timedelta(hours=12)
"""Of who belongs to no tenant that says otherwise."""
TOKEN_REUSE_GRACE = timedelta(seconds=10)
"""For so long a refresh token that was used gets its successor again; later it is stolen."""
PURPOSE = "refresh token"
"""What the HMAC is for."""
_PREFIX = "nr_"


class SessionEndReason(StrEnum):
    """Why a session is over."""

    LOGOUT = "logout"
    EVERYWHERE = "everywhere"
    REVOKED = "revoked"
    REUSE = "reuse"
    IDLE = "idle"
    PASSWORD = "password"


@dataclass(frozen=True, slots=True)
class SignInDevice:
    """Where somebody signs in from, as shown in the list of sessions. ``token``: what it was given
    when the same account signed in there before.
    """

    address: str
    agent: str
    token: str = ""


@dataclass(frozen=True, slots=True)
class SessionTokens:
    """``expires_in`` seconds is the access token good; the refresh token for one use. ``device``
    is for the device to keep, after a log-in.
    """

    access: str
    refresh: str
    session_id: UUID
    user_id: UUID
    expires_in: int = int(ACCESS_TOKEN_LIFETIME.total_seconds())
    device: str = ""


class SessionService:
    """Begins, continues and ends sessions. Every end counts from the next request on."""

    def __init__(
        self,
        database: Database,
        signer: AccessTokenSigner,
        passwords: PasswordService,
        second_factor: SecondFactorService,
        throttle: LoginThrottle,
        seals: Encryptor,
        warnings: LoginAlertSender,
        grace: timedelta = TOKEN_REUSE_GRACE,
    ) -> None:
        self._database = database
        self._seals = seals
        self._devices = DeviceTokenService(seals)
        self._warnings = warnings
        self._grace = grace
        self._signer = signer
        self._passwords = passwords
        self._second_factor = second_factor
        self._throttle = throttle

    async def log_in(
        self, login: str, password: str, code: str | None, device: SignInDevice, now: datetime
    ) -> SessionTokens:
        """A new session. Raises ``AuthenticationError`` (``bad_credentials``,
        ``second_factor_required``), ``PermissionDeniedError`` for a disabled user or a suspended
        tenant, ``RateLimitedError`` after too many attempts.
        """
        login = login.strip().lower()
        known = self._devices.verify(login, device.token, now)
        limits = sign_in_limits(login, device.address, known)
        try:
            await self._throttle.count_attempt(limits, now)
        except RateLimitedError:
            await self._warnings.send_alert(login, device.address, now)
            raise
        async with self._database.as_auth() as connection:
            user: Any = await connection.fetchrow(_SQL["find_user_by_login"], login)
        stored = user["password_hash"] if user is not None else None
        fits = await self._passwords.verify(password, stored, device.address, known=bool(known))
        if not fits or stored is None:
            raise await self._record_refusal(user, login, device, _bad_credentials_error())
        try:
            _require_active(user)
            tokens = await self._begin(user, code, device, now)
        except (
            AuthenticationError,
            PermissionDeniedError,
        ) as error:  # whoever has the password does not guess
            await self._throttle.withdraw_attempt(limits, now)
            raise await self._record_refusal(user, login, device, error) from None
        if tokens is None:
            wrong = AuthenticationError(
                "The code is wrong or already used. Wait for the next code.", code="bad_code"
            )
            raise await self._record_refusal(user, login, device, wrong)
        await self._throttle.record_success(limits, now)
        if self._passwords.needs_rehash(stored):
            await self._rehash_password(user["id"], stored, password)
        return replace(tokens, device=self._devices.issue(login, now, known))

    async def issue_device_token(self, user_id: UUID, now: datetime) -> tuple[str, str]:
        """(login, token) for the device on which this user has just shown who they are otherwise,
        by a link that was mailed to them.
        """
        async with self._database.as_auth() as connection:
            login: str = await connection.fetchval(_SQL["find_login"], user_id)
        return login, self._devices.issue(login, now)

    async def refresh(self, token: str, now: datetime) -> SessionTokens:
        """The session goes on with new tokens. A token that was used a moment ago gets the same
        ones; used before, it ends the session: one of the two who had it has stolen it. Raises
        ``AuthenticationError``, ``PermissionDeniedError``.
        """
        async with self._database.as_auth() as connection:
            row: Any = await connection.fetchrow(_SQL["lock_by_refresh_token"], digest_text(token))
            if row is None or row["ended_at"] is not None or row["expires_at"] <= now:
                raise _session_over_error()
            refresh = await self._latest_token(connection, token, row, now)
            why = _end_reason(row, refresh, now)
            if why is None:
                _require_active(row)
                if refresh == token:
                    refresh = self._successors(token)[0]
                    await _insert_refresh_token(connection, refresh, row["session_id"], now)
                    await connection.execute(_SQL["mark_token_used"], digest_text(token), now)
                await connection.execute(
                    _SQL["extend"], row["session_id"], now, now + SESSION_LIFETIME
                )
            else:
                await end_sessions(connection, [row["session_id"]], why, now)
        if why is SessionEndReason.REUSE:  # outside of the transaction, which has to commit
            raise AuthenticationError(
                "The refresh token was already used. Sign in again.", code="token_reused"
            )
        if why is not None:
            raise _session_over_error()
        assert refresh is not None
        return await self._issue_tokens(row["id"], row["session_id"], refresh, now)

    async def end(self, session_id: UUID, why: SessionEndReason, now: datetime) -> None:
        """It is over from the next request on."""
        async with self._database.as_auth() as connection:
            await end_sessions(connection, [session_id], why, now)

    async def end_all(
        self, user_id: UUID, why: SessionEndReason, now: datetime, *, but: UUID | None = None
    ) -> list[UUID]:
        """All of a user's; which were ended."""
        async with self._database.as_auth() as connection:
            rows = await connection.fetch(_SQL["lock_others"], user_id, but)
            ended = [row["id"] for row in rows]
            await end_sessions(connection, ended, why, now)
        return ended

    async def set_acting_tenant(
        self, session_id: UUID, tenant_id: UUID | None, until: datetime, who: AuditActor
    ) -> None:
        """A superuser enters a tenant until then, or leaves the one they are in (None). It is in
        the log of the tenant, and of the platform when they leave.
        """
        async with self._database.as_auth() as connection:
            ends = until if tenant_id is not None else None
            await connection.fetchval(_SQL["set_acting_tenant"], session_id, tenant_id, ends)
            action = "sessions.enter" if tenant_id is not None else "sessions.leave"
            after = None if ends is None else {"until": ends.isoformat()}
            target = f"session:{session_id}"
            await record_change(connection, AuditEntry(tenant_id, who, action, target, None, after))

    async def list_for_user(self, user_id: UUID) -> list[dict[str, Any]]:
        """Living sessions, the newest first."""
        async with self._database.as_auth() as connection:
            return [dict(row) for row in await connection.fetch(_SQL["list_active"], user_id)]

    async def _begin(
        self, user: Any, code: str | None, device: SignInDevice, now: datetime
    ) -> SessionTokens | None:
        async with self._database.as_auth() as connection:
            if not await self._second_factor.verify_code(connection, user["id"], code, now):
                return None
            session_id = await connection.fetchval(
                _SQL["create"],
                user["tenant_id"],
                user["id"],
                device.address[:64],
                device.agent[:200],
                now,
                now + SESSION_LIFETIME,
            )
            refresh = _PREFIX + secrets.token_urlsafe(32)
            await _insert_refresh_token(connection, refresh, session_id, now)
            who = AuditActor(AuditActorKind.USER, str(user["id"]), device.address)
            target = f"session:{session_id}"
            await record_change(
                connection, AuditEntry(user["tenant_id"], who, "sessions.begin", target)
            )
        return await self._issue_tokens(user["id"], session_id, refresh, now)

    async def _record_refusal(
        self, user: Any, login: str, device: SignInDevice, error: NiochatError
    ) -> NiochatError:
        """Written down: to the user's tenant, of nobody's login to the platform."""
        async with self._database.as_auth() as connection:
            entry = attempt_audit_entry("sessions.refused", user, login, device.address, error.code)
            await record_change(connection, entry)
        return error

    def _successors(self, token: str) -> list[str]:
        """Under each key at hand, the current one first."""
        marks = self._seals.blind_indexes(token, tenant_id=PLATFORM_TENANT_ID, purpose=PURPOSE)
        return [_PREFIX + urlsafe_b64encode(mark).decode().rstrip("=") for mark in marks]

    async def _latest_token(
        self, connection: Connection, token: str, row: Any, now: datetime
    ) -> str | None:
        """The newest of the family, where each before it was used within the grace; else None."""
        while row["used_at"] is not None:
            if now - row["used_at"] > self._grace:
                return None
            following = {digest_text(each): each for each in self._successors(token)}
            row = await connection.fetchrow(
                _SQL["find_successor"], list(following), row["session_id"]
            )
            if row is None:
                return None
            token = following[bytes(row["digest"])]
        return token

    async def _issue_tokens(
        self, user_id: UUID, session_id: UUID, refresh: str, now: datetime
    ) -> SessionTokens:
        access = await self._signer.sign(user_id, session_id, now)
        return SessionTokens(access, refresh, session_id, user_id)

    async def _rehash_password(self, user_id: UUID, stored: str, password: str) -> None:
        """The same password by today's parameters."""
        hashed = await self._passwords.hash_password(password)
        async with self._database.as_auth() as connection:
            await connection.execute(_SQL["rehash"], user_id, stored, hashed)


async def end_sessions(
    connection: Connection, sessions: list[UUID], why: SessionEndReason, now: datetime
) -> None:
    """Each end is in the log, as its user's; ``why`` tells who it was."""
    for row in await connection.fetch(_SQL["end"], sessions, why, now):
        who, target = AuditActor(AuditActorKind.USER, str(row["user_id"])), f"session:{row['id']}"
        entry = AuditEntry(row["tenant_id"], who, "sessions.end", target, None, {"why": why})
        await record_change(connection, entry)


def is_idle(row: Any, now: datetime) -> bool:
    """Whether nobody was here for longer than the tenant allows; superusers stay as others do."""
    return bool(now - row["seen_at"] > (row["session_idle"] or DEFAULT_IDLE_TIMEOUT))


def _end_reason(row: Any, refresh: str | None, now: datetime) -> SessionEndReason | None:
    if refresh is None:
        return SessionEndReason.REUSE
    return SessionEndReason.IDLE if is_idle(row, now) else None


def _session_over_error() -> AuthenticationError:
    return AuthenticationError("The session has ended. Sign in again.", code="session_over")


def _require_active(user: Any) -> None:
    if user["status"] != "active":
        raise PermissionDeniedError(
            "The account is disabled. Contact your administrator.", code="disabled"
        )
    if user["tenant_status"] == "suspended":
        raise PermissionDeniedError(
            "The provider is suspended. Sign-in is blocked until the provider is resumed.",
            code="tenant_suspended",
        )


async def _insert_refresh_token(
    connection: Connection, token: str, session_id: UUID, now: datetime
) -> None:
    await connection.execute(_SQL["insert_refresh_token"], digest_text(token), session_id, now)


def _bad_credentials_error() -> AuthenticationError:
    return AuthenticationError("The login or the password is wrong.", code="bad_credentials")
