"""The failures of a remote project, each caused on request."""

import time
import uuid
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.niochat_sandbox.supabase.conftest import ProjectClient
from tests.wait_until import wait_until

pytestmark = pytest.mark.asyncio


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (500, "57014"),
        (503, "PGRST002"),
        (504, "PGRST003"),
        (400, "PGRST204"),
        (404, "PGRST205"),
        (502, None),
    ],
)
async def test_a_status_is_answered_without_writing(
    client: ProjectClient, status: int, code: str | None
) -> None:
    await client.control("POST", "/faults", {"kind": "status", "status": status, "count": 1})
    failed = await client.upsert(client.row())

    assert (failed.status_code, failed.json().get("code")) == (status, code)
    assert await client.stored() == []


async def test_too_many_requests_say_when_to_come_back(client: ProjectClient) -> None:
    rule = {"kind": "status", "status": 429, "retry_after": 2, "count": 1}
    await client.control("POST", "/faults", rule)
    response = await client.upsert(client.row())

    assert (response.status_code, response.headers["retry-after"]) == (429, "2")
    assert (await client.upsert(client.row())).status_code == 201


async def test_a_slow_project_answers_late(client: ProjectClient) -> None:
    await client.control("POST", "/faults", {"kind": "delay", "seconds": 0.2, "count": 1})
    begun = time.monotonic()
    response = await client.upsert(client.row())

    assert response.status_code == 201
    assert time.monotonic() - begun >= 0.2


async def test_a_connection_lost_before_the_commit_has_written_nothing(
    client: ProjectClient,
) -> None:
    await client.control("POST", "/faults", {"kind": "drop", "count": 1})
    with pytest.raises(httpx.TransportError):
        await client.upsert(client.row())

    assert await client.stored() == []


async def test_a_connection_lost_after_the_commit_has_written_everything(
    client: ProjectClient,
) -> None:
    row = client.row()
    await client.control("POST", "/faults", {"kind": "lost_answer", "count": 1})
    with pytest.raises(httpx.TransportError):
        await client.upsert(row)

    assert [each["id"] for each in await client.stored()] == [row["id"]]
    assert (await client.upsert(row)).status_code < 300, "the same batch again does no harm"
    assert len(await client.stored()) == 1


async def test_a_fault_of_one_table_leaves_the_others_alone(client: ProjectClient) -> None:
    await client.control("POST", "/faults", {"kind": "status", "path": "/contacts"})

    assert (await client.upsert(client.row())).status_code == 201


async def test_during_an_outage_connections_are_refused(client: ProjectClient) -> None:
    await client.control("POST", "/outage", {"seconds": 0.5})

    async def refused() -> bool:
        try:
            await client.stored()
        except httpx.ConnectError:
            return True
        except httpx.TransportError:
            return False
        return False

    async def serves() -> bool:
        try:
            return await client.stored() == []
        except httpx.TransportError:
            return False

    await wait_until(refused, within=5)
    await wait_until(serves, within=5)


async def test_a_dropped_column_is_reported_until_it_is_back(client: ProjectClient) -> None:
    project, run = client.project, client.thread.run
    table = f"temporary_{uuid.uuid4().hex[:8]}"
    run(
        project.run_sql(
            f"CREATE TABLE {table} (id uuid PRIMARY KEY, note text);"
            f"GRANT ALL ON {table} TO service_role"
        )
    )

    async def insert() -> httpx.Response:
        return await client.http.post(
            f"/rest/v1/{table}",
            params={"columns": '"id","note"'},
            json=[{"id": str(uuid.uuid4()), "note": "x"}],
            headers={"apikey": project.secret_key},
        )

    assert (await insert()).status_code == 201
    run(project.run_sql(f"ALTER TABLE {table} DROP COLUMN note"))
    missing = await insert()
    assert (missing.status_code, missing.json()["code"]) == (400, "PGRST204")
    run(project.run_sql(f"ALTER TABLE {table} ADD COLUMN note text"))
    assert (await insert()).status_code == 201
    run(project.run_sql(f"DROP TABLE {table}"))


async def test_a_body_passes_in_chunks(client: ProjectClient) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"["
        for number in range(2000):
            row = client.row(status="x" * 1000)
            yield (b"," if number else b"") + httpx.Request("POST", "http://x", json=row).content
        yield b"]"

    await client.control("DELETE", "/counters")
    response = await client.http.post(
        "/rest/v1/conversations",
        content=chunks(),
        headers={
            "apikey": client.project.secret_key,
            "Content-Type": "application/json",
            "Prefer": "return=minimal",
        },
    )

    assert response.status_code == 201
    assert (await client.control("GET", "/counters"))["rows"] == {"conversations": 2000}
