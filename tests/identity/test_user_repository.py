"""Inviting, changing and disabling people; forgotten passwords; keys of integrations."""

import re
from datetime import timedelta
from email.message import EmailMessage
from uuid import UUID, uuid4

import pytest

from niochat.domain.errors import (
    AuthenticationError,
    InvalidInputError,
    NotFoundError,
    OperationRefusedError,
    PermissionDeniedError,
    RateLimitedError,
    UnavailableError,
)
from niochat.domain.permissions import (
    ROLE_GRANTS,
    BuiltInRole,
    PermissionAction,
    PermissionScope,
    parse_grants,
)
from niochat.identity.login.login_throttle import MAX_ATTEMPTS_PER_ACCOUNT
from niochat.identity.one_time_links import LinkPurpose
from niochat.identity.users import ChangedBy, NewUser, UserUpdate
from niochat.mail.mail_outbox import MAX_ATTEMPTS
from niochat.ports.audit import AuditActor, AuditActorKind
from tests.builders import RowBuilder
from tests.identity.conftest import DEVICE, PASSWORD, IdentityFixture

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]

SOMEBODY = AuditActor(AuditActorKind.USER, "somebody", "203.0.113.7")
ADMIN = ChangedBy(UUID(int=1), ROLE_GRANTS[BuiltInRole.ADMIN], SOMEBODY)
AGENT = ChangedBy(UUID(int=2), ROLE_GRANTS[BuiltInRole.AGENT], SOMEBODY)


async def invited(
    house: IdentityFixture, login: str = "ana@example.com", role: str = "agent"
) -> UUID:
    user = await house.users.invite(house.tenant, NewUser(login, "Ana", role), ADMIN)
    await house.links.send(user["id"], LinkPurpose.INVITATION, house.clock.now)
    return UUID(str(user["id"]))


def secret_of(mail: EmailMessage) -> str:
    found = re.search(r"https://desk\.example\.com/senha#(\S+)", mail.get_content())
    assert found
    return found[1]


async def test_who_is_invited_chooses_a_password_and_comes_in(house: IdentityFixture) -> None:
    ana = await invited(house)
    (mail,) = await house.deliver_mails()
    assert (mail["To"], mail["From"]) == ("ana@example.com", "NioChat <niochat@example.com>")
    with pytest.raises(AuthenticationError):
        await house.create_session("ana@example.com")

    assert await house.links.redeem(secret_of(mail), PASSWORD, house.clock.now) == ana
    caller = await house.authenticate(await house.create_session("ana@example.com"))
    assert (caller.role, caller.tenant_id) == ("agent", house.tenant)
    with pytest.raises(OperationRefusedError):
        await house.links.redeem(secret_of(mail), PASSWORD, house.clock.now)


async def test_a_link_is_good_for_a_while_and_only_the_newest(house: IdentityFixture) -> None:
    ana = await invited(house)
    (first,) = await house.deliver_mails()
    await house.links.send(ana, LinkPurpose.INVITATION, house.clock.now)
    (second,) = await house.deliver_mails()
    with pytest.raises(OperationRefusedError):
        await house.links.redeem(secret_of(first), PASSWORD, house.clock.now)
    house.clock.advance(days=7)
    with pytest.raises(OperationRefusedError):
        await house.links.redeem(secret_of(second), PASSWORD, house.clock.now)


async def test_a_weak_password_leaves_the_link_good(house: IdentityFixture) -> None:
    await invited(house)
    (mail,) = await house.deliver_mails()
    for weak in ("curta", "x" * 257, "com \n quebra de linha", ""):
        with pytest.raises(InvalidInputError) as refused:
            await house.links.redeem(secret_of(mail), weak, house.clock.now)
        assert refused.value.code == "weak_password"
    await house.links.redeem(secret_of(mail), PASSWORD, house.clock.now)


async def test_a_forgotten_password_is_replaced_and_ends_all_sessions(
    house: IdentityFixture,
) -> None:
    await house.create_user("ana@example.com")
    before = await house.create_session("ana@example.com")
    await house.links.request_password_reset(" Ana@example.com", "203.0.113.7", house.clock.now)
    (mail,) = await house.deliver_mails()
    await house.links.redeem(secret_of(mail), "outra senha melhor", house.clock.now)

    with pytest.raises(AuthenticationError):
        await house.authenticate(before)
    with pytest.raises(AuthenticationError):
        await house.create_session("ana@example.com")
    assert await house.sessions.log_in(
        "ana@example.com", "outra senha melhor", None, DEVICE, house.clock.now
    )


