"""Access tokens: short-lived JWTs signed with Ed25519 (RFC 7519, RFC 8037) by keys that rotate."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import jwt

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.ports.encryption import Encryptor
from niochat.signing.key_algorithms import ED25519
from niochat.signing.signing_key_store import KeyPolicy, KeyQueries, SigningKeyStore

ISSUER = "niochat"
ACCESS_TOKEN_LIFETIME = timedelta(minutes=15)
"""Lifetime of an access token."""
PURPOSE = "signing key"
"""Purpose under which private keys are sealed."""
_SQL = queries("signing_keys")
_POLICY = KeyPolicy(
    KeyQueries(_SQL["lock"], _SQL["list"], _SQL["create"], _SQL["delete"]),
    ED25519,
    PURPOSE,
    prefix="k",
    token_lifetime=ACCESS_TOKEN_LIFETIME,
)


@dataclass(frozen=True, slots=True)
class AccessTokenClaims:
    """Claims of a verified token. The session itself may have ended: check it separately."""

    user_id: UUID
    session_id: UUID
    expires_at: datetime


class AccessTokenSigner:
    """Signs and verifies tokens with keys from the database."""

    def __init__(self, database: Database, encryptor: Encryptor) -> None:
        self._keys = SigningKeyStore(database, encryptor, _POLICY)

    async def sign(self, user_id: UUID, session_id: UUID, now: datetime) -> str:
        """Return a signed access token. Raises ``UnavailableError`` when the database is
        unavailable.
        """
        key = await self._keys.find_signing_key(now)
        claims = {
            "iss": ISSUER,
            "sub": str(user_id),
            "sid": str(session_id),
            "iat": now,
            "exp": now + ACCESS_TOKEN_LIFETIME,
        }
        return jwt.encode(claims, key.private, ED25519.name, headers={"kid": key.id})

    async def verify(self, token: str, now: datetime) -> AccessTokenClaims | None:
        """Return the claims; None if the token is malformed, expired or signed by an
        unknown key.
        """
        try:
            key_id = jwt.get_unverified_header(token).get("kid")
        except (jwt.InvalidTokenError, UnicodeEncodeError):
            return None
        key = await self._keys.find_key(key_id, now)
        if key is None:
            return None
        try:
            claims = jwt.decode(
                token,
                key.public,
                [ED25519.name],
                issuer=ISSUER,
                options={
                    "require": ["exp", "sub", "sid"],
                    "verify_exp": False,  # compared below with the caller's clock
                    "verify_iat": False,
                },
            )
            expires_at = datetime.fromtimestamp(claims["exp"], UTC)
            verified = AccessTokenClaims(UUID(claims["sub"]), UUID(claims["sid"]), expires_at)
        except (jwt.InvalidTokenError, ValueError, TypeError, OverflowError, OSError):
            return None
        return verified if now < expires_at else None
