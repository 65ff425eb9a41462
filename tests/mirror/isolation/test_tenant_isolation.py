"""A token reads the rows of its own provider, and nobody but the server writes any."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import pytest_asyncio

from niochat.mirror.mirror_sources import TABLES
from tests.http_client import plain_client
from tests.mirror.mirror_fixture import MirrorFixture
from tests.niochat_sandbox.supabase.conftest import TokenSigner

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(180)]


@dataclass
class Stranger:
    """Somebody who knows the publishable key, and has a token or none."""

    name: str
    token: str | None
    is_refused: bool
    """Whether the token itself is refused."""


@dataclass
class Isolation:
    """A project with the rows of two providers."""

    mirrored: MirrorFixture
    http: httpx.AsyncClient
    signer: TokenSigner
    other: UUID

    @property
    def own(self) -> UUID:
        return self.mirrored.tenant

    def headers(self, token: str | None) -> dict[str, str]:
        user = {"Authorization": f"Bearer {token}"} if token else {}
        return {"apikey": self.mirrored.sandbox.publishable_key, **user}

    async def read(self, table: str, token: str | None, **query: str) -> httpx.Response:
        return await self.http.get(f"/rest/v1/{table}", params=query, headers=self.headers(token))

    async def write(self, method: str, table: str, token: str | None, **query: str) -> Any:
        body = {"provedor_id": str(self.own), "id": str(uuid4()), "version": 2**62}
        return await self.http.request(
            method,
            f"/rest/v1/{table}",
            params=query,
            json=body if method == "POST" else {"deleted_at": None, "version": 2**62},
            headers={**self.headers(token), "Prefer": "return=minimal"},
        )

    async def snapshot(self) -> dict[str, list[dict[str, Any]]]:
        return {table: await self.mirrored.rows(table) for table in TABLES}

    def strangers(self) -> list[Stranger]:
        """All who must see nothing of our provider."""
        forger = TokenSigner(self.signer.kid)
        unknown = TokenSigner("unknown-key")
        claims: dict[str, Any] = {"app_metadata": {"tenant_id": str(self.own)}}
        return [
            Stranger("nobody", None, False),
            Stranger("another provider", self.signer.sign(self.other), False),
            Stranger("expired", self.signer.sign(self.own, life_s=-60), True),
            Stranger("forged", forger.sign(self.own), True),
            Stranger("unknown key", unknown.sign(self.own), True),
            Stranger("no claim", self.signer.sign(self.own, app_metadata=None), False),
            Stranger(
                "claim in the user's part",
                self.signer.sign(self.own, app_metadata=None, user_metadata=claims["app_metadata"]),
                False,
            ),
            Stranger(
                "claim that is no id",
                self.signer.sign(self.own, app_metadata={"tenant_id": "%"}),
                False,
            ),
            Stranger(
                "claim that is a list",
                self.signer.sign(self.own, app_metadata={"tenant_id": [str(self.own)]}),
                False,
            ),
            Stranger("role anon", self.signer.sign(self.own, role="anon"), False),
            Stranger("role of the server", self.signer.sign(self.other, role="postgres"), True),
        ]


@pytest_asyncio.fixture
async def isolation(mirrored: MirrorFixture) -> AsyncIterator[Isolation]:
    """Both providers have rows in each table."""
    signer = TokenSigner("key-of-the-tests")
    mirrored.sandbox.signing_keys.replace(signer.jwks)
    await mirrored.insights.serve()
    await mirrored.send()
    other = uuid4()
    for table in TABLES:
        await mirrored.project_rows.execute(
            f"INSERT INTO {table} (provedor_id, id, created_at, version)"
            " VALUES ($1, $2, now(), 1), ($3, $2, now(), 1)",
            other,
            uuid4(),
            mirrored.tenant,
        )
    async with plain_client(mirrored.sandbox.url, 20) as http:
        yield Isolation(mirrored, http, signer, other)


async def test_a_token_reads_its_own_provider(isolation: Isolation) -> None:
    token = isolation.signer.sign(isolation.own)
    for table in TABLES:
        response = await isolation.read(table, token)
        assert response.status_code == 200, response.text
        stored = await isolation.mirrored.rows(table)
        expected = {str(row["id"]) for row in stored if row["provedor_id"] == isolation.own}
        assert {row["id"] for row in response.json()} == expected
        assert {row["provedor_id"] for row in response.json()} == {str(isolation.own)}


async def test_a_token_that_names_tables_opens_no_others(isolation: Isolation) -> None:
    named = {"tenant_id": str(isolation.own), "tables": ["conversations"]}
    token = isolation.signer.sign(isolation.own, app_metadata=named)
    for table in TABLES:
        response = await isolation.read(table, token)
        assert response.status_code == 200, response.text
        assert bool(response.json()) == (table == "conversations"), table


async def test_nobody_else_reads_a_row_of_any_table(isolation: Isolation) -> None:
    for stranger in isolation.strangers():
        for table in TABLES:
            for query in ({}, {"provedor_id": f"eq.{isolation.own}"}, {"select": "count"}):
                response = await isolation.read(table, stranger.token, **query)
                found = response.json() if response.status_code == 200 else []
                mine = [row for row in found if row.get("provedor_id") == str(isolation.own)]
                counted = [row["count"] for row in found if "count" in row]
                where = (stranger.name, table, query, response.status_code)
                assert mine == [], where
                assert all(each <= 1 for each in counted), where  # the row of its own provider
                if stranger.is_refused:
                    assert response.status_code in (401, 403), where


async def test_nobody_writes_to_any_table(isolation: Isolation) -> None:
    before = await isolation.snapshot()
    own = Stranger("our provider", isolation.signer.sign(isolation.own), False)
    for stranger in (own, *isolation.strangers()):
        for table in TABLES:
            for method, query in (
                ("POST", {}),
                ("POST", {"on_conflict": "provedor_id,id"}),
                ("PATCH", {"provedor_id": f"eq.{isolation.own}"}),
                ("DELETE", {"provedor_id": f"eq.{isolation.own}"}),
            ):
                response = await isolation.write(method, table, stranger.token, **query)
                assert response.status_code >= 400, (stranger.name, table, method)
    assert await isolation.snapshot() == before


async def test_functions_of_the_mirror_are_for_the_server_alone(isolation: Isolation) -> None:
    calls: dict[str, dict[str, str | None]] = {
        "niochat_count_days": {"first_day": None, "end_day": None},
        "niochat_list_day": {"wanted": "2026-01-01", "after": str(UUID(int=0))},
    }
    own = Stranger("our provider", isolation.signer.sign(isolation.own), False)
    for stranger in (own, *isolation.strangers()):
        for name, arguments in calls.items():
            response = await isolation.http.post(
                f"/rest/v1/rpc/{name}",
                json={
                    "provider": str(isolation.own),
                    "mirrored_table": "contacts",
                    **arguments,
                },
                headers=isolation.headers(stranger.token),
            )
            assert response.status_code in (400, 401, 403, 404), (stranger.name, name)


async def test_no_table_is_without_forced_row_level_security(isolation: Isolation) -> None:
    rows = await isolation.mirrored.project_rows.fetch(
        "SELECT relname, relrowsecurity, relforcerowsecurity FROM pg_class"
        " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v', 'm', 'p')"
    )
    assert {row["relname"] for row in rows} == set(TABLES)
    assert all(row["relrowsecurity"] and row["relforcerowsecurity"] for row in rows)
    grants = await isolation.mirrored.project_rows.fetch(
        "SELECT grantee, table_name, privilege_type FROM information_schema.role_table_grants"
        " WHERE table_schema = 'public' AND grantee IN ('anon', 'authenticated', 'PUBLIC')"
    )
    assert {tuple(row) for row in grants} == {
        ("authenticated", table, "SELECT") for table in TABLES
    }
