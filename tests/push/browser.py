"""A browser with a push subscription: it decrypts what is sent to it (RFC 8291)."""

import os

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from niochat.push.vapid_keys import encode_base64url


class Browser:
    """Its keys."""

    def __init__(self) -> None:
        self._private = ec.generate_private_key(ec.SECP256R1())
        self.key = self._private.public_key().public_bytes(
            Encoding.X962, PublicFormat.UncompressedPoint
        )
        self.auth_secret = os.urandom(16)

    @property
    def encoded_keys(self) -> tuple[str, str]:
        """(p256dh, auth), as the page gets them."""
        return encode_base64url(self.key), encode_base64url(self.auth_secret)

    def decrypt(self, body: bytes) -> bytes:
        """The text of a notification."""
        salt, length = body[:16], body[20]
        server_key, sealed = body[21 : 21 + length], body[21 + length :]
        other = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), server_key)
        shared = self._private.exchange(ec.ECDH(), other)
        info = b"WebPush: info\x00" + self.key + server_key
        secret = HKDF(SHA256(), 32, self.auth_secret, info).derive(shared)
        key = HKDF(SHA256(), 16, salt, b"Content-Encoding: aes128gcm\x00").derive(secret)
        nonce = HKDF(SHA256(), 12, salt, b"Content-Encoding: nonce\x00").derive(secret)
        plain = AESGCM(key).decrypt(nonce, sealed, None)
        assert plain.endswith(b"\x02"), "the last record ends with 2"
        return plain[:-1]
