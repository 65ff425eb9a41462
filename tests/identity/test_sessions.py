"""Signing in, going on, and every way in which a session ends."""

import asyncio
from uuid import UUID

import pytest
from argon2 import PasswordHasher

from niochat.domain.errors import AuthenticationError, PermissionDeniedError
from niochat.identity.authentication import Principal
from niochat.identity.login.passwords import PasswordService
from niochat.identity.sessions import SESSION_LIFETIME, TOKEN_REUSE_GRACE, SessionEndReason
from niochat.vault.vault import Vault
from tests.identity.conftest import DEVICE, PASSWORD, IdentityFixture

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]


async def test_a_password_login_returns_tokens_that_authenticate(identity: IdentityFixture) -> None:
    ana = await identity.create_user("ana@example.com", "admin")
    tokens = await identity.create_session(" Ana@Example.com ")

    caller = await identity.authenticate(tokens)
    assert (caller.id, caller.role, caller.tenant_id) == (ana, "admin", identity.tenant)
    assert caller.session_id == tokens.session_id


async def test_concurrent_callers_are_authenticated_by_their_own_sessions(
    identity: IdentityFixture,
) -> None:
    await identity.create_user("ana@example.com")
    await identity.create_user("rui@example.com", "viewer")
    ana, rui = (
        await identity.create_session("ana@example.com"),
        await identity.create_session("rui@example.com"),
    )
    over = await identity.create_session("ana@example.com")
    await identity.sessions.end(over.session_id, SessionEndReason.LOGOUT, identity.clock.now)

    calls = (identity.authenticate(each) for each in (ana, over, rui, ana))
    first, refused, second, again = await asyncio.gather(*calls, return_exceptions=True)

    assert isinstance(refused, AuthenticationError)
    assert first == again
    assert isinstance(first, Principal)
    assert isinstance(second, Principal)
    assert (first.login, first.role) == ("ana@example.com", "agent")
    assert (second.login, second.role) == ("rui@example.com", "viewer")


@pytest.mark.parametrize(
    ("login", "password"),
    [
        ("ana@example.com", "errada errada"),
        ("nobody@example.com", PASSWORD),
        ("", ""),
        ("ana@example.com", "\ud800" * 12),
        ("ana@example.com", "x" * 100_000),
    ],
)
async def test_a_wrong_password_and_an_unknown_login_look_the_same(
    identity: IdentityFixture, login: str, password: str
) -> None:
    await identity.create_user("ana@example.com")
    with pytest.raises(AuthenticationError) as refused:
        await identity.sessions.log_in(login, password, None, DEVICE, identity.clock.now)

    assert refused.value.code == "bad_credentials"
    assert str(refused.value) == "The login or the password is wrong."


async def test_a_user_without_a_password_cannot_sign_in(identity: IdentityFixture) -> None:
    await identity.create_user("ana@example.com", status="invited")
    await identity.admin.execute("UPDATE users SET password_hash = NULL")
    with pytest.raises(AuthenticationError):
        await identity.create_session("ana@example.com")


async def test_an_access_token_is_over_after_fifteen_minutes_and_refreshing_goes_on(
    identity: IdentityFixture,
) -> None:
    await identity.create_user("ana@example.com")
    first = await identity.create_session("ana@example.com")
    identity.clock.advance(minutes=15)
    with pytest.raises(AuthenticationError, match="Refresh"):
        await identity.authenticate(first)

    second = await identity.sessions.refresh(first.refresh, identity.clock.now)
    assert second.refresh != first.refresh
    assert (await identity.authenticate(second)).session_id == first.session_id


async def test_a_refresh_token_that_is_used_again_ends_the_whole_session(
    identity: IdentityFixture,
) -> None:
    await identity.create_user("ana@example.com")
    first = await identity.create_session("ana@example.com")
    other = await identity.create_session("ana@example.com")
    second = await identity.sessions.refresh(first.refresh, identity.clock.now)

    identity.clock.advance(seconds=TOKEN_REUSE_GRACE.total_seconds() + 1)
    with pytest.raises(AuthenticationError) as refused:
        await identity.sessions.refresh(first.refresh, identity.clock.now)
    assert refused.value.code == "token_reused"
    for over in (
        identity.authenticate(second),
        identity.sessions.refresh(second.refresh, identity.clock.now),
    ):
        with pytest.raises(AuthenticationError, match="Sign in again"):
            await over
    assert await identity.authenticate(other), "another device is another session"


