"""Builds the services for the mirror to Supabase."""

from dataclasses import dataclass

from niochat.adapters.http_pool import HttpTransport
from niochat.adapters.postgres.database import Database
from niochat.adapters.ssrf_guard import SsrfGuard
from niochat.adapters.supabase.project_client import ProjectClient
from niochat.composition.components import REPORT_PLANNER_SETTINGS, Components
from niochat.config import Settings
from niochat.mirror.administration.mirror_status import MirrorStatusReader
from niochat.mirror.administration.project_check import ProjectChecker
from niochat.mirror.administration.tenant_tokens import TenantTokenSigner
from niochat.mirror.mirror import Mirror
from niochat.mirror.mirror_settings import MirrorSettingsStore, MirrorTarget, SupabaseProject
from niochat.ports.encryption import Encryptor

MIRROR_CONNECTIONS = 4
CHECK_CONNECTIONS = 2
"""Connections of one check of a project."""
_CHECK_TIMEOUT_S = 300
_CHECK_SETTINGS = {**REPORT_PLANNER_SETTINGS, "statement_timeout": f"{_CHECK_TIMEOUT_S}s"}


def build_mirror_settings(
    database: Database, encryptor: Encryptor, settings: Settings, guard: SsrfGuard
) -> MirrorSettingsStore:
    """Build the store of settings, with the project of the installation if there is one."""
    return MirrorSettingsStore(
        database, encryptor, _installation_project(settings), guard.check_secret_url
    )


@dataclass(frozen=True, slots=True)
class SupabaseServices:
    """What the API needs of the mirror."""

    settings: MirrorSettingsStore
    status: MirrorStatusReader
    checker: ProjectChecker
    tokens: TenantTokenSigner


def build_supabase_services(
    database: Database, encryptor: Encryptor, settings: Settings, guard: SsrfGuard
) -> SupabaseServices:
    """Build the services; nothing connects yet."""
    store = build_mirror_settings(database, encryptor, settings, guard)
    return SupabaseServices(
        settings=store,
        status=MirrorStatusReader(database, store),
        checker=ProjectChecker(lambda: HttpTransport(CHECK_CONNECTIONS, guard)),
        tokens=TenantTokenSigner(database, encryptor, settings.base_url),
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


async def open_mirror_database(settings: Settings, *, for_reports: bool = False) -> Database:
    """Open connections of their own, in UTC: both sides compare times as texts. ``for_reports``:
    for comparisons, which read many rows.
    """
    return await Database.open(
        settings.database_url.get_secret_value(),
        size=MIRROR_CONNECTIONS,
        timeouts={"timezone": "UTC", **(_CHECK_SETTINGS if for_reports else {})},
        command_timeout_s=_CHECK_TIMEOUT_S if for_reports else 20,
    )


def open_project(target: MirrorTarget, guard: SsrfGuard) -> ProjectClient:
    """Open a client of a tenant's project. It connects with its first request."""
    return ProjectClient(target.url, target.key, guard)


async def run_mirror(components: Components) -> None:
    """Mirror all tenants until cancelled."""
    settings, guard = components.settings, components.ssrf_guard
    store = build_mirror_settings(components.database, components.vault, settings, guard)
    database = await open_mirror_database(settings)
    try:
        await Mirror(database, store.load_targets, lambda target: open_project(target, guard)).run()
    finally:
        await database.close()
