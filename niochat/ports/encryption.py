"""Port to the vault's encryption. The composition passes the vault to packages, which do not import
it.
"""

from typing import Protocol
from uuid import UUID

TAX_ID_PURPOSE = "contact document"
"""Purpose under which a contact's CPF or CNPJ is sealed. The value is part of the encryption."""
SUPABASE_KEY_PURPOSE = "supabase key"
"""Purpose under which the secret key of a tenant's Supabase project is sealed."""
SUPABASE_JWT_SECRET_PURPOSE = "supabase jwt secret"
"""Purpose under which the shared secret of an older Supabase project is sealed."""


class Encryptor(Protocol):
    """Encrypts values of a tenant. ``niochat.vault.vault.Vault`` implements it."""

    def seal(self, plain: str, *, tenant_id: UUID, purpose: str) -> bytes:
        """Encrypts ``plain``, bound to its tenant and purpose."""
        ...

    def open(self, sealed: bytes, *, tenant_id: UUID, purpose: str) -> str:
        """Decrypts a sealed value. Raises ``UnreadableDataError`` if its key is missing,
        ``InvalidInputError`` if the value was altered.
        """
        ...

    def is_current_key(self, sealed: bytes) -> bool:
        """Whether the value was sealed with the current key."""
        ...

    def blind_index(self, plain: str, *, tenant_id: UUID, purpose: str) -> bytes:
        """Returns a keyed digest that finds a sealed value without decrypting any."""
        ...

    def blind_indexes(self, plain: str, *, tenant_id: UUID, purpose: str) -> list[bytes]:
        """Returns the blind indexes under all keys, the current key first."""
        ...

    def fingerprint(self, secret: str) -> bytes:
        """Returns the SHA-256 of a secret."""
        ...
