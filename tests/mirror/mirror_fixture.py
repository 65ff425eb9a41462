"""A provider whose conversations happen on the real path, and a project that it is mirrored to."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio

from niochat.adapters.postgres.database import Database
from niochat.adapters.supabase.project_client import ProjectClient
from niochat.domain.tenant.supabase_project import MirroredMessages
from niochat.insights.projector import Projector
from niochat.launcher.databases.postgres_server import EmbeddedPostgres
from niochat.mirror.mirror import Mirror
from niochat.mirror.mirror_check import DayDifferences, MirrorCheck
from niochat.mirror.mirror_settings import MirrorTarget
from niochat_sandbox.supabase.supabase_sandbox import SupabaseSandbox
from tests.builders import ChannelRef, Host, RowBuilder, ShardAssignments, open_connection
from tests.conftest import database_dsn
from tests.insights.conftest import InsightsFixture
from tests.supabase_project import new_project
from tests.wait_until import wait_until

MIGRATIONS = Path(__file__).parents[2] / "deploy" / "supabase" / "migrations"
UTC = {"timezone": "UTC"}


@dataclass
class MirrorFixture:
    """One provider, its project, and the mirror between them."""

    insights: InsightsFixture
    database: Database
    sandbox: SupabaseSandbox
    project_rows: Any
    target: MirrorTarget
    clients: list[ProjectClient] = field(default_factory=list)
    others: list[MirrorTarget] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.mirror = self.new_mirror()

    @property
    def tenant(self) -> UUID:
        return self.target.tenant_id

    @property
    def given(self) -> RowBuilder:
        return self.insights.given

    def new_mirror(self, database: Database | None = None) -> Mirror:
        """Another process that mirrors."""
        return Mirror(
            database or self.database, self.load_targets, self.open_project, lambda: False
        )

    async def load_targets(self) -> list[MirrorTarget]:
        return [self.target, *self.others]

    def open_project(self, target: MirrorTarget) -> ProjectClient:
        self.clients.append(ProjectClient(target.url, target.key))
        return self.clients[-1]

    async def mirror_messages(self, policy: MirroredMessages) -> None:
        """The provider chooses what is mirrored of messages."""
        await self.given.admin.execute(
            "INSERT INTO mirror_settings (tenant_id, messages) VALUES ($1, $2)"
            " ON CONFLICT (tenant_id) DO UPDATE SET messages = $2",
            self.tenant,
            policy.value,
        )
        self.target = replace(self.target, messages=policy)

    async def send(self, mirror: Mirror | None = None) -> None:
        """Everything is sent; other transactions of the server may delay the end of the log."""
        await self.insights.project()

        async def sent() -> bool:
            await (mirror or self.mirror).run_until_sent()
            return await self.unsent() == 0

        await wait_until(sent)

    async def unsent(self) -> int:
        """Events and changes that are not sent, and backfills that run."""
        number: int = await self.given.admin.fetchval(
            "SELECT (SELECT count(*) FROM mirror_positions WHERE backfill_source IS NOT NULL)"
            " + (SELECT count(*) FROM mirror_changes) + (SELECT count(*) FROM events e"
            " JOIN mirror_positions p USING (tenant_id) WHERE (e.xid, e.conversation_id, e.version)"
            " > (p.log_xid, p.log_conversation, p.log_version)) + (SELECT count(*) FROM audit a"
            " JOIN mirror_positions p USING (tenant_id) WHERE (a.xid, a.id)"
            " > (p.audit_xid, p.audit_id))"
        )
        return number

    async def rows(self, table: str) -> list[dict[str, Any]]:
        """The rows of a table in the project, those that are marked as deleted too."""
        found = await self.project_rows.fetch(f"SELECT * FROM {table} ORDER BY created_at, id")
        return [dict(row) for row in found]

    async def live_rows(self, table: str) -> list[dict[str, Any]]:
        """The rows that are not marked as deleted."""
        return [row for row in await self.rows(table) if row["deleted_at"] is None]

    async def position(self) -> dict[str, Any]:
        """The position of the mirror."""
        (row,) = await self.given.admin.fetch(
            "SELECT * FROM mirror_positions WHERE tenant_id = $1", self.tenant
        )
        return dict(row)

    async def differences(self, tenant: UUID | None = None) -> list[DayDifferences]:
        """What the check finds."""
        project = ProjectClient(self.sandbox.url, self.sandbox.secret_key)
        self.clients.append(project)
        check = MirrorCheck(self.database, project, tenant or self.tenant, pause_s=0)
        return await check.find_differences()

    async def repair(self) -> int:
        """Repair what differs."""
        project = ProjectClient(self.sandbox.url, self.sandbox.secret_key)
        self.clients.append(project)
        check = MirrorCheck(self.database, project, self.tenant, pause_s=0)
        return await check.repair(await check.find_differences())


@pytest.fixture(scope="session")
def sandbox_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("supabase")


@pytest_asyncio.fixture
async def sandbox(
    supabase_postgres: EmbeddedPostgres, sandbox_home: Path
) -> AsyncIterator[SupabaseSandbox]:
    """A new project with the mirror's tables."""
    async with open_sandbox(supabase_postgres, sandbox_home) as project:
        await project.push_migrations(MIGRATIONS)
        yield project


@asynccontextmanager
async def open_sandbox(server: EmbeddedPostgres, home: Path) -> AsyncIterator[SupabaseSandbox]:
    """A new project without tables, in a database that is dropped afterwards."""
    name = f"mirror_{uuid4().hex[:8]}"
    async with new_project(server.admin_dsn, home, database=name) as project:
        yield project
    admin = await asyncpg.connect(server.admin_dsn)
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


@pytest_asyncio.fixture
async def mirrored(
    database: Database,
    serving_url: str,
    given: RowBuilder,
    ownership: ShardAssignments,
    supabase_postgres: EmbeddedPostgres,
    sandbox: SupabaseSandbox,
) -> AsyncIterator[MirrorFixture]:
    """A provider that is mirrored, with the content of its messages."""
    place: ChannelRef = await given.place()
    host = Host("host-a:1", database)
    await ownership.assign_all(host)
    mirror_database = await Database.open(serving_url, timeouts=UTC)
    project_rows = await open_connection(
        database_dsn(supabase_postgres.admin_dsn, sandbox.database.name)
    )
    target = MirrorTarget(
        place.tenant,
        sandbox.url,
        sandbox.secret_key,
        sandbox.publishable_key,
        MirroredMessages.METADATA,
        None,
        paused=False,
    )
    insights = InsightsFixture(database, given, host, place)
    insights.projector = Projector(database, runner=insights.runner)
    fixture = MirrorFixture(insights, mirror_database, sandbox, project_rows, target)
    await fixture.mirror_messages(MirroredMessages.FULL)
    yield fixture
    await fixture.mirror.close()
    for client in fixture.clients:
        await client.close()
    await project_rows.close()
    await mirror_database.close()