async def test_who_asks_for_an_unknown_or_disabled_login_gets_no_mail(
    house: IdentityFixture,
) -> None:
    await house.create_user("ana@example.com", status="disabled")
    for login in ("ana@example.com", "nobody@example.com", ""):
        await house.links.request_password_reset(login, "203.0.113.7", house.clock.now)
    assert await house.deliver_mails() == []


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Ana Souza", "Olá, Ana Souza."),
        ("João d'Ávila-Lima Jr.", "Olá, João d'Ávila-Lima Jr."),
        ("Dr. Núñez", "Olá, Dr. Núñez."),
        ("Ana https://evil.example/x?y=1", "Olá, Ana https evil example x y."),
        ("Ganhe em www.evil.com", "Olá, Ganhe em www evil com."),
        ("<a href='//evil.com'>Clique</a>", "Olá, a href ' evil com' Clique a."),
        ("Ana\r\nBcc: eve@evil.com", "Olá, Ana Bcc eve evil com."),
        ("Ana\u202egnp.exe\u0007", "Olá, Ana gnp exe."),
        ("evil\uff0ecom e evil\u3002com", "Olá, evil com e evil com."),
        ("ligue 0800 123 4567", "Olá, ligue."),
        ("[Clique](mailto:eve@evil.com)", "Olá, Clique mailto eve evil com."),
        ("x" * 500, f"Olá, {'x' * 60}."),
        ("::", "Olá."),
    ],
)
async def test_a_name_in_a_mail_is_nothing_but_a_name(
    house: IdentityFixture, name: str, said: str
) -> None:
    user = await house.users.invite(house.tenant, NewUser("ana@example.com", name, "agent"), ADMIN)
    await house.links.send(user["id"], LinkPurpose.INVITATION, house.clock.now)
    (mail,) = await house.deliver_mails()
    text = mail.get_content()
    assert text.splitlines()[0] == said
    assert re.findall(r"\S+://\S+", text) == [f"https://desk.example.com/senha#{secret_of(mail)}"]


async def test_asking_for_somebodys_password_makes_no_link_of_theirs_void(
    house: IdentityFixture,
) -> None:
    await house.create_user("ana@example.com")
    for address in ("203.0.113.7", "198.51.100.66", "198.51.100.66"):
        await house.links.request_password_reset("ana@example.com", address, house.clock.now)
    hers, strangers, last = await house.deliver_mails()
    await house.links.redeem(secret_of(hers), "outra senha melhor", house.clock.now)
    for void in (hers, strangers, last):
        with pytest.raises(OperationRefusedError):
            await house.links.redeem(secret_of(void), PASSWORD, house.clock.now)


async def test_nobody_fills_a_letterbox(house: IdentityFixture) -> None:
    await house.create_user("ana@example.com")
    for _ in range(MAX_ATTEMPTS_PER_ACCOUNT):
        await house.links.request_password_reset("ana@example.com", "203.0.113.7", house.clock.now)
    with pytest.raises(RateLimitedError):
        await house.links.request_password_reset("ana@example.com", "203.0.113.7", house.clock.now)
    assert len(await house.deliver_mails()) == MAX_ATTEMPTS_PER_ACCOUNT


async def test_mail_is_tried_again_and_given_up_in_the_end(house: IdentityFixture) -> None:
    await invited(house)
    tried = 0

    async def away(message: EmailMessage) -> None:
        nonlocal tried
        tried += 1
        raise UnavailableError("the mail server does not answer")

    for _ in range(MAX_ATTEMPTS + 5):
        await house.post.send_due(away, house.clock.now)
        await house.post.send_due(away, house.clock.now)
        house.clock.advance(hours=1)
    assert tried == MAX_ATTEMPTS
    assert await house.admin.fetchval("SELECT status FROM mails") == "failed"


async def test_mail_whose_sender_died_leaves_all_the_same(house: IdentityFixture) -> None:
    """Under one id: who got it before can tell."""
    await invited(house)
    ids: list[str] = []

    async def dies(message: EmailMessage) -> None:
        ids.append(message["Message-ID"])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await house.post.send_due(dies, house.clock.now)
    assert await house.deliver_mails() == []
    house.clock.advance(minutes=3)
    (mail,) = await house.deliver_mails()
    assert [mail["Message-ID"]] == ids
    assert await house.admin.fetchval("SELECT status FROM mails") == "sent"


