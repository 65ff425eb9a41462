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
    identity: IdentityFixture, login: str = "ana@example.com", role: str = "agent"
) -> UUID:
    user = await identity.users.invite(identity.tenant, NewUser(login, "Ana", role), ADMIN)
    await identity.links.send(user["id"], LinkPurpose.INVITATION, identity.clock.now)
    return UUID(str(user["id"]))


def secret_of(mail: EmailMessage) -> str:
    found = re.search(r"https://desk\.example\.com/(?:convite|redefinir)#(\S+)", mail.get_content())
    assert found
    return found[1]


async def test_an_invited_user_chooses_a_password_and_signs_in(identity: IdentityFixture) -> None:
    ana = await invited(identity)
    (mail,) = await identity.deliver_mails()
    assert (mail["To"], mail["From"]) == ("ana@example.com", "NioChat <niochat@example.com>")
    with pytest.raises(AuthenticationError):
        await identity.create_session("ana@example.com")

    assert await identity.links.redeem(secret_of(mail), PASSWORD, identity.clock.now) == ana
    caller = await identity.authenticate(await identity.create_session("ana@example.com"))
    assert (caller.role, caller.tenant_id) == ("agent", identity.tenant)
    with pytest.raises(OperationRefusedError):
        await identity.links.redeem(secret_of(mail), PASSWORD, identity.clock.now)


async def test_a_link_is_good_for_a_while_and_only_the_newest(identity: IdentityFixture) -> None:
    ana = await invited(identity)
    (first,) = await identity.deliver_mails()
    await identity.links.send(ana, LinkPurpose.INVITATION, identity.clock.now)
    (second,) = await identity.deliver_mails()
    with pytest.raises(OperationRefusedError):
        await identity.links.redeem(secret_of(first), PASSWORD, identity.clock.now)
    identity.clock.advance(days=7)
    with pytest.raises(OperationRefusedError):
        await identity.links.redeem(secret_of(second), PASSWORD, identity.clock.now)


async def test_a_weak_password_leaves_the_link_good(identity: IdentityFixture) -> None:
    await invited(identity)
    (mail,) = await identity.deliver_mails()
    for weak in ("curta", "x" * 257, "com \n quebra de linha", ""):
        with pytest.raises(InvalidInputError) as refused:
            await identity.links.redeem(secret_of(mail), weak, identity.clock.now)
        assert refused.value.code == "weak_password"
    await identity.links.redeem(secret_of(mail), PASSWORD, identity.clock.now)


async def test_a_forgotten_password_is_replaced_and_ends_all_sessions(
    identity: IdentityFixture,
) -> None:
    await identity.create_user("ana@example.com")
    before = await identity.create_session("ana@example.com")
    await identity.links.request_password_reset(
        " Ana@example.com", "203.0.113.7", identity.clock.now
    )
    (mail,) = await identity.deliver_mails()
    assert "https://desk.example.com/redefinir#" in mail.get_content()
    await identity.links.redeem(secret_of(mail), "outra senha melhor", identity.clock.now)

    with pytest.raises(AuthenticationError):
        await identity.authenticate(before)
    with pytest.raises(AuthenticationError):
        await identity.create_session("ana@example.com")
    assert await identity.sessions.log_in(
        "ana@example.com", "outra senha melhor", None, DEVICE, identity.clock.now
    )


async def test_a_password_reset_of_an_unknown_or_disabled_login_sends_no_mail(
    identity: IdentityFixture,
) -> None:
    await identity.create_user("ana@example.com", status="disabled")
    for login in ("ana@example.com", "nobody@example.com", ""):
        await identity.links.request_password_reset(login, "203.0.113.7", identity.clock.now)
    assert await identity.deliver_mails() == []


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
    identity: IdentityFixture, name: str, said: str
) -> None:
    user = await identity.users.invite(
        identity.tenant, NewUser("ana@example.com", name, "agent"), ADMIN
    )
    await identity.links.send(user["id"], LinkPurpose.INVITATION, identity.clock.now)
    (mail,) = await identity.deliver_mails()
    text = mail.get_content()
    assert text.splitlines()[0] == said
    assert re.findall(r"\S+://\S+", text) == [f"https://desk.example.com/convite#{secret_of(mail)}"]


async def test_asking_for_somebodys_password_makes_no_link_of_theirs_void(
    identity: IdentityFixture,
) -> None:
    await identity.create_user("ana@example.com")
    for address in ("203.0.113.7", "198.51.100.66", "198.51.100.66"):
        await identity.links.request_password_reset("ana@example.com", address, identity.clock.now)
    hers, strangers, last = await identity.deliver_mails()
    await identity.links.redeem(secret_of(hers), "outra senha melhor", identity.clock.now)
    for void in (hers, strangers, last):
        with pytest.raises(OperationRefusedError):
            await identity.links.redeem(secret_of(void), PASSWORD, identity.clock.now)


