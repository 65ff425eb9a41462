"""Changes the password of a signed-in user, who proves the current one."""

from datetime import datetime
from uuid import UUID

from niochat.adapters.postgres.audit_log import record_change
from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.errors import InvalidInputError
from niochat.identity.login.login_throttle import LoginThrottle, account_limit
from niochat.identity.login.passwords import PasswordService, validate_password
from niochat.identity.one_time_links import LinkPurpose
from niochat.identity.sessions import SessionEndReason, end_sessions
from niochat.ports.audit import AuditActor, AuditEntry

_SQL = queries("password_change")
_LINKS = queries("one_time_links")
_SESSIONS = queries("sessions")


class PasswordChangeService:
    """Changes passwords. Attempts with a wrong current password are limited."""

    def __init__(
        self, database: Database, passwords: PasswordService, throttle: LoginThrottle
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._throttle = throttle

    async def change(
        self,
        user_id: UUID,
        session_id: UUID,
        current: str,
        new: str,
        actor: AuditActor,
        now: datetime,
    ) -> None:
        """Set the password ``new``, end the other sessions and void all links of the user. Raises
        ``InvalidInputError`` (``weak_password``, ``wrong_password``), ``RateLimitedError`` after
        too many wrong attempts.
        """
        validate_password(new)
        limits = (account_limit("password", str(user_id)),)
        await self._throttle.count_attempt(limits, now)
        async with self._database.as_auth() as connection:
            stored: str | None = await connection.fetchval(_SQL["find_hash"], user_id)
        if not await self._passwords.verify(current, stored, actor.address, from_known_device=True):
            raise await self._record_refusal(user_id, actor)
        await self._throttle.record_success(limits, now)
        hashed = await self._passwords.hash_password(new)
        async with self._database.as_auth() as connection:
            row = await connection.fetchrow(_SQL["replace_hash"], user_id, stored, hashed)
            if row is None:
                raise _wrong_password_error()  # another request has changed it meanwhile
            for purpose in LinkPurpose:
                await connection.execute(_LINKS["delete_unused"], user_id, purpose)
            others = await connection.fetch(_SESSIONS["lock_others"], user_id, session_id)
            await end_sessions(
                connection, [each["id"] for each in others], SessionEndReason.PASSWORD, now
            )
            entry = AuditEntry(row["tenant_id"], actor, "users.password", f"user:{user_id}")
            await record_change(connection, entry)

    async def _record_refusal(self, user_id: UUID, actor: AuditActor) -> InvalidInputError:
        error = _wrong_password_error()
        async with self._database.as_auth() as connection:
            tenant_id = await connection.fetchval(_SQL["find_tenant"], user_id)
            entry = AuditEntry(
                tenant_id,
                actor,
                "users.password_refused",
                f"user:{user_id}",
                None,
                {"code": error.code},
            )
            await record_change(connection, entry)
        return error


def _wrong_password_error() -> InvalidInputError:
    return InvalidInputError("The current password is wrong.", code="wrong_password")
