"""A key is good while whoever answers for it is here, and never does more than they may."""

from datetime import timedelta
from uuid import UUID

import pytest

from niochat.domain.errors import (
    AuthenticationError,
    InvalidInputError,
    NotFoundError,
    OperationRefusedError,
    PermissionDeniedError,
)
from niochat.domain.permissions import (
    ROLE_GRANTS,
    BuiltInRole,
    PermissionAction,
    PermissionScope,
    parse_grants,
)
from niochat.identity.users import ChangedBy, UserUpdate
from niochat.ports.audit import AuditActor, AuditActorKind
from tests.builders import RowBuilder
from tests.identity.conftest import IdentityFixture

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]

SOMEBODY = AuditActor(AuditActorKind.USER, "somebody", "203.0.113.7")
OTHER = ChangedBy(UUID(int=1), ROLE_GRANTS[BuiltInRole.ADMIN], SOMEBODY)


def admin(user: UUID) -> ChangedBy:
    return ChangedBy(user, ROLE_GRANTS[BuiltInRole.ADMIN], SOMEBODY)


async def made(
    identity: IdentityFixture, by: ChangedBy, *permissions: str, name: str = "erp"
) -> tuple[UUID, str]:
    key = await identity.keys.create(identity.tenant, name, parse_grants(permissions), by, None)
    return key.id, key.key


async def good(identity: IdentityFixture, key: str) -> bool:
    try:
        await identity.callers.authenticate_api_key(key, identity.clock.now)
    except AuthenticationError:
        return False
    return True


async def test_a_key_is_over_while_its_maker_is_disabled(identity: IdentityFixture) -> None:
    ana = await identity.create_user("ana@example.com", "admin")
    key_id, key = await made(identity, admin(ana), "contacts:read")
    assert await good(identity, key)

    await identity.users.change(identity.tenant, ana, UserUpdate(disabled=True), OTHER)
    assert not await good(identity, key)
    (listed,) = await identity.keys.list(identity.tenant, None, 10)
    assert (listed["id"], listed["owner_id"], listed["stopped"]) == (key_id, ana, True)


async def test_a_key_is_over_when_its_maker_is_deleted(identity: IdentityFixture) -> None:
    ana = await identity.create_user("ana@example.com", "admin")
    _, key = await made(identity, admin(ana), "contacts:read")
    await identity.admin.execute("DELETE FROM users")
    assert not await good(identity, key)
    assert (await identity.keys.list(identity.tenant, None, 10))[0]["stopped"]


async def test_a_key_goes_on_for_whoever_it_was_transferred_to(identity: IdentityFixture) -> None:
    ana, rui = [
        await identity.create_user(f"{name}@example.com", "admin") for name in ("ana", "rui")
    ]
    key_id, key = await made(identity, admin(ana), "contacts:read")
    await identity.users.change(identity.tenant, ana, UserUpdate(disabled=True), OTHER)

    await identity.keys.transfer(identity.tenant, key_id, rui, OTHER)
    assert await good(identity, key)
    assert not (await identity.keys.list(identity.tenant, None, 10))[0]["stopped"]
    row = await identity.admin.fetchrow("SELECT * FROM audit WHERE action = 'keys.transfer'")
    assert row is not None
    assert row["target"] == f"key:{key_id}"
    assert (row["before"], row["after"]) == ({"owner": str(ana)}, {"owner": str(rui)})
    await identity.users.change(identity.tenant, rui, UserUpdate(disabled=True), OTHER)
    assert not await good(identity, key)


