"""Users of a tenant: who there is, who is invited, which role and teams they have."""

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
    """Somebody who will be asked to choose a password."""

    login: str
    name: str
    role: str
    teams: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UserUpdate:
    """What is to be another; None leaves it."""

    name: str | None = None
    role: str | None = None
    disabled: bool | None = None
    teams: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class ChangedBy:
    """Who changes it, and how far they may go themselves."""

    id: UUID
    grants: Grants
    actor: AuditActor
    teams: frozenset[str] = frozenset()
    role: str = ""

    @property
    def reach(self) -> PermissionReach:
        """What they may touch."""
        return PermissionReach(self.grants, self.teams)


class UserRepository:
    """Of one tenant at a time, with that tenant's role."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(self, tenant_id: UUID, after: UUID | None, limit: int) -> list[dict[str, Any]]:
        """In the order in which they came."""
        async with self._database.as_tenant(tenant_id) as connection:
            rows = await connection.fetch(_SQL["list"], tenant_id, after, limit)
        return [dict(row) for row in rows]

    async def find(self, tenant_id: UUID, user_id: UUID) -> dict[str, Any]:
        """One of them. Raises ``NotFoundError``."""
        async with self._database.as_tenant(tenant_id) as connection:
            return await _find_user(connection, tenant_id, user_id)

    async def invite(self, tenant_id: UUID, new: NewUser, by: ChangedBy) -> dict[str, Any]:
        """A user without a password yet. Raises ``Refused`` (``login_taken``),
        ``InvalidInputError`` for a
        role or team there is not, ``PermissionDeniedError`` for a role that may more than ``by``.
        """
        async with self._database.as_tenant(tenant_id) as connection:
            require_covering(by.reach, await _reach_for(connection, tenant_id, new.role, new.teams))
            user_id = await connection.fetchval(
                _SQL["invite"], tenant_id, new.login.strip().lower(), new.name, new.role
            )
            if user_id is None:
                raise OperationRefusedError(
                    "The login is already in use. Use another e-mail address.", code="login_taken"
                )
            await _join_teams(connection, tenant_id, user_id, new.teams)
            made = await _find_user(connection, tenant_id, user_id)
            await _record_change(connection, tenant_id, by, "users.invite", None, made)
            return made

    async def resend_invitation(self, tenant_id: UUID, user_id: UUID, by: ChangedBy) -> None:
        """Another link may leave. Raises ``NotFoundError``, ``PermissionDeniedError`` for who may
        more than ``by``, ``Refused`` (``not_invited``) for who has come.
        """
        async with self._database.as_tenant(tenant_id) as connection:
            found = await _lock_manageable_user(connection, tenant_id, user_id, by)
            if found["status"] != "invited":
                raise OperationRefusedError(
                    "The user has already accepted the invitation.", code="not_invited"
                )
            await _record_change(connection, tenant_id, by, "users.invite_again", None, found)

    async def require_authority_over(self, tenant_id: UUID, user_id: UUID, by: ChangedBy) -> None:
        """Raises ``NotFoundError``, ``PermissionDeniedError`` where the user may more than
        ``by``.
        """
        async with self._database.as_tenant(tenant_id) as connection:
            await _lock_manageable_user(connection, tenant_id, user_id, by)

    async def create_initial(
        self, tenant_id: UUID | None, new: NewUser, password_hash: str | None
    ) -> UUID | None:
        """Somebody who is there from the beginning: a superuser (without a tenant), or of the
        demo. None where the login is taken, and nothing is changed then.
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
            async with self._database.as_tenant(tenant_id) as of_tenant:
                await _join_teams(of_tenant, tenant_id, user_id, new.teams)
        return user_id

    async def count_superusers_without_second_factor(self) -> int:
        """Superusers who may come in with a password alone."""
        async with self._database.as_auth() as connection:
            count: int = await connection.fetchval(_SQL["count_superusers_without_second_factor"])
        return count

    async def change(
        self, tenant_id: UUID, user_id: UUID, change: UserUpdate, by: ChangedBy
    ) -> dict[str, Any]:
        """The user as it is then. Raises as ``invite`` does; nobody changes their own role, and
        nobody disables themselves (``PermissionDeniedError``, ``own_role``).
        """
        if by.id == user_id and (change.role is not None or change.disabled is not None):
            raise PermissionDeniedError(
                "You cannot change your own role. Ask another administrator.", code="own_role"
            )
        async with self._database.as_tenant(tenant_id) as connection:
            before = await _lock_manageable_user(connection, tenant_id, user_id, by)
            role = before["role"] if change.role is None else change.role
            teams = before["teams"] if change.teams is None else change.teams
            require_covering(by.reach, await _reach_for(connection, tenant_id, role, teams))
            await connection.execute(
                _SQL["update"], tenant_id, user_id, change.name, change.role, change.disabled
            )
            if change.teams is not None:
                await connection.execute(_SQL["leave_teams"], tenant_id, user_id)
                await _join_teams(connection, tenant_id, user_id, change.teams)
            changed = await _find_user(connection, tenant_id, user_id)
            await _record_change(connection, tenant_id, by, "users.change", before, changed)
            return changed


async def _find_user(connection: Connection, tenant_id: UUID, user_id: UUID) -> dict[str, Any]:
    return await fetch_one(connection, _SQL["find"], tenant_id, user_id, what="user")


async def _record_change(
    connection: Connection,
    tenant_id: UUID,
    by: ChangedBy,
    action: str,
    before: dict[str, Any] | None,
    after: dict[str, Any],
) -> None:
    """What an administrator may see of somebody, and no name or address of theirs."""
    kept = ("role", "status", "teams", "second_factor")
    shown = [None if row is None else {name: row[name] for name in kept} for row in (before, after)]
    target = f"user:{after['id']}"
    await record_change(connection, AuditEntry(tenant_id, by.actor, action, target, *shown))


async def _lock_manageable_user(
    connection: Connection, tenant_id: UUID, user_id: UUID, by: ChangedBy
) -> dict[str, Any]:
    """The user as they are, held until the transaction ends. A role that is gone allows nothing."""
    await connection.execute(_SQL["lock"], tenant_id, user_id)
    found = await _find_user(connection, tenant_id, user_id)
    grants = TENANT_ROLE_GRANTS.get(found["role"])
    if grants is None:
        permissions = await connection.fetchval(_ROLES["lock_shared"], tenant_id, found["role"])
        grants = parse_grants(permissions or ())
    require_covering(by.reach, PermissionReach(grants, frozenset(found["teams"])))
    return found


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
