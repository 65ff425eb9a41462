"""A project as a whole: it starts again, survives what it depends on, and serves files."""

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest
import pytest_asyncio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from niochat.launcher.databases.postgres_server import EmbeddedPostgres
from niochat.launcher.home_folder import HomeFolder
from niochat.launcher.network_ports import StackPorts
from niochat.launcher.stack_credentials import StackCredentials
from niochat_sandbox.supabase.__main__ import DATABASE_VARIABLE
from niochat_sandbox.supabase.loopback_server import LoopbackServer
from niochat_sandbox.supabase.supabase_sandbox import SupabaseSandbox
from tests.http_client import plain_client
from tests.niochat_sandbox.supabase.conftest import ProjectClient, TokenSigner
from tests.niochat_sandbox.supabase.realtime.phoenix_client import binding, open_socket
from tests.supabase_project import POSTGREST_CACHE
from tests.wait_until import wait_until

pytestmark = [pytest.mark.asyncio, pytest.mark.usefixtures("project_thread")]
NOTES = """
CREATE TABLE notes (id int PRIMARY KEY);
GRANT ALL ON notes TO service_role;
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON notes TO authenticated;
CREATE POLICY everyone ON notes FOR SELECT TO authenticated USING (true);
"""


@pytest.fixture
def sandbox(
    supabase_postgres: EmbeddedPostgres, database_name: str, tmp_path: Path
) -> SupabaseSandbox:
    return SupabaseSandbox(
        supabase_postgres.admin_dsn, tmp_path, database=database_name, cache=POSTGREST_CACHE
    )


@pytest_asyncio.fixture
async def key_server() -> AsyncIterator[tuple[str, dict[str, object]]]:
    """The address of a JWKS, and what is served there; a dictionary that tests change."""
    served: dict[str, object] = {}

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = json.dumps(served).encode()
        writer.write(
            b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body)
        )
        writer.write(body)
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/jwks.json", served


async def test_a_project_that_starts_again_has_its_keys_and_rows(
    supabase_postgres: EmbeddedPostgres,
    sandbox: SupabaseSandbox,
    database_name: str,
    tmp_path: Path,
) -> None:
    async with sandbox:
        await sandbox.run_sql(f"{NOTES}; INSERT INTO notes VALUES (1)")
        keys = sandbox.keys
    again = SupabaseSandbox(
        supabase_postgres.admin_dsn, tmp_path, database=database_name, cache=POSTGREST_CACHE
    )
    async with again, plain_client(again.url, 10) as http:
        assert again.keys == keys
        response = await http.get("/rest/v1/notes", headers={"apikey": again.secret_key})
        assert response.json() == [{"id": 1}]


async def test_the_postgrest_of_a_killed_process_is_ended_by_the_next(
    supabase_postgres: EmbeddedPostgres,
    sandbox: SupabaseSandbox,
    database_name: str,
    tmp_path: Path,
) -> None:
    command = [sys.executable, "-m", "niochat_sandbox.supabase", "--home", str(tmp_path)]
    command += ["--database", database_name, "--cache", str(POSTGREST_CACHE)]
    environment = {**os.environ, DATABASE_VARIABLE: supabase_postgres.admin_dsn}
    killed = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    assert killed.stdout is not None
    with killed.stdout as output:
        line = await asyncio.to_thread(output.readline)
    assert line.startswith("Supabase: http://127.0.0.1:")
    orphan = psutil.Process(int((tmp_path / "supabase/postgrest.pid").read_text()))
    killed.kill()
    killed.wait()
    assert orphan.is_running()

    async with sandbox, plain_client(sandbox.url, 10) as http:
        response = await http.get("/rest/v1/", headers={"apikey": sandbox.secret_key})
        assert response.status_code == 200
        await wait_until(lambda: not orphan.is_running() or orphan.status() == "zombie")


async def test_a_process_ends_on_request_and_leaves_nothing(
    supabase_postgres: EmbeddedPostgres, database_name: str, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "niochat_sandbox.supabase", "--home", str(tmp_path)]
    command += ["--database", database_name, "--cache", str(POSTGREST_CACHE)]
    environment = {**os.environ, DATABASE_VARIABLE: supabase_postgres.admin_dsn}
    child = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    with child.stdout as output:
        await asyncio.to_thread(output.readline)
    postgrest = psutil.Process(int((tmp_path / "supabase/postgrest.pid").read_text()))
    child.terminate()

    assert await asyncio.to_thread(child.wait, 20) == 0
    assert not postgrest.is_running()


async def test_keys_are_fetched_from_their_address_and_again_when_they_change(
    sandbox: SupabaseSandbox, key_server: tuple[str, dict[str, object]]
) -> None:
    address, served = key_server
    old, new = TokenSigner("old"), TokenSigner("new")
    served.update(old.jwks)
    sandbox.signing_keys.url = address

    async def status(signer: TokenSigner) -> int:
        async with plain_client(sandbox.url, 10) as http:
            token = signer.sign(uuid.uuid4())
            headers = {"apikey": sandbox.publishable_key, "Authorization": f"Bearer {token}"}
            return (await http.get("/rest/v1/notes", headers=headers)).status_code

    async def accepts_new() -> bool:
        return await status(new) == 200

    async with sandbox:
        await sandbox.run_sql(NOTES)
        assert await status(old) == 200
        assert await status(new) == 401
        served.update(new.jwks)
        await wait_until(accepts_new, within=10)
        assert await status(old) == 401, "it is not among the keys any more"


