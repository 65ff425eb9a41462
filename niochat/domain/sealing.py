"""What rooms need of the vault. Rooms do not import one another: wiring hands it in."""

from typing import Protocol
from uuid import UUID

DOCUMENT = "contact document"
"""What a contact's CPF or CNPJ is sealed for: by the assistant, or by people."""


class Seals(Protocol):
    """``niochat.vault.vault.Vault``, as seen from other rooms."""

    def seal(self, plain: str, *, tenant_id: UUID, purpose: str) -> bytes:
        """``plain``, bound to its tenant and purpose."""
        ...

    def open(self, sealed: bytes, *, tenant_id: UUID, purpose: str) -> str:
        """What was sealed. Raises ``Unreadable`` without its key, ``Invalid`` if altered."""
        ...

    def current(self, sealed: bytes) -> bool:
        """Whether the current key sealed it."""
        ...

    def blind(self, plain: str, *, tenant_id: UUID, purpose: str) -> bytes:
        """What finds a sealed value without opening any."""
        ...

    def blinds(self, plain: str, *, tenant_id: UUID, purpose: str) -> list[bytes]:
        """The same under each key that it may stand under."""
        ...

    def fingerprint(self, secret: str) -> bytes:
        """SHA-256 of a secret."""
        ...
