"""Guesses are counted before they are judged, and shut nobody out but who makes them."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from niochat.domain.errors import NiochatError, NotFoundError, RateLimitedError
from niochat.identity.login.known_devices import DEVICE_TOKEN_LIFETIME, DeviceTokenService
from niochat.identity.login.login_alerts import ALERT_INTERVAL, LoginAlertSender, mask_login
from niochat.identity.login.login_throttle import (
    ATTEMPT_WINDOW,
    MAX_ATTEMPTS_PER_ACCOUNT,
    MAX_ATTEMPTS_PER_ADDRESS,
    MAX_DELAY,
    MAX_UNDELAYED_ATTEMPTS,
    address_limit,
)
from niochat.identity.login.passwords import PasswordService
from niochat.identity.one_time_links import LinkPurpose
from niochat.identity.sessions import SessionService, SignInDevice
from niochat.ports.audit import AuditActor, AuditActorKind
from niochat.vault.vault import Vault
from tests.identity.conftest import CHEAP, DEVICE, PASSWORD, IdentityFixture
from tests.identity.login.test_second_factor import enrolled

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]

LOGIN = "ana@example.com"
STRANGER = SignInDevice("198.51.100.66", "curl")
OPERATOR = AuditActor(AuditActorKind.OPERATOR, "operator")


class CountingPasswords(PasswordService):
    """Knows how many were judged."""

    judged = 0

    async def verify(
        self,
        password: str,
        stored: str | None,
        address: str = "",
        *,
        from_known_device: bool = False,
    ) -> bool:
        self.judged += 1
        return await super().verify(password, stored, address, from_known_device=from_known_device)


async def outcome(asked: Awaitable[object]) -> str:
    try:
        await asked
    except NiochatError as error:
        return error.code
    return "in"


async def guess(house: IdentityFixture, device: SignInDevice = STRANGER, login: str = LOGIN) -> str:
    return await outcome(
        house.sessions.log_in(login, "errada errada", None, device, house.clock.now)
    )


async def enter(house: IdentityFixture, device: SignInDevice = DEVICE, login: str = LOGIN) -> str:
    return await outcome(house.sessions.log_in(login, PASSWORD, None, device, house.clock.now))


async def known_device(house: IdentityFixture, login: str = LOGIN) -> SignInDevice:
    tokens = await house.create_session(login)
    return replace(DEVICE, token=tokens.device)


async def besieged(house: IdentityFixture, login: str = LOGIN) -> None:
    """Strangers at many addresses have guessed until they were slowed down."""
    for number in range(MAX_UNDELAYED_ATTEMPTS):
        assert (
            await guess(house, SignInDevice(f"198.51.100.{number}", ""), login) == "bad_credentials"
        )


async def test_of_thirty_guesses_at_once_no_more_are_judged_than_the_limit(
    house: IdentityFixture,
) -> None:
    await house.create_user(LOGIN)
    counting = CountingPasswords(CHEAP)
    sessions = SessionService(
        house.database,
        house.signer,
        counting,
        house.second_factor,
        house.throttle,
        house.vault,
        LoginAlertSender(house.database, house.post),
    )
    codes = await asyncio.gather(
        *(
            outcome(sessions.log_in(LOGIN, f"errada {n} errada", None, STRANGER, house.clock.now))
            for n in range(30)
        )
    )
    assert counting.judged == MAX_ATTEMPTS_PER_ACCOUNT
    assert (
        sorted(codes) == ["bad_credentials"] * MAX_ATTEMPTS_PER_ACCOUNT + ["too_many_attempts"] * 20
    )


async def test_of_thirty_codes_at_once_no_more_are_judged_than_the_limit(
    house: IdentityFixture,
) -> None:
    user, _, _ = await enrolled(house)
    tries: list[Callable[[int], Awaitable[object]]] = [
        lambda n: house.sessions.log_in(LOGIN, PASSWORD, f"{n:06d}", STRANGER, house.clock.now),
        lambda n: house.second_factor.disable(user, f"{n:06d}", house.clock.now),
    ]
    for attempt, wrong in zip(tries, ("bad_code", "wrong_code"), strict=True):
        codes = await asyncio.gather(*(outcome(attempt(n)) for n in range(30)))
        assert sorted(codes) == sorted(
            [wrong] * MAX_ATTEMPTS_PER_ACCOUNT + ["too_many_attempts"] * 20
        )


async def test_of_thirty_first_codes_at_once_no_more_are_judged_than_the_limit(
    house: IdentityFixture,
) -> None:
    user = await house.create_user(LOGIN)
    await house.second_factor.begin_enrolment(user, LOGIN)
    codes = await asyncio.gather(
        *(
            outcome(house.second_factor.confirm_enrolment(user, f"{n:06d}", house.clock.now))
            for n in range(30)
        )
    )
    assert sorted(codes) == ["too_many_attempts"] * 20 + ["wrong_code"] * MAX_ATTEMPTS_PER_ACCOUNT


async def test_of_thirty_forgotten_passwords_at_once_no_more_leave_than_the_limit(
    house: IdentityFixture,
) -> None:
    await house.create_user(LOGIN)
    codes = await asyncio.gather(
        *(
            outcome(house.links.request_password_reset(LOGIN, STRANGER.address, house.clock.now))
            for _ in range(30)
        )
    )
    assert codes.count("in") == MAX_ATTEMPTS_PER_ACCOUNT
    assert await house.admin.fetchval("SELECT count(*) FROM mails") == MAX_ATTEMPTS_PER_ACCOUNT


async def test_guessing_links_stops_the_address_and_a_good_one_is_no_guess(
    house: IdentityFixture,
) -> None:
    ana = await house.create_user(LOGIN)
    link = await house.links.create(ana, LinkPurpose.RESET, house.clock.now)
    (limit,) = [address_limit(STRANGER.address)]
    await house.admin.execute(
        "INSERT INTO attempts (key, failures, since) VALUES ($1, $2, $3)",
        limit.key,
        MAX_ATTEMPTS_PER_ADDRESS - 5,
        house.clock.now,
    )
    codes = await asyncio.gather(
        *(
            outcome(house.links.redeem(f"s{n}", PASSWORD, house.clock.now, STRANGER.address))
            for n in range(30)
        )
    )
    assert sorted(codes) == ["link_over"] * 5 + ["too_many_attempts"] * 25
    secret = link.partition("#")[2]
    assert (
        await outcome(house.links.redeem(secret, PASSWORD, house.clock.now, "203.0.113.7")) == "in"
    )


@pytest.mark.parametrize("role", ["agent", "admin", "superuser"])
async def test_a_stranger_shuts_nobody_out_but_themselves(
    house: IdentityFixture, role: str
) -> None:
    await house.create_user(LOGIN, role)
    codes = [await guess(house) for _ in range(MAX_ATTEMPTS_PER_ACCOUNT + 1)]
    assert codes == ["bad_credentials"] * MAX_ATTEMPTS_PER_ACCOUNT + ["too_many_attempts"]

    assert await enter(house) == "in"
    with pytest.raises(RateLimitedError) as refused:
        await house.sessions.log_in(LOGIN, PASSWORD, None, STRANGER, house.clock.now)
    assert 0 < refused.value.retry_after_s <= ATTEMPT_WINDOW.total_seconds()
    house.clock.advance(seconds=ATTEMPT_WINDOW.total_seconds())
    assert await enter(house, STRANGER) == "in"


@pytest.mark.parametrize("role", ["agent", "superuser"])
async def test_strangers_everywhere_do_not_shut_a_known_device_out(
    house: IdentityFixture, role: str
) -> None:
    await house.create_user(LOGIN, role)
    known = await known_device(house)
    await besieged(house)

    assert await enter(house) == "too_many_attempts", "of itself the device is anybody's"
    for _ in range(3):
        assert await enter(house, known) == "in"
    elsewhere = replace(known, address="198.51.100.1")
    assert await enter(house, elsewhere) == "in", "a known device may move"


async def test_who_sits_beside_the_stranger_comes_in_by_a_known_device(
    house: IdentityFixture,
) -> None:
    await house.create_user(LOGIN)
    known = replace(await known_device(house), address=STRANGER.address)
    for _ in range(MAX_ATTEMPTS_PER_ACCOUNT):
        await guess(house)
    assert await enter(house, replace(known, token="")) == "too_many_attempts"
    assert await enter(house, known) == "in"


async def test_a_new_device_waits_for_a_minute_at_most(house: IdentityFixture) -> None:
    await house.create_user(LOGIN)
    await besieged(house)
    waits = []
    for number in range(10):
        with pytest.raises(RateLimitedError) as refused:
            await house.create_session(LOGIN)
        waits.append(refused.value.retry_after_s)
        house.clock.advance(seconds=refused.value.retry_after_s)
        assert await guess(house, SignInDevice(f"192.0.2.{number}", "")) == "bad_credentials"
    assert waits == sorted(waits)
    assert waits[0] <= 2
    assert waits[-1] == MAX_DELAY.total_seconds()
    house.clock.advance(seconds=waits[-1])
    assert await enter(house) == "in"


async def test_guesses_from_everywhere_at_once_are_judged_one_at_a_time(
    house: IdentityFixture,
) -> None:
    await house.create_user(LOGIN)
    await besieged(house)
    house.clock.advance(seconds=2)
    codes = await asyncio.gather(
        *(guess(house, SignInDevice(f"192.0.2.{number}", "")) for number in range(30))
    )
    assert codes.count("bad_credentials") == 1


async def test_guesses_of_one_stranger_alone_delay_nobody(house: IdentityFixture) -> None:
    await house.create_user(LOGIN)
    for _ in range(MAX_UNDELAYED_ATTEMPTS * 2):
        await guess(house)
    for number in range(3):
        assert await enter(house, SignInDevice(f"192.0.2.{number}", "")) == "in"


async def test_a_known_device_guesses_no_more_than_any(house: IdentityFixture) -> None:
    await house.create_user(LOGIN)
    known = await known_device(house)
    codes = [
        await guess(house, replace(known, address=f"192.0.2.{n}"))
        for n in range(MAX_ATTEMPTS_PER_ACCOUNT + 1)
    ]
    assert codes == ["bad_credentials"] * MAX_ATTEMPTS_PER_ACCOUNT + ["too_many_attempts"]


async def test_a_device_is_known_for_its_own_account_alone_and_not_for_ever(
    house: IdentityFixture,
) -> None:
    devices, now = DeviceTokenService(house.vault), house.clock.now
    token = devices.issue(LOGIN, now)
    device = devices.verify(f" {LOGIN.upper()}", token, now)
    assert device
    assert devices.verify(LOGIN, devices.issue(LOGIN, now, device), now) == device
    rotated = DeviceTokenService(Vault({"k2": bytes([1] * 32), "k1": bytes(32)}))
    assert rotated.verify(LOGIN, token, now) == device

    said, _, mark = token.rpartition(".")
    foreign = DeviceTokenService(Vault({"k1": bytes([2] * 32)})).issue(LOGIN, now)
    for wrong in (
        "",
        "x",
        "..",
        f"{said}.",
        f"{said}0.{mark}",
        f"x{token}",
        token[:-1],
        "\ud800.1.\ud800",
        f"{said}.\u00e9",
        "9" * 5000,
        foreign,
    ):
        assert devices.verify(LOGIN, wrong, now) == "", wrong
    assert devices.verify("rui@example.com", token, now) == ""
    assert devices.verify(LOGIN, token, now + DEVICE_TOKEN_LIFETIME) == ""


async def test_the_holder_hears_of_it_once_in_a_while_and_so_does_the_log(
    house: IdentityFixture,
) -> None:
    ana = await house.create_user(LOGIN)
    for _ in range(MAX_ATTEMPTS_PER_ACCOUNT + 5):
        await guess(house)
        await guess(house, login="nobody@example.com")
    (mail,) = await house.deliver_mails()
    assert (mail["To"], "Olá, ana example com." in mail.get_content()) == (LOGIN, True)
    assert not re.search(r"https?:|#", mail.get_content())
    rows = await house.admin.fetch(
        "SELECT tenant_id, who, target, address FROM audit WHERE action = 'sessions.held_back'"
        " ORDER BY id"
    )
    assert [tuple(row) for row in rows] == [
        (house.tenant, "a***@example.com", f"user:{ana}", STRANGER.address),
        (None, "n***@example.com", "login:n***@example.com", STRANGER.address),
    ]
    house.clock.advance(seconds=ALERT_INTERVAL.total_seconds())
    for _ in range(MAX_ATTEMPTS_PER_ACCOUNT + 1):
        await guess(house)
    assert len(await house.deliver_mails()) == 1


async def test_an_operator_unlocks_an_account(house: IdentityFixture) -> None:
    ana = await house.create_user(LOGIN)
    await house.create_user("rui@example.com")
    await besieged(house)
    await besieged(house, "rui@example.com")
    for _ in range(MAX_ATTEMPTS_PER_ACCOUNT):
        await guess(house)
    await house.throttle.unlock_account(f" {LOGIN.upper()} ", OPERATOR)

    assert await enter(house) == "in"
    assert await enter(house, STRANGER) == "in"
    assert await enter(house, login="rui@example.com") == "too_many_attempts"
    row = await house.admin.fetchrow(
        "SELECT who_kind, target FROM audit WHERE action = 'users.unlock'"
    )
    assert tuple(row) == ("operator", f"user:{ana}")
    with pytest.raises(NotFoundError):
        await house.throttle.unlock_account("nobody@example.com", OPERATOR)


async def test_guessing_at_many_accounts_stops_the_address(house: IdentityFixture) -> None:
    await house.create_user(LOGIN)
    await house.admin.execute(
        "INSERT INTO attempts (key, failures, since) VALUES ($1, $2, $3)",
        address_limit(DEVICE.address).key,
        MAX_ATTEMPTS_PER_ADDRESS,
        house.clock.now,
    )
    assert await enter(house) == "too_many_attempts"
    assert await enter(house, SignInDevice("198.51.100.1", "")) == "in"


async def test_the_holder_forgives_their_own_mistakes(house: IdentityFixture) -> None:
    await house.create_user(LOGIN)
    for _ in range(3):
        for _ in range(MAX_ATTEMPTS_PER_ACCOUNT - 1):
            await guess(house, DEVICE)
        assert await enter(house) == "in"


async def test_who_comes_in_is_not_counted_against_their_address(house: IdentityFixture) -> None:
    await house.create_user(LOGIN)
    await asyncio.gather(*(enter(house) for _ in range(5)))
    assert await house.admin.fetchval("SELECT max(failures) FROM attempts") == 0


async def test_what_was_counted_long_ago_is_swept_out(house: IdentityFixture) -> None:
    await house.create_user(LOGIN)
    await guess(house)
    house.clock.advance(days=3)
    await guess(house, DEVICE)
    kept = await house.admin.fetchval(
        "SELECT count(*) FROM attempts WHERE since < $1", house.clock.now
    )
    assert kept == 0


@pytest.mark.parametrize(
    ("login", "masked"),
    [
        ("ana@example.com", "a***@example.com"),
        ("", "***"),
        ("x", "x***"),
        ("529.982.247-25", "5***"),
        ("a\nb@c.d\x00", "a***@c.d"),
    ],
)
async def test_a_masked_login_tells_its_holder_alone(login: str, masked: str) -> None:
    assert mask_login(login) == masked
