"""Syncs the Supabase project of a tenant. The row is written only if it differs."""

from uuid import UUID

from niochat.adapters.postgres.database import Connection
from niochat.adapters.postgres.queries import queries
from niochat.ports.encryption import Encryptor
from niochat.tenants.provider_file.supabase_schema import SupabaseConfig
from niochat.tenants.provider_sync.resource_sync import Row
from niochat.tenants.provider_sync.sync_result import ProviderSyncOutcome
from niochat.tenants.tenant_secrets import SecretPurpose, TenantEncryptor

_SQL = queries("mirror_settings")


async def sync_supabase(
    connection: Connection, vault: Encryptor, tenant_id: UUID, entry: SupabaseConfig | None
) -> ProviderSyncOutcome:
    """Sync the project; None removes it, so that the tenant uses that of the installation. A pause
    stays.
    """
    existing = await connection.fetchrow(_SQL["find"], tenant_id)
    if existing is None and entry is None:
        return ProviderSyncOutcome.UNCHANGED
    row = dict(await connection.fetchrow(_SQL["lock"], tenant_id) or {})
    entry = entry or SupabaseConfig()
    encryptor = TenantEncryptor(vault, tenant_id)
    declared = {
        "enabled": entry.enabled,
        "url": entry.url,
        "key_sealed": entry.key
        and encryptor.seal_if_changed(row["key_sealed"], entry.key, SecretPurpose.SUPABASE_KEY),
        "publishable_key": entry.publishable_key,
        "messages": entry.messages.value,
        "jwt_secret_sealed": _seal_jwt_secret(encryptor, entry, row),
    }
    if existing is not None and all(row[column] == value for column, value in declared.items()):
        return ProviderSyncOutcome.UNCHANGED
    await connection.execute(_SQL["replace"], tenant_id, *declared.values())
    return ProviderSyncOutcome.CREATED if existing is None else ProviderSyncOutcome.CHANGED


def _seal_jwt_secret(encryptor: TenantEncryptor, entry: SupabaseConfig, row: Row) -> bytes | None:
    """If omitted, the stored secret stays, but not for another project."""
    stored: bytes | None = row["jwt_secret_sealed"]
    if entry.jwt_secret is not None:
        return encryptor.seal_if_changed(
            stored, entry.jwt_secret, SecretPurpose.SUPABASE_JWT_SECRET
        )
    if stored is None or "jwt_secret" in entry.model_fields_set or entry.url != row["url"]:
        return None
    return encryptor.reseal(stored, SecretPurpose.SUPABASE_JWT_SECRET)
