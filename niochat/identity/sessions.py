"""Sessions: one sign-in on one device, continued by refresh tokens that rotate.

The successor of a refresh token is an HMAC of it under a vault key. So a client that sends the same
token again within seconds (a second tab, or a retry after a lost response) gets the same successor,
although only digests are stored.
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
from niochat.identity.login.known_devices import KnownDeviceService
from niochat.identity.login.login_alerts import LoginAlertSender, attempt_audit_entry
from niochat.identity.login.login_throttle import LoginThrottle, sign_in_limits
from niochat.identity.login.passwords import PasswordService
from niochat.identity.login.second_factor import SecondFactorService
from niochat.ports.audit import AuditActor, AuditActorKind, AuditEntry
from niochat.ports.encryption import Encryptor

_SQL = queries("sessions")

SESSION_LIFETIME = timedelta(days=30)
"""Lifetime of a refresh token from its issue."""
DEFAULT_IDLE_TIMEOUT = timedelta(hours=12)
"""Idle timeout of superusers, and of tenants that do not configure one."""
TOKEN_REUSE_GRACE = timedelta(seconds=10)
"""Time in which a used refresh token still gets its successor; later uses count as theft."""
PURPOSE = "refresh token"
"""Purpose of the HMAC key."""
_PREFIX = "nr_"


class SessionEndReason(StrEnum):
    """Why a session ended."""

    LOGOUT = "logout"
    EVERYWHERE = "everywhere"
    REVOKED = "revoked"
    REUSE = "reuse"
    IDLE = "idle"
    PASSWORD = "password"


@dataclass(frozen=True, slots=True)
class SignInDevice:
    """Device of a sign-in, as shown in the list of sessions.

    ``token`` is the device token that an earlier sign-in of the same account returned, if any.
    """

    address: str
    agent: str
    token: str = ""


@dataclass(frozen=True, slots=True)
class SessionTokens:
    """Tokens of a session. The refresh token is valid for one use.

    ``expires_in`` is the lifetime of the access token in seconds. ``device`` is the device token
    for the client to store; it is set after a log-in only.
    """

    access: str
    refresh: str
    session_id: UUID
    user_id: UUID
    expires_in: int = int(ACCESS_TOKEN_LIFETIME.total_seconds())
    device: str = ""


class SessionService:
    """Creates, refreshes and ends sessions. An ended session is refused from the next
    request on.
    """

    def __init__(
        self,
        database: Database,
        signer: AccessTokenSigner,
        passwords: PasswordService,
        second_factor: SecondFactorService,
        throttle: LoginThrottle,
        encryptor: Encryptor,
        login_alerts: LoginAlertSender,
        grace: timedelta = TOKEN_REUSE_GRACE,
    ) -> None:
        self._database = database
        self._encryptor = encryptor
        self._devices = KnownDeviceService(encryptor)
        self._login_alerts = login_alerts
        self._grace = grace
        self._signer = signer
        self._passwords = passwords
        self._second_factor = second_factor
        self._throttle = throttle

    async def log_in(
        self, login: str, password: str, code: str | None, device: SignInDevice, now: datetime
    ) -> SessionTokens:
        """Check password and second factor, and create a session.

        Raises ``AuthenticationError`` (``bad_credentials``, ``bad_code``,
        ``second_factor_required``), ``PermissionDeniedError`` for a disabled user or a suspended
        tenant, ``RateLimitedError`` after too many attempts.
        """
        login = login.strip().lower()
        known_device = self._devices.verify(login, device.token, now)
        limits = sign_in_limits(login, device.address, known_device)
        try:
            await self._throttle.count_attempt(limits, now)
        except RateLimitedError:
            await self._login_alerts.send_alert(login, device.address, now)
            raise
        async with self._database.as_auth() as connection:
            user: Any = await connection.fetchrow(_SQL["find_user_by_login"], login)
        stored = user["password_hash"] if user is not None else None
        matches = await self._passwords.verify(
            password, stored, device.address, from_known_device=bool(known_device)
        )
        if not matches or stored is None:
            raise await self._record_refusal(user, login, device, _bad_credentials_error())
        try:
            _require_active(user)
            tokens = await self._begin(user, code, device, now)
        except (AuthenticationError, PermissionDeniedError) as error:
            # The password was right, so this attempt was no guess.
            await self._throttle.withdraw_attempt(limits, now)
            raise await self._record_refusal(user, login, device, error) from None
        if tokens is None:
            bad_code = AuthenticationError(
                "The code is wrong or already used. Wait for the next code.", code="bad_code"
            )
            raise await self._record_refusal(user, login, device, bad_code)
        await self._throttle.record_success(limits, now)
        if self._passwords.needs_rehash(stored):
            await self._rehash_password(user["id"], stored, password)
        return replace(tokens, device=self._devices.issue(login, now, known_device))

    async def issue_device_token(self, user_id: UUID, now: datetime) -> tuple[str, str]:
        """Return (login, device token) for a device on which the user redeemed a mailed link."""
        async with self._database.as_auth() as connection:
            login: str = await connection.fetchval(_SQL["find_login"], user_id)
        return login, self._devices.issue(login, now)

    async def refresh(self, token: str, now: datetime) -> SessionTokens:
        """Continue the session with new tokens.

        A token that was used within the grace period gets the same successor again. If it was used
        earlier, the session is ended, because one of its two users has stolen the token. Raises
        ``AuthenticationError``, or ``PermissionDeniedError`` for a disabled user or a suspended
        tenant.
        """
        async with self._database.as_auth() as connection:
            row: Any = await connection.fetchrow(_SQL["lock_by_refresh_token"], digest_text(token))
            if row is None or row["ended_at"] is not None or row["expires_at"] <= now:
                raise _session_over_error()
            refresh = await self._latest_token(connection, token, row, now)
            reason = _end_reason(row, refresh, now)
            if reason is None:
                _require_active(row)
                if refresh == token:
                    refresh = self._successors(token)[0]
                    await _insert_refresh_token(connection, refresh, row["session_id"], now)
                    await connection.execute(_SQL["mark_token_used"], digest_text(token), now)
                await connection.execute(
                    _SQL["extend"], row["session_id"], now, now + SESSION_LIFETIME
                )
            else:
                await end_sessions(connection, [row["session_id"]], reason, now)
        if reason is SessionEndReason.REUSE:  # raised outside the transaction, which must commit
            raise AuthenticationError(
                "The refresh token was already used. Sign in again.", code="token_reused"
            )
        if reason is not None:
            raise _session_over_error()
        assert refresh is not None
        return await self._issue_tokens(row["id"], row["session_id"], refresh, now)

    async def end(self, session_id: UUID, reason: SessionEndReason, now: datetime) -> None:
        """End a session, with effect from the next request."""
        async with self._database.as_auth() as connection:
            await end_sessions(connection, [session_id], reason, now)

    async def end_all(
        self,
        user_id: UUID,
        reason: SessionEndReason,
        now: datetime,
        *,
        except_session: UUID | None = None,
    ) -> list[UUID]:
        """End all sessions of a user but ``except_session``; returns the ids of the ended ones."""
        async with self._database.as_auth() as connection:
            rows = await connection.fetch(_SQL["lock_others"], user_id, except_session)
            ended = [row["id"] for row in rows]
            await end_sessions(connection, ended, reason, now)
        return ended

    async def set_acting_tenant(
        self, session_id: UUID, tenant_id: UUID | None, until: datetime, actor: AuditActor
    ) -> None:
        """Let a superuser enter a tenant ``until`` a time, or leave the current one (None).

        Entering is recorded in the audit log of the tenant, leaving in that of the platform.
        """
        async with self._database.as_auth() as connection:
            expires_at = until if tenant_id is not None else None
            await connection.fetchval(_SQL["set_acting_tenant"], session_id, tenant_id, expires_at)
            action = "sessions.enter" if tenant_id is not None else "sessions.leave"
            after = None if expires_at is None else {"until": expires_at.isoformat()}
            target = f"session:{session_id}"
            await record_change(
                connection, AuditEntry(tenant_id, actor, action, target, None, after)
            )

    async def list_for_user(self, user_id: UUID) -> list[dict[str, Any]]:
        """List active sessions, newest first."""
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
            actor = AuditActor(AuditActorKind.USER, str(user["id"]), device.address)
            target = f"session:{session_id}"
            await record_change(
                connection, AuditEntry(user["tenant_id"], actor, "sessions.begin", target)
            )
        return await self._issue_tokens(user["id"], session_id, refresh, now)

    async def _record_refusal(
        self, user: Any, login: str, device: SignInDevice, error: NiochatError
    ) -> NiochatError:
        """Write an audit entry for the user's tenant, or for the platform if the login
        is unknown.
        """
        async with self._database.as_auth() as connection:
            entry = attempt_audit_entry("sessions.refused", user, login, device.address, error.code)
            await record_change(connection, entry)
        return error

    def _successors(self, token: str) -> list[str]:
        """Possible successors of a token: one per available vault key, the current key first."""
        hmacs = self._encryptor.blind_indexes(token, tenant_id=PLATFORM_TENANT_ID, purpose=PURPOSE)
        return [_PREFIX + urlsafe_b64encode(hmac).decode().rstrip("=") for hmac in hmacs]

    async def _latest_token(
        self, connection: Connection, token: str, row: Any, now: datetime
    ) -> str | None:
        """Return the newest successor, or the token itself if it is unused.

        None if a token in the chain was used before the grace period.
        """
        while row["used_at"] is not None:
            if now - row["used_at"] > self._grace:
                return None
            successors = {digest_text(each): each for each in self._successors(token)}
            row = await connection.fetchrow(
                _SQL["find_successor"], list(successors), row["session_id"]
            )
            if row is None:
                return None
            token = successors[bytes(row["digest"])]
        return token

    async def _issue_tokens(
        self, user_id: UUID, session_id: UUID, refresh: str, now: datetime
    ) -> SessionTokens:
        access = await self._signer.sign(user_id, session_id, now)
        return SessionTokens(access, refresh, session_id, user_id)

    async def _rehash_password(self, user_id: UUID, stored: str, password: str) -> None:
        """Hash the same password again with the current parameters."""
        hashed = await self._passwords.hash_password(password)
        async with self._database.as_auth() as connection:
            await connection.execute(_SQL["rehash"], user_id, stored, hashed)


async def end_sessions(
    connection: Connection, sessions: list[UUID], reason: SessionEndReason, now: datetime
) -> None:
    """End sessions, with an audit entry for each in the name of its user."""
    for row in await connection.fetch(_SQL["end"], sessions, reason, now):
        actor, target = AuditActor(AuditActorKind.USER, str(row["user_id"])), f"session:{row['id']}"
        entry = AuditEntry(row["tenant_id"], actor, "sessions.end", target, None, {"why": reason})
        await record_change(connection, entry)


def is_idle(row: Any, now: datetime) -> bool:
    """Whether the session is unused for longer than its idle timeout."""
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
