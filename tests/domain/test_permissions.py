"""One table of roles, one function that decides."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from niochat.domain.errors import Invalid
from niochat.domain.permissions import (
    PLATFORM,
    ROLES,
    SCOPED,
    Action,
    Holder,
    Role,
    Scope,
    grants_of,
    permissions_of,
    permits,
    within,
)

GRANTS = st.dictionaries(
    st.sampled_from([a for a in Action if a not in PLATFORM]), st.sampled_from(Scope)
).map(lambda grants: {a: s if a in SCOPED else Scope.ALL for a, s in grants.items()})
HOLDERS = st.builds(
    Holder, st.sampled_from([None, "ana", "rui"]), st.sampled_from([None, "a", "b"])
)
TEAMS = frozenset({"a"})


@pytest.mark.parametrize(
    ("scope", "holder", "allowed"),
    [
        (Scope.OWN, Holder("ana", "a"), True),
        (Scope.OWN, Holder("rui", "a"), False),
        (Scope.OWN, Holder(None, "a"), False),
        (Scope.OWN, Holder(None, None), False),
        (Scope.TEAM, Holder("rui", "a"), True),
        (Scope.TEAM, Holder("rui", "b"), False),
        (Scope.TEAM, Holder("ana", "b"), True),
        (Scope.TEAM, Holder(None, None), True),
        (Scope.TEAM, Holder("rui", None), False),
        (Scope.ALL, Holder(None, None), True),
    ],
)
def test_a_scope_says_whose(scope: Scope, holder: Holder, allowed: bool) -> None:
    grants = {Action.CONVERSATIONS_READ: scope}
    read = Action.CONVERSATIONS_READ

    assert permits(grants, read, holder, user="ana", teams=TEAMS) is allowed
    assert permits(grants, read)
    assert not permits(grants, Action.CONVERSATIONS_REPLY, holder, user="ana", teams=TEAMS)


@given(GRANTS, HOLDERS, st.sampled_from(Action))
def test_a_wider_scope_allows_all_that_a_narrower_one_does(
    grants: dict[Action, Scope], holder: Holder, action: Action
) -> None:
    if permits(grants, action, holder, user="ana", teams=TEAMS):
        wider = {**grants, action: Scope.ALL}
        assert permits(wider, action, holder, user="ana", teams=TEAMS)


@given(GRANTS)
def test_what_is_stored_is_what_was_granted(grants: dict[Action, Scope]) -> None:
    assert grants_of(permissions_of(grants)) == grants


@given(GRANTS, GRANTS, HOLDERS, st.sampled_from(Action))
def test_who_is_within_may_nothing_that_the_other_may_not(
    inner: dict[Action, Scope], outer: dict[Action, Scope], holder: Holder, action: Action
) -> None:
    if within(inner, outer) and permits(inner, action, holder, user="ana", teams=TEAMS):
        assert permits(outer, action, holder, user="ana", teams=TEAMS)


@pytest.mark.parametrize(
    "permission",
    ["", "x", "conversations", "conversations:read", "conversations:read:none", "tenants:write",
     "users:write:all", "conversations:read:all:all", ":", "CONVERSATIONS:READ:ALL"],
)  # fmt: skip
def test_a_permission_that_is_none_is_named(permission: str) -> None:
    with pytest.raises(Invalid, match="permission"):
        grants_of([permission])


def test_the_widest_of_two_scopes_counts() -> None:
    grants = grants_of(["conversations:read:all", "conversations:read:own"])
    assert grants == {Action.CONVERSATIONS_READ: Scope.ALL}


def test_roles_of_a_tenant_hold_nothing_of_the_platform_and_each_is_within_the_admin() -> None:
    for role in (Role.ADMIN, Role.AGENT, Role.VIEWER):
        assert not PLATFORM & ROLES[role].keys()
        assert within(ROLES[role], ROLES[Role.ADMIN])
    assert ROLES[Role.SUPERUSER].keys() == PLATFORM


def test_who_only_looks_changes_nothing() -> None:
    assert all(action.value.endswith(":read") for action in ROLES[Role.VIEWER])
