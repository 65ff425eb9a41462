"""One project for the session, on the session's PostgreSQL; each test has providers of its own."""

import time
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import jwt
import psycopg
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric import ec

from niochat.launcher.databases.postgres_server import EmbeddedPostgres
from niochat_sandbox.supabase.supabase_sandbox import SupabaseSandbox
from tests.http_client import plain_client
from tests.supabase_project import ProjectThread, start_project

MIGRATIONS = Path(__file__).parent / "migrations"
UPSERT = {"Prefer": "resolution=merge-duplicates,return=minimal"}
ON_KEY = {"on_conflict": "provedor_id,id"}


class TokenSigner:
    """Signs user tokens as another service would, whose public key the project knows."""

    def __init__(self, kid: str) -> None:
        self.kid = kid
        self._key = ec.generate_private_key(ec.SECP256R1())

    @property
    def jwks(self) -> dict[str, Any]:
        public = jwt.algorithms.ECAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return {"keys": [{**public, "kid": self.kid, "alg": "ES256", "use": "sig"}]}

    def sign(self, tenant: uuid.UUID, *, life_s: float = 600, **claims: Any) -> str:
        now = int(time.time())
        payload = {
            "role": "authenticated",
            "aud": "authenticated",
            "iat": now,
            "exp": now + life_s,
            "app_metadata": {"tenant_id": str(tenant)},
            **claims,
        }
        payload = {name: value for name, value in payload.items() if value is not None}
        headers = {"kid": self.kid}
        return jwt.encode(payload, self._key, algorithm="ES256", headers=headers)


@dataclass
class ProjectClient:
    """A test's own provider, and requests to the project."""

    thread: ProjectThread
    http: httpx.AsyncClient
    signer: TokenSigner
    tenant: uuid.UUID

    @property
    def project(self) -> SupabaseSandbox:
        return self.thread.project

    def row(self, **changes: Any) -> dict[str, Any]:
        """A complete row of this test's provider."""
        fixed = {"provedor_id": str(self.tenant), "id": str(uuid.uuid4()), "version": 1}
        other = dict.fromkeys(("status", "details", "score", "created_at", "deleted_at"))
        return {**fixed, **other, **changes}

    async def upsert(self, *rows: dict[str, Any], **headers: str) -> httpx.Response:
        return await self.http.post(
            "/rest/v1/conversations",
            params=ON_KEY,
            json=list(rows),
            headers={"apikey": self.project.secret_key, **UPSERT, **headers},
        )

    async def read(self, token: str | None = None, **headers: str) -> httpx.Response:
        """What a browser reads: with the publishable key, and a user's token if there is one."""
        user = {"Authorization": f"Bearer {token}"} if token else {}
        return await self.http.get(
            "/rest/v1/conversations",
            params={"provedor_id": f"eq.{self.tenant}"},
            headers={"apikey": self.project.publishable_key, **user, **headers},
        )

    async def stored(self) -> list[dict[str, Any]]:
        """The rows of this test's provider, as the service role sees them."""
        response = await self.read(apikey=self.project.secret_key)
        assert response.status_code == 200, response.text
        return list(response.json())

    async def control(self, method: str, path: str, body: Any = None) -> Any:
        response = await self.http.request(method, f"/sandbox{path}", json=body)
        assert response.is_success, response.text
        return response.json() if response.content else None


@pytest.fixture(scope="session")
def signer() -> TokenSigner:
    return TokenSigner("key-of-the-tests")


@pytest.fixture(scope="session")
def project_thread(
    supabase_postgres: EmbeddedPostgres,
    signer: TokenSigner,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[ProjectThread]:
    home = tmp_path_factory.mktemp("supabase")
    with start_project(supabase_postgres.admin_dsn, home, jwks=signer.jwks) as thread:
        thread.run(thread.project.push_migrations(MIGRATIONS))
        yield thread


@pytest.fixture
def database_name(supabase_postgres: EmbeddedPostgres) -> Iterator[str]:
    """Name for a database of this test alone, which is dropped afterwards."""
    name = f"project_{uuid.uuid4().hex[:8]}"
    yield name
    with psycopg.connect(supabase_postgres.admin_dsn, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())


@pytest_asyncio.fixture
async def client(
    project_thread: ProjectThread, signer: TokenSigner
) -> AsyncIterator[ProjectClient]:
    async with plain_client(project_thread.project.url, 10) as http:
        here = ProjectClient(project_thread, http, signer, uuid.uuid4())
        yield here
        await here.control("DELETE", "/faults")
        await here.control("DELETE", "/counters")
        await here.control("PUT", "/clock", {"offset_s": 0})
        await here.control(
            "PUT", "/realtime", {"max_events_per_second": 100, "subscribe_delay_s": 0}
        )
