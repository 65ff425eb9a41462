"""Builds the services for the mirror to Supabase."""

from niochat.adapters.postgres.database import Database
from niochat.adapters.ssrf_guard import SsrfGuard
from niochat.config import Settings
from niochat.mirror.mirror_settings import MirrorSettingsStore, SupabaseProject
from niochat.ports.encryption import Encryptor


def build_mirror_settings(
    database: Database, encryptor: Encryptor, settings: Settings, guard: SsrfGuard
) -> MirrorSettingsStore:
    """Build the store of settings, with the project of the installation if there is one."""
    return MirrorSettingsStore(
        database, encryptor, _installation_project(settings), guard.check_secret_url
    )


def _installation_project(settings: Settings) -> SupabaseProject | None:
    if settings.supabase_url is None or settings.supabase_key is None:
        return None
    secret = settings.supabase_jwt_secret
    return SupabaseProject(
        settings.supabase_url,
        settings.supabase_key.get_secret_value(),
        settings.supabase_publishable_key,
        None if secret is None else secret.get_secret_value(),
    )
