"""Settings of the mirror on this test's database, with one provider."""

from dataclasses import dataclass
from ipaddress import ip_network
from uuid import UUID, uuid4

import pytest_asyncio

from niochat.adapters.postgres.database import Database
from niochat.adapters.ssrf_guard import SsrfGuard
from niochat.mirror.mirror_settings import (
    MirrorSettingsEditor,
    MirrorSettingsStore,
    SupabaseProject,
)
from niochat.ports.audit import AuditActor, AuditActorKind
from niochat.vault.vault import Vault
from tests.builders import Admin, RowBuilder

LOOPBACK = SsrfGuard([ip_network("127.0.0.0/8")])
URL, OTHER_URL = "http://127.0.0.1:8000", "http://127.0.0.1:8001"
KEY, PUBLISHABLE_KEY = "sb_secret_of-the-tenant-1234", "sb_publishable_of-the-tenant"
INSTALLATION = SupabaseProject(
    "http://127.0.0.1:7000", "sb_secret_of-the-installation", "sb_publishable_common"
)


@dataclass
class MirrorSettingsFixture:
    """The stores of two installations on one database: one with a project, and one without."""

    database: Database
    given: RowBuilder
    tenant: UUID
    vault: Vault

    def __post_init__(self) -> None:
        self.admin: Admin = self.given.admin
        self.actor = AuditActor(AuditActorKind.USER, str(uuid4()))
        self.editor = MirrorSettingsEditor(self.tenant, self.actor)
        self.store = self.new_store(None)
        self.common = self.new_store(INSTALLATION)

    def new_store(self, installation: SupabaseProject | None) -> MirrorSettingsStore:
        """Another process."""
        return MirrorSettingsStore(
            self.database, self.vault, installation, LOOPBACK.check_secret_url
        )


@pytest_asyncio.fixture
async def mirror_settings(database: Database, given: RowBuilder) -> MirrorSettingsFixture:
    return MirrorSettingsFixture(database, given, await given.tenant(), Vault({"k1": bytes(32)}))
