"""Tenant tokens: short-lived JWTs with which a user reads the tenant's rows in a Supabase project.

Projects verify them with our public keys, whose address they are given once (third-party auth), or
with a shared secret in the older way. Supabase reads the keys again within 30 minutes, so a new key
is published before it signs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
from jwt.algorithms import ECAlgorithm

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.permissions import Grants, PermissionAction, PermissionScope
from niochat.mirror.mirror_settings import MirrorTarget
from niochat.ports.encryption import Encryptor
from niochat.signing.key_algorithms import ECDSA_P256
from niochat.signing.signing_key_store import KeyPolicy, KeyQueries, SigningKeyStore

TENANT_TOKEN_LIFETIME = timedelta(minutes=10)
ISSUED_BEFORE = timedelta(seconds=5)
"""A token says that it was issued so much earlier, for projects whose clock is behind ours."""
KEY_PUBLISHED_BEFORE = timedelta(hours=1)
"""Supabase may use keys of 30 minutes ago, and our processes and caches keys of some minutes."""
PURPOSE = "tenant token key"
"""Purpose under which private keys are sealed."""
ISSUER_PATH = "/api/v1/tenant-tokens"
KEYS_PATH = "/.well-known/jwks.json"
DISCOVERY_PATH = "/.well-known/openid-configuration"
_SQL = queries("tenant_token_keys")
_POLICY = KeyPolicy(
    KeyQueries(_SQL["lock"], _SQL["list"], _SQL["create"], _SQL["delete"]),
    ECDSA_P256,
    PURPOSE,
    prefix="t",
    token_lifetime=TENANT_TOKEN_LIFETIME,
    published_before=KEY_PUBLISHED_BEFORE,
)
_TABLES_BY_ACTION: Mapping[PermissionAction, tuple[str, ...]] = {
    PermissionAction.REPORTS_READ: ("rollups",),
    PermissionAction.CONVERSATIONS_READ: ("conversations", "mensagens", "csat_feedback"),
    PermissionAction.CONTACTS_READ: ("contacts",),
    PermissionAction.AUDIT_READ: ("auditoria",),
}


@dataclass(frozen=True, slots=True)
class TokenHolder:
    """The user of a token, the slug of the tenant in which the user acts, and its permissions."""

    user_id: UUID
    provider: str
    grants: Grants


@dataclass(frozen=True, slots=True)
class TenantToken:
    """A signed token and when it expires."""

    token: str = field(repr=False)
    expires_at: datetime


class TenantTokenSigner:
    """Signs tokens and publishes the keys that verify them. ``base_url`` is the public address of
    the installation.
    """

    def __init__(self, database: Database, encryptor: Encryptor, base_url: str) -> None:
        self._keys = SigningKeyStore(database, encryptor, _POLICY)
        self.issuer = base_url + ISSUER_PATH
        """Address under which third-party auth finds our keys."""

    async def sign(self, target: MirrorTarget, holder: TokenHolder, now: datetime) -> TenantToken:
        """Return a token for the project of a tenant. Raises ``UnavailableError``."""
        expires_at = now + TENANT_TOKEN_LIFETIME
        claims = {
            "iss": self.issuer,
            "sub": str(holder.user_id),
            "aud": "authenticated",
            "role": "authenticated",
            "iat": int((now - ISSUED_BEFORE).timestamp()),
            "exp": int(expires_at.timestamp()),
            "app_metadata": {
                "tenant_id": str(target.tenant_id),
                "provider": holder.provider,
                "tables": readable_tables(holder.grants),
            },
        }
        if target.jwt_secret is not None:
            return TenantToken(jwt.encode(claims, target.jwt_secret, "HS256"), expires_at)
        key = await self._keys.find_signing_key(now)
        token = jwt.encode(claims, key.private, ECDSA_P256.name, headers={"kid": key.id})
        return TenantToken(token, expires_at)

    async def public_keys(self, now: datetime) -> dict[str, Any]:
        """Return the public keys as a JWK Set (RFC 7517). Raises ``UnavailableError``."""
        return {
            "keys": [
                {
                    **ECAlgorithm.to_jwk(key.public, as_dict=True),
                    "kid": key.id,
                    "alg": ECDSA_P256.name,
                    "use": "sig",
                }
                for key in await self._keys.list_keys(now)
            ]
        }

    def describe_issuer(self) -> dict[str, Any]:
        """Return what OpenID Connect Discovery says of an issuer at which nobody signs in."""
        return {
            "issuer": self.issuer,
            "jwks_uri": self.issuer + KEYS_PATH,
            "id_token_signing_alg_values_supported": [ECDSA_P256.name],
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
        }


def readable_tables(grants: Grants) -> list[str]:
    """Return the tables of the mirror that somebody with these permissions may read. Rows of single
    teams cannot be told apart there, so a narrower permission counts for nothing.
    """
    return [
        table
        for action, tables in _TABLES_BY_ACTION.items()
        if grants.get(action) is PermissionScope.ALL
        for table in tables
    ]
