"""The algorithms of signing keys, with the names of RFC 7518 and RFC 8037."""

import base64
from typing import Any, Protocol

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


class KeyAlgorithm(Protocol):
    """Creates private keys, and turns them into text and back."""

    name: str

    def generate(self) -> Any:
        """Return a new private key."""
        ...

    def to_text(self, private: Any) -> str:
        """Return the private key as text, which has to be sealed before it is stored."""
        ...

    def from_text(self, text: str) -> Any:
        """Return the private key in a text."""
        ...

    def public_bytes(self, private: Any) -> bytes:
        """Return the public key as the database stores it."""
        ...


class Ed25519Algorithm:
    """Ed25519: short and fast. Supabase does not take it."""

    name = "EdDSA"

    def generate(self) -> Ed25519PrivateKey:
        """Return a new private key."""
        return Ed25519PrivateKey.generate()

    def to_text(self, private: Ed25519PrivateKey) -> str:
        """Return the 32 bytes of the key in base64."""
        return base64.b64encode(private.private_bytes_raw()).decode()

    def from_text(self, text: str) -> Ed25519PrivateKey:
        """Return the private key in a text."""
        return Ed25519PrivateKey.from_private_bytes(base64.b64decode(text))

    def public_bytes(self, private: Ed25519PrivateKey) -> bytes:
        """Return the 32 bytes of the public key."""
        return private.public_key().public_bytes_raw()


class EcdsaP256Algorithm:
    """ECDSA with the curve P-256 and SHA-256."""

    name = "ES256"

    def generate(self) -> ec.EllipticCurvePrivateKey:
        """Return a new private key."""
        return ec.generate_private_key(ec.SECP256R1())

    def to_text(self, private: ec.EllipticCurvePrivateKey) -> str:
        """Return the number of the key in base64, 32 bytes long."""
        return base64.b64encode(private.private_numbers().private_value.to_bytes(32)).decode()

    def from_text(self, text: str) -> ec.EllipticCurvePrivateKey:
        """Return the private key in a text."""
        return ec.derive_private_key(int.from_bytes(base64.b64decode(text)), ec.SECP256R1())

    def public_bytes(self, private: ec.EllipticCurvePrivateKey) -> bytes:
        """Return the uncompressed point (SEC 1, 2.3.3)."""
        return private.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )


ED25519 = Ed25519Algorithm()
ECDSA_P256 = EcdsaP256Algorithm()
