"""Two real hosts without Ray behind the operators' API over real HTTP."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
import pytest_asyncio
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.middleware import Middleware

from niochat.actors import actor_addresses
from niochat.cluster.hosts.host_inspection import OperatorRequest
from niochat.cluster.hosts.host_process import HostProcess
from niochat.domain.errors import UnavailableError
from niochat.http.body_limits import BodyLimitMiddleware
from niochat.http.deployments.api_deployment import body_limit_for_path
from niochat.http.operators.operator_application import build_operator_routes
from niochat.inbox.inbox_store import InboxStore
from tests.actors.conftest import cluster, one_root_certificate, origin, provider, world
from tests.cluster.hosts.in_memory_cluster import InMemoryCluster
from tests.http.conftest import serve_app

__all__ = ["cluster", "one_root_certificate", "origin", "provider", "world"]

TOKEN = "token-of-the-operators"


@dataclass
class OperatorApiFixture:
    """The API, the hosts behind it, and which of them are silent."""

    cluster: InMemoryCluster
    http: httpx.AsyncClient = field(init=False)
    silent: set[str] = field(default_factory=set)

    async def operate(self, host: str, order: OperatorRequest) -> Any:
        core = self.cluster.hosts.get(host)
        if core is None or host in self.silent:
            raise UnavailableError(f"{host} does not answer", code="host")
        return await core.operate(order)

    def poke(self, thread: UUID) -> None:
        for core in self.cluster.hosts.values():
            core.poke([actor_addresses.conversation_address(thread)])

    async def get(self, path: str, **query: Any) -> Any:
        answer = await self.http.get(f"/api/operators{path}", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, body: object = None, **more: Any) -> Any:
        answer = await self.http.post(f"/api/operators{path}", json=body or {}, **more)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def refused(self, method: str, path: str, **more: Any) -> tuple[int, str]:
        """(status, code) of a problem."""
        answer = await self.http.request(method, f"/api/operators{path}", **more)
        assert answer.headers["content-type"] == "application/problem+json"
        return answer.status_code, answer.json()["code"]

    async def single_host_client(self) -> HostProcess:
        """A host that owns every shard and has said that it lives."""
        core = await self.cluster.host("host-0")
        await self.announced(core)
        await self.cluster.assign_shards(core)
        return core

    async def announced(self, core: HostProcess) -> None:
        """It lives for an hour: nobody repeats it here, and a command may be slow to start."""
        async with self.cluster.provider.database.as_system() as connection:
            await connection.execute(
                "INSERT INTO hosts (name, incarnation, node, pid, seen_at)"
                " VALUES ($1, $2, 'node', 7, now() + interval '1 h')",
                core.name,
                core.incarnation,
            )

    def application(self, token: str | None = TOKEN) -> Starlette:
        database = self.cluster.provider.database
        secret = SecretStr(token) if token else None
        built = build_operator_routes(
            secret, database, InboxStore(database), self.operate, self.poke
        )
        return Starlette(
            routes=built, middleware=[Middleware(BodyLimitMiddleware, body_limit_for_path)]
        )

    @asynccontextmanager
    async def closed(self) -> AsyncIterator[httpx.AsyncClient]:
        """The same without a token set."""
        async with serve_app(self.application(None), lifespan="off") as http:
            yield http


@pytest_asyncio.fixture
async def operations(cluster: InMemoryCluster) -> AsyncIterator[OperatorApiFixture]:
    here = OperatorApiFixture(cluster)
    async with serve_app(here.application(), lifespan="off") as here.http:
        here.http.headers["authorization"] = f"Bearer {TOKEN}"
        yield here


def paths() -> Iterator[tuple[str, str]]:
    """(method, path) of every route."""
    some = UUID(int=1)
    for path in ("/hosts", "/shards", "/actors", f"/actors/tenant/{some}", "/conversations/1"):
        yield "GET", path
    for path in (
        "/hosts/host-0/drain",
        "/hosts/host-0/undrain",
        f"/actors/conversation/{some}/pause",
        f"/actors/conversation/{some}/resume",
        f"/actors/tenant/{some}/deactivate",
        "/conversations/1/handoff",
    ):
        yield "POST", path