async def test_nobody_fills_a_letterbox(identity: IdentityFixture) -> None:
    await identity.create_user("ana@example.com")
    for _ in range(MAX_ATTEMPTS_PER_ACCOUNT):
        await identity.links.request_password_reset(
            "ana@example.com", "203.0.113.7", identity.clock.now
        )
    with pytest.raises(RateLimitedError):
        await identity.links.request_password_reset(
            "ana@example.com", "203.0.113.7", identity.clock.now
        )
    assert len(await identity.deliver_mails()) == MAX_ATTEMPTS_PER_ACCOUNT


async def test_mail_is_tried_again_and_given_up_in_the_end(identity: IdentityFixture) -> None:
    await invited(identity)
    tried = 0

    async def away(message: EmailMessage) -> None:
        nonlocal tried
        tried += 1
        raise UnavailableError("the mail server does not answer")

    for _ in range(MAX_ATTEMPTS + 5):
        await identity.post.send_due(away, identity.clock.now)
        await identity.post.send_due(away, identity.clock.now)
        identity.clock.advance(hours=1)
    assert tried == MAX_ATTEMPTS
    assert await identity.admin.fetchval("SELECT status FROM mails") == "failed"


async def test_mail_whose_sender_died_leaves_all_the_same(identity: IdentityFixture) -> None:
    """Under one id: who got it before can tell."""
    await invited(identity)
    ids: list[str] = []

    async def dies(message: EmailMessage) -> None:
        ids.append(message["Message-ID"])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await identity.post.send_due(dies, identity.clock.now)
    assert await identity.deliver_mails() == []
    identity.clock.advance(minutes=3)
    (mail,) = await identity.deliver_mails()
    assert [mail["Message-ID"]] == ids
    assert await identity.admin.fetchval("SELECT status FROM mails") == "sent"


async def test_the_content_of_a_mail_is_sealed_and_then_deleted(identity: IdentityFixture) -> None:
    await invited(identity)
    (row,) = await identity.admin.fetch("SELECT sealed FROM mails")
    (mail,) = await identity.deliver_mails()
    assert secret_of(mail).encode() not in bytes(row["sealed"])
    assert await identity.admin.fetchval("SELECT sealed FROM mails") == b""


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
    identity: IdentityFixture, new: NewUser, error: type[Exception]
) -> None:
    await identity.create_user("ana@example.com")
    with pytest.raises(error):
        await identity.users.invite(identity.tenant, new, ADMIN)
    assert await identity.admin.fetchval("SELECT count(*) FROM users") == 1


async def test_nobody_makes_or_changes_somebody_who_may_more_than_they(
    identity: IdentityFixture,
) -> None:
    boss = await identity.create_user("boss@example.com", "admin")
    for refused in (
        identity.users.invite(identity.tenant, NewUser("x@example.com", "X", "admin"), AGENT),
        identity.users.change(identity.tenant, boss, UserUpdate(disabled=True), AGENT),
        identity.users.change(identity.tenant, boss, UserUpdate(role="viewer"), AGENT),
    ):
        with pytest.raises(PermissionDeniedError):
            await refused


async def test_nobody_changes_their_own_role_or_disables_themselves(
    identity: IdentityFixture,
) -> None:
    boss = await identity.create_user("boss@example.com", "admin")
    for change in (
        UserUpdate(role="viewer"),
        UserUpdate(disabled=True),
        UserUpdate(disabled=False),
    ):
        with pytest.raises(PermissionDeniedError) as refused:
            await identity.users.change(
                identity.tenant,
                boss,
                change,
                ChangedBy(boss, ROLE_GRANTS[BuiltInRole.ADMIN], SOMEBODY),
            )
        assert refused.value.code == "own_role"
    renamed = await identity.users.change(
        identity.tenant,
        boss,
        UserUpdate(name="Chefe"),
        ChangedBy(boss, ROLE_GRANTS[BuiltInRole.ADMIN], SOMEBODY),
    )
    assert (renamed["name"], renamed["role"]) == ("Chefe", "admin")


async def test_a_change_of_role_or_team_counts_from_the_next_request(
    identity: IdentityFixture,
) -> None:
    ana = await identity.create_user("ana@example.com", "viewer")
    tokens = await identity.create_session("ana@example.com")
    assert not (await identity.authenticate(tokens)).may(PermissionAction.CONVERSATIONS_REPLY)

    await identity.users.change(
        identity.tenant, ana, UserUpdate(role="agent", teams=("atendimento",)), ADMIN
    )
    caller = await identity.authenticate(tokens)
    assert caller.may(PermissionAction.CONVERSATIONS_REPLY)
    assert caller.teams == {"atendimento"}

    await identity.users.change(identity.tenant, ana, UserUpdate(disabled=True), ADMIN)
    with pytest.raises(PermissionDeniedError):
        await identity.authenticate(tokens)
    await identity.users.change(identity.tenant, ana, UserUpdate(disabled=False, teams=()), ADMIN)
    assert (await identity.authenticate(tokens)).teams == frozenset()


