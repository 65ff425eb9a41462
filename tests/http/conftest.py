"""The real door on the test's own database, served by a real uvicorn on a port of its own."""

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest_asyncio
import uvicorn
from starlette.applications import Starlette

from niochat.adapters.postgres.database import Database
from niochat.domain.errors import NiochatError
from niochat.http.problems import problem_response
from niochat.http.webhooks.webhook_endpoint import WebhookEndpoint, build_webhook_routes
from niochat.inbox.inbox_store import InboxStore
from niochat.tenants.config_records import ChannelAddress
from niochat.tenants.provider_sync.provider_sync import apply_providers
from niochat.tenants.tenant_config_cache import TenantConfigCache
from niochat.vault.vault import Vault
from tests.http_client import plain_client
from tests.tenants.provider_files import build_channel, build_provider, load_provider_file

TOKEN = "fixture-token"
"""The instance token of every capture in ``tests/fixtures/uazapi``."""
vault = Vault({"k1": bytes(32)})


class IgnoredCounter:
    """Counts what was ignored, by reason."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def __call__(self, reason: str) -> None:
        self.counts[reason] += 1


@dataclass
class WebhookFixture:
    """A door, the provider behind it, and what the door told others."""

    database: Database
    folder: Path
    http: httpx.AsyncClient = field(init=False)
    poked: list[UUID] = field(default_factory=list)
    connected: list[UUID] = field(default_factory=list)
    ignored: IgnoredCounter = field(default_factory=IgnoredCounter)

    async def declare(self, **changes: Any) -> ChannelAddress:
        """A provider whose one channel has the captures' token; ``changes`` are the channel's."""
        line = build_channel(token=TOKEN, **changes)
        await apply_providers(
            self.database, vault, load_provider_file(self.folder, build_provider(channels=[line]))
        )
        (address,) = await TenantConfigCache(self.database, vault).list_channels()
        return address

    def door(self, database: Database | None = None) -> WebhookEndpoint:
        """The door as production builds it; ``database`` replaces the one of its inbox."""
        return WebhookEndpoint(
            TenantConfigCache(self.database, vault),
            vault,
            InboxStore(database or self.database),
            lambda thread, tenant: self.poked.append(thread),
            self.connected.append,
            self.ignored,
        )

    async def post(self, address: ChannelAddress, body: object, **more: Any) -> httpx.Response:
        """A webhook of the channel; bytes go as they are, anything else as JSON."""
        kind = "content" if isinstance(body, bytes) else "json"
        return await self.http.post(path_of(address), **{kind: body}, **more)


def build_webhook_application(endpoint: WebhookEndpoint) -> Starlette:
    """The endpoint as an application of its own."""
    return Starlette(
        routes=build_webhook_routes(endpoint), exception_handlers={NiochatError: problem_response}
    )


def path_of(address: ChannelAddress) -> str:
    return f"/webhooks/uazapi/{address.channel.id}/{address.secret}"


@asynccontextmanager
async def serve_app(app: Starlette, **options: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A client of ``app`` over a real socket, so that bodies and addresses are real ones."""
    listening = socket.create_server(("127.0.0.1", 0))
    # uvicorn would believe X-Forwarded-For by itself: the application has to decide that.
    settings = {"log_level": "error", "access_log": False, "proxy_headers": False, **options}
    server = uvicorn.Server(uvicorn.Config(app, **settings))
    task = asyncio.create_task(server.serve(sockets=[listening]))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    try:
        async with plain_client(url, 20) as client:
            yield client
    finally:
        server.should_exit = True
        await task


@pytest_asyncio.fixture
async def world(database: Database, tmp_path: Path) -> AsyncIterator[WebhookFixture]:
    made = WebhookFixture(database, tmp_path)
    async with serve_app(build_webhook_application(made.door()), lifespan="off") as made.http:
        yield made


@pytest_asyncio.fixture
async def address(world: WebhookFixture) -> ChannelAddress:
    return await world.declare()
