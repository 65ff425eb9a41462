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


async def test_who_has_the_password_is_known_by_the_tokens_they_get(house: IdentityFixture) -> None:
    ana = await house.create_user("ana@example.com", "admin")
    tokens = await house.create_session(" Ana@Example.com ")

    caller = await house.authenticate(tokens)
    assert (caller.id, caller.role, caller.tenant_id) == (ana, "admin", house.tenant)
    assert caller.session_id == tokens.session_id


async def test_who_calls_at_the_same_time_is_each_known_by_their_own_session(
    house: IdentityFixture,
) -> None:
    await house.create_user("ana@example.com")
    await house.create_user("rui@example.com", "viewer")
    ana, rui = (
        await house.create_session("ana@example.com"),
        await house.create_session("rui@example.com"),
    )
    over = await house.create_session("ana@example.com")
    await house.sessions.end(over.session_id, SessionEndReason.LOGOUT, house.clock.now)

    calls = (house.authenticate(each) for each in (ana, over, rui, ana))
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
    house: IdentityFixture, login: str, password: str
) -> None:
    await house.create_user("ana@example.com")
    with pytest.raises(AuthenticationError) as refused:
        await house.sessions.log_in(login, password, None, DEVICE, house.clock.now)

    assert refused.value.code == "bad_credentials"
    assert str(refused.value) == "The login or the password is wrong."


async def test_who_never_chose_a_password_cannot_sign_in(house: IdentityFixture) -> None:
    await house.create_user("ana@example.com", status="invited")
    await house.admin.execute("UPDATE users SET password_hash = NULL")
    with pytest.raises(AuthenticationError):
        await house.create_session("ana@example.com")


async def test_an_access_token_is_over_after_fifteen_minutes_and_refreshing_goes_on(
    house: IdentityFixture,
) -> None:
    await house.create_user("ana@example.com")
    first = await house.create_session("ana@example.com")
    house.clock.advance(minutes=15)
    with pytest.raises(AuthenticationError, match="Refresh"):
        await house.authenticate(first)

    second = await house.sessions.refresh(first.refresh, house.clock.now)
    assert second.refresh != first.refresh
    assert (await house.authenticate(second)).session_id == first.session_id


async def test_a_refresh_token_that_is_used_again_ends_the_whole_session(
    house: IdentityFixture,
) -> None:
    await house.create_user("ana@example.com")
    first = await house.create_session("ana@example.com")
    other = await house.create_session("ana@example.com")
    second = await house.sessions.refresh(first.refresh, house.clock.now)

    house.clock.advance(seconds=TOKEN_REUSE_GRACE.total_seconds() + 1)
    with pytest.raises(AuthenticationError) as refused:
        await house.sessions.refresh(first.refresh, house.clock.now)
    assert refused.value.code == "token_reused"
    for over in (
        house.authenticate(second),
        house.sessions.refresh(second.refresh, house.clock.now),
    ):
        with pytest.raises(AuthenticationError, match="Sign in again"):
            await over
    assert await house.authenticate(other), "another device is another session"


async def test_tabs_that_refresh_at_once_go_on_with_the_same_token(house: IdentityFixture) -> None:
    await house.create_user("ana@example.com")
    first = await house.create_session("ana@example.com")

    results = await asyncio.gather(
        *(house.sessions.refresh(first.refresh, house.clock.now) for _ in range(8))
    )

    (following,) = {each.refresh for each in results}
    assert {each.session_id for each in results} == {first.session_id}
    assert await _living_tokens(house) == 1
    for each in results:
        assert await house.authenticate(each)
    assert await house.sessions.refresh(following, house.clock.now)


async def test_whose_answer_was_lost_refreshes_again_within_seconds(house: IdentityFixture) -> None:
    await house.create_user("ana@example.com")
    first = await house.create_session("ana@example.com")
    lost = await house.sessions.refresh(first.refresh, house.clock.now)

    house.clock.advance(seconds=TOKEN_REUSE_GRACE.total_seconds())
    again = await house.sessions.refresh(first.refresh, house.clock.now)
    assert again.refresh == lost.refresh
    assert await house.authenticate(again)


