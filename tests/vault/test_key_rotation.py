"""Every stored secret comes under the current key, while others read and write."""

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

import niochat
from niochat.adapters.postgres.database import Database
from niochat.composition.sealed_columns import SEALED_COLUMNS
from niochat.domain.errors import UnavailableError
from niochat.domain.ids import PLATFORM_TENANT_ID
from niochat.ports.encryption import TAX_ID_PURPOSE
from niochat.tenants.tenant_secrets import SecretPurpose
from niochat.vault.key_rotation import KeyRotationResult, KeyRotator
from niochat.vault.vault import Vault
from tests.builders import Admin, RowBuilder

pytestmark = pytest.mark.timeout(60)

OLD, NEW = bytes(32), bytes([1]) * 32
old = Vault({"k1": OLD})
both = Vault({"k2": NEW, "k1": OLD})
new = Vault({"k2": NEW})

KNOWN_NAMES = {
    "PURPOSE",
    "_PURPOSE",
    "_SEAL_PURPOSE",
    "TAX_ID_PURPOSE",
    "_DIGEST",
    "purpose",
    "self._policy.purpose",
}
"""Names of the purposes in code that seals, besides the members of ``SecretPurpose``."""
SEALED = {
    "channels": ("token_sealed", "secret_sealed", "hmac_sealed"),
    "assistants": ("api_key_sealed", "extra_sealed", "transcription_key_sealed"),
    "contacts": ("document_sealed",),
    "erps": ("token_sealed",),
    "users": ("totp_sealed",),
    "signing_keys": ("private_sealed",),
    "tenant_token_keys": ("private_sealed",),
    "mails": ("sealed",),
    "vapid_keys": ("private_sealed",),
    "push_subscriptions": ("sealed",),
    "idempotency_keys": ("answer_sealed",),
    "alert_rules": ("secret_sealed",),
    "mirror_settings": ("key_sealed", "jwt_secret_sealed"),
}


async def sealed_by(given: RowBuilder, vault: Vault) -> Any:
    """One of each, as the product stores it; returns the tenant."""
    tenant = await given.tenant()
    channel = await given.channel(tenant)
    place = {each.what: each for each in SEALED_COLUMNS}

    def seal(what: str, plain: str) -> bytes:
        owner = PLATFORM_TENANT_ID if place[what].needs_auth_role else tenant
        return vault.seal(plain, tenant_id=owner, purpose=place[what].purpose)

    execute = given.admin.execute
    await execute(
        "UPDATE channels SET token_sealed = $2, secret_sealed = $3, hmac_sealed = $4 WHERE id = $1",
        channel,
        seal("channel tokens", "t"),
        seal("webhook secrets", "s"),
        seal("webhook signing keys", "h"),
    )
    await execute(
        "INSERT INTO assistants (tenant_id, endpoint, model, api_key_sealed, extra_sealed,"
        " transcription_key_sealed) VALUES ($1, 'http://m.invalid', 'm', $2, $3, $4)",
        tenant,
        seal("assistant keys", "a"),
        seal("assistant extras", "{}"),
        seal("transcription keys", "t"),
    )
    await execute(
        "INSERT INTO alert_rules (tenant_id, name, kind, threshold, clear_threshold, hold_minutes,"
        " webhook_url, secret_sealed)"
        " VALUES ($1, 'Fila', 'queue_long', 2, 1, 0, 'http://w.invalid', $2)",
        tenant,
        seal("alert webhooks", "w"),
    )
    await execute(
        "INSERT INTO mirror_settings (tenant_id, url, key_sealed, jwt_secret_sealed)"
        " VALUES ($1, 'http://s.invalid', $2, $3)",
        tenant,
        seal("Supabase keys", "k"),
        seal("Supabase JWT secrets", "j"),
    )
    await execute(
        "INSERT INTO erps (tenant_id, base_url, app, token_sealed)"
        " VALUES ($1, 'http://e.invalid', 'x', $2)",
        tenant,
        seal("ERP tokens", "e"),
    )
    await execute(
        "INSERT INTO users (tenant_id, login, name, role, totp_sealed)"
        " VALUES ($1, $1::uuid::text || '@x.y', 'x', 'admin', $2)",
        tenant,
        seal("second factors", "f"),
    )
    await execute(
        "INSERT INTO signing_keys (id, public_key, private_sealed)"
        " VALUES ('k' || $1::uuid::text, '', $2)",
        tenant,
        seal("signing keys", "k"),
    )
    await execute(
        "INSERT INTO tenant_token_keys (id, public_key, private_sealed)"
        " VALUES ('t' || $1::uuid::text, '', $2)",
        tenant,
        seal("tenant token keys", "k"),
    )
    await execute(
        "INSERT INTO mails (tenant_id, recipient, sealed) VALUES ($1, 'x', $2)",
        tenant,
        seal("mails", "m"),
    )
    await execute(
        "INSERT INTO vapid_keys (public_key, private_sealed) VALUES ('', $1)"
        " ON CONFLICT DO NOTHING",
        seal("push keys", "v"),
    )
    await execute(
        "WITH ana AS (SELECT id FROM users WHERE tenant_id = $1), s AS ("
        "INSERT INTO sessions (tenant_id, user_id, address, agent, expires_at)"
        " SELECT $1, id, '', '', now() FROM ana RETURNING id, user_id)"
        " INSERT INTO push_subscriptions (tenant_id, user_id, session_id, digest, sealed, device)"
        " SELECT $1, user_id, id, uuid_send($1), $2, '' FROM s",
        tenant,
        seal("push subscriptions", "p"),
    )
    await execute(
        "INSERT INTO contacts (tenant_id, document_sealed, document_index) VALUES ($1, $2, $3)",
        tenant,
        seal("documents", "d"),
        vault.blind_index("d", tenant_id=tenant, purpose=place["documents"].purpose),
    )
    await execute(
        "INSERT INTO idempotency_keys"
        " (caller, route, key, request, lease, leased_until, status, answer_sealed)"
        " VALUES ($1, 'POST /x', 'k', '', $1, now(), 200, $2)",
        tenant,
        seal("kept answers", "a"),
    )
    return tenant