async def test_tabs_that_refresh_at_once_go_on_with_the_same_token(
    identity: IdentityFixture,
) -> None:
    await identity.create_user("ana@example.com")
    first = await identity.create_session("ana@example.com")

    results = await asyncio.gather(
        *(identity.sessions.refresh(first.refresh, identity.clock.now) for _ in range(8))
    )

    (following,) = {each.refresh for each in results}
    assert {each.session_id for each in results} == {first.session_id}
    assert await _living_tokens(identity) == 1
    for each in results:
        assert await identity.authenticate(each)
    assert await identity.sessions.refresh(following, identity.clock.now)


async def test_a_client_whose_response_was_lost_may_refresh_again_within_seconds(
    identity: IdentityFixture,
) -> None:
    await identity.create_user("ana@example.com")
    first = await identity.create_session("ana@example.com")
    lost = await identity.sessions.refresh(first.refresh, identity.clock.now)

    identity.clock.advance(seconds=TOKEN_REUSE_GRACE.total_seconds())
    again = await identity.sessions.refresh(first.refresh, identity.clock.now)
    assert again.refresh == lost.refresh
    assert await identity.authenticate(again)


async def test_a_late_tab_gets_the_newest_token_of_its_session(identity: IdentityFixture) -> None:
    await identity.create_user("ana@example.com")
    first = await identity.create_session("ana@example.com")
    second = await identity.sessions.refresh(first.refresh, identity.clock.now)
    third = await identity.sessions.refresh(second.refresh, identity.clock.advance(seconds=3))

    late = await identity.sessions.refresh(first.refresh, identity.clock.advance(seconds=3))
    assert late.refresh == third.refresh
    assert await _living_tokens(identity) == 1


async def test_after_the_grace_two_clients_that_share_a_successor_are_detected(
    identity: IdentityFixture,
) -> None:
    """A thief within the grace has the holder's token: whoever comes second with it ends both."""
    await identity.create_user("ana@example.com")
    first = await identity.create_session("ana@example.com")
    holder = await identity.sessions.refresh(first.refresh, identity.clock.now)
    thief = await identity.sessions.refresh(first.refresh, identity.clock.now)

    identity.clock.advance(minutes=15)
    going_on = await identity.sessions.refresh(holder.refresh, identity.clock.now)
    identity.clock.advance(minutes=15)
    with pytest.raises(AuthenticationError) as refused:
        await identity.sessions.refresh(thief.refresh, identity.clock.now)
    assert refused.value.code == "token_reused"
    with pytest.raises(AuthenticationError):
        await identity.sessions.refresh(going_on.refresh, identity.clock.now)


async def test_the_grace_opens_no_session_that_has_ended(identity: IdentityFixture) -> None:
    await identity.create_user("ana@example.com")
    first = await identity.create_session("ana@example.com")
    await identity.sessions.refresh(first.refresh, identity.clock.now)
    await identity.sessions.end(first.session_id, SessionEndReason.LOGOUT, identity.clock.now)
    with pytest.raises(AuthenticationError, match="has ended"):
        await identity.sessions.refresh(first.refresh, identity.clock.now)


async def test_tabs_go_on_together_while_the_vaults_key_changes(identity: IdentityFixture) -> None:
    await identity.create_user("ana@example.com")
    first = await identity.create_session("ana@example.com")
    following = await identity.sessions.refresh(first.refresh, identity.clock.now)
    rotated = IdentityFixture(
        identity.database,
        identity.admin,
        identity.clock,
        identity.tenant,
        Vault({"k2": bytes([1] * 32), "k1": bytes(32)}),
    )
    again = await rotated.sessions.refresh(first.refresh, identity.clock.now)
    assert again.refresh == following.refresh


async def _living_tokens(identity: IdentityFixture) -> int:
    count: int = await identity.admin.fetchval(
        "SELECT count(*) FROM refresh_tokens WHERE used_at IS NULL"
    )
    return count


async def test_a_session_that_nobody_refreshes_is_over_after_thirty_days(
    identity: IdentityFixture,
) -> None:
    await identity.create_user("ana@example.com")
    await identity.admin.execute("UPDATE tenants SET session_idle = '30 days'")
    tokens = await identity.create_session("ana@example.com")
    identity.clock.advance(days=SESSION_LIFETIME.days)
    with pytest.raises(AuthenticationError):
        await identity.sessions.refresh(tokens.refresh, identity.clock.now)


