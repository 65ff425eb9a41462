"""What rooms need of the vault. Rooms do not import one another: wiring hands it in."""

from typing import Protocol
from uuid import UUID

TAX_ID_PURPOSE = "contact document"
"""What a contact's CPF or CNPJ is sealed for: by the assistant, or by people."""


class Encryptor(Protocol):
    """``niochat.vault.vault.Vault``, as seen from other rooms."""

    def seal(self, plain: str, *, tenant_id: UUID, purpose: str) -> bytes:
        """``plain``, bound to its tenant and purpose."""
        ...

    def open(self, sealed: bytes, *, tenant_id: UUID, purpose: str) -> str:
        """What was sealed. Raises ``UnreadableDataError`` without its key, ``InvalidInputError`` if
        altered.
        """
        ...

    def is_current_key(self, sealed: bytes) -> bool:
        """Whether the current key sealed it."""
        ...

    def blind_index(self, plain: str, *, tenant_id: UUID, purpose: str) -> bytes:
        """What finds a sealed value without opening any."""
        ...

    def blind_indexes(self, plain: str, *, tenant_id: UUID, purpose: str) -> list[bytes]:
        """The same under each key that it may stand under."""
        ...

    def fingerprint(self, secret: str) -> bytes:
        """SHA-256 of a secret."""
        ...