async def test_what_a_mail_says_is_sealed_and_then_gone(house: IdentityFixture) -> None:
    await invited(house)
    (row,) = await house.admin.fetch("SELECT sealed FROM mails")
    (mail,) = await house.deliver_mails()
    assert secret_of(mail).encode() not in bytes(row["sealed"])
    assert await house.admin.fetchval("SELECT sealed FROM mails") == b""


@pytest.mark.parametrize(
    ("new", "error"),
    [
        (NewUser("ana@example.com", "Ana", "admin"), OperationRefusedError),
        (NewUser("rui@example.com", "Rui", "superuser"), InvalidInputError),
        (NewUser("rui@example.com", "Rui", "no-such"), InvalidInputError),
        (NewUser("rui@example.com", "Rui", "agent", ("no-such",)), InvalidInputError),
    ],
)
async def test_a_bad_invitation_changes_nothing(
    house: IdentityFixture, new: NewUser, error: type[Exception]
) -> None:
    await house.create_user("ana@example.com")
    with pytest.raises(error):
        await house.users.invite(house.tenant, new, ADMIN)
    assert await house.admin.fetchval("SELECT count(*) FROM users") == 1


async def test_nobody_makes_or_changes_somebody_who_may_more_than_they(
    house: IdentityFixture,
) -> None:
    boss = await house.create_user("boss@example.com", "admin")
    for refused in (
        house.users.invite(house.tenant, NewUser("x@example.com", "X", "admin"), AGENT),
        house.users.change(house.tenant, boss, UserUpdate(disabled=True), AGENT),
        house.users.change(house.tenant, boss, UserUpdate(role="viewer"), AGENT),
    ):
        with pytest.raises(PermissionDeniedError):
            await refused


async def test_nobody_changes_their_own_role_or_disables_themselves(house: IdentityFixture) -> None:
    boss = await house.create_user("boss@example.com", "admin")
    for change in (
        UserUpdate(role="viewer"),
        UserUpdate(disabled=True),
        UserUpdate(disabled=False),
    ):
        with pytest.raises(PermissionDeniedError) as refused:
            await house.users.change(
                house.tenant,
                boss,
                change,
                ChangedBy(boss, ROLE_GRANTS[BuiltInRole.ADMIN], SOMEBODY),
            )
        assert refused.value.code == "own_role"
    renamed = await house.users.change(
        house.tenant,
        boss,
        UserUpdate(name="Chefe"),
        ChangedBy(boss, ROLE_GRANTS[BuiltInRole.ADMIN], SOMEBODY),
    )
    assert (renamed["name"], renamed["role"]) == ("Chefe", "admin")


async def test_a_change_of_role_or_team_counts_from_the_next_request(
    house: IdentityFixture,
) -> None:
    ana = await house.create_user("ana@example.com", "viewer")
    tokens = await house.create_session("ana@example.com")
    assert not (await house.authenticate(tokens)).may(PermissionAction.CONVERSATIONS_REPLY)

    await house.users.change(
        house.tenant, ana, UserUpdate(role="agent", teams=("atendimento",)), ADMIN
    )
    caller = await house.authenticate(tokens)
    assert caller.may(PermissionAction.CONVERSATIONS_REPLY)
    assert caller.teams == {"atendimento"}

    await house.users.change(house.tenant, ana, UserUpdate(disabled=True), ADMIN)
    with pytest.raises(PermissionDeniedError):
        await house.authenticate(tokens)
    await house.users.change(house.tenant, ana, UserUpdate(disabled=False, teams=()), ADMIN)
    assert (await house.authenticate(tokens)).teams == frozenset()


async def test_a_role_of_the_tenants_own_allows_what_it_says_and_gone_it_allows_nothing(
    house: IdentityFixture,
) -> None:
    await house.admin.execute(
        "INSERT INTO roles VALUES ($1, 'conferente', ARRAY['conversations:read:all'])",
        house.tenant,
    )
    await house.create_user("ana@example.com", "conferente")
    tokens = await house.create_session("ana@example.com")
    assert (await house.authenticate(tokens)).grants == {
        PermissionAction.CONVERSATIONS_READ: PermissionScope.ALL
    }

    await house.admin.execute("DELETE FROM roles")
    assert (await house.authenticate(tokens)).grants == {}


