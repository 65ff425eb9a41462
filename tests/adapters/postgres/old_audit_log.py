"""A database whose audit log is one table, as older releases left it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from uuid import UUID

import pytest_asyncio

from niochat.adapters.postgres.schema_migration import known_revisions, migrate
from niochat.launcher.databases.postgres_server import EmbeddedPostgres
from tests.builders import Admin, RowBuilder, open_connection
from tests.conftest import database_dsn

BEFORE = known_revisions()[known_revisions().index("0043") - 1]
FILL = """
INSERT INTO audit (tenant_id, at, who_kind, who, action, target, after, address)
SELECT $1, now() - ($2 - n) * interval '40 s', 'user', 'ana', 'conversations.read',
       'conversation:' || n, jsonb_build_object('n', n, 'x', repeat('y', 200)), '203.0.113.7'
  FROM generate_series(1, $2) n
"""


@dataclass
class OldLog:
    """A database whose audit log is one table, as releases before had it."""

    owner_url: str
    serving_url: str
    admin: Admin
    tenant: UUID = field(default_factory=lambda: UUID(int=0))

    async def fill(self, rows: int) -> None:
        self.tenant = await RowBuilder(self.admin).tenant()
        await self.admin.execute(FILL.replace("$1", f"'{self.tenant}'").replace("$2", str(rows)))

    async def is_partitioned(self) -> bool:
        kind = await self.admin.fetchval("SELECT relkind FROM pg_class WHERE relname = 'audit'")
        return bool(kind == b"p")

    async def leave_as_one_table(self) -> None:
        """A log of 300 rows that the migration left as one table, as it leaves a large one."""
        await self.fill(300)
        await self.admin.execute("CREATE TABLE kept AS SELECT * FROM audit; TRUNCATE audit")
        # Padding that no row needs makes the table as large as the migration's limit.
        await self.admin.execute(
            "ALTER TABLE audit ALTER COLUMN target SET STORAGE EXTERNAL;"
            "INSERT INTO audit (who_kind, who, action, target, address)"
            " SELECT 'product', '', '', repeat('x', 1100000), '' FROM generate_series(1, 64)"
        )
        migrate(self.owner_url)
        await self.admin.execute(
            "TRUNCATE audit; ALTER TABLE audit ALTER COLUMN target SET STORAGE DEFAULT;"
            "INSERT INTO audit OVERRIDING SYSTEM VALUE SELECT * FROM kept; DROP TABLE kept"
        )
        assert not await self.is_partitioned()


@pytest_asyncio.fixture
async def old_log(
    postgres: EmbeddedPostgres, template: str, empty_database_url: str
) -> AsyncIterator[OldLog]:
    migrate(empty_database_url, to=BEFORE)
    name = urlsplit(empty_database_url).path[1:]
    admin = await open_connection(database_dsn(postgres.admin_dsn, name))
    yield OldLog(empty_database_url, database_dsn(postgres.serving_dsn, name), admin)
    await admin.close()
