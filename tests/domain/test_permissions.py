"""One table of roles, one function that decides."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from niochat.domain.errors import InvalidInputError
from niochat.domain.permissions import (
    PLATFORM_ACTIONS,
    ROLE_GRANTS,
    SCOPED_ACTIONS,
    BuiltInRole,
    ConversationOwner,
    PermissionAction,
    PermissionScope,
    format_grants,
    is_permitted,
    is_within,
    parse_grants,
)

GRANTS = st.dictionaries(
    st.sampled_from([a for a in PermissionAction if a not in PLATFORM_ACTIONS]),
    st.sampled_from(PermissionScope),
).map(
    lambda grants: {a: s if a in SCOPED_ACTIONS else PermissionScope.ALL for a, s in grants.items()}
)
HOLDERS = st.builds(
    ConversationOwner, st.sampled_from([None, "ana", "rui"]), st.sampled_from([None, "a", "b"])
)
TEAMS = frozenset({"a"})


@pytest.mark.parametrize(
    ("scope", "holder", "allowed"),
    [
        (PermissionScope.OWN, ConversationOwner("ana", "a"), True),
        (PermissionScope.OWN, ConversationOwner("rui", "a"), False),
        (PermissionScope.OWN, ConversationOwner(None, "a"), False),
        (PermissionScope.OWN, ConversationOwner(None, None), False),
        (PermissionScope.TEAM, ConversationOwner("rui", "a"), True),
        (PermissionScope.TEAM, ConversationOwner("rui", "b"), False),
        (PermissionScope.TEAM, ConversationOwner("ana", "b"), True),
        (PermissionScope.TEAM, ConversationOwner(None, None), True),
        (PermissionScope.TEAM, ConversationOwner("rui", None), False),
        (PermissionScope.ALL, ConversationOwner(None, None), True),
    ],
)
def test_a_scope_limits_whose_conversations_are_visible(
    scope: PermissionScope, holder: ConversationOwner, allowed: bool
) -> None:
    grants = {PermissionAction.CONVERSATIONS_READ: scope}
    read = PermissionAction.CONVERSATIONS_READ

    assert is_permitted(grants, read, holder, user="ana", teams=TEAMS) is allowed
    assert is_permitted(grants, read)
    assert not is_permitted(
        grants, PermissionAction.CONVERSATIONS_REPLY, holder, user="ana", teams=TEAMS
    )


@given(GRANTS, HOLDERS, st.sampled_from(PermissionAction))
def test_a_wider_scope_allows_all_that_a_narrower_one_does(
    grants: dict[PermissionAction, PermissionScope],
    holder: ConversationOwner,
    action: PermissionAction,
) -> None:
    if is_permitted(grants, action, holder, user="ana", teams=TEAMS):
        wider = {**grants, action: PermissionScope.ALL}
        assert is_permitted(wider, action, holder, user="ana", teams=TEAMS)


@given(GRANTS)
def test_stored_permissions_equal_granted_permissions(
    grants: dict[PermissionAction, PermissionScope],
) -> None:
    assert parse_grants(format_grants(grants)) == grants


@given(GRANTS, GRANTS, HOLDERS, st.sampled_from(PermissionAction))
def test_a_covered_reach_permits_nothing_that_the_covering_one_forbids(
    inner: dict[PermissionAction, PermissionScope],
    outer: dict[PermissionAction, PermissionScope],
    holder: ConversationOwner,
    action: PermissionAction,
) -> None:
    if is_within(inner, outer) and is_permitted(inner, action, holder, user="ana", teams=TEAMS):
        assert is_permitted(outer, action, holder, user="ana", teams=TEAMS)


@pytest.mark.parametrize(
    "permission",
    [
        "",
        "x",
        "conversations",
        "conversations:read",
        "conversations:read:none",
        "tenants:write",
        "users:write:all",
        "conversations:read:all:all",
        ":",
        "CONVERSATIONS:READ:ALL",
    ],
)
def test_a_permission_that_is_none_is_named(permission: str) -> None:
    with pytest.raises(InvalidInputError, match="permission"):
        parse_grants([permission])


def test_the_widest_of_two_scopes_counts() -> None:
    grants = parse_grants(["conversations:read:all", "conversations:read:own"])
    assert grants == {PermissionAction.CONVERSATIONS_READ: PermissionScope.ALL}


def test_roles_of_a_tenant_hold_nothing_of_the_platform_and_each_is_within_the_admin() -> None:
    for role in (BuiltInRole.ADMIN, BuiltInRole.AGENT, BuiltInRole.VIEWER):
        assert not PLATFORM_ACTIONS & ROLE_GRANTS[role].keys()
        assert is_within(ROLE_GRANTS[role], ROLE_GRANTS[BuiltInRole.ADMIN])
    assert ROLE_GRANTS[BuiltInRole.SUPERUSER].keys() == PLATFORM_ACTIONS


def test_a_viewer_role_has_no_write_permission() -> None:
    assert all(action.value.endswith(":read") for action in ROLE_GRANTS[BuiltInRole.VIEWER])
