"""Secrets of one tenant, as this room seals them."""

from enum import StrEnum
from uuid import UUID

from pydantic import SecretStr

from niochat.domain.errors import InvalidInputError
from niochat.ports.encryption import Encryptor


class SecretPurpose(StrEnum):
    """What a sealed value is for; it cannot be opened as anything else."""

    CHANNEL_TOKEN = "channel token"
    CHANNEL_SECRET = "webhook secret"
    CHANNEL_HMAC = "webhook signing key"
    ASSISTANT_KEY = "assistant key"
    ASSISTANT_EXTRA = "assistant extra"
    TRANSCRIPTION_KEY = "transcription key"
    ERP_TOKEN = "erp token"


class TenantEncryptor:
    """The vault for one tenant. Raises ``UnreadableDataError`` where a stored value's key is
    missing.
    """

    def __init__(self, vault: Encryptor, tenant_id: UUID) -> None:
        self.vault = vault
        self.tenant_id = tenant_id

    def seal(self, plain: str, purpose: SecretPurpose) -> bytes:
        """``plain`` under the current key."""
        return self.vault.seal(plain, tenant_id=self.tenant_id, purpose=purpose)

    def reseal(self, stored: bytes, purpose: SecretPurpose) -> bytes:
        """The same value, sealed again unless the current key did it."""
        if self.vault.is_current_key(stored):
            return stored
        plain = self.vault.open(stored, tenant_id=self.tenant_id, purpose=purpose)
        return self.seal(plain, purpose)

    def seal_if_changed(
        self, stored: bytes | None, wanted: SecretStr, purpose: SecretPurpose
    ) -> bytes:
        """What is stored if it is ``wanted`` under the current key, else ``wanted`` sealed."""
        if stored is not None and self.matches(stored, wanted, purpose):
            return self.reseal(stored, purpose)
        return self.seal(wanted.get_secret_value(), purpose)

    def matches(self, stored: bytes, wanted: SecretStr, purpose: SecretPurpose) -> bool:
        """Whether ``wanted`` was sealed; not of what was damaged, so that the file heals it."""
        try:
            plain = self.vault.open(stored, tenant_id=self.tenant_id, purpose=purpose)
        except InvalidInputError:
            return False
        return plain == wanted.get_secret_value()
