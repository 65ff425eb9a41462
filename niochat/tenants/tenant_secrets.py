"""Seals and opens the secrets in a tenant's configuration."""

from enum import StrEnum
from uuid import UUID

from pydantic import SecretStr

from niochat.domain.errors import InvalidInputError
from niochat.ports.encryption import (
    SUPABASE_JWT_SECRET_PURPOSE,
    SUPABASE_KEY_PURPOSE,
    Encryptor,
)


class SecretPurpose(StrEnum):
    """Purpose of a sealed value. It can be opened with the same purpose only."""

    CHANNEL_TOKEN = "channel token"
    CHANNEL_SECRET = "webhook secret"
    CHANNEL_HMAC = "webhook signing key"
    ASSISTANT_KEY = "assistant key"
    ASSISTANT_EXTRA = "assistant extra"
    TRANSCRIPTION_KEY = "transcription key"
    ERP_TOKEN = "erp token"
    SUPABASE_KEY = SUPABASE_KEY_PURPOSE
    SUPABASE_JWT_SECRET = SUPABASE_JWT_SECRET_PURPOSE


class TenantEncryptor:
    """Seals and opens values of one tenant.

    Methods raise ``UnreadableDataError`` if the key of a stored value is missing.
    """

    def __init__(self, vault: Encryptor, tenant_id: UUID) -> None:
        self.vault = vault
        self.tenant_id = tenant_id

    def seal(self, plain: str, purpose: SecretPurpose) -> bytes:
        """Seal ``plain`` under the current key."""
        return self.vault.seal(plain, tenant_id=self.tenant_id, purpose=purpose)

    def reseal(self, stored: bytes, purpose: SecretPurpose) -> bytes:
        """Seal the stored value again, unless it is sealed under the current key."""
        if self.vault.is_current_key(stored):
            return stored
        plain = self.vault.open(stored, tenant_id=self.tenant_id, purpose=purpose)
        return self.seal(plain, purpose)

    def seal_if_changed(
        self, stored: bytes | None, secret: SecretStr, purpose: SecretPurpose
    ) -> bytes:
        """Return the stored value if it holds ``secret`` under the current key, else seal
        ``secret``.
        """
        if stored is not None and self.matches(stored, secret, purpose):
            return self.reseal(stored, purpose)
        return self.seal(secret.get_secret_value(), purpose)

    def matches(self, stored: bytes, secret: SecretStr, purpose: SecretPurpose) -> bool:
        """Whether the stored value holds ``secret``; False if it is damaged, so that it is
        replaced.
        """
        try:
            plain = self.vault.open(stored, tenant_id=self.tenant_id, purpose=purpose)
        except InvalidInputError:
            return False
        return plain == secret.get_secret_value()