def totals(counts: list[KeyRotationResult]) -> tuple[int, int, int]:
    return (
        sum(each.resealed for each in counts),
        sum(each.current for each in counts),
        sum(each.damaged for each in counts),
    )


@pytest.mark.asyncio
async def test_all_that_is_sealed_is_sealed_anew_and_opens_without_the_old_key(
    database: Database, given: RowBuilder
) -> None:
    await sealed_by(given, old)
    counts = await KeyRotator(database, both, SEALED_COLUMNS).run()
    assert totals(counts) == (len(SEALED_COLUMNS), 0, 0)
    assert totals(await KeyRotator(database, new, SEALED_COLUMNS).run()) == (
        0,
        len(SEALED_COLUMNS),
        0,
    )


PLAIN = {
    "channel tokens": "t",
    "webhook secrets": "s",
    "webhook signing keys": "h",
    "assistant keys": "a",
    "assistant extras": "{}",
    "transcription keys": "t",
    "ERP tokens": "e",
    "second factors": "f",
    "signing keys": "k",
    "tenant token keys": "k",
    "mails": "m",
    "push keys": "v",
    "push subscriptions": "p",
    "documents": "d",
    "kept answers": "a",
    "alert webhooks": "w",
    "Supabase keys": "k",
    "Supabase JWT secrets": "j",
}
"""What ``sealed_by`` seals in each place."""


async def opened_by(database: Database, vault: Vault) -> dict[str, str]:
    """Everything that is sealed, by its place, read with the keys of that vault alone."""
    read: dict[str, str] = {}
    for place in SEALED_COLUMNS:
        session = database.as_auth() if place.needs_auth_role else database.system_transaction()
        async with session as connection:
            (row,) = await connection.fetch(place.read, "", 10)
        owner = row["tenant_id"] or PLATFORM_TENANT_ID
        read[place.what] = vault.open(row["sealed"], tenant_id=owner, purpose=place.purpose)
    return read


class FailingVault(Vault):
    """Whose process ends in the middle."""

    left = 4

    def seal(self, plain: str, **more: Any) -> bytes:
        self.left -= 1
        if self.left < 0:
            raise UnavailableError("the database went away")
        return super().seal(plain, **more)


@pytest.mark.asyncio
async def test_a_rotation_that_was_broken_off_and_run_twice_leaves_all_to_the_new_key_alone(
    database: Database, given: RowBuilder
) -> None:
    await sealed_by(given, old)
    with pytest.raises(UnavailableError):
        await KeyRotator(database, FailingVault({"k2": NEW, "k1": OLD}), SEALED_COLUMNS).run()
    assert await opened_by(database, both) == PLAIN

    second = totals(await KeyRotator(database, both, SEALED_COLUMNS).run())
    third = totals(await KeyRotator(database, both, SEALED_COLUMNS).run())

    assert second == (len(SEALED_COLUMNS) - 4, 4, 0)
    assert third == (0, len(SEALED_COLUMNS), 0)
    assert await opened_by(database, new) == PLAIN


