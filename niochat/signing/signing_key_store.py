"""Keys that sign tokens, in the database. They rotate: a key signs for a time, then a newer one.

A key passes through four states by its age alone, so all processes agree without telling each
other: published but not signing yet, signing, replaced but still needed for the last tokens that it
signed, and not needed.
"""

import asyncio
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from niochat.adapters.postgres.database import Database
from niochat.domain.ids import PLATFORM_TENANT_ID
from niochat.ports.encryption import Encryptor
from niochat.signing.key_algorithms import KeyAlgorithm

KEY_CACHE_TTL = timedelta(minutes=5)
"""Age at which the keys in memory are read again."""
CLOCK_LEEWAY = timedelta(hours=1)
"""How much longer than its last token a replaced key is kept."""


@dataclass(frozen=True, slots=True)
class KeyQueries:
    """The queries of the table that stores the keys of one use."""

    lock: str
    list: str
    create: str
    delete: str


@dataclass(frozen=True, slots=True)
class KeyPolicy:
    """How keys of one use are made and rotate."""

    queries: KeyQueries
    algorithm: KeyAlgorithm
    purpose: str
    """Purpose under which private keys are sealed."""
    prefix: str
    """Beginning of the ids. Another use has another one."""
    token_lifetime: timedelta
    key_lifetime: timedelta = timedelta(days=30)
    """Age at which a newer key is created."""
    published_before: timedelta = timedelta(0)
    """Age at which a key begins to sign, unless there is no older one."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key pair. ``id`` is the ``kid`` of its tokens."""

    id: str
    private: Any = field(repr=False)
    created_at: datetime

    @property
    def public(self) -> Any:
        """The public key."""
        return self.private.public_key()


class SigningKeyStore:
    """Reads the keys of one use, and creates a new one when it is time. One process at a time
    creates one. Methods raise ``UnavailableError`` and ``UnreadableDataError``.
    """

    def __init__(self, database: Database, encryptor: Encryptor, policy: KeyPolicy) -> None:
        self._database = database
        self._encryptor = encryptor
        self._policy = policy
        self._keys: list[SigningKey] = []
        self._read_at = datetime.min.replace(tzinfo=UTC)
        self._load_lock = asyncio.Lock()

    async def find_signing_key(self, now: datetime) -> SigningKey:
        """The key that signs at this time."""
        await self._refresh_if_stale(now)
        return _signing_key(self._keys, now, self._policy)

    async def find_key(self, key_id: object, now: datetime) -> SigningKey | None:
        """The key with this id; None if there is none or its tokens are over."""
        if not isinstance(key_id, str) or not key_id.startswith(self._policy.prefix):
            return None
        await self._refresh_if_stale(now)
        known = {key.id for key in self._keys}
        if key_id not in known and now - self._read_at > timedelta(seconds=5):
            await self._load_keys(now)  # another process may have created it just now
        return next((key for key in self._needed(now) if key.id == key_id), None)

    async def list_keys(self, now: datetime) -> list[SigningKey]:
        """All keys that sign, have signed or will sign tokens that are valid, oldest first."""
        await self._refresh_if_stale(now)
        return self._needed(now)

    def _needed(self, now: datetime) -> list[SigningKey]:
        first = _first_needed_key(self._keys, now, self._policy)
        return self._keys[self._keys.index(first) :]

    async def _refresh_if_stale(self, now: datetime) -> None:
        if now - self._read_at > KEY_CACHE_TTL or not self._keys:
            await self._load_keys(now)

    async def _load_keys(self, now: datetime) -> None:
        before = self._read_at
        async with self._load_lock:
            if self._read_at != before:
                return  # the previous holder of the lock has read them
            async with self._database.as_auth() as connection:
                keys = await self._read(connection)
                if self._needs_new_key(keys, now):
                    await connection.execute(self._policy.queries.lock)
                    keys = await self._read(connection)
                if self._needs_new_key(keys, now):
                    keys = await self._add_key(connection, keys, now)
            self._keys, self._read_at = keys, now

    def _needs_new_key(self, keys: list[SigningKey], now: datetime) -> bool:
        return not keys or now - keys[-1].created_at > self._policy.key_lifetime

    async def _read(self, connection: Any) -> list[SigningKey]:
        rows = await connection.fetch(self._policy.queries.list)
        return _sorted_by_age(self._key_from_row(row) for row in rows)

    async def _add_key(
        self, connection: Any, keys: list[SigningKey], now: datetime
    ) -> list[SigningKey]:
        """Create a key, and delete those that no valid token needs."""
        algorithm = self._policy.algorithm
        new = SigningKey(self._policy.prefix + secrets.token_hex(8), algorithm.generate(), now)
        sealed = self._encryptor.seal(
            algorithm.to_text(new.private),
            tenant_id=PLATFORM_TENANT_ID,
            purpose=self._policy.purpose,
        )
        await connection.execute(
            self._policy.queries.create, new.id, algorithm.public_bytes(new.private), sealed, now
        )
        keys = _sorted_by_age([*keys, new])
        first = keys.index(_first_needed_key(keys, now, self._policy))
        await connection.execute(self._policy.queries.delete, [key.id for key in keys[:first]])
        return keys[first:]

    def _key_from_row(self, row: Any) -> SigningKey:
        text = self._encryptor.open(
            row["private_sealed"], tenant_id=PLATFORM_TENANT_ID, purpose=self._policy.purpose
        )
        private = self._policy.algorithm.from_text(text)
        return SigningKey(row["id"], private, row["created_at"])


def _sorted_by_age(keys: Iterable[SigningKey]) -> list[SigningKey]:
    return sorted(keys, key=lambda key: (key.created_at, key.id))


def _signing_key(keys: list[SigningKey], now: datetime, policy: KeyPolicy) -> SigningKey:
    """The newest key that has been published long enough; else the oldest one."""
    ready = [key for key in keys if key.created_at + policy.published_before <= now]
    return ready[-1] if ready else keys[0]


def _first_needed_key(keys: list[SigningKey], now: datetime, policy: KeyPolicy) -> SigningKey:
    """The key that signed when the oldest valid token was signed. Older ones are not needed."""
    return _signing_key(keys, now - policy.token_lifetime - CLOCK_LEEWAY, policy)