async def test_users_of_another_tenant_are_not_found(
    house: IdentityFixture, given: RowBuilder
) -> None:
    other = await given.tenant()
    stranger = await house.create_user("eve@example.com", tenant=other)
    for refused in (
        house.users.find(house.tenant, stranger),
        house.users.change(house.tenant, stranger, UserUpdate(name="x"), ADMIN),
        house.users.find(house.tenant, uuid4()),
    ):
        with pytest.raises(NotFoundError, match="user does not exist"):
            await refused
    await house.create_user("ana@example.com")
    listed = await house.users.list(house.tenant, None, 10)
    assert [each["login"] for each in listed] == ["ana@example.com"]


async def made_key(house: IdentityFixture, *permissions: str, **more: object) -> str:
    boss = await house.create_user(f"{uuid4().hex}@example.com", "admin")
    made = await house.keys.create(
        house.tenant,
        "erp",
        parse_grants(permissions),
        ChangedBy(boss, ROLE_GRANTS[BuiltInRole.ADMIN], SOMEBODY),
        more.get("expires_at"),  # type: ignore[arg-type]
    )
    return made.key


async def test_a_key_may_what_it_was_made_for_until_it_is_revoked(house: IdentityFixture) -> None:
    key = await made_key(house, "contacts:read")
    caller = await house.callers.authenticate_api_key(key, house.clock.now)
    assert caller.may(PermissionAction.CONTACTS_READ)
    assert not caller.may(PermissionAction.CONTACTS_WRITE)
    assert caller.tenant_id == house.tenant

    (listed,) = await house.keys.list(house.tenant, None, 10)
    assert "digest" not in listed
    assert key not in str(listed)
    with pytest.raises(OperationRefusedError):
        await made_key(house, "contacts:read")
    await house.keys.revoke(house.tenant, listed["id"], ADMIN)
    with pytest.raises(AuthenticationError):
        await house.callers.authenticate_api_key(key, house.clock.now)
    with pytest.raises(NotFoundError):
        await house.keys.revoke(house.tenant, listed["id"], ADMIN)
    assert await made_key(house, "contacts:read")


async def test_a_key_is_over_in_time_and_in_a_suspended_tenant(house: IdentityFixture) -> None:
    key = await made_key(house, "contacts:read", expires_at=house.clock.now + timedelta(days=1))
    await house.admin.execute("UPDATE tenants SET status = 'suspended'")
    with pytest.raises(PermissionDeniedError):
        await house.callers.authenticate_api_key(key, house.clock.now)
    await house.admin.execute("UPDATE tenants SET status = 'active'")
    assert await house.callers.authenticate_api_key(key, house.clock.now)
    with pytest.raises(AuthenticationError):
        await house.callers.authenticate_api_key(key, house.clock.advance(days=1))


async def test_a_key_may_not_do_more_than_its_maker(house: IdentityFixture) -> None:
    ana = await house.create_user("ana@example.com")
    with pytest.raises(PermissionDeniedError):
        await house.keys.create(
            house.tenant,
            "erp",
            parse_grants(["users:write"]),
            ChangedBy(ana, ROLE_GRANTS[BuiltInRole.AGENT], SOMEBODY),
            None,
        )


async def test_a_superuser_is_nobody_in_a_tenant_until_entering_it(house: IdentityFixture) -> None:
    await house.create_user("root@example.com", "superuser")
    tokens = await house.create_session("root@example.com")
    caller = await house.authenticate(tokens)
    assert caller.tenant_id is None
    assert caller.may(PermissionAction.TENANTS_WRITE)
    assert not caller.may(PermissionAction.CONVERSATIONS_READ)
    with pytest.raises(PermissionDeniedError):
        caller.require(PermissionAction.TENANTS_WRITE)

    until = house.clock.now + timedelta(minutes=10)
    await house.admin.execute(
        "UPDATE sessions SET acting_tenant = $1, acting_until = $2", house.tenant, until
    )
    inside = await house.authenticate(tokens)
    assert inside.require(PermissionAction.CONVERSATIONS_REPLY) == house.tenant
    house.clock.advance(minutes=10)
    assert (await house.authenticate(tokens)).tenant_id is None
