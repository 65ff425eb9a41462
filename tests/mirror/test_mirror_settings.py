"""A tenant is mirrored to its own project or to the installation's, and secrets stay secret."""

import asyncio
import base64
import json
from dataclasses import replace
from typing import Any

import pytest

from niochat.domain.errors import InvalidInputError
from niochat.domain.tenant.supabase_project import MirroredMessages
from niochat.mirror.mirror_settings import MirrorSettingsEditor, MirrorTarget
from niochat.mirror.settings_content import MirrorSettingsContent
from niochat.vault.vault import Vault
from tests.mirror.conftest import (
    INSTALLATION,
    KEY,
    OTHER_URL,
    PUBLISHABLE_KEY,
    URL,
    MirrorSettingsFixture,
)

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]

OWN = MirrorSettingsContent(
    url=URL, key=KEY, publishable_key=PUBLISHABLE_KEY, messages=MirroredMessages.FULL
)
SECRET = "a shared secret of an older project"


def jwt_key(role: str) -> str:
    """A key of an older project."""
    claims = base64.urlsafe_b64encode(json.dumps({"role": role}).encode()).decode().rstrip("=")
    return f"eyJhbGciOiJIUzI1NiJ9.{claims}.c2lnbmF0dXJl"


async def test_a_tenants_own_project_is_its_target(mirror_settings: MirrorSettingsFixture) -> None:
    content = replace(OWN, url=f"{URL}/", jwt_secret=SECRET)
    await mirror_settings.store.replace(mirror_settings.editor, content)

    (target,) = await mirror_settings.store.load_targets()

    assert target == MirrorTarget(
        mirror_settings.tenant,
        URL,
        KEY,
        PUBLISHABLE_KEY,
        MirroredMessages.FULL,
        SECRET,
        paused=False,
    )
    assert await mirror_settings.common.find_target(mirror_settings.tenant) == target
    assert KEY not in repr(target)
    assert SECRET not in repr(target)


async def test_other_tenants_are_mirrored_to_the_project_of_the_installation_if_there_is_one(
    mirror_settings: MirrorSettingsFixture,
) -> None:
    await mirror_settings.store.replace(mirror_settings.editor, OWN)
    other = await mirror_settings.given.tenant()

    own = await mirror_settings.store.load_targets()
    common = {target.tenant_id: target for target in await mirror_settings.common.load_targets()}

    assert [target.tenant_id for target in own] == [mirror_settings.tenant]
    assert {tenant: target.url for tenant, target in common.items()} == {
        mirror_settings.tenant: URL,
        other: INSTALLATION.url,
    }
    assert common[other].messages is MirroredMessages.METADATA
    assert await mirror_settings.store.find_target(other) is None
    assert await mirror_settings.common.find_target(other) == common[other]


async def test_settings_without_a_project_say_what_goes_to_the_installations(
    mirror_settings: MirrorSettingsFixture,
) -> None:
    content = MirrorSettingsContent(messages=MirroredMessages.NONE)
    await mirror_settings.store.replace(mirror_settings.editor, content)

    (target,) = await mirror_settings.common.load_targets()

    assert (target.url, target.key) == (INSTALLATION.url, INSTALLATION.key)
    assert target.messages is MirroredMessages.NONE


async def test_suspended_tenants_are_mirrored_and_disabled_ones_are_not(
    mirror_settings: MirrorSettingsFixture,
) -> None:
    await mirror_settings.admin.execute("UPDATE tenants SET status = 'suspended'")
    assert len(await mirror_settings.common.load_targets()) == 1

    disabled = MirrorSettingsContent(enabled=False)
    await mirror_settings.store.replace(mirror_settings.editor, disabled)

    assert await mirror_settings.common.load_targets() == []
    assert await mirror_settings.common.find_target(mirror_settings.tenant) is None