async def test_a_late_tab_gets_the_newest_token_of_its_session(house: IdentityFixture) -> None:
    await house.create_user("ana@example.com")
    first = await house.create_session("ana@example.com")
    second = await house.sessions.refresh(first.refresh, house.clock.now)
    third = await house.sessions.refresh(second.refresh, house.clock.advance(seconds=3))

    late = await house.sessions.refresh(first.refresh, house.clock.advance(seconds=3))
    assert late.refresh == third.refresh
    assert await _living_tokens(house) == 1


async def test_after_the_grace_two_who_share_a_successor_are_found_out(
    house: IdentityFixture,
) -> None:
    """A thief within the grace has the holder's token: whoever comes second with it ends both."""
    await house.create_user("ana@example.com")
    first = await house.create_session("ana@example.com")
    holder = await house.sessions.refresh(first.refresh, house.clock.now)
    thief = await house.sessions.refresh(first.refresh, house.clock.now)

    house.clock.advance(minutes=15)
    going_on = await house.sessions.refresh(holder.refresh, house.clock.now)
    house.clock.advance(minutes=15)
    with pytest.raises(AuthenticationError) as refused:
        await house.sessions.refresh(thief.refresh, house.clock.now)
    assert refused.value.code == "token_reused"
    with pytest.raises(AuthenticationError):
        await house.sessions.refresh(going_on.refresh, house.clock.now)


async def test_the_grace_opens_no_session_that_has_ended(house: IdentityFixture) -> None:
    await house.create_user("ana@example.com")
    first = await house.create_session("ana@example.com")
    await house.sessions.refresh(first.refresh, house.clock.now)
    await house.sessions.end(first.session_id, SessionEndReason.LOGOUT, house.clock.now)
    with pytest.raises(AuthenticationError, match="has ended"):
        await house.sessions.refresh(first.refresh, house.clock.now)


async def test_tabs_go_on_together_while_the_vaults_key_changes(house: IdentityFixture) -> None:
    await house.create_user("ana@example.com")
    first = await house.create_session("ana@example.com")
    following = await house.sessions.refresh(first.refresh, house.clock.now)
    rotated = IdentityFixture(
        house.database,
        house.admin,
        house.clock,
        house.tenant,
        Vault({"k2": bytes([1] * 32), "k1": bytes(32)}),
    )
    again = await rotated.sessions.refresh(first.refresh, house.clock.now)
    assert again.refresh == following.refresh


async def _living_tokens(house: IdentityFixture) -> int:
    count: int = await house.admin.fetchval(
        "SELECT count(*) FROM refresh_tokens WHERE used_at IS NULL"
    )
    return count


async def test_a_session_that_nobody_refreshes_is_over_after_thirty_days(
    house: IdentityFixture,
) -> None:
    await house.create_user("ana@example.com")
    await house.admin.execute("UPDATE tenants SET session_idle = '30 days'")
    tokens = await house.create_session("ana@example.com")
    house.clock.advance(days=SESSION_LIFETIME.days)
    with pytest.raises(AuthenticationError):
        await house.sessions.refresh(tokens.refresh, house.clock.now)


async def test_who_was_away_longer_than_the_tenant_allows_signs_in_again(
    house: IdentityFixture,
) -> None:
    await house.create_user("ana@example.com")
    await house.admin.execute("UPDATE tenants SET session_idle = '10 minutes'")
    stays, goes = [await house.create_session("ana@example.com") for _ in range(2)]
    for _ in range(3):
        house.clock.advance(minutes=4)
        await house.authenticate(stays)

    with pytest.raises(AuthenticationError, match="has ended"):
        await house.authenticate(goes)
    with pytest.raises(AuthenticationError):
        await house.sessions.refresh(goes.refresh, house.clock.now)
    assert await house.authenticate(stays)


