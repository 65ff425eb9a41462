"""What an evaluation in one process needs around it: a database, a sandbox, a model's end point."""

import asyncio
import base64
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.schema_migration import migrate
from niochat.launcher.databases.postgres_server import EmbeddedPostgres
from niochat.launcher.home_folder import HomeFolder
from niochat.launcher.network_ports import StackPorts
from niochat.launcher.stack_credentials import StackCredentials
from niochat.vault.vault import Vault
from niochat_lab.evaluation.definitions.scenario_schema import Scenario
from niochat_lab.evaluation.evaluation_tenants import (
    EvaluatedModel,
    ScenarioTenant,
    apply_provider_entries,
    build_provider_entry,
)
from niochat_lab.evaluation.in_process.in_process_session import create_in_process_session_factory
from niochat_lab.evaluation.in_process.loopback_server import serve_app
from niochat_lab.evaluation.in_process.message_pipeline import MessagePipeline
from niochat_lab.evaluation.responders.responder_endpoint import ResponderEndpoint
from niochat_lab.evaluation.scenario_session import ScenarioSession, SessionFactory
from niochat_sandbox.app import create_app

_MEMORY = Path("/dev/shm")


@dataclass(frozen=True, slots=True)
class InProcessEnvironment:
    """``model_url`` is the end point's, with its ``/v1``; empty without one."""

    pipeline: MessagePipeline
    sandbox_url: str
    model_url: str

    async def prepare_sessions(
        self,
        scenarios: Sequence[Scenario],
        choice: EvaluatedModel,
        began: Callable[[ScenarioSession], None] = lambda stage: None,
    ) -> SessionFactory:
        """The providers of the scenarios exist; the stages to play them on."""
        entries = [build_provider_entry(each, self.sandbox_url, choice) for each in scenarios]
        office = self.pipeline
        await apply_provider_entries(office.database, office.vault, entries)
        await office.open()
        places = await self._find_tenants(scenarios)
        return create_in_process_session_factory(office, self.sandbox_url, places, began)

    async def _find_tenants(self, scenarios: Sequence[Scenario]) -> Mapping[str, ScenarioTenant]:
        names = {scenario.slug: scenario.name for scenario in scenarios}
        found = [address.channel for address in await self.pipeline.directory.list_channels()]
        return {
            names[each.tenant_slug]: ScenarioTenant(each.tenant_id, each.id, each.tenant_slug)
            for each in found
            if each.tenant_slug in names
        }


@asynccontextmanager
async def open_environment(
    database: Database,
    vault: Vault,
    endpoint: ResponderEndpoint | None,
    model_within_s: float | None,
    sandbox_url: str = "",
) -> AsyncIterator[InProcessEnvironment]:
    """On a database with the newest schema; without a ``sandbox_url`` with a sandbox of its own."""
    async with AsyncExitStack() as stack:
        origin = sandbox_url or await stack.enter_async_context(serve_app(create_app))
        model_url = ""
        if endpoint is not None:
            app = endpoint.create_app()
            model_url = f"{await stack.enter_async_context(serve_app(lambda _: app))}/v1"
        office = MessagePipeline(database, vault, model_within_s)
        stack.push_async_callback(office.close)
        yield InProcessEnvironment(office, origin, model_url)


@asynccontextmanager
async def temporary_database() -> AsyncIterator[tuple[Database, Vault]]:
    """A PostgreSQL that nobody will miss, gone when the evaluation is."""
    memory = _MEMORY if _MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="niochat-evaluation-", dir=memory) as folder:
        home = HomeFolder.create(Path(folder))
        server = EmbeddedPostgres(
            home, StackPorts.allocate(home).postgres, StackCredentials.load_or_create(home)
        )
        try:
            await asyncio.to_thread(_start_and_migrate, server)
            database = await Database.open(server.serving_dsn)
            try:
                yield database, Vault({"evaluation": base64.b64decode(_vault_key(home))})
            finally:
                await database.close()
        finally:
            await asyncio.to_thread(server.stop, "immediate")


def _start_and_migrate(server: EmbeddedPostgres) -> None:
    server.start()
    migrate(server.owner_dsn, serving_url=server.serving_dsn)


def _vault_key(home: HomeFolder) -> str:
    return StackCredentials.load_or_create(home).vault_key
