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
from niochat.domain.sealing import Encryptor

ALGORITHM = "EdDSA"
ISSUER = "niochat"
VALID = timedelta(minutes=15)
"""Of an access token."""
ROTATE = timedelta(days=30)
"""A key signs for so long."""
KEPT = ROTATE + VALID + timedelta(hours=1)
"""And is kept for so long, so that what it signed last can be verified."""
LOOK_EVERY = timedelta(minutes=5)
"""How old the keys in memory may be."""
PURPOSE = "signing key"
"""What its seals are for."""
_SQL = queries("signing")


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says. Whether its session still lives is another question."""

    user_id: UUID
    session_id: UUID
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class _Key:
    id: str
    private: Ed25519PrivateKey
    public: Ed25519PublicKey
    created_at: datetime


class Signer:
    """Signs and verifies with the keys of the database; makes a new one when the newest is old.

    Two processes that make one at once make two: both verify, the newer signs.
    """

    def __init__(self, database: Database, seals: Encryptor) -> None:
        self._database = database
        self._seals = seals
        self._keys: dict[str, _Key] = {}
        self._read_at = datetime.min.replace(tzinfo=UTC)
        self._reading = asyncio.Lock()

    async def sign(self, user_id: UUID, session_id: UUID, now: datetime) -> str:
        """An access token. Raises ``UnavailableError`` while the database is away."""
        await self._fresh(now)
        key = max(self._keys.values(), key=lambda each: (each.created_at, each.id))
        claims = {
            "iss": ISSUER, "sub": str(user_id), "sid": str(session_id),
            "iat": now, "exp": now + VALID,
        }  # fmt: skip
        return jwt.encode(claims, key.private, ALGORITHM, headers={"kid": key.id})

    async def verify(self, token: str, now: datetime) -> Claims | None:
        """What the token says; None for one that is none, or over, or signed by nobody we know."""
        key = await self._key_of(token, now)
        if key is None:
            return None
        try:
            claims = jwt.decode(
                token, key.public, [ALGORITHM], issuer=ISSUER,
                options={
                    "require": ["exp", "sub", "sid"],
                    "verify_exp": False,  # the clock is the caller's: compared below
                    "verify_iat": False,
                },
            )  # fmt: skip
            expires_at = datetime.fromtimestamp(claims["exp"], UTC)
            told = Claims(UUID(claims["sub"]), UUID(claims["sid"]), expires_at)
        except (jwt.InvalidTokenError, ValueError, TypeError, OverflowError, OSError):
            return None
        return told if now < expires_at else None

    async def _key_of(self, token: str, now: datetime) -> _Key | None:
        try:
            key_id = jwt.get_unverified_header(token).get("kid")
        except (jwt.InvalidTokenError, UnicodeEncodeError):
            return None
        if not isinstance(key_id, str) or not key_id.startswith(_PREFIX):
            return None
        await self._fresh(now)
        if key_id not in self._keys and now - self._read_at > timedelta(seconds=5):
            await self._read(now)  # another process may have made it just now
        return self._keys.get(key_id)

    async def _fresh(self, now: datetime) -> None:
        if now - self._read_at > LOOK_EVERY or not self._keys:
            await self._read(now)

    async def _read(self, now: datetime) -> None:
        before = self._read_at
        async with self._reading:
            if self._read_at != before:
                return  # whoever held the lock has read them
            async with self._database.gate() as connection:
                rows = await connection.fetch(_SQL["read"])
                keys = {row["id"]: self._opened(row) for row in rows}
                newest = max((key.created_at for key in keys.values()), default=None)
                if newest is None or now - newest > ROTATE:
                    made = _made(now)
                    await connection.execute(
                        _SQL["make"], made.id, _public(made), self._sealed(made), now
                    )
                    await connection.execute(_SQL["forget"], now - KEPT)
                    keys[made.id] = made
            self._keys, self._read_at = keys, now

    def _opened(self, row: Any) -> _Key:
        raw = self._seals.open(row["private_sealed"], tenant_id=PLATFORM_TENANT_ID, purpose=PURPOSE)
        private = Ed25519PrivateKey.from_private_bytes(base64.b64decode(raw))
        return _Key(row["id"], private, private.public_key(), row["created_at"])

    def _sealed(self, key: _Key) -> bytes:
        plain = base64.b64encode(key.private.private_bytes_raw()).decode()
        return self._seals.seal(plain, tenant_id=PLATFORM_TENANT_ID, purpose=PURPOSE)


_PREFIX = "k"


def _made(now: datetime) -> _Key:
    private = Ed25519PrivateKey.generate()
    return _Key(_PREFIX + secrets.token_hex(8), private, private.public_key(), now)


def _public(key: _Key) -> bytes:
    return key.public.public_bytes_raw()
