"""Users of a tenant: invitations, roles, teams and status."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from niochat.adapters.postgres.audit_log import record_change
from niochat.adapters.postgres.database import Connection, Database, fetch_one
from niochat.adapters.postgres.queries import queries
from niochat.domain.errors import (
    InvalidInputError,
    OperationRefusedError,
    PermissionDeniedError,
)
from niochat.domain.permissions import (
    TENANT_ROLE_GRANTS,
    Grants,
    PermissionReach,
    parse_grants,
    require_covering,
)
from niochat.ports.audit import AuditActor, AuditActorKind, AuditEntry

_SQL = queries("users")
_ROLES = queries("roles")
_OPERATOR = AuditActor(AuditActorKind.OPERATOR, "operator")


@dataclass(frozen=True, slots=True)
class NewUser:
    """A user to be created or invited."""

    login: str
    name: str
    role: str
    teams: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UserUpdate:
    """Changes of a user; None leaves a field unchanged."""

    name: str | None = None
    role: str | None = None
    disabled: bool | None = None
    teams: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class ChangedBy:
    """The user or key that makes a change, with its own permissions."""

    id: UUID
    grants: Grants
    actor: AuditActor
    teams: frozenset[str] = frozenset()
    role: str = ""

    @property
    def reach(self) -> PermissionReach:
        """The permissions and teams that bound what this caller may change."""
        return PermissionReach(self.grants, self.teams)


class UserRepository:
    """Manages the users of a tenant over tenant connections."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(self, tenant_id: UUID, after: UUID | None, limit: int) -> list[dict[str, Any]]:
        """List users in order of creation. ``after`` is the last id of the previous page."""
        async with self._database.as_tenant(tenant_id) as connection:
            rows = await connection.fetch(_SQL["list"], tenant_id, after, limit)
        return [dict(row) for row in rows]

    async def find(self, tenant_id: UUID, user_id: UUID) -> dict[str, Any]:
        """Return one user. Raises ``NotFoundError``."""
        async with self._database.as_tenant(tenant_id) as connection:
            return await _find_user(connection, tenant_id, user_id)

    async def invite(self, tenant_id: UUID, new: NewUser, changed_by: ChangedBy) -> dict[str, Any]:
        """Create a user without a password, and return it.

        Raises ``OperationRefusedError`` (``login_taken``), ``InvalidInputError`` for an unknown
        role or team, ``PermissionDeniedError`` if the caller's reach does not cover the role.
        """
        async with self._database.as_tenant(tenant_id) as connection:
            require_covering(
                changed_by.reach, await _reach_for(connection, tenant_id, new.role, new.teams)
            )
            user_id = await connection.fetchval(
                _SQL["invite"], tenant_id, new.login.strip().lower(), new.name, new.role
            )
            if user_id is None:
                raise OperationRefusedError(
                    "The login is already in use. Use another e-mail address.", code="login_taken"
                )
            await _join_teams(connection, tenant_id, user_id, new.teams)
            created = await _find_user(connection, tenant_id, user_id)
            await _record_change(connection, tenant_id, changed_by, "users.invite", None, created)
            return created

    async def resend_invitation(
        self, tenant_id: UUID, user_id: UUID, changed_by: ChangedBy
    ) -> None:
        """Check and record that the invitation may be sent again; the caller sends the mail.

        Raises ``NotFoundError``, ``PermissionDeniedError`` if the caller's reach does not cover
        the user, ``OperationRefusedError`` (``not_invited``) if the user has already accepted.
        """
        async with self._database.as_tenant(tenant_id) as connection:
            user = await _lock_manageable_user(connection, tenant_id, user_id, changed_by)
            if user["status"] != "invited":
                raise OperationRefusedError(
                    "The user has already accepted the invitation.", code="not_invited"
                )
            await _record_change(
                connection, tenant_id, changed_by, "users.invite_again", None, user
            )

    async def require_authority_over(
        self, tenant_id: UUID, user_id: UUID, changed_by: ChangedBy
    ) -> None:
        """Raise ``NotFoundError``, or ``PermissionDeniedError`` if the caller's reach does not
        cover the user.
        """
        async with self._database.as_tenant(tenant_id) as connection:
            await _lock_manageable_user(connection, tenant_id, user_id, changed_by)

    async def create_initial(
        self, tenant_id: UUID | None, new: NewUser, password_hash: str | None
    ) -> UUID | None:
        """Create a superuser (``tenant_id`` is None) or a demo user, and return the id.

        Returns None and changes nothing if the login is taken.
        """
        status = "invited" if password_hash is None else "active"
        async with self._database.as_auth() as connection:
            user_id: UUID | None = await connection.fetchval(
                _SQL["create_initial"],
                tenant_id,
                new.login.strip().lower(),
                new.name,
                new.role,
                status,
                password_hash,
            )
            if user_id is not None:
                after = {"role": new.role, "status": status}
                entry = AuditEntry(
                    tenant_id, _OPERATOR, "users.settle", f"user:{user_id}", None, after
                )
                await record_change(connection, entry)
        if user_id is not None and tenant_id is not None and new.teams:
            async with self._database.as_tenant(tenant_id) as tenant_connection:
                await _join_teams(tenant_connection, tenant_id, user_id, new.teams)
        return user_id

    async def count_superusers_without_second_factor(self) -> int:
        """Number of superusers who can sign in with a password only."""
        async with self._database.as_auth() as connection:
            count: int = await connection.fetchval(_SQL["count_superusers_without_second_factor"])
        return count

    async def change(
        self, tenant_id: UUID, user_id: UUID, change: UserUpdate, changed_by: ChangedBy
    ) -> dict[str, Any]:
        """Change a user, and return the changed user.

        Raises as ``invite`` does, and ``NotFoundError``. Callers cannot change their own role or
        disable themselves (``PermissionDeniedError``, ``own_role``).
        """
        if changed_by.id == user_id and (change.role is not None or change.disabled is not None):
            raise PermissionDeniedError(
                "You cannot change your own role. Ask another administrator.", code="own_role"
            )
        async with self._database.as_tenant(tenant_id) as connection:
            before = await _lock_manageable_user(connection, tenant_id, user_id, changed_by)
            role = before["role"] if change.role is None else change.role
            teams = before["teams"] if change.teams is None else change.teams
            require_covering(changed_by.reach, await _reach_for(connection, tenant_id, role, teams))
            await connection.execute(
                _SQL["update"], tenant_id, user_id, change.name, change.role, change.disabled
            )
            if change.teams is not None:
                await connection.execute(_SQL["leave_teams"], tenant_id, user_id)
                await _join_teams(connection, tenant_id, user_id, change.teams)
            changed = await _find_user(connection, tenant_id, user_id)
            await _record_change(connection, tenant_id, changed_by, "users.change", before, changed)
            return changed