async def test_a_key_is_transferred_to_nobody_weaker_gone_or_foreign(
    identity: IdentityFixture, given: RowBuilder
) -> None:
    ana = await identity.create_user("ana@example.com", "admin")
    key_id, _ = await made(identity, admin(ana), "settings:write")
    weak = await identity.create_user("weak@example.com", "agent")
    gone = await identity.create_user("gone@example.com", "admin", status="disabled")
    foreign = await identity.create_user("eve@example.com", "admin", tenant=await given.tenant())
    for to, error in (
        (weak, OperationRefusedError),
        (gone, InvalidInputError),
        (foreign, InvalidInputError),
        (key_id, InvalidInputError),
    ):
        with pytest.raises(error):
            await identity.keys.transfer(identity.tenant, key_id, to, OTHER)
    agent = ChangedBy(weak, ROLE_GRANTS[BuiltInRole.AGENT], SOMEBODY)
    with pytest.raises(PermissionDeniedError):
        await identity.keys.transfer(identity.tenant, key_id, ana, agent)
    with pytest.raises(NotFoundError):
        await identity.keys.transfer(identity.tenant, UUID(int=7), ana, OTHER)


async def test_a_key_may_no_more_than_its_owner_may_now(identity: IdentityFixture) -> None:
    ana = await identity.create_user("ana@example.com", "admin")
    _, key = await made(identity, admin(ana), "settings:write", "conversations:read:all")
    await identity.users.change(identity.tenant, ana, UserUpdate(role="agent"), OTHER)
    caller = await identity.callers.authenticate_api_key(key, identity.clock.now)
    assert caller.grants == {PermissionAction.CONVERSATIONS_READ: PermissionScope.TEAM}

    await identity.admin.execute(
        "INSERT INTO roles VALUES ($1, 'leitora', ARRAY['contacts:read'])", identity.tenant
    )
    await identity.users.change(identity.tenant, ana, UserUpdate(role="leitora"), OTHER)
    assert (await identity.callers.authenticate_api_key(key, identity.clock.now)).grants == {}


async def test_keys_that_a_key_made_are_over_with_it(identity: IdentityFixture) -> None:
    ana = await identity.create_user("ana@example.com", "admin")
    first_id, first = await made(identity, admin(ana), "keys:write", "contacts:read")
    maker = ChangedBy(first_id, parse_grants(["keys:write", "contacts:read"]), SOMEBODY)
    child_id, child = await made(identity, maker, "keys:write", "contacts:read", name="filha")
    _, grandchild = await made(
        identity, ChangedBy(child_id, maker.grants, SOMEBODY), "contacts:read", name="neta"
    )
    kept_id, kept = await made(identity, maker, "contacts:read", name="entregue")
    assert {each["owner_id"] for each in await identity.keys.list(identity.tenant, None, 10)} == {
        ana
    }

    await identity.keys.transfer(identity.tenant, kept_id, ana, OTHER)
    await identity.keys.revoke(identity.tenant, first_id, OTHER)
    assert [await good(identity, each) for each in (first, child, grandchild, kept)] == [
        False,
        False,
        False,
        True,
    ]


async def test_a_key_that_a_key_made_is_over_when_that_is(identity: IdentityFixture) -> None:
    ana = await identity.create_user("ana@example.com", "admin")
    until = identity.clock.now + timedelta(days=1)
    grants = parse_grants(["keys:write"])
    first = await identity.keys.create(identity.tenant, "erp", grants, admin(ana), until)
    later = until + timedelta(days=1)
    child = await identity.keys.create(
        identity.tenant, "filha", grants, ChangedBy(first.id, grants, SOMEBODY), later
    )
    assert await good(identity, child.key)
    identity.clock.advance(days=1)
    assert not await good(identity, child.key)


async def test_a_superuser_inside_makes_keys_as_the_administrator(
    identity: IdentityFixture,
) -> None:
    root = await identity.create_user("root@example.com", "superuser")
    _, key = await made(identity, admin(root), "settings:write")
    caller = await identity.callers.authenticate_api_key(key, identity.clock.now)
    assert set(caller.grants) == {PermissionAction.SETTINGS_WRITE}
    assert not (await identity.keys.list(identity.tenant, None, 10))[0]["stopped"]
    await identity.admin.execute("UPDATE users SET status = 'disabled'")
    assert not await good(identity, key)
    assert (await identity.keys.list(identity.tenant, None, 10))[0]["stopped"]
