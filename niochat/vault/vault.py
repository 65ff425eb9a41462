"""Seals secrets with AES-256-GCM, each bound to its tenant and purpose."""

import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import NoReturn
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from niochat.domain.errors import InvalidInputError, UnreadableDataError
from niochat.domain.text_validation import digest_text
from niochat.vault.key_ring import parse_key_ring

_FORMAT = 1
# NIST SP 800-38D, 8.2.2 and 8.3: random nonces of 96 bits, fewer than 2^32 seals with one key.
_NONCE_BYTES = 12
_TAG_BYTES = 16


@dataclass(frozen=True, slots=True)
class _Sealed:
    """``format (1) | length of the key's id (1) | key's id | nonce (12) | ciphertext and tag``."""

    header: bytes
    key_id: str
    nonce: bytes
    ciphertext: bytes


class Vault:
    """Seals with the first key of its ring and opens with any of them. Its repr shows no key."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        """``keys`` are by id, 32 bytes each; the first is the current one."""
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self._blinding = {key_id: _blind_index_key(key) for key_id, key in keys.items()}
        self._current = next(iter(keys))

    @classmethod
    def from_key_ring(cls, text: str) -> "Vault":
        """Creates a vault from ``NIOCHAT_VAULT_KEYS``: ``k2:<base64 of 32 bytes>,k1:…``.

        Raises ``InvalidInputError``; its message contains no key.
        """
        return cls(parse_key_ring(text))

    def __repr__(self) -> str:
        return f"Vault({', '.join(self._ciphers)})"

    def __reduce__(self) -> NoReturn:
        """Raises ``TypeError``: keys must not leave the process."""
        raise TypeError("a vault cannot be pickled; make one from the settings of the process")

    def seal(self, plain: str, *, tenant_id: UUID, purpose: str) -> bytes:
        """Seals ``plain`` with the current key. Sealing the same text twice gives different values.

        Raises ``InvalidInputError`` for text that is not valid Unicode.
        """
        header = bytes((_FORMAT, len(self._current))) + self._current.encode()
        nonce = os.urandom(_NONCE_BYTES)
        bound = _associated_data(header, tenant_id, purpose)
        return header + nonce + self._ciphers[self._current].encrypt(nonce, _encode(plain), bound)

    def open(self, sealed: bytes, *, tenant_id: UUID, purpose: str) -> str:
        """Opens a value that was sealed for this tenant and purpose.

        Raises ``UnreadableDataError`` if its key or format is unknown, ``InvalidInputError`` if it
        was altered or sealed for another tenant or purpose.
        """
        parts = _parse_sealed(sealed)
        cipher = self._ciphers.get(parts.key_id)
        if cipher is None:
            raise UnreadableDataError(
                f"This {purpose} was sealed with the key {parts.key_id}, which this process does "
                "not have. Put that key back into NIOCHAT_VAULT_KEYS, after the current one.",
                code="unknown_key",
            )
        bound = _associated_data(parts.header, tenant_id, purpose)
        try:
            return cipher.decrypt(parts.nonce, parts.ciphertext, bound).decode()
        except InvalidTag:
            raise _damaged_error(purpose) from None

    def is_current_key(self, sealed: bytes) -> bool:
        """Whether the value was sealed with the current key. Raises ``UnreadableDataError`` for an
        unknown format, ``InvalidInputError`` for a damaged value.
        """
        return _parse_sealed(sealed).key_id == self._current

    def blind_index(self, plain: str, *, tenant_id: UUID, purpose: str) -> bytes:
        """Returns a keyed digest that finds a sealed value without opening any. It is equal for
        equal values of a tenant and purpose, and reveals nothing without the current key.
        """
        return self.blind_indexes(plain, tenant_id=tenant_id, purpose=purpose)[0]

    def blind_indexes(self, plain: str, *, tenant_id: UUID, purpose: str) -> list[bytes]:
        """Returns the blind indexes under all keys, the current one first. During a rotation a
        value may still be stored with the index of an older key.
        """
        message = tenant_id.bytes + purpose.encode() + b"\0" + _encode(plain)
        return [hmac.digest(key, message, "sha256") for key in self._blinding.values()]

    @staticmethod
    def fingerprint(secret: str) -> bytes:
        """Returns the SHA-256 of a secret, to compare it without opening it. Only for long random
        secrets.
        """
        return sha256(_encode(secret)).digest()

    @staticmethod
    def matches_fingerprint(secret: str, fingerprint: bytes) -> bool:
        """Whether ``secret`` has this fingerprint, compared in constant time."""
        # A caller's secret may be invalid Unicode. That is a wrong secret, not an error.
        return hmac.compare_digest(digest_text(secret), fingerprint)


def _blind_index_key(key: bytes) -> bytes:
    """Derives a separate key for blind indexes (HMAC as the expansion of HKDF, RFC 5869)."""
    return hmac.digest(key, b"niochat blind index\x01", "sha256")


def _associated_data(header: bytes, tenant_id: UUID, purpose: str) -> bytes:
    """Returns the data that is authenticated together with the secret. It is unambiguous, because
    only its last part has a variable length.
    """
    return header + tenant_id.bytes + purpose.encode()


def _encode(plain: str) -> bytes:
    try:
        return plain.encode()
    except UnicodeEncodeError:
        raise InvalidInputError("a secret must be Unicode text", code="bad_secret") from None


def _parse_sealed(sealed: bytes) -> _Sealed:
    if not sealed:
        raise _damaged_error("secret")
    if sealed[0] != _FORMAT:
        raise UnreadableDataError(
            f"The value is sealed in format {sealed[0]}; this version reads format {_FORMAT} only."
        )
    end = 2 + int.from_bytes(sealed[1:2])
    if len(sealed) < end + _NONCE_BYTES + _TAG_BYTES:
        raise _damaged_error("secret")
    try:
        key_id = sealed[2:end].decode("ascii")
    except UnicodeDecodeError:
        raise _damaged_error("secret") from None
    nonce = sealed[end : end + _NONCE_BYTES]
    return _Sealed(sealed[:end], key_id, nonce, sealed[end + _NONCE_BYTES :])


def _damaged_error(purpose: str) -> InvalidInputError:
    return InvalidInputError(
        f"This {purpose} cannot be opened: it was altered, or sealed for another provider or "
        "purpose. Restore it from a backup or enter it again.",
        code="damaged_secret",
    )