PASSING = {"file address", "erp answer"}
"""Sealed for minutes, and kept in no row: an address that was given out, an answer in Redis."""


def test_each_sealed_column_is_rotated_or_exempt() -> None:
    """A new purpose of sealing is a new place to reseal: this test asks which."""
    purposes = {str(each) for each in SecretPurpose} | {TAX_ID_PURPOSE}
    for module in sorted(Path(niochat.__file__).parent.rglob("*.py")):
        text = module.read_text(encoding="utf-8")
        if any(each in text for each in (".seal(", ".sealed(", "KeyPolicy(")):
            purposes |= set(re.findall(r'^\w*PURPOSE = "([^"]+)"', text, re.MULTILINE))
            names = set(re.findall(r"purpose=([\w.]+)", text))
            names = {name for name in names if not name.startswith(("SecretPurpose.", "place."))}
            assert names <= KNOWN_NAMES, f"{module.name}: {names - KNOWN_NAMES}"

    assert purposes == {place.purpose for place in SEALED_COLUMNS} | PASSING


@pytest.mark.asyncio
async def test_the_places_are_all_columns_that_hold_something_sealed(given: RowBuilder) -> None:
    columns = await given.rows(
        "SELECT table_name || '.' || column_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND column_name LIKE '%sealed' ORDER BY 1"
    )
    known = sorted(f"{table}.{column}" for table, names in SEALED.items() for column in names)
    assert columns == known
    assert len(SEALED_COLUMNS) == len(known)


@pytest.mark.asyncio
async def test_many_are_gone_through_in_batches_and_twice_is_as_once(
    database: Database, given: RowBuilder
) -> None:
    for _ in range(5):
        await sealed_by(given, old)
    runs = await asyncio.gather(
        *(KeyRotator(database, both, SEALED_COLUMNS, batch=2).run() for _ in range(2))
    )
    number = 5 * (len(SEALED_COLUMNS) - 1) + 1  # an installation has one key for push services
    assert totals(await KeyRotator(database, new, SEALED_COLUMNS).run()) == (0, number, 0)
    assert sum(totals(run)[0] for run in runs) >= number


@pytest.mark.asyncio
async def test_a_value_changed_meanwhile_is_not_overwritten(
    database: Database, given: RowBuilder, admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = await sealed_by(given, old)
    purpose = next(each.purpose for each in SEALED_COLUMNS if each.what == "assistant keys")
    changed = both.seal("another", tenant_id=tenant, purpose=purpose)

    class Racing(Vault):
        """Somebody stores another key right after the old one was read."""

        def open(self, sealed: bytes, **more: Any) -> str:
            if more["purpose"] == purpose:
                writer.append(
                    asyncio.ensure_future(
                        admin.execute("UPDATE assistants SET api_key_sealed = $1", changed)
                    )
                )
            return super().open(sealed, **more)

    writer: list[Any] = []
    await KeyRotator(database, Racing({"k2": NEW, "k1": OLD}), SEALED_COLUMNS).run()
    await asyncio.gather(*writer)
    stored = await admin.fetchval("SELECT api_key_sealed FROM assistants")
    assert new.open(bytes(stored), tenant_id=tenant, purpose=purpose) == "another"


@pytest.mark.asyncio
async def test_a_value_that_no_key_opens_is_counted_and_left(
    database: Database, given: RowBuilder
) -> None:
    await sealed_by(given, Vault({"k0": bytes([9]) * 32}))
    counts = await KeyRotator(database, both, SEALED_COLUMNS).run()
    assert totals(counts) == (0, 0, len(SEALED_COLUMNS))
    assert all("sealed with the key k0" in each.why for each in counts)


@pytest.mark.asyncio
async def test_documents_are_found_before_while_and_after_keys_rotate(
    database: Database, given: RowBuilder, admin: Admin
) -> None:
    """By all keys at hand: there is no moment at which a look-up misses one."""
    tenant = await sealed_by(given, old)
    purpose = next(each.purpose for each in SEALED_COLUMNS if each.what == "documents")

    async def found(vault: Vault) -> int:
        count: int = await admin.fetchval(
            "SELECT count(*) FROM contacts WHERE document_index = ANY ($1)",
            vault.blind_indexes("d", tenant_id=tenant, purpose=purpose),
        )
        return count

    assert [await found(each) for each in (old, both, new)] == [1, 1, 0]
    await KeyRotator(database, both, SEALED_COLUMNS).run()
    assert [await found(each) for each in (old, both, new)] == [0, 1, 1]