async def test_log_out_counts_from_the_next_request(house: IdentityFixture) -> None:
    await house.create_user("ana@example.com")
    tokens = await house.create_session("ana@example.com")
    await house.sessions.end(tokens.session_id, SessionEndReason.LOGOUT, house.clock.now)
    with pytest.raises(AuthenticationError):
        await house.authenticate(tokens)


async def test_log_out_everywhere_ends_all_but_the_one_that_is_kept(house: IdentityFixture) -> None:
    ana = await house.create_user("ana@example.com")
    rui = await house.create_user("rui@example.com")
    here, there = [await house.create_session("ana@example.com") for _ in range(2)]
    others = await house.create_session("rui@example.com")

    ended = await house.sessions.end_all(
        ana, SessionEndReason.EVERYWHERE, house.clock.now, except_session=here.session_id
    )

    assert ended == [there.session_id]
    assert [each["id"] for each in await house.sessions.list_for_user(ana)] == [here.session_id]
    assert len(await house.sessions.list_for_user(rui)) == 1
    with pytest.raises(AuthenticationError):
        await house.authenticate(there)
    assert await house.authenticate(here)
    assert await house.authenticate(others)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("UPDATE users SET status = 'disabled'", "disabled"),
        ("UPDATE tenants SET status = 'suspended'", "tenant_suspended"),
    ],
)
async def test_who_may_not_enter_any_more_hears_why_everywhere(
    house: IdentityFixture, change: str, code: str
) -> None:
    await house.create_user("ana@example.com")
    tokens = await house.create_session("ana@example.com")
    await house.admin.execute(change)

    for refused in (
        house.authenticate(tokens),
        house.sessions.refresh(tokens.refresh, house.clock.now),
        house.create_session("ana@example.com"),
    ):
        with pytest.raises(PermissionDeniedError) as reason:
            await refused
        assert reason.value.code == code

    await house.admin.execute("UPDATE users SET status = 'active'")
    await house.admin.execute("UPDATE tenants SET status = 'active'")
    assert await house.sessions.refresh(tokens.refresh, house.clock.now)


async def test_the_reason_is_told_to_nobody_without_the_password(house: IdentityFixture) -> None:
    await house.create_user("ana@example.com", status="disabled")
    with pytest.raises(AuthenticationError):
        await house.sessions.log_in(
            "ana@example.com", "errada errada", None, DEVICE, house.clock.now
        )


async def test_nothing_that_opens_an_account_is_stored(house: IdentityFixture) -> None:
    await house.create_user("ana@example.com")
    tokens = await house.create_session("ana@example.com")
    rows = [
        str(tuple(row))
        for table in ("users", "sessions", "refresh_tokens", "attempts", "signing_keys")
        for row in await house.admin.fetch(f"SELECT t::text FROM {table} t")
    ]
    assert rows
    for secret in (PASSWORD, tokens.refresh, tokens.access):
        assert not [row for row in rows if secret in row]


async def test_a_password_hashed_long_ago_is_hashed_anew(house: IdentityFixture) -> None:
    ana = await house.create_user("ana@example.com")
    weak = PasswordHasher(time_cost=2, memory_cost=64).hash(PASSWORD)
    await house.admin.execute("UPDATE users SET password_hash = $1", weak)
    await house.create_session("ana@example.com")

    stored = await _hash_of(house, ana)
    assert stored != weak
    await house.create_session("ana@example.com")
    assert await _hash_of(house, ana) == stored


async def _hash_of(house: IdentityFixture, user: UUID) -> str:
    stored: str = await house.admin.fetchval("SELECT password_hash FROM users WHERE id = $1", user)
    return stored


def test_the_products_own_parameters_are_those_of_the_standard() -> None:
    """RFC 9106, section 4: the second recommended option."""
    stored = PasswordHasher().hash("x")
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert not PasswordService().needs_rehash(stored)
