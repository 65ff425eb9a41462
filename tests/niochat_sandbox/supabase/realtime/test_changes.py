"""What subscribers receive when rows change."""

import uuid

import psycopg
import pytest

from tests.niochat_sandbox.supabase.conftest import ProjectClient
from tests.niochat_sandbox.supabase.realtime.phoenix_client import (
    ARRAYS,
    OBJECTS,
    binding,
    open_socket,
)
from tests.wait_until import wait_until

pytestmark = pytest.mark.asyncio


def key_of(row: dict[str, object]) -> dict[str, object]:
    return {name: row[name] for name in ("provedor_id", "id")}


@pytest.mark.parametrize("version", [OBJECTS, ARRAYS])
async def test_changes_of_a_row_arrive_with_their_values(
    client: ProjectClient, version: str
) -> None:
    project, token = client.project, client.signer.sign(client.tenant)
    async with open_socket(project.url, project.publishable_key, version) as socket:
        ids = await socket.join(binding(), token=token)
        row = client.row(
            status="open", details={"a": [1]}, score=1.5, created_at="2026-05-01T12:00:00+00:00"
        )
        await client.upsert(row)
        inserted = await socket.change()
        await client.upsert({**row, "version": 2, "status": "closed"})
        updated = await socket.change()

    assert inserted["ids"] == ids
    data = inserted["data"]
    assert (data["schema"], data["table"], data["type"]) == ("public", "conversations", "INSERT")
    assert data["record"] == row
    assert "old_record" not in data
    assert data["errors"] is None
    assert data["commit_timestamp"].endswith("Z")
    assert {"name": "provedor_id", "type": "uuid"} in data["columns"]
    assert {"name": "version", "type": "int8"} in data["columns"]
    assert updated["data"]["type"] == "UPDATE"
    assert updated["data"]["record"] == {**row, "version": 2, "status": "closed"}
    assert updated["data"]["old_record"] == key_of(row)


async def test_a_subscriber_sees_its_own_provider_and_no_other(client: ProjectClient) -> None:
    project, other = client.project, str(uuid.uuid4())
    async with open_socket(project.url, project.publishable_key) as socket:
        await socket.join(binding(), token=client.signer.sign(client.tenant))
        await client.upsert(client.row(provedor_id=other))
        own = client.row()
        await client.upsert(own)

        assert (await socket.change())["data"]["record"]["id"] == own["id"]


async def test_the_secret_key_sees_every_provider(client: ProjectClient) -> None:
    project, other = client.project, str(uuid.uuid4())
    async with open_socket(project.url, project.secret_key) as socket:
        await socket.join(binding(filter=f"provedor_id=eq.{other}"))
        await client.upsert(client.row(provedor_id=other))

        assert (await socket.change())["data"]["record"]["provedor_id"] == other


async def test_the_publishable_key_alone_learns_only_that_it_may_not_see(
    client: ProjectClient,
) -> None:
    project = client.project
    async with open_socket(project.url, project.publishable_key) as socket:
        await socket.join(binding())
        await client.upsert(client.row(status="secret"))
        data = (await socket.change())["data"]

    assert data["errors"] == ["Error 401: Unauthorized"]
    assert data["record"] == {}


async def test_everybody_gets_the_key_of_a_deleted_row(client: ProjectClient) -> None:
    project, row = client.project, client.row(status="open")
    await client.upsert(row)
    async with open_socket(project.url, project.publishable_key) as socket:
        await socket.join(binding("DELETE"), token=client.signer.sign(uuid.uuid4()))
        await client.http.delete(
            "/rest/v1/conversations",
            params={"id": f"eq.{row['id']}"},
            headers={"apikey": project.secret_key},
        )
        data = (await socket.change())["data"]

    assert data["old_record"] == key_of(row)
    assert "record" not in data


async def test_an_update_that_a_trigger_dropped_is_no_change(client: ProjectClient) -> None:
    project, row = client.project, client.row(version=5)
    await client.upsert(row)
    async with open_socket(project.url, project.publishable_key) as socket:
        await socket.join(binding(), token=client.signer.sign(client.tenant))
        await client.upsert({**row, "version": 4})
        await client.upsert({**row, "version": 6})

        assert (await socket.change())["data"]["record"]["version"] == 6


@pytest.mark.parametrize(
    ("condition", "seen"),
    [
        ("status=eq.b", ["b"]),
        ("status=neq.b", ["a", "c"]),
        ("version=lt.2", ["a"]),
        ("version=lte.2", ["a", "b"]),
        ("version=gt.2", ["c"]),
        ("version=gte.2", ["b", "c"]),
        ("status=in.(a,c)", ["a", "c"]),
        ("version=gte.2,status=neq.c", ["b"]),
        ("score=eq.1", []),
    ],
)
async def test_filters_choose_rows(client: ProjectClient, condition: str, seen: list[str]) -> None:
    project = client.project
    async with open_socket(project.url, project.publishable_key) as socket:
        last = binding(filter="status=eq.last")
        token = client.signer.sign(client.tenant)
        ids = await socket.join(binding(filter=condition), last, token=token)
        for version, status in enumerate("abc", start=1):
            await client.upsert(client.row(version=version, status=status))
        await client.upsert(client.row(version=0, status="last"))
        received = []
        while ids[1] not in (payload := await socket.change())["ids"]:
            received.append(payload["data"]["record"]["status"])

    assert received == seen