async def _find_user(connection: Connection, tenant_id: UUID, user_id: UUID) -> dict[str, Any]:
    return await fetch_one(connection, _SQL["find"], tenant_id, user_id, what="user")


async def _record_change(
    connection: Connection,
    tenant_id: UUID,
    changed_by: ChangedBy,
    action: str,
    before: dict[str, Any] | None,
    after: dict[str, Any],
) -> None:
    """Write an audit entry without personal data such as name and e-mail address."""
    audited_fields = ("role", "status", "teams", "second_factor")
    changes = [
        None if row is None else {name: row[name] for name in audited_fields}
        for row in (before, after)
    ]
    target = f"user:{after['id']}"
    await record_change(
        connection, AuditEntry(tenant_id, changed_by.actor, action, target, *changes)
    )


async def _lock_manageable_user(
    connection: Connection, tenant_id: UUID, user_id: UUID, changed_by: ChangedBy
) -> dict[str, Any]:
    """Lock a user until the transaction ends, and return it.

    Raises ``NotFoundError``, ``PermissionDeniedError`` if the caller's reach does not cover the
    user. A deleted role grants nothing.
    """
    await connection.execute(_SQL["lock"], tenant_id, user_id)
    user = await _find_user(connection, tenant_id, user_id)
    grants = TENANT_ROLE_GRANTS.get(user["role"])
    if grants is None:
        permissions = await connection.fetchval(_ROLES["lock_shared"], tenant_id, user["role"])
        grants = parse_grants(permissions or ())
    require_covering(changed_by.reach, PermissionReach(grants, frozenset(user["teams"])))
    return user


async def _reach_for(
    connection: Connection, tenant_id: UUID, role: str, teams: Sequence[str]
) -> PermissionReach:
    return PermissionReach(await _grants_for_role(connection, tenant_id, role), frozenset(teams))


async def _grants_for_role(connection: Connection, tenant_id: UUID, role: str) -> Grants:
    if role in TENANT_ROLE_GRANTS:
        return TENANT_ROLE_GRANTS[role]
    permissions = await connection.fetchval(_ROLES["lock_shared"], tenant_id, role)
    if permissions is None:
        raise InvalidInputError(
            f"The role {role!r} does not exist. GET /api/v1/roles lists all roles.", code="no_role"
        )
    return parse_grants(permissions)


async def _join_teams(
    connection: Connection, tenant_id: UUID, user_id: UUID, teams: Sequence[str]
) -> None:
    joined = await connection.fetch(_SQL["join_teams"], tenant_id, user_id, list(teams))
    missing = sorted(set(teams) - {row["team"] for row in joined})
    if missing:
        raise InvalidInputError(
            f"Unknown teams: {', '.join(missing)}. GET /api/v1/teams lists all teams.",
            code="no_team",
        )
