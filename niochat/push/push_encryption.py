"""Encrypts notifications for a browser: ``aes128gcm`` (RFC 8188) with the keys of RFC 8291."""

import os
import struct

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from niochat.domain.errors import InvalidInputError

MAX_PLAIN_BYTES = 3993
"""A push service accepts at least 4,096 bytes (RFC 8291, 4); 103 of them are not text."""
_RECORD_SIZE = 4096
AUTH_SECRET_BYTES = 16


def parse_browser_key(key: bytes) -> ec.EllipticCurvePublicKey:
    """The key ``p256dh`` of a browser. Raises ``InvalidInputError`` (``bad_key``)."""
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), key)
    except ValueError:
        raise InvalidInputError(
            "keys.p256dh is no public key. Send the keys of PushSubscription.toJSON().",
            code="bad_push_key",
        ) from None


def encrypt_for_browser(
    plain: bytes,
    browser_key: bytes,
    auth_secret: bytes,
    *,
    ephemeral: ec.EllipticCurvePrivateKey | None = None,
    salt: bytes | None = None,
) -> bytes:
    """The body of a request to a push service. ``ephemeral`` and ``salt`` are random unless a test
    gives them.
    """
    if len(plain) > MAX_PLAIN_BYTES:
        raise InvalidInputError("the notification is too long", code="push_too_long")
    ephemeral = ephemeral or ec.generate_private_key(ec.SECP256R1())
    salt = salt or os.urandom(16)
    own_key = ephemeral.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    shared = ephemeral.exchange(ec.ECDH(), parse_browser_key(browser_key))
    info = b"WebPush: info\x00" + browser_key + own_key
    secret = _derive(shared, auth_secret, info, 32)
    key = _derive(secret, salt, b"Content-Encoding: aes128gcm\x00", 16)
    nonce = _derive(secret, salt, b"Content-Encoding: nonce\x00", 12)
    header = salt + struct.pack("!IB", _RECORD_SIZE, len(own_key)) + own_key
    return header + AESGCM(key).encrypt(nonce, plain + b"\x02", None)


def _derive(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt, info).derive(secret)
