"""Authenticates callers by a user's session or an API key, and loads their permissions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.errors import AuthenticationError, PermissionDeniedError, UnavailableError
from niochat.domain.permissions import (
    ROLE_GRANTS,
    TENANT_ROLE_GRANTS,
    BuiltInRole,
    ConversationOwner,
    Grants,
    PermissionAction,
    intersect_grants,
    is_permitted,
    parse_grants,
)
from niochat.domain.text_validation import digest_text
from niochat.identity.access_tokens import AccessTokenSigner
from niochat.identity.sessions import SessionEndReason, end_sessions, is_idle
from niochat.runtime.batcher import Batcher

_SESSIONS = queries("sessions")
_KEYS = queries("api_keys")

SEEN_UPDATE_INTERVAL = timedelta(minutes=1)
"""Minimum interval between two updates of the last use of a session or key."""


_SessionLookup = tuple[UUID, UUID, datetime]
"""Session id, user id, current time."""


class PrincipalKind(StrEnum):
    """Kind of credential by which a principal was authenticated."""

    USER = "user"
    KEY = "key"


@dataclass(frozen=True, slots=True)
class Principal:
    """An authenticated user or API key.

    ``tenant_id`` is the tenant in which the principal acts; None for a superuser who has not
    entered a tenant.
    """

    kind: PrincipalKind
    id: UUID
    name: str
    role: str
    grants: Grants
    tenant_id: UUID | None
    tenant: str | None
    teams: frozenset[str] = frozenset()
    session_id: UUID | None = None
    login: str | None = None
    acting_until: datetime | None = None

    def may(self, action: PermissionAction, holder: ConversationOwner | None = None) -> bool:
        """Whether the action is permitted on a conversation of ``holder``; without it, on any."""
        return is_permitted(self.grants, action, holder, user=str(self.id), teams=self.teams)

    def require(self, action: PermissionAction) -> UUID:
        """Return the tenant in which the action is permitted. Raises ``PermissionDeniedError``."""
        if not self.may(action) or self.tenant_id is None:
            raise PermissionDeniedError(f"The permission {action} is required.")
        return self.tenant_id


class Authenticator:
    """Authenticates every request anew, so that an ended session or changed role counts at once."""

    def __init__(self, database: Database, signer: AccessTokenSigner) -> None:
        self._database = database
        self._signer = signer
        self._rows: Batcher[_SessionLookup, Any] = Batcher(
            self._read, retry_individually_if=_may_retry_individually
        )

    async def authenticate_token(self, token: str, now: datetime) -> Principal:
        """Return the user of an access token.

        Raises ``AuthenticationError``, or ``PermissionDeniedError`` for a disabled user or a
        suspended tenant.
        """
        claims = await self._signer.verify(token, now)
        if claims is None:
            raise AuthenticationError(
                "The access token is invalid or expired. Refresh it, or sign in again.",
                code="bad_token",
            )
        return await self.authenticate_session(claims.session_id, claims.user_id, now)

    async def authenticate_session(
        self, session_id: UUID, user_id: UUID, now: datetime
    ) -> Principal:
        """Return the user of a session with current permissions; raises as `authenticate_token`.

        An idle session is ended.
        """
        row = await self._rows.submit((session_id, user_id, now))
        is_over = row is None or is_idle(row, now)
        if row is not None and is_over:
            async with self._database.as_auth() as connection:
                await end_sessions(connection, [session_id], SessionEndReason.IDLE, now)
        elif row is not None and now - row["seen_at"] > SEEN_UPDATE_INTERVAL:
            async with self._database.as_auth() as connection:
                await connection.execute(_SESSIONS["mark_seen"], session_id, now)
        if row is None or is_over:
            raise AuthenticationError("The session has ended. Sign in again.", code="session_over")
        return _principal_from_row(row, now)

    async def _read(self, lookups: Sequence[_SessionLookup]) -> Sequence[Any]:
        """Load the users of concurrent requests with one query, in the order of ``lookups``."""
        columns = map(list, zip(*lookups, strict=True))
        async with self._database.as_auth() as connection:
            rows = await connection.fetch(_SESSIONS["find_principals"], *columns)
        by_number = {row["number"]: row for row in rows}
        return [by_number.get(number) for number in range(1, len(lookups) + 1)]

    async def authenticate_api_key(self, key: str, now: datetime) -> Principal:
        """Return the principal of an API key.

        Raises ``AuthenticationError``, or ``PermissionDeniedError`` for a suspended tenant.
        """
        digest = digest_text(key)
        async with self._database.as_auth() as connection:
            row = await connection.fetchrow(_KEYS["find_principal"], digest, now)
            if row is not None and (
                row["last_used_at"] is None or now - row["last_used_at"] > SEEN_UPDATE_INTERVAL
            ):
                await connection.execute(_KEYS["mark_used"], row["id"], now)
        if row is None:
            raise AuthenticationError("The API key is invalid, revoked or expired.", code="bad_key")
        return _key_principal(row)

    async def find_absent(
        self, tenant_id: UUID, kind: PrincipalKind, principal_id: UUID, now: datetime
    ) -> Principal | None:
        """Return somebody for whom work goes on in the background, with current permissions; None
        if a request of the same principal in this tenant would be refused.
        """
        is_key = kind is PrincipalKind.KEY
        query = _KEYS["find_absent_principal"] if is_key else _SESSIONS["find_absent_principal"]
        async with self._database.as_auth() as connection:
            row = await connection.fetchrow(query, principal_id, tenant_id, now)
        if row is None:
            return None
        try:
            principal = _key_principal(row) if is_key else _principal_from_row(row, now)
        except PermissionDeniedError:
            return None
        return principal if principal.tenant_id == tenant_id else None


def _key_principal(row: Any) -> Principal:
    _refuse_suspended_tenant(row["tenant_status"])
    grants = intersect_grants(parse_grants(row["permissions"]), _owner_grants(row))
    return Principal(
        PrincipalKind.KEY,
        row["id"],
        row["name"],
        "key",
        grants,
        row["tenant_id"],
        row["tenant"],
    )


def _owner_grants(row: Any) -> Grants:
    """Grants of the key's owner; a superuser's keys have at most the grants of an administrator."""
    role = BuiltInRole.ADMIN if row["owner_role"] == BuiltInRole.SUPERUSER else row["owner_role"]
    built_in = TENANT_ROLE_GRANTS.get(role)
    return parse_grants(row["owner_permissions"] or ()) if built_in is None else built_in


def _may_retry_individually(error: Exception) -> bool:
    """Retry singly unless the database is unavailable: then each lookup would fail as well."""
    return not isinstance(error, UnavailableError)


def _principal_from_row(row: Any, now: datetime) -> Principal:
    if row["status"] != "active":
        raise PermissionDeniedError(
            "The account is disabled. Contact your administrator.", code="disabled"
        )
    if row["role"] == BuiltInRole.SUPERUSER:
        return _superuser_principal(row, now)
    _refuse_suspended_tenant(row["tenant_status"])
    return _user_principal(
        row,
        row["role"],
        _role_grants(row),
        row["tenant_id"],
        row["tenant"],
        frozenset(row["teams"]),
    )


def _superuser_principal(row: Any, now: datetime) -> Principal:
    """A superuser who has entered a tenant, even a suspended one, also has its admin's grants."""
    until = row["acting_until"]
    if until is None or until <= now:
        return _user_principal(
            row, BuiltInRole.SUPERUSER, ROLE_GRANTS[BuiltInRole.SUPERUSER], None, None
        )
    grants = {**ROLE_GRANTS[BuiltInRole.ADMIN], **ROLE_GRANTS[BuiltInRole.SUPERUSER]}
    return _user_principal(
        row, BuiltInRole.SUPERUSER, grants, row["acting_tenant"], row["acting"], acting_until=until
    )


def _user_principal(
    row: Any,
    role: str,
    grants: Grants,
    tenant_id: UUID | None,
    tenant: str | None,
    teams: frozenset[str] = frozenset(),
    acting_until: datetime | None = None,
) -> Principal:
    return Principal(
        PrincipalKind.USER,
        row["id"],
        row["name"],
        role,
        grants,
        tenant_id,
        tenant,
        teams,
        row["session_id"],
        row["login"],
        acting_until,
    )


def _role_grants(row: Any) -> Grants:
    """Grants of a built-in role or of the tenant's own role; a deleted role grants nothing."""
    built_in = TENANT_ROLE_GRANTS.get(row["role"])
    return parse_grants(row["permissions"] or ()) if built_in is None else built_in


def _refuse_suspended_tenant(tenant_status: str) -> None:
    if tenant_status == "suspended":
        raise PermissionDeniedError(
            "The provider is suspended. Access is blocked until the provider is resumed.",
            code="tenant_suspended",
        )
