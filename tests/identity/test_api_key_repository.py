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
    house: IdentityFixture, by: ChangedBy, *permissions: str, name: str = "erp"
) -> tuple[UUID, str]:
    key = await house.keys.create(house.tenant, name, parse_grants(permissions), by, None)
    return key.id, key.key


async def good(house: IdentityFixture, key: str) -> bool:
    try:
        await house.callers.authenticate_api_key(key, house.clock.now)
    except AuthenticationError:
        return False
    return True


async def test_a_key_is_over_while_its_maker_is_disabled(house: IdentityFixture) -> None:
    ana = await house.create_user("ana@example.com", "admin")
    key_id, key = await made(house, admin(ana), "contacts:read")
    assert await good(house, key)

    await house.users.change(house.tenant, ana, UserUpdate(disabled=True), OTHER)
    assert not await good(house, key)
    (listed,) = await house.keys.list(house.tenant, None, 10)
    assert (listed["id"], listed["owner_id"], listed["stopped"]) == (key_id, ana, True)


async def test_a_key_is_over_when_its_maker_is_deleted(house: IdentityFixture) -> None:
    ana = await house.create_user("ana@example.com", "admin")
    _, key = await made(house, admin(ana), "contacts:read")
    await house.admin.execute("DELETE FROM users")
    assert not await good(house, key)
    assert (await house.keys.list(house.tenant, None, 10))[0]["stopped"]


async def test_a_key_goes_on_for_whoever_it_was_transferred_to(house: IdentityFixture) -> None:
    ana, rui = [await house.create_user(f"{name}@example.com", "admin") for name in ("ana", "rui")]
    key_id, key = await made(house, admin(ana), "contacts:read")
    await house.users.change(house.tenant, ana, UserUpdate(disabled=True), OTHER)

    await house.keys.transfer(house.tenant, key_id, rui, OTHER)
    assert await good(house, key)
    assert not (await house.keys.list(house.tenant, None, 10))[0]["stopped"]
    row = await house.admin.fetchrow("SELECT * FROM audit WHERE action = 'keys.transfer'")
    assert row is not None
    assert row["target"] == f"key:{key_id}"
    assert (row["before"], row["after"]) == ({"owner": str(ana)}, {"owner": str(rui)})
    await house.users.change(house.tenant, rui, UserUpdate(disabled=True), OTHER)
    assert not await good(house, key)


async def test_a_key_is_transferred_to_nobody_weaker_gone_or_foreign(
    house: IdentityFixture, given: RowBuilder
) -> None:
    ana = await house.create_user("ana@example.com", "admin")
    key_id, _ = await made(house, admin(ana), "settings:write")
    weak = await house.create_user("weak@example.com", "agent")
    gone = await house.create_user("gone@example.com", "admin", status="disabled")
    foreign = await house.create_user("eve@example.com", "admin", tenant=await given.tenant())
    for to, error in (
        (weak, OperationRefusedError),
        (gone, InvalidInputError),
        (foreign, InvalidInputError),
        (key_id, InvalidInputError),
    ):
        with pytest.raises(error):
            await house.keys.transfer(house.tenant, key_id, to, OTHER)
    agent = ChangedBy(weak, ROLE_GRANTS[BuiltInRole.AGENT], SOMEBODY)
    with pytest.raises(PermissionDeniedError):
        await house.keys.transfer(house.tenant, key_id, ana, agent)
    with pytest.raises(NotFoundError):
        await house.keys.transfer(house.tenant, UUID(int=7), ana, OTHER)


async def test_a_key_may_no_more_than_its_owner_may_now(house: IdentityFixture) -> None:
    ana = await house.create_user("ana@example.com", "admin")
    _, key = await made(house, admin(ana), "settings:write", "conversations:read:all")
    await house.users.change(house.tenant, ana, UserUpdate(role="agent"), OTHER)
    caller = await house.callers.authenticate_api_key(key, house.clock.now)
    assert caller.grants == {PermissionAction.CONVERSATIONS_READ: PermissionScope.TEAM}

    await house.admin.execute(
        "INSERT INTO roles VALUES ($1, 'leitora', ARRAY['contacts:read'])", house.tenant
    )
    await house.users.change(house.tenant, ana, UserUpdate(role="leitora"), OTHER)
    assert (await house.callers.authenticate_api_key(key, house.clock.now)).grants == {}


async def test_keys_that_a_key_made_are_over_with_it(house: IdentityFixture) -> None:
    ana = await house.create_user("ana@example.com", "admin")
    first_id, first = await made(house, admin(ana), "keys:write", "contacts:read")
    maker = ChangedBy(first_id, parse_grants(["keys:write", "contacts:read"]), SOMEBODY)
    child_id, child = await made(house, maker, "keys:write", "contacts:read", name="filha")
    _, grandchild = await made(
        house, ChangedBy(child_id, maker.grants, SOMEBODY), "contacts:read", name="neta"
    )
    kept_id, kept = await made(house, maker, "contacts:read", name="entregue")
    assert {each["owner_id"] for each in await house.keys.list(house.tenant, None, 10)} == {ana}

    await house.keys.transfer(house.tenant, kept_id, ana, OTHER)
    await house.keys.revoke(house.tenant, first_id, OTHER)
    assert [await good(house, each) for each in (first, child, grandchild, kept)] == [
        False,
        False,
        False,
        True,
    ]


async def test_a_key_that_a_key_made_is_over_when_that_is(house: IdentityFixture) -> None:
    ana = await house.create_user("ana@example.com", "admin")
    until = house.clock.now + timedelta(days=1)
    grants = parse_grants(["keys:write"])
    first = await house.keys.create(house.tenant, "erp", grants, admin(ana), until)
    later = until + timedelta(days=1)
    child = await house.keys.create(
        house.tenant, "filha", grants, ChangedBy(first.id, grants, SOMEBODY), later
    )
    assert await good(house, child.key)
    house.clock.advance(days=1)
    assert not await good(house, child.key)


async def test_a_superuser_inside_makes_keys_as_the_administrator(house: IdentityFixture) -> None:
    root = await house.create_user("root@example.com", "superuser")
    _, key = await made(house, admin(root), "settings:write")
    caller = await house.callers.authenticate_api_key(key, house.clock.now)
    assert set(caller.grants) == {PermissionAction.SETTINGS_WRITE}
    assert not (await house.keys.list(house.tenant, None, 10))[0]["stopped"]
    await house.admin.execute("UPDATE users SET status = 'disabled'")
    assert not await good(house, key)
    assert (await house.keys.list(house.tenant, None, 10))[0]["stopped"]
