"""Guesses are counted before they are judged, and shut nobody out but who makes them."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from niochat.domain.errors import NiochatError, NotFoundError, RateLimitedError
from niochat.identity.login.known_devices import DEVICE_TOKEN_LIFETIME, KnownDeviceService
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


async def guess(
    identity: IdentityFixture, device: SignInDevice = STRANGER, login: str = LOGIN
) -> str:
    return await outcome(
        identity.sessions.log_in(login, "errada errada", None, device, identity.clock.now)
    )


async def enter(
    identity: IdentityFixture, device: SignInDevice = DEVICE, login: str = LOGIN
) -> str:
    return await outcome(
        identity.sessions.log_in(login, PASSWORD, None, device, identity.clock.now)
    )


async def known_device(identity: IdentityFixture, login: str = LOGIN) -> SignInDevice:
    tokens = await identity.create_session(login)
    return replace(DEVICE, token=tokens.device)


async def besieged(identity: IdentityFixture, login: str = LOGIN) -> None:
    """Strangers at many addresses have guessed until they were slowed down."""
    for number in range(MAX_UNDELAYED_ATTEMPTS):
        assert (
            await guess(identity, SignInDevice(f"198.51.100.{number}", ""), login)
            == "bad_credentials"
        )


async def test_of_thirty_guesses_at_once_no_more_are_judged_than_the_limit(
    identity: IdentityFixture,
) -> None:
    await identity.create_user(LOGIN)
    counting = CountingPasswords(CHEAP)
    sessions = SessionService(
        identity.database,
        identity.signer,
        counting,
        identity.second_factor,
        identity.throttle,
        identity.vault,
        LoginAlertSender(identity.database, identity.post),
    )
    codes = await asyncio.gather(
        *(
            outcome(
                sessions.log_in(LOGIN, f"errada {n} errada", None, STRANGER, identity.clock.now)
            )
            for n in range(30)
        )
    )
    assert counting.judged == MAX_ATTEMPTS_PER_ACCOUNT
    assert codes.count("too_many_attempts") == 30 - MAX_ATTEMPTS_PER_ACCOUNT
    # On a busy machine all ten arrive before the first is hashed, and fewer than ten may wait.
    assert set(codes) <= {"too_many_attempts", "bad_credentials", "crowded"}


async def test_of_thirty_codes_at_once_no_more_are_judged_than_the_limit(
    identity: IdentityFixture,
) -> None:
    user, _, _ = await enrolled(identity)
    tries: list[Callable[[int], Awaitable[object]]] = [
        lambda n: identity.sessions.log_in(
            LOGIN, PASSWORD, f"{n:06d}", STRANGER, identity.clock.now
        ),
        lambda n: identity.second_factor.disable(user, f"{n:06d}", identity.clock.now),
    ]
    for attempt, wrong in zip(tries, ("bad_code", "wrong_code"), strict=True):
        codes = await asyncio.gather(*(outcome(attempt(n)) for n in range(30)))
        assert sorted(codes) == sorted(
            [wrong] * MAX_ATTEMPTS_PER_ACCOUNT + ["too_many_attempts"] * 20
        )


async def test_of_thirty_first_codes_at_once_no_more_are_judged_than_the_limit(
    identity: IdentityFixture,
) -> None:
    user = await identity.create_user(LOGIN)
    await identity.second_factor.begin_enrolment(user, LOGIN)
    codes = await asyncio.gather(
        *(
            outcome(identity.second_factor.confirm_enrolment(user, f"{n:06d}", identity.clock.now))
            for n in range(30)
        )
    )
    assert sorted(codes) == ["too_many_attempts"] * 20 + ["wrong_code"] * MAX_ATTEMPTS_PER_ACCOUNT


async def test_of_thirty_forgotten_passwords_at_once_no_more_leave_than_the_limit(
    identity: IdentityFixture,
) -> None:
    await identity.create_user(LOGIN)
    codes = await asyncio.gather(
        *(
            outcome(
                identity.links.request_password_reset(LOGIN, STRANGER.address, identity.clock.now)
            )
            for _ in range(30)
        )
    )
    assert codes.count("in") == MAX_ATTEMPTS_PER_ACCOUNT
    assert await identity.admin.fetchval("SELECT count(*) FROM mails") == MAX_ATTEMPTS_PER_ACCOUNT


async def test_guessing_links_stops_the_address_and_a_good_one_is_no_guess(
    identity: IdentityFixture,
) -> None:
    ana = await identity.create_user(LOGIN)
    link = await identity.links.create(ana, LinkPurpose.RESET, identity.clock.now)
    (limit,) = [address_limit(STRANGER.address)]
    await identity.admin.execute(
        "INSERT INTO attempts (key, failures, since) VALUES ($1, $2, $3)",
        limit.key,
        MAX_ATTEMPTS_PER_ADDRESS - 5,
        identity.clock.now,
    )
    codes = await asyncio.gather(
        *(
            outcome(identity.links.redeem(f"s{n}", PASSWORD, identity.clock.now, STRANGER.address))
            for n in range(30)
        )
    )
    assert sorted(codes) == ["link_over"] * 5 + ["too_many_attempts"] * 25
    secret = link.partition("#")[2]
    assert (
        await outcome(identity.links.redeem(secret, PASSWORD, identity.clock.now, "203.0.113.7"))
        == "in"
    )


@pytest.mark.parametrize("role", ["agent", "admin", "superuser"])
async def test_a_stranger_shuts_nobody_out_but_themselves(
    identity: IdentityFixture, role: str
) -> None:
    await identity.create_user(LOGIN, role)
    codes = [await guess(identity) for _ in range(MAX_ATTEMPTS_PER_ACCOUNT + 1)]
    assert codes == ["bad_credentials"] * MAX_ATTEMPTS_PER_ACCOUNT + ["too_many_attempts"]

    assert await enter(identity) == "in"
    with pytest.raises(RateLimitedError) as refused:
        await identity.sessions.log_in(LOGIN, PASSWORD, None, STRANGER, identity.clock.now)
    assert 0 < refused.value.retry_after_s <= ATTEMPT_WINDOW.total_seconds()
    identity.clock.advance(seconds=ATTEMPT_WINDOW.total_seconds())
    assert await enter(identity, STRANGER) == "in"


@pytest.mark.parametrize("role", ["agent", "superuser"])
async def test_strangers_everywhere_do_not_shut_a_known_device_out(
    identity: IdentityFixture, role: str
) -> None:
    await identity.create_user(LOGIN, role)
    known = await known_device(identity)
    await besieged(identity)

    assert await enter(identity) == "too_many_attempts", "of itself the device is anybody's"
    for _ in range(3):
        assert await enter(identity, known) == "in"
    elsewhere = replace(known, address="198.51.100.1")
    assert await enter(identity, elsewhere) == "in", "a known device may move"


async def test_a_known_device_signs_in_from_a_throttled_address(
    identity: IdentityFixture,
) -> None:
    await identity.create_user(LOGIN)
    known = replace(await known_device(identity), address=STRANGER.address)
    for _ in range(MAX_ATTEMPTS_PER_ACCOUNT):
        await guess(identity)
    assert await enter(identity, replace(known, token="")) == "too_many_attempts"
    assert await enter(identity, known) == "in"


async def test_a_new_device_waits_for_a_minute_at_most(identity: IdentityFixture) -> None:
    await identity.create_user(LOGIN)
    await besieged(identity)
    waits = []
    for number in range(10):
        with pytest.raises(RateLimitedError) as refused:
            await identity.create_session(LOGIN)
        waits.append(refused.value.retry_after_s)
        identity.clock.advance(seconds=refused.value.retry_after_s)
        assert await guess(identity, SignInDevice(f"192.0.2.{number}", "")) == "bad_credentials"
    assert waits == sorted(waits)
    assert waits[0] <= 2
    assert waits[-1] == MAX_DELAY.total_seconds()
    identity.clock.advance(seconds=waits[-1])
    assert await enter(identity) == "in"


async def test_guesses_from_everywhere_at_once_are_judged_one_at_a_time(
    identity: IdentityFixture,
) -> None:
    await identity.create_user(LOGIN)
    await besieged(identity)
    identity.clock.advance(seconds=2)
    codes = await asyncio.gather(
        *(guess(identity, SignInDevice(f"192.0.2.{number}", "")) for number in range(30))
    )
    assert codes.count("bad_credentials") == 1


async def test_guesses_of_one_stranger_alone_delay_nobody(identity: IdentityFixture) -> None:
    await identity.create_user(LOGIN)
    for _ in range(MAX_UNDELAYED_ATTEMPTS * 2):
        await guess(identity)
    for number in range(3):
        assert await enter(identity, SignInDevice(f"192.0.2.{number}", "")) == "in"


async def test_a_known_device_guesses_no_more_than_any(identity: IdentityFixture) -> None:
    await identity.create_user(LOGIN)
    known = await known_device(identity)
    codes = [
        await guess(identity, replace(known, address=f"192.0.2.{n}"))
        for n in range(MAX_ATTEMPTS_PER_ACCOUNT + 1)
    ]
    assert codes == ["bad_credentials"] * MAX_ATTEMPTS_PER_ACCOUNT + ["too_many_attempts"]


async def test_a_device_is_known_for_its_own_account_alone_and_not_for_ever(
    identity: IdentityFixture,
) -> None:
    devices, now = KnownDeviceService(identity.vault), identity.clock.now
    token = devices.issue(LOGIN, now)
    device = devices.verify(f" {LOGIN.upper()}", token, now)
    assert device
    assert devices.verify(LOGIN, devices.issue(LOGIN, now, device), now) == device
    rotated = KnownDeviceService(Vault({"k2": bytes([1] * 32), "k1": bytes(32)}))
    assert rotated.verify(LOGIN, token, now) == device

    said, _, mark = token.rpartition(".")
    foreign = KnownDeviceService(Vault({"k1": bytes([2] * 32)})).issue(LOGIN, now)
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
    identity: IdentityFixture,
) -> None:
    ana = await identity.create_user(LOGIN)
    for _ in range(MAX_ATTEMPTS_PER_ACCOUNT + 5):
        await guess(identity)
        await guess(identity, login="nobody@example.com")
    (mail,) = await identity.deliver_mails()
    assert (mail["To"], "Olá, ana example com." in mail.get_content()) == (LOGIN, True)
    assert not re.search(r"https?:|#", mail.get_content())
    rows = await identity.admin.fetch(
        "SELECT tenant_id, who, target, address FROM audit WHERE action = 'sessions.held_back'"
        " ORDER BY id"
    )
    assert [tuple(row) for row in rows] == [
        (identity.tenant, "a***@example.com", f"user:{ana}", STRANGER.address),
        (None, "n***@example.com", "login:n***@example.com", STRANGER.address),
    ]
    identity.clock.advance(seconds=ALERT_INTERVAL.total_seconds())
    for _ in range(MAX_ATTEMPTS_PER_ACCOUNT + 1):
        await guess(identity)
    assert len(await identity.deliver_mails()) == 1


async def test_an_operator_unlocks_an_account(identity: IdentityFixture) -> None:
    ana = await identity.create_user(LOGIN)
    await identity.create_user("rui@example.com")
    await besieged(identity)
    await besieged(identity, "rui@example.com")
    for _ in range(MAX_ATTEMPTS_PER_ACCOUNT):
        await guess(identity)
    await identity.throttle.unlock_account(f" {LOGIN.upper()} ", OPERATOR)

    assert await enter(identity) == "in"
    assert await enter(identity, STRANGER) == "in"
    assert await enter(identity, login="rui@example.com") == "too_many_attempts"
    row = await identity.admin.fetchrow(
        "SELECT who_kind, target FROM audit WHERE action = 'users.unlock'"
    )
    assert row is not None
    assert tuple(row) == ("operator", f"user:{ana}")
    with pytest.raises(NotFoundError):
        await identity.throttle.unlock_account("nobody@example.com", OPERATOR)


async def test_guessing_at_many_accounts_stops_the_address(identity: IdentityFixture) -> None:
    await identity.create_user(LOGIN)
    await identity.admin.execute(
        "INSERT INTO attempts (key, failures, since) VALUES ($1, $2, $3)",
        address_limit(DEVICE.address).key,
        MAX_ATTEMPTS_PER_ADDRESS,
        identity.clock.now,
    )
    assert await enter(identity) == "too_many_attempts"
    assert await enter(identity, SignInDevice("198.51.100.1", "")) == "in"


async def test_the_holder_forgives_their_own_mistakes(identity: IdentityFixture) -> None:
    await identity.create_user(LOGIN)
    for _ in range(3):
        for _ in range(MAX_ATTEMPTS_PER_ACCOUNT - 1):
            await guess(identity, DEVICE)
        assert await enter(identity) == "in"


async def test_a_successful_login_does_not_count_against_the_address(
    identity: IdentityFixture,
) -> None:
    await identity.create_user(LOGIN)
    await asyncio.gather(*(enter(identity) for _ in range(5)))
    assert await identity.admin.fetchval("SELECT max(failures) FROM attempts") == 0


async def test_old_attempts_are_swept(identity: IdentityFixture) -> None:
    await identity.create_user(LOGIN)
    await guess(identity)
    identity.clock.advance(days=3)
    await guess(identity, DEVICE)
    kept = await identity.admin.fetchval(
        "SELECT count(*) FROM attempts WHERE since < $1", identity.clock.now
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
