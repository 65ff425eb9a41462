"""A provider file declares the Supabase project of a provider."""

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from niochat.adapters.postgres.database import Database
from niochat.adapters.ssrf_guard import SsrfGuard
from niochat.domain.errors import InvalidInputError
from niochat.mirror.mirror_settings import MirrorSettingsStore, MirrorTarget
from niochat.ports.audit import AuditActor, AuditActorKind
from niochat.tenants.provider_sync.provider_sync import apply_providers
from niochat.vault.vault import Vault
from tests.builders import RowBuilder
from tests.tenants.provider_files import build_provider, load_provider_file

pytestmark = pytest.mark.asyncio

KEYS = {"k1": bytes(32), "k2": bytes(range(32))}
vault = Vault({"k1": KEYS["k1"]})
ENV = {"PROJECT_KEY": "sb_secret_of-the-tenant"}
SECRET = "a shared secret of an older project"


def build_project(**changes: Any) -> dict[str, Any]:
    whole = {
        "url": "https://abc.supabase.co/",
        "key": "env:PROJECT_KEY",
        "publishable_key": "sb_publishable_1",
        "messages": "full",
        **changes,
    }
    return {key: value for key, value in whole.items() if value is not ...}


class SupabaseConfigFixture:
    """One provider, and what its file says."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.folder = folder
        self.tenant_id = UUID(int=0)

    def store(self, keys: Vault = vault) -> MirrorSettingsStore:
        return MirrorSettingsStore(self.database, keys, None, SsrfGuard().check_secret_url)

    async def declare(self, project: Any = ..., *, sealing: Vault = vault) -> dict[str, str]:
        """What became of each part."""
        file = load_provider_file(self.folder, build_provider(supabase=project), **ENV)
        changed = await apply_providers(self.database, sealing, file)
        self.tenant_id = changed[0].tenant_id
        return {change.resource: change.outcome.value for change in changed}

    async def target(self, keys: Vault = vault) -> MirrorTarget | None:
        return await self.store(keys).find_target(self.tenant_id)


@pytest.fixture
def declared(database: Database, tmp_path: Path) -> SupabaseConfigFixture:
    return SupabaseConfigFixture(database, tmp_path)


async def test_a_declared_project_is_the_target_and_applying_again_changes_nothing(
    declared: SupabaseConfigFixture, given: RowBuilder
) -> None:
    assert (await declared.declare(build_project(jwt_secret=SECRET)))["supabase"] == "created"
    target = await declared.target()
    assert target is not None
    assert (target.url, target.key, target.publishable_key, target.messages, target.jwt_secret) == (
        "https://abc.supabase.co",
        "sb_secret_of-the-tenant",
        "sb_publishable_1",
        "full",
        SECRET,
    )
    before = await given.rows("SELECT (ctid, changed_at)::text FROM mirror_settings")
    version = await given.rows("SELECT config_version FROM tenants")
    stored = await declared.declare(build_project(jwt_secret=SECRET))
    assert stored["supabase"] == "unchanged"
    omitted = await declared.declare(build_project())
    assert omitted["supabase"] == "unchanged"
    assert "supabase" not in await declared.declare()
    assert await given.rows("SELECT changed_at::text FROM mirror_settings") == [
        row.split(",", 2)[2].strip('()"') for row in before
    ]
    assert await given.rows("SELECT config_version FROM tenants") == version


async def test_null_removes_the_project_and_a_pause_stays(declared: SupabaseConfigFixture) -> None:
    assert (await declared.declare(None))["supabase"] == "unchanged"
    await declared.declare(build_project())
    actor = AuditActor(AuditActorKind.OPERATOR, "niochat")
    await declared.store().pause(actor, declared.tenant_id)

    assert (await declared.declare(None))["supabase"] == "changed"

    settings = await declared.store().find(declared.tenant_id)
    assert (settings.url, settings.key_hint, settings.enabled) == (None, None, True)
    assert settings.paused_at is not None
    assert (await declared.declare({"enabled": False}))["supabase"] == "changed"
    assert not (await declared.store().find(declared.tenant_id)).enabled


async def test_a_shared_secret_is_not_taken_along_to_another_project(
    declared: SupabaseConfigFixture,
) -> None:
    await declared.declare(build_project(jwt_secret=SECRET))
    await declared.declare(build_project(url="https://def.supabase.co"))
    target = await declared.target()
    assert target is not None
    assert target.jwt_secret is None
    await declared.declare(build_project(jwt_secret=SECRET))
    assert (await declared.declare(build_project(jwt_secret=None)))["supabase"] == "changed"
    assert not (await declared.store().find(declared.tenant_id)).has_jwt_secret


async def test_secrets_come_under_the_newest_key(declared: SupabaseConfigFixture) -> None:
    await declared.declare(build_project(jwt_secret=SECRET))
    both = Vault({"k2": KEYS["k2"], "k1": KEYS["k1"]})
    changed = await declared.declare(build_project(), sealing=both)
    assert changed["supabase"] == "changed"
    target = await declared.target(Vault({"k2": KEYS["k2"]}))
    assert target is not None
    assert target.jwt_secret == SECRET


@pytest.mark.parametrize(
    ("project", "problem"),
    [
        (build_project(url="https://abc.supabase.co/rest/v1"), "supabase.url: must be the URL"),
        (build_project(url="abc.supabase.co"), "supabase.url: must be the URL"),
        (build_project(key="sb_publishable_1"), "supabase.key: is the publishable key"),
        (build_project(key=...), "supabase.key: is needed together with url"),
        (build_project(url=...), "supabase.key: needs the url of its project"),
        (build_project(publishable_key="sb_secret_1"), "publishable_key: is a secret key"),
        (build_project(jwt_secret="short"), "supabase.jwt_secret: must have 32"),
        (build_project(messages="some"), "supabase.messages: "),
        (build_project(enabled="yes"), "supabase.enabled: "),
        (build_project(token="x"), "supabase.token: unknown key"),
    ],
)
async def test_what_cannot_work_is_named_by_its_key(
    declared: SupabaseConfigFixture, project: Any, problem: str
) -> None:
    with pytest.raises(InvalidInputError) as error:
        await declared.declare(project)
    assert problem in str(error.value)
    assert "sb_secret_1" not in str(error.value)
