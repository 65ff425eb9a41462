"""The VAPID key of the installation, by which push services recognise it (RFC 8292)."""

import base64
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.ids import PLATFORM_TENANT_ID
from niochat.ports.encryption import Encryptor

_SQL = queries("push_subscriptions")

PURPOSE = "vapid key"
"""Purpose under which the private key is sealed."""
TOKEN_LIFETIME = timedelta(hours=12)
"""Lifetime of a token; push services accept at most 24 hours."""


@dataclass(frozen=True, slots=True)
class VapidKey:
    """The key pair. ``public_key`` is the uncompressed point in base64url, as browsers take it."""

    private: ec.EllipticCurvePrivateKey
    public_key: str

    def authorization_for(self, endpoint: str, contact: str, now: datetime) -> str:
        """The ``Authorization`` header of a request to an endpoint. ``contact`` is a ``mailto:`` or
        ``https:`` URL at which a push service can reach the operator.
        """
        parts = urlsplit(endpoint)
        claims = {
            "aud": f"{parts.scheme}://{parts.netloc}",
            "exp": now + TOKEN_LIFETIME,
            "sub": contact,
        }
        token = jwt.encode(claims, self.private, "ES256")
        return f"vapid t={token}, k={self.public_key}"


class VapidKeyStore:
    """Loads the key, and creates it when it is needed first."""

    def __init__(self, database: Database, encryptor: Encryptor) -> None:
        self._database = database
        self._encryptor = encryptor
        self._key: VapidKey | None = None

    async def load(self) -> VapidKey:
        """The key. It is the same for all processes, and stays: browsers are subscribed to it."""
        if self._key is None:
            self._key = await self._load_or_create()
        return self._key

    async def _load_or_create(self) -> VapidKey:
        async with self._database.as_auth() as connection:
            row: Any = await connection.fetchrow(_SQL["find_vapid_key"])
            if row is None:
                private = ec.generate_private_key(ec.SECP256R1())
                await connection.execute(
                    _SQL["create_vapid_key"], _public_bytes(private), self._seal(private)
                )
                row = await connection.fetchrow(_SQL["find_vapid_key"])
        secret = self._encryptor.open(
            row["private_sealed"], tenant_id=PLATFORM_TENANT_ID, purpose=PURPOSE
        )
        private = ec.derive_private_key(int(secret, 16), ec.SECP256R1())
        return VapidKey(private, encode_base64url(_public_bytes(private)))

    def _seal(self, private: ec.EllipticCurvePrivateKey) -> bytes:
        secret = f"{private.private_numbers().private_value:064x}"
        return self._encryptor.seal(secret, tenant_id=PLATFORM_TENANT_ID, purpose=PURPOSE)


def encode_base64url(data: bytes) -> str:
    """Base64url without padding, as Web Push writes keys."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _public_bytes(private: ec.EllipticCurvePrivateKey) -> bytes:
    return private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
