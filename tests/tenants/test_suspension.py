"""Promises about suspending a provider."""

from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from niochat.adapters.postgres.database import Database
from niochat.domain.errors import OperationRefusedError
from niochat.tenants.provider_sync.provider_sync import apply_providers
from niochat.vault.vault import Vault
from tests.tenants.provider_files import build_channel, build_provider, load_provider_file

pytestmark = pytest.mark.asyncio

vault = Vault({"k1": bytes(32)})


async def declare(database: Database, folder: Path, **changes: Any) -> UUID:
    changes_made = await apply_providers(
        database, vault, load_provider_file(folder, build_provider(**changes))
    )
    return changes_made[0].tenant_id


async def converse(database: Database, tenant_id: UUID, status: str) -> UUID:
    """A conversation in ``status``, in a thread of its own; returns the thread."""
    async with database.system_transaction() as connection:
        channel_id = await connection.fetchval(
            "SELECT id FROM channels WHERE tenant_id = $1", tenant_id
        )
        contact = await connection.fetchval(
            "INSERT INTO contacts (tenant_id) VALUES ($1) RETURNING id", tenant_id
        )
        thread: UUID = await connection.fetchval(
            "INSERT INTO threads (tenant_id, channel_id, contact_id) VALUES ($1, $2, $3) "
            "RETURNING id",
            *(tenant_id, channel_id, contact),
        )
        await connection.execute(
            "INSERT INTO conversations (tenant_id, id, thread_id, protocol, status, version, "
            "state, schema_version, opened_at, changed_at) "
            "VALUES ($1, $2, $3, $4, $5, 1, '{}', 1, now(), now())",
            *(tenant_id, uuid4(), thread, uuid4().hex, status),
        )
    return thread


async def told(database: Database) -> list[UUID]:
    """Threads that a suspension was told to, once for each time."""
    async with database.as_system() as connection:
        rows = await connection.fetch("SELECT thread_id, command FROM inbox ORDER BY id")
    assert all(row["command"] == {"type": "suspend_assistant"} for row in rows)
    return [row["thread_id"] for row in rows]


@pytest_asyncio.fixture
async def tenant_id(database: Database, tmp_path: Path) -> UUID:
    return await declare(database, tmp_path)


async def test_a_suspension_reaches_only_conversations_that_the_assistant_holds(
    database: Database, tmp_path: Path, tenant_id: UUID
) -> None:
    held = await converse(database, tenant_id, "pending")
    await converse(database, tenant_id, "open")

    await declare(database, tmp_path, suspended=True)

    assert await told(database) == [held]


async def test_a_suspension_is_sent_once_and_again_only_after_a_reactivation(
    database: Database, tmp_path: Path, tenant_id: UUID
) -> None:
    held = await converse(database, tenant_id, "pending")
    await declare(database, tmp_path, suspended=True)
    await declare(database, tmp_path, suspended=True)
    await declare(database, tmp_path, suspended=True, name="Outro")
    assert await told(database) == [held]

    await declare(database, tmp_path, suspended=False)
    await declare(database, tmp_path, suspended=True)

    assert await told(database) == [held, held]


async def test_another_provider_hears_nothing_of_it(
    database: Database, tmp_path: Path, tenant_id: UUID
) -> None:
    other = {"slug": "other", "channels": [build_channel(token="another")]}
    await converse(database, await declare(database, tmp_path, **other), "pending")

    await declare(database, tmp_path, suspended=True)

    assert await told(database) == []


async def test_an_uncommitted_suspension_is_not_sent(
    database: Database, tmp_path: Path, tenant_id: UUID
) -> None:
    await converse(database, tenant_id, "pending")
    doubled = build_provider(slug="other")
    providers = [
        *load_provider_file(tmp_path, build_provider(suspended=True)),
        *load_provider_file(tmp_path, doubled),
    ]

    with pytest.raises(OperationRefusedError):
        await apply_providers(database, vault, providers)

    assert await told(database) == []