async def test_files_are_served_at_the_same_origin(
    supabase_postgres: EmbeddedPostgres, database_name: str, tmp_path: Path
) -> None:
    folder = tmp_path / "page"
    folder.mkdir()
    (folder / "index.html").write_text("<!doctype html><title>Painel</title>")
    project = SupabaseSandbox(
        supabase_postgres.admin_dsn,
        tmp_path,
        database=database_name,
        cache=POSTGREST_CACHE,
        dashboard=folder,
    )
    async with project, plain_client(project.url, 10) as http:
        page = await http.get("/dashboard/")
        missing = await http.get("/dashboard/../keys.json")
        token = await http.post("/dashboard/token")

    assert page.headers["content-type"].startswith("text/html")
    assert "Painel" in page.text
    assert "connect-src 'self' ws://127.0.0.1:" in page.headers["content-security-policy"]
    assert missing.status_code == 404
    assert token.status_code == 404, "this project was started without --token-url"


async def test_the_page_gets_tokens_of_the_product_with_its_own_key_alone(
    supabase_postgres: EmbeddedPostgres, database_name: str, tmp_path: Path
) -> None:
    async def answer(request: Request) -> Response:
        if request.headers.get("authorization") != "Bearer nk_good":
            return JSONResponse({"code": "unauthorized"}, 401)
        return JSONResponse({"token": "t"})

    product = LoopbackServer("127.0.0.1", 0)
    await product.start(Starlette(routes=[Route("/token", answer, methods=["POST"])]))
    project = SupabaseSandbox(
        supabase_postgres.admin_dsn,
        tmp_path,
        database=database_name,
        cache=POSTGREST_CACHE,
        dashboard=tmp_path,
        token_url=f"{product.url}/token",
    )
    try:
        async with project, plain_client(project.url, 10) as http:
            good = {"authorization": "Bearer nk_good"}
            given = await http.post("/dashboard/token", headers=good)
            refused = await http.post("/dashboard/token")
            await product.stop()
            unanswered = await http.post("/dashboard/token", headers=good)
    finally:
        await product.stop()

    assert (given.status_code, given.json()) == (200, {"token": "t"})
    assert given.headers["cache-control"] == "no-store"
    assert refused.status_code == 401
    assert unanswered.status_code == 502


def postgrest_processes() -> set[int]:
    processes: set[int] = set()
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):  # PostgreSQL's come and go
            if child.name() == "postgrest":
                processes.add(child.pid)
    return processes


async def test_a_start_that_fails_leaves_nothing_running(
    supabase_postgres: EmbeddedPostgres, database_name: str, tmp_path: Path
) -> None:
    before = postgrest_processes()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        project = SupabaseSandbox(
            supabase_postgres.admin_dsn,
            tmp_path,
            database=database_name,
            cache=POSTGREST_CACHE,
            port=taken.getsockname()[1],
        )
        with pytest.raises(OSError, match="in use"):
            await project.start()

    assert not (tmp_path / "supabase/postgrest.pid").exists()
    assert postgrest_processes() == before


async def test_an_outage_cuts_sockets_and_ends_by_itself(client: ProjectClient) -> None:
    project = client.project
    async with open_socket(project.url, project.publishable_key) as phoenix:
        await phoenix.join(binding(), token=client.signer.sign(client.tenant))
        await client.control("POST", "/outage", {"seconds": 0.3})
        second = await client.http.post("/sandbox/outage", json={"seconds": 0.3})
        await asyncio.wait_for(phoenix.socket.wait_closed(), 5)

    async def serves() -> bool:
        try:
            return (await client.http.get("/sandbox/health")).status_code == 200
        except httpx.TransportError:
            return False

    await wait_until(serves, within=10)
    assert second.status_code == 409


async def test_realtime_goes_on_with_a_new_slot_when_it_has_lost_its_own(
    client: ProjectClient,
) -> None:
    project, token = client.project, client.signer.sign(client.tenant)
    async with open_socket(project.url, project.publishable_key) as phoenix:
        await phoenix.join(binding(), token=token)
        with psycopg.connect(project.database.admin_url, autocommit=True) as connection:
            slots = "SELECT active_pid FROM pg_replication_slots WHERE slot_name ~ 'realtime'"
            pids = [row[0] for row in connection.execute(slots)]
            connection.execute("SELECT pg_terminate_backend(%s)", (pids[0],))

            async def has_new_slot() -> bool:
                return bool(set(connection.execute(slots)) - {(pid,) for pid in pids})

            await wait_until(has_new_slot, within=10)
        row = client.row()
        await client.upsert(row)

        assert (await phoenix.change())["data"]["record"]["id"] == row["id"]


async def test_realtime_says_that_the_log_must_be_logical(tmp_path: Path) -> None:
    home = HomeFolder.create(tmp_path)
    server = EmbeddedPostgres(
        home, StackPorts.allocate(home).postgres, StackCredentials.load_or_create(home)
    )
    await asyncio.to_thread(server.start)
    try:
        async with SupabaseSandbox(server.admin_dsn, tmp_path, cache=POSTGREST_CACHE) as project:
            await project.run_sql(f"{NOTES}; ALTER PUBLICATION supabase_realtime ADD TABLE notes")
            async with open_socket(project.url, project.publishable_key) as phoenix:
                config = {"config": {"postgres_changes": [binding(table="notes")]}}
                await phoenix.send("realtime:test", "phx_join", config)
                system = await phoenix.until(lambda frame: frame.event == "system")
    finally:
        await asyncio.to_thread(server.stop)

    assert system.payload["status"] == "error"
    assert "wal_level=logical" in system.payload["message"]
