"""What this room needs of the vault. Rooms do not import one another: wiring hands it in."""

from enum import StrEnum
from typing import Protocol
from uuid import UUID


class Purpose(StrEnum):
    """What a sealed value is for; it cannot be opened as anything else."""

    CHANNEL_TOKEN = "channel token"
    CHANNEL_SECRET = "webhook secret"
    CHANNEL_HMAC = "webhook signing key"
    ASSISTANT_KEY = "assistant key"


class Seals(Protocol):
    """``niochat.vault.vault.Vault``, as seen from here."""

    def seal(self, plain: str, *, tenant_id: UUID, purpose: str) -> bytes:
        """``plain``, bound to its tenant and purpose."""
        ...

    def open(self, sealed: bytes, *, tenant_id: UUID, purpose: str) -> str:
        """What was sealed. Raises ``Unreadable`` without its key, ``Invalid`` if altered."""
        ...

    def current(self, sealed: bytes) -> bool:
        """Whether the current key sealed it."""
        ...

    def fingerprint(self, secret: str) -> bytes:
        """SHA-256 of a secret."""
        ...