async def test_one_message_names_all_bindings_of_a_channel(client: ProjectClient) -> None:
    project, token = client.project, client.signer.sign(client.tenant)
    async with open_socket(project.url, project.publishable_key) as socket:
        ids = await socket.join(
            binding(), binding("INSERT"), binding("DELETE"), binding(table="*"), token=token
        )
        await client.upsert(client.row())

        assert (await socket.change())["ids"] == [ids[0], ids[1], ids[3]]


async def test_what_was_committed_before_the_subscription_is_lost(client: ProjectClient) -> None:
    project, token = client.project, client.signer.sign(client.tenant)
    await client.control("PUT", "/realtime", {"subscribe_delay_s": 0.3})
    async with open_socket(project.url, project.publishable_key) as socket:
        config = {"config": {"postgres_changes": [binding()]}, "access_token": token}
        ref = await socket.send("realtime:test", "phx_join", config)
        await socket.until(lambda frame: frame.ref == ref)
        await client.upsert(client.row(status="early"))
        system = await socket.receive()
        await client.upsert(client.row(status="late"))

        assert system.payload["message"] == "Subscribed to PostgreSQL"
        assert (await socket.change())["data"]["record"]["status"] == "late"


async def test_nothing_is_repeated_after_a_reconnection(client: ProjectClient) -> None:
    project, token = client.project, client.signer.sign(client.tenant)
    async with open_socket(project.url, project.publishable_key) as socket:
        await socket.join(binding(), token=token)
        await client.control("DELETE", "/realtime/connections")
        await socket.socket.wait_closed()
    await client.upsert(client.row(status="missed"))
    async with open_socket(project.url, project.publishable_key) as socket:
        await socket.join(binding(), token=token)
        await client.upsert(client.row(status="next"))

        assert (await socket.change())["data"]["record"]["status"] == "next"


async def test_more_events_than_the_limit_of_a_second_are_dropped(client: ProjectClient) -> None:
    project, token = client.project, client.signer.sign(client.tenant)
    before = await client.control("PUT", "/realtime", {"max_events_per_second": 3})

    async def events_since(before: dict[str, int], count: int) -> bool:
        now = await client.control("GET", "/realtime")
        return bool(now["sent"] + now["dropped"] - before["sent"] - before["dropped"] >= count)

    async with open_socket(project.url, project.publishable_key) as socket:
        await socket.join(binding(), token=token)
        await client.upsert(*(client.row(status=str(number)) for number in range(50)))
        await wait_until(lambda: events_since(before, 50), what="the events of the batch")
        await client.control("PUT", "/realtime", {"max_events_per_second": 1000})
        await client.upsert(client.row(status="last"))
        while (await socket.change())["data"]["record"]["status"] != "last":
            pass
        after = await client.control("GET", "/realtime")

    sent, dropped = after["sent"] - before["sent"], after["dropped"] - before["dropped"]
    assert sent + dropped == 51
    assert dropped >= 50 - 3 * 3, "more than three a second were sent"


async def test_a_table_outside_of_the_publication_cannot_be_subscribed(
    client: ProjectClient,
) -> None:
    project = client.project
    client.thread.run(project.run_sql("CREATE TABLE IF NOT EXISTS hidden (id int PRIMARY KEY)"))
    async with open_socket(project.url, project.publishable_key) as socket:
        config = {"config": {"postgres_changes": [binding(table="hidden")]}}
        await socket.send("realtime:test", "phx_join", config)
        system = await socket.until(lambda frame: frame.event == "system")

    assert system.payload["status"] == "error"
    assert "check Realtime is enabled" in system.payload["message"]


async def test_only_columns_that_the_role_may_select_are_sent(client: ProjectClient) -> None:
    project, table = client.project, f"columns_{uuid.uuid4().hex[:8]}"
    client.thread.run(
        project.run_sql(
            f"CREATE TABLE {table} (id int PRIMARY KEY, shown text, hidden text);"
            f"GRANT SELECT (id, shown) ON {table} TO authenticated;"
            f"ALTER PUBLICATION supabase_realtime ADD TABLE {table}"
        )
    )
    async with open_socket(project.url, project.publishable_key) as socket:
        await socket.join(binding(table=table), token=client.signer.sign(client.tenant))
        with psycopg.connect(project.database.admin_url) as connection:
            connection.execute(f"INSERT INTO {table} VALUES (1, 'x', 'y')".encode())
        data = (await socket.change())["data"]
    client.thread.run(project.run_sql(f"DROP TABLE {table}"))

    assert data["record"] == {"id": 1, "shown": "x"}
    assert [column["name"] for column in data["columns"]] == ["id", "shown"]


async def test_of_a_huge_row_only_short_values_are_sent(client: ProjectClient) -> None:
    project, token = client.project, client.signer.sign(client.tenant)
    async with open_socket(project.url, project.publishable_key) as socket:
        await socket.join(binding(), token=token)
        row = client.row(status="x" * (2**20 + 1))
        await client.upsert(row)
        data = (await socket.change())["data"]

    assert data["errors"] == ["Error 413: Payload Too Large"]
    assert data["record"]["id"] == row["id"]
    assert "status" not in data["record"]
