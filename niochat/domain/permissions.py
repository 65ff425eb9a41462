"""Who may do what: one table of roles, one function that decides.

A permission is ``resource:action`` or, where it matters whose the thing is,
``resource:action:scope``. A wider scope includes the narrower ones.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from niochat.domain.errors import Forbidden, Invalid


class Scope(IntEnum):
    """Whose conversations: one's own; those of one's teams and those that are nobody's yet, as
    while the assistant has them; all of the tenant.
    """

    OWN = 1
    TEAM = 2
    ALL = 3


class Action(StrEnum):
    """Everything that somebody may be allowed to do."""

    CONVERSATIONS_READ = "conversations:read"
    CONVERSATIONS_REPLY = "conversations:reply"
    CONVERSATIONS_ASSIGN = "conversations:assign"
    CONVERSATIONS_NOTE = "conversations:note"
    CONTACTS_READ = "contacts:read"
    CONTACTS_WRITE = "contacts:write"
    CONTACTS_EXPORT = "contacts:export"
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
    AUDIT_READ = "audit:read"
    PRESENCE_WRITE = "presence:write"
    TENANTS_READ = "tenants:read"
    TENANTS_WRITE = "tenants:write"
    TENANTS_ENTER = "tenants:enter"


SCOPED = frozenset(
    {
        Action.CONVERSATIONS_READ,
        Action.CONVERSATIONS_REPLY,
        Action.CONVERSATIONS_ASSIGN,
        Action.CONVERSATIONS_NOTE,
    }
)
"""Actions on something that is somebody's; all others are allowed for all or not at all."""
PLATFORM = frozenset({Action.TENANTS_READ, Action.TENANTS_WRITE, Action.TENANTS_ENTER})
"""Of superusers only: no role of a tenant can hold them."""

Grants = Mapping[Action, Scope]
"""What somebody may do, and how far."""


class Role(StrEnum):
    """Roles that every installation has; a tenant may make others."""

    SUPERUSER = "superuser"
    ADMIN = "admin"
    AGENT = "agent"
    VIEWER = "viewer"


def _all(*actions: Action) -> dict[Action, Scope]:
    return dict.fromkeys(actions, Scope.ALL)


_TENANT = tuple(action for action in Action if action not in PLATFORM)
ROLES: Mapping[Role, Grants] = {
    Role.SUPERUSER: _all(*PLATFORM),
    Role.ADMIN: _all(*_TENANT),
    Role.AGENT: {
        Action.CONVERSATIONS_READ: Scope.TEAM,
        Action.CONVERSATIONS_REPLY: Scope.TEAM,
        Action.CONVERSATIONS_ASSIGN: Scope.TEAM,
        Action.CONVERSATIONS_NOTE: Scope.TEAM,
        **_all(
            Action.CONTACTS_READ, Action.CONTACTS_WRITE, Action.USERS_READ, Action.TEAMS_READ,
            Action.CHANNELS_READ, Action.PRESENCE_WRITE,
        ),
    },
    Role.VIEWER: _all(
        Action.CONVERSATIONS_READ, Action.CONTACTS_READ, Action.USERS_READ, Action.TEAMS_READ,
        Action.CHANNELS_READ, Action.SETTINGS_READ,
    ),
}  # fmt: skip
"""The one table. A superuser who has entered a tenant acts there as its admin."""


BUILT_IN: Mapping[str, Grants] = {
    str(role): grants for role, grants in ROLES.items() if role is not Role.SUPERUSER
}
"""Roles of a tenant that are not of its own making."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose something is: the agent who has it, and the team it is in."""

    agent: str | None
    team: str | None


def permits(
    grants: Grants,
    action: Action,
    holder: Holder | None = None,
    *,
    user: str = "",
    teams: frozenset[str] = frozenset(),
) -> bool:
    """Whether somebody with these grants may do this to what ``holder`` says whose it is.

    Without a ``holder`` the question is whether it is allowed for anything at all.
    """
    scope = grants.get(action)
    if scope is None:
        return False
    if holder is None or scope is Scope.ALL:
        return True
    if holder.agent is not None and holder.agent == user:
        return True
    if scope is not Scope.TEAM:
        return False
    return holder.team in teams if holder.team is not None else holder.agent is None


def grants_of(permissions: Iterable[str]) -> dict[Action, Scope]:
    """Of stored permissions. Raises ``Invalid`` that names the one there is not."""
    grants: dict[Action, Scope] = {}
    for permission in permissions:
        action, scope = _parsed(permission)
        grants[action] = max(scope, grants.get(action, scope))
    return grants


def permissions_of(grants: Grants) -> list[str]:
    """As they are stored and shown, in the order of the alphabet."""
    return sorted(
        f"{action}:{scope.name.lower()}" if action in SCOPED else str(action)
        for action, scope in grants.items()
    )


def within(grants: Grants, others: Grants) -> bool:
    """Whether ``grants`` go nowhere further than ``others``: nobody gives more than they have."""
    return all(scope <= others.get(action, 0) for action, scope in grants.items())


def common(grants: Grants, others: Grants) -> dict[Action, Scope]:
    """What both allow, each as far as the narrower does."""
    return {
        action: min(scope, others[action]) for action, scope in grants.items() if action in others
    }


@dataclass(frozen=True, slots=True)
class Reach:
    """How far somebody goes: what they may do, and the teams whose conversations come to them."""

    grants: Grants
    teams: frozenset[str] = frozenset()

    def covers(self, other: "Reach") -> bool:
        """Whether ``other`` goes nowhere further. Teams count wherever this one does not see all:
        a queue gives its conversations to its members, whatever their scope.
        """
        if not within(other.grants, self.grants):
            return False
        scoped = [action for action in other.grants if action in SCOPED]
        everywhere = all(self.grants[action] is Scope.ALL for action in scoped)
        return everywhere or other.teams <= self.teams


def need_covering(mine: Reach, *touched: Reach) -> None:
    """Whoever changes a user, team, role or key has to go as far as it does, before the change and
    after it. Raises ``Forbidden``.
    """
    if not all(mine.covers(each) for each in touched):
        raise Forbidden(
            "The target has, or would have, permissions that you do not have.",
            code="stronger",
        )


def _parsed(permission: str) -> tuple[Action, Scope]:
    name, _, last = permission.rpartition(":")
    for text, scope in ((permission, Scope.ALL), (name, _SCOPES.get(last))):
        if text in _ACTIONS and scope is not None:
            action = Action(text)
            if (action in SCOPED) == (text is name) and action not in PLATFORM:
                return action, scope
    raise Invalid(
        f"The permission {permission!r} does not exist. GET /api/v1/permissions lists all permissions.",
        code="unknown_permission",
    )


_ACTIONS = frozenset(str(action) for action in Action)
_SCOPES = {scope.name.lower(): scope for scope in Scope}
