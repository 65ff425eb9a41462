"""A code of the app, once; a recovery code, once; and neither without being asked for."""

import base64
import re
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from niochat.domain.errors import NiochatError, OperationRefusedError, RateLimitedError
from niochat.identity.login.login_throttle import MAX_ATTEMPTS_PER_ACCOUNT
from niochat.identity.login.second_factor import RECOVERY_CODES, STEP_S, TOLERATED_STEPS
from tests.identity.conftest import IdentityFixture

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]

LOGIN = "ana@example.com"


class App:
    """The authenticator on somebody's phone."""

    def __init__(self, house: IdentityFixture, secret: str) -> None:
        padded = secret + "=" * (-len(secret) % 8)
        self._totp = TOTP(base64.b32decode(padded), 6, SHA1(), STEP_S)
        self._house = house

    def code(self, steps: int = 0) -> str:
        at = int(self._house.clock.now.timestamp()) + steps * STEP_S
        return self._totp.generate(at).decode()


async def enrolled(house: IdentityFixture) -> tuple[UUID, App, list[str]]:
    user = await house.create_user(LOGIN)
    enrolment = await house.second_factor.begin_enrolment(user, LOGIN)
    app = App(house, enrolment.secret)
    codes = await house.second_factor.confirm_enrolment(user, app.code(), house.clock.now)
    house.clock.advance(seconds=STEP_S)
    return user, app, codes


async def why_not(house: IdentityFixture, code: str | None) -> str:
    try:
        await house.create_session(LOGIN, code)
    except NiochatError as error:
        return error.code
    return "in"


async def test_once_confirmed_a_code_is_asked_for_and_lets_in(house: IdentityFixture) -> None:
    _, app, _ = await enrolled(house)

    assert await why_not(house, None) == "second_factor_required"
    assert await why_not(house, "") == "second_factor_required"
    assert await why_not(house, "000000") == "bad_code"
    assert await why_not(house, f" {app.code()[:3]} {app.code()[3:]} ") == "in"


async def test_a_code_is_good_once_and_an_earlier_one_no_more(house: IdentityFixture) -> None:
    _, app, _ = await enrolled(house)
    house.clock.advance(seconds=10 * STEP_S)

    assert await why_not(house, app.code()) == "in"
    assert await why_not(house, app.code()) == "bad_code"
    assert await why_not(house, app.code(-1)) == "bad_code"
    assert await why_not(house, app.code(1)) == "in"


@pytest.mark.parametrize(
    ("steps", "outcome"),
    [
        (-TOLERATED_STEPS, "in"),
        (TOLERATED_STEPS, "in"),
        (-TOLERATED_STEPS - 1, "bad_code"),
        (TOLERATED_STEPS + 1, "bad_code"),
    ],
)
async def test_clocks_may_differ_by_a_step(
    house: IdentityFixture, steps: int, outcome: str
) -> None:
    _, app, _ = await enrolled(house)
    house.clock.advance(seconds=10 * STEP_S)
    assert await why_not(house, app.code(steps)) == outcome


async def test_a_recovery_code_is_good_once_however_it_is_typed(house: IdentityFixture) -> None:
    _, _, codes = await enrolled(house)
    assert len(set(codes)) == RECOVERY_CODES
    assert all(re.fullmatch(r"[2-9a-z]{5}-[2-9a-z]{5}", code) for code in codes)

    assert await why_not(house, codes[0].upper()) == "in"
    assert await why_not(house, codes[0]) == "bad_code"
    assert await why_not(house, codes[1]) == "in"


async def test_guessing_codes_is_slowed_down_as_guessing_passwords_is(
    house: IdentityFixture,
) -> None:
    _, app, _ = await enrolled(house)
    for number in range(MAX_ATTEMPTS_PER_ACCOUNT):
        assert await why_not(house, f"{number:06d}") == "bad_code"
    with pytest.raises(RateLimitedError):
        await house.create_session(LOGIN, app.code())


async def test_what_is_not_confirmed_is_not_asked_for(house: IdentityFixture) -> None:
    user = await house.create_user(LOGIN)
    await house.second_factor.begin_enrolment(user, LOGIN)
    with pytest.raises(OperationRefusedError) as refused:
        await house.second_factor.confirm_enrolment(user, "000000", house.clock.now)
    assert refused.value.code == "wrong_code"
    assert await why_not(house, None) == "in"


async def test_what_is_on_is_not_replaced_by_whoever_has_the_session(
    house: IdentityFixture,
) -> None:
    user, app, _ = await enrolled(house)
    with pytest.raises(OperationRefusedError):
        await house.second_factor.begin_enrolment(user, LOGIN)
    with pytest.raises(OperationRefusedError):
        await house.second_factor.confirm_enrolment(user, app.code(), house.clock.now)


async def test_switched_off_neither_codes_nor_recovery_codes_are_left(
    house: IdentityFixture,
) -> None:
    user, app, _ = await enrolled(house)
    with pytest.raises(OperationRefusedError):
        await house.second_factor.disable(user, "000000", house.clock.now)
    assert await why_not(house, None) == "second_factor_required"
    await house.second_factor.disable(user, app.code(), house.clock.now)

    assert await why_not(house, None) == "in"
    assert await house.admin.fetchval("SELECT count(*) FROM recovery_codes") == 0
    assert await house.second_factor.begin_enrolment(user, LOGIN)


async def test_the_secret_is_sealed(house: IdentityFixture) -> None:
    user = await house.create_user(LOGIN)
    enrolment = await house.second_factor.begin_enrolment(user, LOGIN)
    assert enrolment.secret in enrolment.otpauth_uri
    sealed = await house.admin.fetchval("SELECT totp_sealed FROM users WHERE id = $1", user)
    raw = base64.b32decode(enrolment.secret + "=" * (-len(enrolment.secret) % 8))
    assert raw not in bytes(sealed)
