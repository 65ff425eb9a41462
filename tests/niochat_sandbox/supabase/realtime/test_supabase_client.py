"""The official Python client works with the sandbox: REST and Realtime, without changes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from postgrest.exceptions import APIError
from postgrest.types import ReturnMethod
from realtime.types import RealtimePostgresChangesListenEvent
from supabase import AsyncClient, AsyncClientOptions, create_async_client

from tests.niochat_sandbox.supabase.conftest import ProjectClient
from tests.wait_until import wait_until

pytestmark = pytest.mark.asyncio


@asynccontextmanager
async def connect(client: ProjectClient, key: str) -> AsyncIterator[AsyncClient]:
    """A client with an HTTP client of ours: the library never closes its own."""
    async with httpx.AsyncClient(timeout=10, trust_env=False) as http:
        options = AsyncClientOptions(httpx_client=http)
        connected = await create_async_client(client.project.url, key, options)
        yield connected
        await connected.remove_all_channels()


async def test_the_client_upserts_and_reads(client: ProjectClient) -> None:
    row = client.row(status="open")
    async with connect(client, client.project.secret_key) as writer:
        table = writer.table("conversations")
        for version, status in enumerate(("open", "closed"), start=1):
            await table.upsert(
                [{**row, "version": version, "status": status}],
                on_conflict="provedor_id,id",
                returning=ReturnMethod.minimal,
            ).execute()
        result = await table.select("status").eq("provedor_id", str(client.tenant)).execute()

    assert result.data == [{"status": "closed"}]


async def test_the_client_raises_what_the_project_answers(client: ProjectClient) -> None:
    row = client.row()
    async with connect(client, client.project.secret_key) as writer:
        with pytest.raises(APIError) as twice:
            await writer.table("conversations").upsert([row, row]).execute()
        await client.control("POST", "/faults", {"kind": "status", "status": 429, "count": 1})
        with pytest.raises(APIError) as limited:
            await writer.table("conversations").upsert([row]).execute()

    assert twice.value.code == "21000"
    assert limited.value.message == "API rate limit exceeded"


async def test_the_client_receives_changes(client: ProjectClient) -> None:
    changes: list[dict[str, Any]] = []
    systems: list[Any] = []
    states: list[tuple[str, Exception | None]] = []
    row = client.row(status="open")
    async with connect(client, client.project.publishable_key) as reader:
        await reader.realtime.set_auth(client.signer.sign(client.tenant))
        channel = reader.channel("rows")
        channel.on_postgres_changes(
            RealtimePostgresChangesListenEvent.All,
            schema="public",
            table="conversations",
            filter=f"provedor_id=eq.{client.tenant}",
            callback=lambda payload: changes.append(dict(payload)),
        )
        channel.on_system(systems.append)
        await channel.subscribe(lambda state, error: states.append((state.value, error)))
        await wait_until(lambda: bool(systems), what="the subscription")
        await client.upsert(row)
        await wait_until(lambda: bool(changes), what="the change")

    assert states[0] == ("SUBSCRIBED", None)
    assert systems[0].message == "Subscribed to PostgreSQL"
    assert changes[0]["data"]["record"]["id"] == row["id"]
