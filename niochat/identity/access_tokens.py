"""Access tokens: short-lived JWTs signed with Ed25519 (RFC 7519, RFC 8037) by keys that rotate."""

import asyncio
import base64
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.ids import PLATFORM_TENANT_ID
from niochat.ports.encryption import Encryptor

ALGORITHM = "EdDSA"
ISSUER = "niochat"
ACCESS_TOKEN_LIFETIME = timedelta(minutes=15)
"""Lifetime of an access token."""
SIGNING_KEY_LIFETIME = timedelta(days=30)
"""Age at which a key stops signing and is replaced by a new one."""
SIGNING_KEY_RETENTION = SIGNING_KEY_LIFETIME + ACCESS_TOKEN_LIFETIME + timedelta(hours=1)
"""Age at which a key is deleted; until then the last tokens that it signed can be verified."""
KEY_CACHE_TTL = timedelta(minutes=5)
"""Age at which the keys in memory are read again."""
PURPOSE = "signing key"
"""Purpose under which private keys are sealed."""
_SQL = queries("signing_keys")


@dataclass(frozen=True, slots=True)
class AccessTokenClaims:
    """Claims of a verified token. The session itself may have ended: check it separately."""

    user_id: UUID
    session_id: UUID
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class _SigningKey:
    id: str
    private: Ed25519PrivateKey
    public: Ed25519PublicKey
    created_at: datetime


class AccessTokenSigner:
    """Signs and verifies tokens with keys from the database, and creates a new key when needed.

    Two processes may create a key concurrently: then both keys verify, and the newer one signs.
    """

    def __init__(self, database: Database, encryptor: Encryptor) -> None:
        self._database = database
        self._encryptor = encryptor
        self._keys: dict[str, _SigningKey] = {}
        self._read_at = datetime.min.replace(tzinfo=UTC)
        self._load_lock = asyncio.Lock()

    async def sign(self, user_id: UUID, session_id: UUID, now: datetime) -> str:
        """Return a signed access token. Raises ``UnavailableError`` when the database is
        unavailable.
        """
        await self._refresh_if_stale(now)
        key = max(self._keys.values(), key=lambda key: (key.created_at, key.id))
        claims = {
            "iss": ISSUER,
            "sub": str(user_id),
            "sid": str(session_id),
            "iat": now,
            "exp": now + ACCESS_TOKEN_LIFETIME,
        }
        return jwt.encode(claims, key.private, ALGORITHM, headers={"kid": key.id})

    async def verify(self, token: str, now: datetime) -> AccessTokenClaims | None:
        """Return the claims; None if the token is malformed, expired or signed by an
        unknown key.
        """
        key = await self._find_key(token, now)
        if key is None:
            return None
        try:
            claims = jwt.decode(
                token,
                key.public,
                [ALGORITHM],
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

    async def _find_key(self, token: str, now: datetime) -> _SigningKey | None:
        try:
            key_id = jwt.get_unverified_header(token).get("kid")
        except (jwt.InvalidTokenError, UnicodeEncodeError):
            return None
        if not isinstance(key_id, str) or not key_id.startswith(_PREFIX):
            return None
        await self._refresh_if_stale(now)
        if key_id not in self._keys and now - self._read_at > timedelta(seconds=5):
            await self._load_keys(now)  # another process may have created it just now
        return self._keys.get(key_id)

    async def _refresh_if_stale(self, now: datetime) -> None:
        if now - self._read_at > KEY_CACHE_TTL or not self._keys:
            await self._load_keys(now)

    async def _load_keys(self, now: datetime) -> None:
        before = self._read_at
        async with self._load_lock:
            if self._read_at != before:
                return  # the previous holder of the lock has read them
            async with self._database.as_auth() as connection:
                rows = await connection.fetch(_SQL["list"])
                keys = {row["id"]: self._key_from_row(row) for row in rows}
                newest = max((key.created_at for key in keys.values()), default=None)
                if newest is None or now - newest > SIGNING_KEY_LIFETIME:
                    new_key = _generate_key(now)
                    await connection.execute(
                        _SQL["create"],
                        new_key.id,
                        _public_bytes(new_key),
                        self._sealed(new_key),
                        now,
                    )
                    await connection.execute(_SQL["delete_expired"], now - SIGNING_KEY_RETENTION)
                    keys[new_key.id] = new_key
            self._keys, self._read_at = keys, now

    def _key_from_row(self, row: Any) -> _SigningKey:
        raw = self._encryptor.open(
            row["private_sealed"], tenant_id=PLATFORM_TENANT_ID, purpose=PURPOSE
        )
        private = Ed25519PrivateKey.from_private_bytes(base64.b64decode(raw))
        return _SigningKey(row["id"], private, private.public_key(), row["created_at"])

    def _sealed(self, key: _SigningKey) -> bytes:
        plain = base64.b64encode(key.private.private_bytes_raw()).decode()
        return self._encryptor.seal(plain, tenant_id=PLATFORM_TENANT_ID, purpose=PURPOSE)


_PREFIX = "k"


def _generate_key(now: datetime) -> _SigningKey:
    private = Ed25519PrivateKey.generate()
    return _SigningKey(_PREFIX + secrets.token_hex(8), private, private.public_key(), now)


def _public_bytes(key: _SigningKey) -> bytes:
    return key.public.public_bytes_raw()
