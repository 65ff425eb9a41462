"""The demo's users exist only where nobody else can sign in as one of them."""

from typing import Any

import pytest

from niochat.config import Settings
from niochat.domain.errors import AuthenticationError, PermissionDeniedError
from niochat.identity.demo_users import (
    DEMO_LOGINS,
    DemoUserGuard,
    demo_login,
    find_demo_obstacle,
)
from tests.cli.doctor.test_security_checks import STRONG
from tests.identity.conftest import IdentityFixture

pytestmark = pytest.mark.asyncio
LOCAL = {
    "NIOCHAT_BASE_URL": "http://127.0.0.1:8000",
    "DATABASE_URL": "postgresql://u:p@127.0.0.1:5433/niochat",
}


def settings(**changes: Any) -> Settings:
    return Settings.model_validate({**STRONG, **LOCAL, **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"NIOCHAT_BASE_URL": "http://localhost:8000"},
        {"NIOCHAT_BASE_URL": "http://[::1]:8000"},
        {"DATABASE_URL": "postgresql://u:p@localhost/niochat"},
        {"DATABASE_URL": "postgresql://u:p@127.0.0.1:1,[::1]:2/niochat"},
        {"DATABASE_URL": "postgresql:///niochat?host=/run/postgresql"},
    ],
)
async def test_on_a_machine_of_ones_own_the_demo_may_have_users(changes: dict[str, str]) -> None:
    assert find_demo_obstacle(settings(**changes)) is None


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"NIOCHAT_BASE_URL": "https://desk.example.com"}, "https://desk.example.com"),
        ({"NIOCHAT_BASE_URL": "http://0.0.0.0:8000"}, "0.0.0.0"),
        ({"NIOCHAT_BASE_URL": "http://192.168.0.7:8000"}, "192.168.0.7"),
        ({"NIOCHAT_BASE_URL": "http://localhost.example.com"}, "localhost.example.com"),
        ({"DATABASE_URL": "postgresql://u:p@db.example.com/niochat"}, "db.example.com"),
        ({"DATABASE_URL": "postgresql://u:p@127.0.0.1,10.0.0.3/niochat"}, "10.0.0.3"),
        ({"DATABASE_URL": "postgresql:///niochat?host=10.0.0.4"}, "10.0.0.4"),
    ],
)
async def test_where_others_can_reach_it_the_reason_is_named(
    changes: dict[str, str], named: str
) -> None:
    assert named in str(find_demo_obstacle(settings(**changes)))


async def test_users_of_the_demo_are_disabled_once_others_can_reach_them(
    identity: IdentityFixture,
) -> None:
    logins = [
        (demo_login("root", None), "superuser"),
        (demo_login("admin", "demo"), "admin"),
        (demo_login("agent", "vizinho"), "agent"),
    ]
    for login, role in [*logins, ("ana@example.com", "agent")]:
        await identity.create_user(login, role)
    assert {login for login, _ in logins} <= set(DEMO_LOGINS)
    local = DemoUserGuard(identity.database, settings())
    public = {"NIOCHAT_BASE_URL": "https://desk.example.com"}
    reachable = DemoUserGuard(identity.database, settings(**public))

    await local.check()
    assert await local.count_active() == 3
    tokens = await identity.create_session("admin@demo.example.com")
    await identity.authenticate(tokens)

    await reachable.check()
    await reachable.check()

    assert await reachable.count_active() == 0
    with pytest.raises((PermissionDeniedError, AuthenticationError)):
        await identity.authenticate(tokens)
    for login, _ in logins:
        with pytest.raises(PermissionDeniedError):
            await identity.create_session(login)
    await identity.create_session("ana@example.com")
    changes = await identity.admin.fetch(
        "SELECT after FROM audit WHERE action = 'users.change' ORDER BY id"
    )
    assert len(changes) == 3  # the second check changes and records nothing
