"""Notifications are encrypted as RFC 8291 says."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from niochat.domain.errors import InvalidInputError
from niochat.push.push_encryption import MAX_PLAIN_BYTES, encrypt_for_browser
from niochat.push.push_subscriptions import BrowserAddress, parse_browser_address
from tests.push.browser import Browser


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


# The example of RFC 8291, section 5 and appendix A.
PLAIN = b"When I grow up, I want to be a watermelon"
BROWSER_KEY = decoded(
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
)
AUTH_SECRET = decoded("BTBZMqHH6r4Tts7J_aSIgg")
SERVER_SECRET = decoded("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw")
SALT = decoded("DGv6ra1nlYgDCS1FRnbzlw")
BODY = decoded(
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6T"
    "lzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4"
    "a-fN"
)


def test_the_example_of_the_standard_comes_out() -> None:
    ephemeral = ec.derive_private_key(int.from_bytes(SERVER_SECRET, "big"), ec.SECP256R1())
    body = encrypt_for_browser(PLAIN, BROWSER_KEY, AUTH_SECRET, ephemeral=ephemeral, salt=SALT)
    assert body == BODY


@pytest.mark.parametrize("plain", [b"", b"{}", bytes(MAX_PLAIN_BYTES)])
def test_a_browser_decrypts_it_and_no_two_bodies_are_alike(plain: bytes) -> None:
    browser = Browser()
    bodies = [encrypt_for_browser(plain, browser.key, browser.auth_secret) for _ in range(2)]
    assert [browser.decrypt(body) for body in bodies] == [plain, plain]
    assert bodies[0] != bodies[1]
    assert len(bodies[0]) <= 4096


def test_what_is_too_long_for_a_push_service_is_refused() -> None:
    browser = Browser()
    with pytest.raises(InvalidInputError, match="too long"):
        encrypt_for_browser(bytes(MAX_PLAIN_BYTES + 1), browser.key, browser.auth_secret)


def test_an_address_is_stored_and_read() -> None:
    browser = Browser()
    address = parse_browser_address("https://push.example/x", *browser.encoded_keys)
    assert address == BrowserAddress("https://push.example/x", browser.key, browser.auth_secret)
    assert BrowserAddress.load(address.dump()) == address


@pytest.mark.parametrize(
    ("key", "auth"),
    [
        ("A" * 87, None),
        ("***", None),
        (None, "AAAA"),
        (None, "§§§§§§§§§§§§§§§§"),
        ("", None),
        (None, ""),
    ],
)
def test_keys_that_no_browser_has_are_refused(key: str | None, auth: str | None) -> None:
    own_key, own_auth = Browser().encoded_keys
    with pytest.raises(InvalidInputError) as refused:
        parse_browser_address(
            "https://push.example/x",
            own_key if key is None else key,
            own_auth if auth is None else auth,
        )
    assert refused.value.code == "bad_push_key"
