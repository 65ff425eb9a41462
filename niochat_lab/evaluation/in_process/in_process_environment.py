"""The environment of an in-process evaluation: a database, a sandbox and a model endpoint."""

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
    """The running parts. ``model_url``: the URL of the responder's endpoint, with ``/v1``; empty
    without one.
    """

    pipeline: MessagePipeline
    sandbox_url: str
    model_url: str

    async def prepare_sessions(
        self,
        scenarios: Sequence[Scenario],
        evaluated_model: EvaluatedModel,
        on_started: Callable[[ScenarioSession], None] = lambda session: None,
    ) -> SessionFactory:
        """Create the tenants of the scenarios; return a factory of their sessions."""
        entries = [
            build_provider_entry(each, self.sandbox_url, evaluated_model) for each in scenarios
        ]
        pipeline = self.pipeline
        await apply_provider_entries(pipeline.database, pipeline.vault, entries)
        await pipeline.open()
        tenants = await self._find_tenants(scenarios)
        return create_in_process_session_factory(pipeline, self.sandbox_url, tenants, on_started)

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
    model_timeout_s: float | None,
    sandbox_url: str = "",
) -> AsyncIterator[InProcessEnvironment]:
    """Open an environment on a database with the newest schema; without ``sandbox_url`` start a
    sandbox.
    """
    async with AsyncExitStack() as stack:
        origin = sandbox_url or await stack.enter_async_context(serve_app(create_app))
        model_url = ""
        if endpoint is not None:
            app = endpoint.create_app()
            model_url = f"{await stack.enter_async_context(serve_app(lambda _: app))}/v1"
        pipeline = MessagePipeline(database, vault, model_timeout_s)
        stack.push_async_callback(pipeline.close)
        yield InProcessEnvironment(pipeline, origin, model_url)


@asynccontextmanager
async def temporary_database() -> AsyncIterator[tuple[Database, Vault]]:
    """A temporary PostgreSQL that is removed after the evaluation."""
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
