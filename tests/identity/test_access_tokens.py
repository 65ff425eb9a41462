"""Tokens are good for a while, keys rotate by themselves, and nothing else is a token."""

import asyncio
import base64
import json
from datetime import timedelta
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from niochat.domain.errors import UnreadableDataError
from niochat.identity.access_tokens import (
    ACCESS_TOKEN_LIFETIME,
    AccessTokenSigner,
)
from niochat.vault.vault import Vault
from tests.identity.conftest import IdentityFixture

KEY_LIFETIME = timedelta(days=30)
pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]

USER, SESSION = uuid4(), uuid4()


async def test_a_token_names_user_and_session_until_it_is_over(identity: IdentityFixture) -> None:
    now = identity.clock.now
    token = await identity.signer.sign(USER, SESSION, now)

    claims = await identity.signer.verify(token, now + ACCESS_TOKEN_LIFETIME - timedelta(seconds=2))
    assert claims is not None
    assert (claims.user_id, claims.session_id) == (USER, SESSION)
    assert await identity.signer.verify(token, now + ACCESS_TOKEN_LIFETIME) is None


async def test_another_process_verifies_what_this_one_signed(identity: IdentityFixture) -> None:
    other = AccessTokenSigner(identity.database, identity.vault)
    assert await other.verify("x.y.z", identity.clock.now) is None  # it has looked before
    identity.clock.advance(seconds=6)
    token = await identity.signer.sign(USER, SESSION, identity.clock.now)
    assert await other.verify(token, identity.clock.now)


async def test_keys_rotate_and_old_ones_verify_until_what_they_signed_is_over(
    identity: IdentityFixture,
) -> None:
    token = await identity.signer.sign(USER, SESSION, identity.clock.now)
    identity.clock.advance(seconds=KEY_LIFETIME.total_seconds() - 60)
    last = await identity.signer.sign(USER, SESSION, identity.clock.now)
    assert kid(last) == kid(token)

    identity.clock.advance(seconds=600)
    new = await identity.signer.sign(USER, SESSION, identity.clock.now)
    assert kid(new) != kid(token)
    assert await identity.signer.verify(last, identity.clock.now)
    assert await identity.signer.verify(new, identity.clock.now)

    identity.clock.advance(seconds=KEY_LIFETIME.total_seconds() + 60)
    await identity.signer.sign(USER, SESSION, identity.clock.now)
    kept = [row["id"] for row in await identity.admin.fetch("SELECT id FROM signing_keys")]
    assert kid(token) not in kept


async def test_processes_that_begin_together_verify_one_another(identity: IdentityFixture) -> None:
    signers = [AccessTokenSigner(identity.database, identity.vault) for _ in range(3)]
    now = identity.clock.now
    tokens = await asyncio.gather(*(each.sign(USER, SESSION, now) for each in signers))
    later = identity.clock.advance(seconds=6)
    for signer in signers:
        for token in tokens:
            assert await signer.verify(token, later)


def kid(token: str) -> str:
    return str(jwt.get_unverified_header(token)["kid"])


async def test_a_foreign_token_is_rejected(identity: IdentityFixture) -> None:
    now = identity.clock.now
    good = await identity.signer.sign(USER, SESSION, now)
    head, body, signature = good.split(".")
    stranger = Ed25519PrivateKey.generate()
    claims = {
        "iss": "niochat",
        "sub": str(USER),
        "sid": str(SESSION),
        "exp": now + ACCESS_TOKEN_LIFETIME,
    }
    known = {"kid": kid(good)}
    forged = {
        "empty": "",
        "no token": "abc",
        "unsigned": jwt.encode(claims, "", "none", headers=known),
        "signed by a stranger": jwt.encode(claims, stranger, "EdDSA", headers=known),
        "signed with the public key": jwt.encode(claims, "x" * 32, "HS256", headers=known),
        "unknown key": jwt.encode(claims, stranger, "EdDSA", headers={"kid": "k0"}),
        "no key": jwt.encode(claims, stranger, "EdDSA"),
        "key is a number": f"{part({'alg': 'EdDSA', 'kid': 7})}.{body}.{signature}",
        "other claims": f"{head}.{part({**claims, 'exp': 9e12})}.{signature}",
        "cut": good[:-4],
        "no text": "\ud800.\ud800.\ud800",
    }
    for what, token in forged.items():
        assert await identity.signer.verify(token, now) is None, what
    assert await identity.signer.verify(good, now)


def part(value: dict[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value, default=str).encode()).decode().rstrip("=")


async def test_without_the_vaults_key_nobody_signs(identity: IdentityFixture) -> None:
    await identity.signer.sign(USER, SESSION, identity.clock.now)
    other = AccessTokenSigner(identity.database, Vault({"k9": bytes(32)}))
    with pytest.raises(UnreadableDataError):
        await other.sign(USER, SESSION, identity.clock.now)
