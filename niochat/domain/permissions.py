"""Permissions: the built-in roles and the functions that check grants.

A permission is ``resource:action``, or ``resource:action:scope`` for actions on conversations and
for reports about them. A
wider scope includes the narrower ones.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from niochat.domain.errors import InvalidInputError, PermissionDeniedError


class PermissionScope(IntEnum):
    """The conversations that a permission covers."""

    OWN = 1
    """Conversations that the user has."""
    TEAM = 2
    """Also those of the user's teams, and those without team and agent, as while the assistant has
    them.
    """
    ALL = 3
    """All conversations of the tenant."""


class PermissionAction(StrEnum):
    """Actions that a permission can allow."""

    CONVERSATIONS_READ = "conversations:read"
    CONVERSATIONS_REPLY = "conversations:reply"
    CONVERSATIONS_ASSIGN = "conversations:assign"
    CONVERSATIONS_NOTE = "conversations:note"
    CONTACTS_READ = "contacts:read"
    CONTACTS_WRITE = "contacts:write"
    CONTACTS_EXPORT = "contacts:export"
    SUBSCRIBERS_READ = "subscribers:read"
    SUBSCRIBERS_WRITE = "subscribers:write"
    USERS_READ = "users:read"
    USERS_WRITE = "users:write"
    ROLES_WRITE = "roles:write"
    TEAMS_READ = "teams:read"
    TEAMS_WRITE = "teams:write"
    CHANNELS_READ = "channels:read"
    CHANNELS_WRITE = "channels:write"
    KEYS_WRITE = "keys:write"
    SETTINGS_READ = "settings:read"
    SETTINGS_WRITE = "settings:write"
    SETTINGS_ASSISTANT = "settings:assistant"
    REPORTS_READ = "reports:read"
    AUDIT_READ = "audit:read"
    PRESENCE_WRITE = "presence:write"
    CANNED_WRITE = "canned:write"
    TENANTS_READ = "tenants:read"
    TENANTS_WRITE = "tenants:write"
    TENANTS_ENTER = "tenants:enter"


SCOPED_ACTIONS = frozenset(
    {
        PermissionAction.CONVERSATIONS_READ,
        PermissionAction.CONVERSATIONS_REPLY,
        PermissionAction.CONVERSATIONS_ASSIGN,
        PermissionAction.CONVERSATIONS_NOTE,
        PermissionAction.REPORTS_READ,
    }
)
"""Actions with a scope. Every other action is allowed for the whole tenant or not at all."""
PLATFORM_ACTIONS = frozenset(
    {PermissionAction.TENANTS_READ, PermissionAction.TENANTS_WRITE, PermissionAction.TENANTS_ENTER}
)
"""Actions for superusers only: no role of a tenant can hold them."""

Grants = Mapping[PermissionAction, PermissionScope]
"""The allowed actions of a role, user or key, each with its scope."""


class BuiltInRole(StrEnum):
    """Roles that every installation has. A tenant may create others."""

    SUPERUSER = "superuser"
    ADMIN = "admin"
    AGENT = "agent"
    VIEWER = "viewer"


def _all(*actions: PermissionAction) -> dict[PermissionAction, PermissionScope]:
    return dict.fromkeys(actions, PermissionScope.ALL)


_TENANT = tuple(action for action in PermissionAction if action not in PLATFORM_ACTIONS)
ROLE_GRANTS: Mapping[BuiltInRole, Grants] = {
    BuiltInRole.SUPERUSER: _all(*PLATFORM_ACTIONS),
    BuiltInRole.ADMIN: _all(*_TENANT),
    BuiltInRole.AGENT: {
        PermissionAction.CONVERSATIONS_READ: PermissionScope.TEAM,
        PermissionAction.CONVERSATIONS_REPLY: PermissionScope.TEAM,
        PermissionAction.CONVERSATIONS_ASSIGN: PermissionScope.TEAM,
        PermissionAction.CONVERSATIONS_NOTE: PermissionScope.TEAM,
        PermissionAction.REPORTS_READ: PermissionScope.OWN,
        **_all(
            PermissionAction.CONTACTS_READ,
            PermissionAction.CONTACTS_WRITE,
            PermissionAction.SUBSCRIBERS_READ,
            PermissionAction.SUBSCRIBERS_WRITE,
            PermissionAction.USERS_READ,
            PermissionAction.TEAMS_READ,
            PermissionAction.CHANNELS_READ,
            PermissionAction.PRESENCE_WRITE,
        ),
    },
    BuiltInRole.VIEWER: _all(
        PermissionAction.CONVERSATIONS_READ,
        PermissionAction.REPORTS_READ,
        PermissionAction.CONTACTS_READ,
        PermissionAction.SUBSCRIBERS_READ,
        PermissionAction.USERS_READ,
        PermissionAction.TEAMS_READ,
        PermissionAction.CHANNELS_READ,
        PermissionAction.SETTINGS_READ,
    ),
}
"""Grants of the built-in roles. A superuser who has entered a tenant acts there as its admin."""


TENANT_ROLE_GRANTS: Mapping[str, Grants] = {
    str(role): grants for role, grants in ROLE_GRANTS.items() if role is not BuiltInRole.SUPERUSER
}
"""Grants of the built-in roles that users of a tenant can have."""


@dataclass(frozen=True, slots=True)
class ConversationOwner:
    """The agent and the team of a conversation."""

    agent: str | None
    team: str | None


def is_permitted(
    grants: Grants,
    action: PermissionAction,
    owner: ConversationOwner | None = None,
    *,
    user: str = "",
    teams: frozenset[str] = frozenset(),
) -> bool:
    """Whether ``user`` of ``teams`` with these grants may do ``action`` on a conversation of
    ``owner``. Without an ``owner``: whether the action is allowed in any scope.
    """
    scope = grants.get(action)
    if scope is None:
        return False
    if owner is None or scope is PermissionScope.ALL:
        return True
    if owner.agent is not None and owner.agent == user:
        return True
    if scope is not PermissionScope.TEAM:
        return False
    return owner.team in teams if owner.team is not None else owner.agent is None


def parse_grants(permissions: Iterable[str]) -> dict[PermissionAction, PermissionScope]:
    """Parses permissions. Raises ``InvalidInputError`` that names the first unknown one."""
    grants: dict[PermissionAction, PermissionScope] = {}
    for permission in permissions:
        action, scope = _parse_permission(permission)
        grants[action] = max(scope, grants.get(action, scope))
    return grants


def format_grants(grants: Grants) -> list[str]:
    """Formats grants as permissions for storage and display, sorted alphabetically."""
    return sorted(
        f"{action}:{scope.name.lower()}" if action in SCOPED_ACTIONS else str(action)
        for action, scope in grants.items()
    )


def is_within(grants: Grants, others: Grants) -> bool:
    """Whether ``others`` include all of ``grants``."""
    return all(scope <= others.get(action, 0) for action, scope in grants.items())


def intersect_grants(grants: Grants, others: Grants) -> dict[PermissionAction, PermissionScope]:
    """Returns the actions that both allow, each with the narrower scope."""
    return {
        action: min(scope, others[action]) for action, scope in grants.items() if action in others
    }


@dataclass(frozen=True, slots=True)
class PermissionReach:
    """The grants of a user or key, and the teams whose conversations they get."""

    grants: Grants
    teams: frozenset[str] = frozenset()

    def covers(self, other: "PermissionReach") -> bool:
        """Whether ``other`` allows nothing beyond this reach.

        Teams are compared unless this reach covers all conversations: a queue assigns its
        conversations to its members, whatever their scope.
        """
        if not is_within(other.grants, self.grants):
            return False
        scoped = [action for action in other.grants if action in SCOPED_ACTIONS]
        everywhere = all(self.grants[action] is PermissionScope.ALL for action in scoped)
        return everywhere or other.teams <= self.teams


def require_covering(own: PermissionReach, *touched: PermissionReach) -> None:
    """Raises ``PermissionDeniedError`` unless ``own`` covers every reach in ``touched``.

    Nobody may change a user, team, role or key that reaches further than they do, before or after
    the change.
    """
    if not all(own.covers(each) for each in touched):
        raise PermissionDeniedError(
            "The target has, or would have, permissions that you do not have.",
            code="stronger",
        )


def _parse_permission(permission: str) -> tuple[PermissionAction, PermissionScope]:
    name, _, last = permission.rpartition(":")
    for text, scope in ((permission, PermissionScope.ALL), (name, _SCOPES.get(last))):
        if text in _ACTIONS and scope is not None:
            action = PermissionAction(text)
            if (action in SCOPED_ACTIONS) == (text is name) and action not in PLATFORM_ACTIONS:
                return action, scope
    raise InvalidInputError(
        f"The permission {permission!r} does not exist. GET /api/v1/permissions lists all "
        f"permissions.",
        code="unknown_permission",
    )


_ACTIONS = frozenset(str(action) for action in PermissionAction)
_SCOPES = {scope.name.lower(): scope for scope in PermissionScope}
