"""Profiles: what users see and change of themselves."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from niochat.adapters.postgres.audit_log import record_change
from niochat.adapters.postgres.database import Database, fetch_one
from niochat.adapters.postgres.queries import queries
from niochat.identity.sessions import DEFAULT_IDLE_TIMEOUT
from niochat.ports.audit import AuditActor, AuditEntry

_SQL = queries("profiles")


@dataclass(frozen=True, slots=True)
class OwnAccount:
    """The account and session of a signed-in user. Without use the session ends after
    ``idle_timeout_s``, otherwise at ``session_expires_at`` unless it is refreshed. ``photo`` is the
    digest of the photo, if there is one.
    """

    session_expires_at: datetime
    idle_timeout_s: float
    second_factor: bool
    photo: str | None


@dataclass(frozen=True, slots=True)
class UserPhoto:
    """An encoded photo, and the digest that changes with it."""

    image: bytes
    digest: str


class ProfileStore:
    """The profiles of users of all tenants."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load_account(self, session_id: UUID) -> OwnAccount:
        """The account of the user of a session."""
        async with self._database.as_auth() as connection:
            row = await fetch_one(connection, _SQL["find_session"], session_id, what="session")
        idle_timeout_s = row["idle_timeout_s"] or DEFAULT_IDLE_TIMEOUT.total_seconds()
        return OwnAccount(row["expires_at"], idle_timeout_s, row["second_factor"], row["photo"])

    async def rename(self, user_id: UUID, name: str, actor: AuditActor) -> None:
        """Change the name of a user, also of a superuser."""
        async with self._database.as_auth() as connection:
            tenant_id = await connection.fetchval(_SQL["rename"], user_id, name)
            entry = AuditEntry(tenant_id, actor, "users.rename", f"user:{user_id}")
            await record_change(connection, entry)

    async def put_photo(
        self, tenant_id: UUID, user_id: UUID, image: bytes, actor: AuditActor
    ) -> str:
        """Store an encoded photo, and return its digest."""
        digest = sha256(image).hexdigest()[:16]
        async with self._database.as_tenant(tenant_id) as connection:
            await connection.execute(_SQL["put_photo"], tenant_id, user_id, image, digest)
            entry = AuditEntry(tenant_id, actor, "users.photo", f"user:{user_id}")
            await record_change(connection, entry)
        return digest

    async def delete_photo(self, tenant_id: UUID, user_id: UUID, actor: AuditActor) -> None:
        """Delete the photo of a user; no-op without one."""
        async with self._database.as_tenant(tenant_id) as connection:
            await connection.execute(_SQL["delete_photo"], tenant_id, user_id)
            entry = AuditEntry(tenant_id, actor, "users.photo_delete", f"user:{user_id}")
            await record_change(connection, entry)

    async def find_photo(self, tenant_id: UUID, user_id: UUID) -> UserPhoto:
        """The photo of a user of the tenant. Raises ``NotFoundError``."""
        async with self._database.as_tenant(tenant_id) as connection:
            row = await fetch_one(connection, _SQL["find_photo"], tenant_id, user_id, what="photo")
        return UserPhoto(**row)