async def test_another_project_or_policy_needs_a_new_backfill_and_another_key_does_not(
    mirror_settings: MirrorSettingsFixture,
) -> None:
    prints = []
    for content in (
        OWN,
        replace(OWN, key="sb_secret_of-the-tenant-new"),
        replace(OWN, messages=MirroredMessages.METADATA),
        replace(OWN, url=OTHER_URL),
    ):
        await mirror_settings.store.replace(mirror_settings.editor, content)
        (target,) = await mirror_settings.store.load_targets()
        prints.append(target.fingerprint)

    assert prints[0] == prints[1]
    assert len(set(prints)) == 3


async def test_secrets_that_are_left_out_stay_and_are_never_shown(
    mirror_settings: MirrorSettingsFixture,
) -> None:
    store, editor = mirror_settings.store, mirror_settings.editor
    await store.replace(editor, replace(OWN, jwt_secret=SECRET))

    saved = await store.replace(editor, replace(OWN, key=None, publishable_key=None))

    assert saved == await store.find(mirror_settings.tenant)
    assert (saved.key_hint, saved.has_jwt_secret, saved.publishable_key) == ("1234", True, None)
    target = await store.find_target(mirror_settings.tenant)
    assert target is not None
    assert (target.key, target.jwt_secret) == (KEY, SECRET)
    without = await store.replace(editor, replace(OWN, key=None, jwt_secret=""))
    assert not without.has_jwt_secret
    assert KEY not in str(saved)
    entries = await mirror_settings.admin.fetch("SELECT before, after, action FROM audit")
    assert [entry["action"] for entry in entries] == ["supabase.change"] * 3
    assert KEY not in str(entries)
    assert SECRET not in str(entries)
    assert mirror_settings.actor.id  # the entries name who changed them
    assert await mirror_settings.given.rows("SELECT DISTINCT who FROM audit") == [
        mirror_settings.actor.id
    ]


async def test_a_stored_key_is_not_sent_to_another_server(
    mirror_settings: MirrorSettingsFixture,
) -> None:
    store, editor = mirror_settings.store, mirror_settings.editor
    await store.replace(editor, replace(OWN, jwt_secret=SECRET))

    with pytest.raises(InvalidInputError) as error:
        await store.replace(editor, replace(OWN, url=OTHER_URL, key=None))

    assert error.value.code == "supabase_key_needed"
    assert (await store.find(mirror_settings.tenant)).url == URL
    moved = await store.replace(editor, replace(OWN, url=OTHER_URL))
    assert not moved.has_jwt_secret, "it belongs to the other project"
    back = await store.replace(editor, MirrorSettingsContent())
    assert (back.url, back.key_hint, back.publishable_key) == (None, None, None)


@pytest.mark.parametrize(
    ("change", "code", "hint"),
    [
        ({"url": f"{URL}/rest/v1"}, "bad_supabase_url", "/rest/v1"),
        ({"url": f"{URL}?x=1"}, "bad_supabase_url", "alone"),
        ({"url": "http://user:word@127.0.0.1"}, "bad_supabase_url", "alone"),
        ({"url": "ftp://127.0.0.1"}, "bad_supabase_url", "supabase.co"),
        ({"url": "postgresql://db.x.supabase.co"}, "bad_supabase_url", "supabase.co"),
        ({"url": "http://10.0.0.1"}, "private_address", "NIOCHAT_PRIVATE_NETWORKS"),
        ({"url": "https://10.0.0.1"}, "private_address", "NIOCHAT_PRIVATE_NETWORKS"),
        ({"url": "http://169.254.169.254"}, "private_address", "public"),
        ({"url": "http://1.1.1.1"}, "insecure_url", "https"),
        ({"url": "http://project.invalid"}, "insecure_url", "https"),
        ({"url": None}, "bad_supabase_url", "URL"),
        ({"key": PUBLISHABLE_KEY}, "bad_supabase_key", "sb_secret_"),
        ({"key": jwt_key("anon")}, "bad_supabase_key", "service_role"),
        ({"key": "with space"}, "bad_supabase_key", "spaces"),
        ({"key": ""}, "bad_supabase_key", "as the project shows it"),
        ({"publishable_key": KEY}, "bad_publishable_key", "sb_publishable_"),
        ({"publishable_key": jwt_key("service_role")}, "bad_publishable_key", "anon"),
        ({"jwt_secret": "short"}, "bad_jwt_secret", "32"),
    ],
)
async def test_what_cannot_work_is_refused_with_what_to_enter(
    mirror_settings: MirrorSettingsFixture, change: dict[str, Any], code: str, hint: str
) -> None:
    with pytest.raises(InvalidInputError, match=hint) as error:
        await mirror_settings.store.replace(mirror_settings.editor, replace(OWN, **change))

    assert error.value.code == code
    assert KEY not in str(error.value)
    assert await mirror_settings.given.count("mirror_settings") == 0


