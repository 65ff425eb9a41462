"""A tenant token opens one tenant's rows for minutes, and is nothing else."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from niochat.domain.permissions import ROLE_GRANTS, BuiltInRole, PermissionAction, PermissionScope
from niochat.domain.tenant.supabase_project import MirroredMessages
from niochat.mirror.administration.tenant_tokens import (
    ISSUED_BEFORE,
    KEY_PUBLISHED_BEFORE,
    TENANT_TOKEN_LIFETIME,
    TenantTokenSigner,
    TokenHolder,
    readable_tables,
)
from niochat.mirror.mirror_settings import MirrorTarget
from tests.identity.conftest import IdentityFixture, clock, identity

__all__ = ["clock", "identity"]

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]

USER = uuid4()
SECRET = "a shared secret of an older project"
HOLDER = TokenHolder(USER, "rede-um", ROLE_GRANTS[BuiltInRole.ADMIN])


def target_of(tenant: UUID, jwt_secret: str | None = None) -> MirrorTarget:
    return MirrorTarget(
        tenant,
        "https://project.example",
        "sb_secret_1",
        "sb_publishable_1",
        MirroredMessages.FULL,
        jwt_secret,
        paused=False,
    )


def signer_of(identity: IdentityFixture) -> TenantTokenSigner:
    """Another process."""
    return TenantTokenSigner(identity.database, identity.vault, "https://desk.example.com")


async def verify(
    signer: TenantTokenSigner, token: str, now: datetime, algorithms: tuple[str, ...] = ("ES256",)
) -> dict[str, Any]:
    """As a project does it with the published keys. Raises ``jwt.InvalidTokenError``."""
    keys = jwt.PyJWKSet.from_dict(await signer.public_keys(now))
    try:
        key = keys[jwt.get_unverified_header(token)["kid"]]
    except KeyError as error:
        raise jwt.InvalidTokenError from error
    claims: dict[str, Any] = jwt.decode(
        token,
        key,
        list(algorithms),
        audience="authenticated",
        issuer="https://desk.example.com/api/v1/tenant-tokens",
        options={"verify_exp": False, "verify_iat": False, "require": ["exp", "iat", "sub"]},
    )
    return claims


async def test_a_token_names_user_and_tenant_for_ten_minutes(identity: IdentityFixture) -> None:
    signer, now = signer_of(identity), identity.clock.now
    signed = await signer.sign(target_of(identity.tenant), HOLDER, now)

    claims = await verify(signer_of(identity), signed.token, now)

    assert claims == {
        "iss": "https://desk.example.com/api/v1/tenant-tokens",
        "sub": str(USER),
        "aud": "authenticated",
        "role": "authenticated",
        "iat": int((now - ISSUED_BEFORE).timestamp()),
        "exp": int((now + TENANT_TOKEN_LIFETIME).timestamp()),
        "app_metadata": {
            "tenant_id": str(identity.tenant),
            "provider": "rede-um",
            "tables": [
                "rollups",
                "conversations",
                "mensagens",
                "csat_feedback",
                "contacts",
                "auditoria",
            ],
        },
    }
    assert signed.expires_at == now + TENANT_TOKEN_LIFETIME
    assert signed.token not in repr(signed)


async def test_a_token_is_for_one_tenant_only(identity: IdentityFixture) -> None:
    signer, now, other = signer_of(identity), identity.clock.now, uuid4()
    tokens = [
        await signer.sign(target_of(tenant), HOLDER, now) for tenant in (identity.tenant, other)
    ]
    tenants = [
        (await verify(signer, each.token, now))["app_metadata"]["tenant_id"] for each in tokens
    ]
    assert tenants == [str(identity.tenant), str(other)]
    head, body, _ = tokens[0].token.split(".")
    with pytest.raises(jwt.InvalidSignatureError):
        await verify(signer, f"{head}.{body}.{tokens[1].token.split('.')[2]}", now)


async def test_an_older_project_gets_tokens_of_its_secret(identity: IdentityFixture) -> None:
    signer, now = signer_of(identity), datetime.now(UTC)
    signed = await signer.sign(target_of(identity.tenant, SECRET), HOLDER, now)

    claims = jwt.decode(signed.token, SECRET, ["HS256"], audience="authenticated")

    assert claims["app_metadata"]["tenant_id"] == str(identity.tenant)
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(signed.token, SECRET + "!", ["HS256"], audience="authenticated")
    late = await signer.sign(
        target_of(identity.tenant, SECRET), HOLDER, now - TENANT_TOKEN_LIFETIME
    )
    with pytest.raises(jwt.ExpiredSignatureError):
        jwt.decode(late.token, SECRET, ["HS256"], audience="authenticated")


async def test_forged_tokens_are_not_verified_by_our_keys(identity: IdentityFixture) -> None:
    signer, now = signer_of(identity), identity.clock.now
    good = (await signer.sign(target_of(identity.tenant), HOLDER, now)).token
    kid = jwt.get_unverified_header(good)["kid"]
    claims = await verify(signer, good, now)
    stranger = ec.generate_private_key(ec.SECP256R1())
    access = await identity.signer.sign(USER, uuid4(), now)
    forged = (
        jwt.encode(claims, stranger, "ES256", headers={"kid": kid}),
        jwt.encode(claims, stranger, "ES256", headers={"kid": "t0"}),
        jwt.encode(claims, "", "none", headers={"kid": kid}),
        access,
    )
    for token in forged:
        with pytest.raises(jwt.InvalidTokenError):
            await verify(signer, token, now)


async def test_our_api_takes_no_tenant_token(identity: IdentityFixture) -> None:
    signer, now = signer_of(identity), identity.clock.now
    for target in (target_of(identity.tenant), target_of(identity.tenant, SECRET)):
        signed = await signer.sign(target, HOLDER, now)
        assert await identity.signer.verify(signed.token, now) is None


async def test_a_new_key_is_published_long_before_it_signs(identity: IdentityFixture) -> None:
    """A project may know the keys of 30 minutes ago only, so each token needs a key of then."""
    signer = signer_of(identity)
    known, signing = [await signer.public_keys(identity.clock.now)], set()
    for _ in range(3 * 24 * 32):  # twenty minutes each
        now = identity.clock.advance(seconds=20 * 60)
        token = (await signer.sign(target_of(identity.tenant), HOLDER, now)).token
        kid = jwt.get_unverified_header(token)["kid"]
        signing.add(kid)
        assert kid in {key["kid"] for key in known[-2 if len(known) > 1 else -1]["keys"]}
        known.append(await signer.public_keys(now))
    assert len(signing) == 2
    assert timedelta(minutes=30) < KEY_PUBLISHED_BEFORE


async def test_published_keys_are_public(identity: IdentityFixture) -> None:
    (key,) = (await signer_of(identity).public_keys(identity.clock.now))["keys"]
    assert set(key) == {"kty", "crv", "x", "y", "kid", "alg", "use"}
    assert (key["kty"], key["crv"], key["alg"], key["use"]) == ("EC", "P-256", "ES256", "sig")


async def test_a_narrow_permission_opens_no_table() -> None:
    viewer = ROLE_GRANTS[BuiltInRole.VIEWER]
    assert "auditoria" not in readable_tables(viewer)
    assert "mensagens" in readable_tables(viewer)
    agent = ROLE_GRANTS[BuiltInRole.AGENT]
    assert readable_tables(agent) == ["contacts"]
    reports = replace(HOLDER, grants={PermissionAction.REPORTS_READ: PermissionScope.ALL})
    assert readable_tables(reports.grants) == ["rollups"]
