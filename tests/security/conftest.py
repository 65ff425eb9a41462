"""What strangers do, to a stack of its own; how many tries there were is printed at the end."""

import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.stack_control import CommandLine, StackProcess, run, running, stop

TRIES: Counter[str] = Counter()
"""By what was tried."""


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackProcess]:
    """``scripts/run --detach`` and ``--stop``; the demo provider is in it."""
    home = tmp_path_factory.mktemp("hostile")
    try:
        run(home, "--detach", {"NIOCHAT_API_PER_S": "5000", "NIOCHAT_FLOOD_PER_S": "5000"})
        yield running(home)
    finally:
        stop(home)


@dataclass(frozen=True)
class AttackTarget:
    """The running product as a stranger and as an agent of the demo provider reach it."""

    stack: StackProcess
    demo: dict[str, Any]
    http: httpx.AsyncClient
    home: Path

    @property
    def host(self) -> tuple[str, int]:
        """Where HAProxy listens."""
        url = httpx.URL(self.stack.url)
        return url.host, url.port or 80

    def somebody(self, role: str) -> dict[str, str]:
        """Login and password of a user of the demo provider."""
        users = [user for tenant in self.demo["tenants"] for user in tenant["users"]]
        found = next(user for user in users if user["role"] == role)
        return {"login": found["login"], "password": found["password"]}

    async def signed_in(self, role: str) -> dict[str, str]:
        """Headers of somebody who signed in."""
        told = await self.http.post("/api/v1/auth/login", json=self.somebody(role))
        assert told.status_code == 200, told.text
        return {"authorization": f"Bearer {told.json()['access_token']}"}


@pytest_asyncio.fixture
async def target(stack: StackProcess) -> AsyncIterator[AttackTarget]:
    demo = await CommandLine(stack.home).json("demo")
    limits = httpx.Limits(max_connections=200)
    async with httpx.AsyncClient(
        base_url=stack.url, trust_env=False, timeout=30, limits=limits
    ) as http:
        yield AttackTarget(stack, demo, http, stack.home)


@pytest.fixture(scope="session")
def routes() -> list[tuple[str, str, dict[str, Any]]]:
    """(method, path, operation) of every route of the API, by walking the application."""
    from niochat.http.rest.rest_application import create_rest_application

    document = json.loads(json.dumps(create_rest_application().openapi()))
    return [
        (method.upper(), f"/api/v1{path}" if not path.startswith("/api") else path, operation)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if method in ("get", "post", "put", "patch", "delete")
    ]


@pytest.fixture
def repeat_count(request: pytest.FixtureRequest) -> int:
    """``--hostile``."""
    return int(request.config.getoption("--hostile"))


@pytest.fixture(scope="session", autouse=True)
def _told(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    reporter = request.config.pluginmanager.get_plugin("terminalreporter")
    tries = ", ".join(f"{kind} {count}" for kind, count in sorted(TRIES.items()))
    if reporter is not None and tries:
        reporter.write_line(f"\nstrangers tried {TRIES.total()} times: {tries}")