async def test_keys_of_older_projects_are_taken(mirror_settings: MirrorSettingsFixture) -> None:
    content = replace(OWN, key=jwt_key("service_role"), publishable_key=jwt_key("anon"))
    await mirror_settings.store.replace(mirror_settings.editor, content)
    (target,) = await mirror_settings.store.load_targets()
    assert (target.key, target.publishable_key) == (content.key, content.publishable_key)


async def test_one_tenant_or_all_pause_and_resume(mirror_settings: MirrorSettingsFixture) -> None:
    store, actor, tenant = mirror_settings.common, mirror_settings.actor, mirror_settings.tenant
    await store.replace(mirror_settings.editor, OWN)
    await mirror_settings.given.tenant()

    assert await store.pause(actor, tenant) == 1
    assert await store.pause(actor, tenant) == 0
    since = (await store.find(tenant)).paused_at
    assert sorted(target.paused for target in await store.load_targets()) == [False, True]
    assert await store.pause(actor, None) == 1
    assert (await store.find(tenant)).paused_at == since
    assert all(target.paused for target in await store.load_targets())
    assert await store.resume(actor, tenant) == 1
    assert await store.resume(actor, None) == 1
    assert not any(target.paused for target in await store.load_targets())
    (target,) = [each for each in await store.load_targets() if each.tenant_id == tenant]
    assert (target.url, target.key) == (URL, KEY)
    assert await mirror_settings.given.rows(
        "SELECT action || ' ' || coalesce(tenant_id::text, 'all') FROM audit"
        " WHERE action <> 'supabase.change' ORDER BY id"
    ) == [
        f"supabase.pause {tenant}",
        "supabase.pause all",
        f"supabase.resume {tenant}",
        "supabase.resume all",
    ]


async def test_a_tenant_whose_key_cannot_be_opened_does_not_stop_the_others(
    mirror_settings: MirrorSettingsFixture,
) -> None:
    await mirror_settings.store.replace(mirror_settings.editor, OWN)
    mirror_settings.vault = Vault({"k2": bytes([2]) * 32})
    store, other = mirror_settings.new_store(None), await mirror_settings.given.tenant()
    await store.replace(MirrorSettingsEditor(other, mirror_settings.actor), OWN)

    assert [target.tenant_id for target in await store.load_targets()] == [other]
    assert (await store.find(mirror_settings.tenant)).key_hint == ""
    with pytest.raises(Exception, match="k1"):
        await store.find_target(mirror_settings.tenant)


async def test_changed_settings_are_tried_at_once(mirror_settings: MirrorSettingsFixture) -> None:
    await mirror_settings.admin.execute(
        "INSERT INTO mirror_positions (tenant_id, log_xid, log_conversation, log_version,"
        " audit_xid, audit_id, retry_at)"
        " VALUES ($1, '0', $1, 0, '0', 0, now() + interval '1 hour')",
        mirror_settings.tenant,
    )
    await mirror_settings.store.replace(mirror_settings.editor, OWN)
    assert await mirror_settings.admin.fetchval("SELECT retry_at < now() FROM mirror_positions")


async def test_first_settings_that_are_saved_twice_at_once_are_those_of_one_request(
    mirror_settings: MirrorSettingsFixture,
) -> None:
    contents = [replace(OWN, url=f"http://127.0.0.1:{n}", key=f"sb_secret_{n}") for n in (1, 2)]
    await asyncio.gather(
        *(mirror_settings.store.replace(mirror_settings.editor, each) for each in contents)
    )
    (target,) = await mirror_settings.store.load_targets()
    assert (target.url, target.key) in [(each.url, each.key) for each in contents]