async def test_a_role_of_the_tenants_own_allows_what_it_says_and_gone_it_allows_nothing(
    identity: IdentityFixture,
) -> None:
    await identity.admin.execute(
        "INSERT INTO roles VALUES ($1, 'conferente', ARRAY['conversations:read:all'])",
        identity.tenant,
    )
    await identity.create_user("ana@example.com", "conferente")
    tokens = await identity.create_session("ana@example.com")
    assert (await identity.authenticate(tokens)).grants == {
        PermissionAction.CONVERSATIONS_READ: PermissionScope.ALL
    }

    await identity.admin.execute("DELETE FROM roles")
    assert (await identity.authenticate(tokens)).grants == {}


async def test_users_of_another_tenant_are_not_found(
    identity: IdentityFixture, given: RowBuilder
) -> None:
    other = await given.tenant()
    stranger = await identity.create_user("eve@example.com", tenant=other)
    for refused in (
        identity.users.find(identity.tenant, stranger),
        identity.users.change(identity.tenant, stranger, UserUpdate(name="x"), ADMIN),
        identity.users.find(identity.tenant, uuid4()),
    ):
        with pytest.raises(NotFoundError, match="user does not exist"):
            await refused
    await identity.create_user("ana@example.com")
    listed = await identity.users.list(identity.tenant, None, 10)
    assert [each["login"] for each in listed] == ["ana@example.com"]


async def made_key(identity: IdentityFixture, *permissions: str, **more: object) -> str:
    boss = await identity.create_user(f"{uuid4().hex}@example.com", "admin")
    made = await identity.keys.create(
        identity.tenant,
        "erp",
        parse_grants(permissions),
        ChangedBy(boss, ROLE_GRANTS[BuiltInRole.ADMIN], SOMEBODY),
        more.get("expires_at"),  # type: ignore[arg-type]
    )
    return made.key


async def test_a_key_may_what_it_was_made_for_until_it_is_revoked(
    identity: IdentityFixture,
) -> None:
    key = await made_key(identity, "contacts:read")
    caller = await identity.callers.authenticate_api_key(key, identity.clock.now)
    assert caller.may(PermissionAction.CONTACTS_READ)
    assert not caller.may(PermissionAction.CONTACTS_WRITE)
    assert caller.tenant_id == identity.tenant

    (listed,) = await identity.keys.list(identity.tenant, None, 10)
    assert "digest" not in listed
    assert key not in str(listed)
    with pytest.raises(OperationRefusedError):
        await made_key(identity, "contacts:read")
    await identity.keys.revoke(identity.tenant, listed["id"], ADMIN)
    with pytest.raises(AuthenticationError):
        await identity.callers.authenticate_api_key(key, identity.clock.now)
    with pytest.raises(NotFoundError):
        await identity.keys.revoke(identity.tenant, listed["id"], ADMIN)
    assert await made_key(identity, "contacts:read")


async def test_a_key_is_over_in_time_and_in_a_suspended_tenant(identity: IdentityFixture) -> None:
    key = await made_key(
        identity, "contacts:read", expires_at=identity.clock.now + timedelta(days=1)
    )
    await identity.admin.execute("UPDATE tenants SET status = 'suspended'")
    with pytest.raises(PermissionDeniedError):
        await identity.callers.authenticate_api_key(key, identity.clock.now)
    await identity.admin.execute("UPDATE tenants SET status = 'active'")
    assert await identity.callers.authenticate_api_key(key, identity.clock.now)
    with pytest.raises(AuthenticationError):
        await identity.callers.authenticate_api_key(key, identity.clock.advance(days=1))


async def test_a_key_may_not_do_more_than_its_maker(identity: IdentityFixture) -> None:
    ana = await identity.create_user("ana@example.com")
    with pytest.raises(PermissionDeniedError):
        await identity.keys.create(
            identity.tenant,
            "erp",
            parse_grants(["users:write"]),
            ChangedBy(ana, ROLE_GRANTS[BuiltInRole.AGENT], SOMEBODY),
            None,
        )


async def test_a_superuser_is_nobody_in_a_tenant_until_entering_it(
    identity: IdentityFixture,
) -> None:
    await identity.create_user("root@example.com", "superuser")
    tokens = await identity.create_session("root@example.com")
    caller = await identity.authenticate(tokens)
    assert caller.tenant_id is None
    assert caller.may(PermissionAction.TENANTS_WRITE)
    assert not caller.may(PermissionAction.CONVERSATIONS_READ)
    with pytest.raises(PermissionDeniedError):
        caller.require(PermissionAction.TENANTS_WRITE)

    until = identity.clock.now + timedelta(minutes=10)
    await identity.admin.execute(
        "UPDATE sessions SET acting_tenant = $1, acting_until = $2", identity.tenant, until
    )
    inside = await identity.authenticate(tokens)
    assert inside.require(PermissionAction.CONVERSATIONS_REPLY) == identity.tenant
    identity.clock.advance(minutes=10)
    assert (await identity.authenticate(tokens)).tenant_id is None