async def test_a_session_idle_longer_than_the_tenant_allows_ends(
    identity: IdentityFixture,
) -> None:
    await identity.create_user("ana@example.com")
    await identity.admin.execute("UPDATE tenants SET session_idle = '10 minutes'")
    stays, goes = [await identity.create_session("ana@example.com") for _ in range(2)]
    for _ in range(3):
        identity.clock.advance(minutes=4)
        await identity.authenticate(stays)

    with pytest.raises(AuthenticationError, match="has ended"):
        await identity.authenticate(goes)
    with pytest.raises(AuthenticationError):
        await identity.sessions.refresh(goes.refresh, identity.clock.now)
    assert await identity.authenticate(stays)


async def test_log_out_counts_from_the_next_request(identity: IdentityFixture) -> None:
    await identity.create_user("ana@example.com")
    tokens = await identity.create_session("ana@example.com")
    await identity.sessions.end(tokens.session_id, SessionEndReason.LOGOUT, identity.clock.now)
    with pytest.raises(AuthenticationError):
        await identity.authenticate(tokens)


async def test_log_out_everywhere_ends_all_but_the_one_that_is_kept(
    identity: IdentityFixture,
) -> None:
    ana = await identity.create_user("ana@example.com")
    rui = await identity.create_user("rui@example.com")
    here, there = [await identity.create_session("ana@example.com") for _ in range(2)]
    others = await identity.create_session("rui@example.com")

    ended = await identity.sessions.end_all(
        ana, SessionEndReason.EVERYWHERE, identity.clock.now, except_session=here.session_id
    )

    assert ended == [there.session_id]
    assert [each["id"] for each in await identity.sessions.list_for_user(ana)] == [here.session_id]
    assert len(await identity.sessions.list_for_user(rui)) == 1
    with pytest.raises(AuthenticationError):
        await identity.authenticate(there)
    assert await identity.authenticate(here)
    assert await identity.authenticate(others)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("UPDATE users SET status = 'disabled'", "disabled"),
        ("UPDATE tenants SET status = 'suspended'", "tenant_suspended"),
    ],
)
async def test_a_blocked_user_gets_the_reason_everywhere(
    identity: IdentityFixture, change: str, code: str
) -> None:
    await identity.create_user("ana@example.com")
    tokens = await identity.create_session("ana@example.com")
    await identity.admin.execute(change)

    for refused in (
        identity.authenticate(tokens),
        identity.sessions.refresh(tokens.refresh, identity.clock.now),
        identity.create_session("ana@example.com"),
    ):
        with pytest.raises(PermissionDeniedError) as reason:
            await refused
        assert reason.value.code == code

    await identity.admin.execute("UPDATE users SET status = 'active'")
    await identity.admin.execute("UPDATE tenants SET status = 'active'")
    assert await identity.sessions.refresh(tokens.refresh, identity.clock.now)


async def test_the_reason_is_given_only_with_the_password(identity: IdentityFixture) -> None:
    await identity.create_user("ana@example.com", status="disabled")
    with pytest.raises(AuthenticationError):
        await identity.sessions.log_in(
            "ana@example.com", "errada errada", None, DEVICE, identity.clock.now
        )


async def test_nothing_that_opens_an_account_is_stored(identity: IdentityFixture) -> None:
    await identity.create_user("ana@example.com")
    tokens = await identity.create_session("ana@example.com")
    rows = [
        str(tuple(row))
        for table in ("users", "sessions", "refresh_tokens", "attempts", "signing_keys")
        for row in await identity.admin.fetch(f"SELECT t::text FROM {table} t")
    ]
    assert rows
    for secret in (PASSWORD, tokens.refresh, tokens.access):
        assert not [row for row in rows if secret in row]


async def test_a_password_hashed_long_ago_is_hashed_anew(identity: IdentityFixture) -> None:
    ana = await identity.create_user("ana@example.com")
    weak = PasswordHasher(time_cost=2, memory_cost=64).hash(PASSWORD)
    await identity.admin.execute("UPDATE users SET password_hash = $1", weak)
    await identity.create_session("ana@example.com")

    stored = await _hash_of(identity, ana)
    assert stored != weak
    await identity.create_session("ana@example.com")
    assert await _hash_of(identity, ana) == stored


async def _hash_of(identity: IdentityFixture, user: UUID) -> str:
    stored: str = await identity.admin.fetchval(
        "SELECT password_hash FROM users WHERE id = $1", user
    )
    return stored


def test_the_products_own_parameters_are_those_of_the_standard() -> None:
    """RFC 9106, section 4: the second recommended option."""
    stored = PasswordHasher().hash("x")
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert not PasswordService().needs_rehash(stored)
