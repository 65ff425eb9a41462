"""What the mirror relies on when it writes: PostgREST's upserts, as they really are."""

import uuid

import pytest

from tests.niochat_sandbox.supabase.conftest import ON_KEY, UPSERT, ProjectClient

pytestmark = pytest.mark.asyncio


async def test_an_upsert_inserts_and_then_replaces_by_provider_and_id(
    client: ProjectClient,
) -> None:
    row = client.row(status="open")
    first = await client.upsert(row)
    second = await client.upsert({**row, "version": 2, "status": "closed"})

    assert (first.status_code, first.content) == (201, b"")
    assert second.status_code < 300
    assert [(each["version"], each["status"]) for each in await client.stored()] == [(2, "closed")]


async def test_the_same_key_twice_in_a_batch_fails_the_whole_batch(client: ProjectClient) -> None:
    row = client.row()
    response = await client.upsert(client.row(), row, row)

    assert response.status_code == 500
    assert response.json()["code"] == "21000"
    assert await client.stored() == []


async def test_a_key_that_is_missing_in_one_row_overwrites_with_null(client: ProjectClient) -> None:
    kept, other = client.row(status="open"), client.row(status="open")
    await client.upsert(kept, other)
    short = {name: kept[name] for name in ("provedor_id", "id")} | {"version": 2}
    response = await client.http.post(
        "/rest/v1/conversations",
        params={**ON_KEY, "columns": '"provedor_id","id","version","status"'},
        json=[short, {**short, "id": other["id"], "status": "closed"}],
        headers={"apikey": client.project.secret_key, **UPSERT},
    )

    assert response.status_code < 300
    assert {each["id"]: each["status"] for each in await client.stored()} == {
        kept["id"]: None,
        other["id"]: "closed",
    }


async def test_one_bad_row_fails_all_rows_of_its_batch(client: ProjectClient) -> None:
    response = await client.upsert(client.row(), client.row(score="no number"), client.row())

    assert response.status_code == 400
    assert response.json()["code"] == "22P02"
    assert await client.stored() == []


async def test_an_older_version_changes_nothing_and_is_no_error(client: ProjectClient) -> None:
    row = client.row(version=5, status="closed")
    await client.upsert(row)
    late = {**row, "version": 4, "status": "open"}
    response = await client.upsert(
        late, client.row(), Prefer="resolution=merge-duplicates,return=representation"
    )

    assert response.status_code < 300
    assert late["id"] not in {each["id"] for each in response.json()}, "the trigger dropped it"
    assert (5, "closed") in {(each["version"], each["status"]) for each in await client.stored()}


async def test_a_conflict_on_columns_without_a_unique_index_is_refused(
    client: ProjectClient,
) -> None:
    response = await client.http.post(
        "/rest/v1/conversations",
        params={"on_conflict": "id"},
        json=[client.row()],
        headers={"apikey": client.project.secret_key, **UPSERT},
    )

    assert response.status_code == 400
    assert response.json()["code"] == "42P10"


async def test_an_update_without_a_filter_is_refused(client: ProjectClient) -> None:
    headers = {"apikey": client.project.secret_key}
    response = await client.http.patch(
        "/rest/v1/conversations", json={"status": "x"}, headers=headers
    )
    deleted = await client.http.delete("/rest/v1/conversations", headers=headers)

    assert (response.status_code, response.json()["code"]) == (400, "21000")
    assert (deleted.status_code, deleted.json()["code"]) == (400, "21000")


async def test_a_read_has_at_most_a_thousand_rows(client: ProjectClient) -> None:
    response = await client.upsert(*(client.row() for _ in range(1001)))

    assert response.status_code == 201
    assert len(await client.stored()) == 1000


async def test_requests_and_written_rows_are_counted_by_table(client: ProjectClient) -> None:
    await client.control("DELETE", "/counters")
    await client.upsert(client.row(details={"a": [{"b": 'x"{'}]}), client.row())
    await client.upsert(client.row(score="no number"))
    await client.stored()

    counters = await client.control("GET", "/counters")
    assert counters["requests"] == {"conversations": {"GET": 1, "POST": 2}}
    assert counters["rows"] == {"conversations": 2}, "a refused batch has written none"
    assert counters["statuses"] == {"200": 1, "201": 1, "400": 1}


async def test_a_table_or_column_that_is_not_there_is_named(client: ProjectClient) -> None:
    headers = {"apikey": client.project.secret_key}
    table = await client.http.get("/rest/v1/nothing", headers=headers)
    column = await client.http.post(
        "/rest/v1/conversations",
        params={**ON_KEY, "columns": '"provedor_id","nothing"'},
        json=[{"provedor_id": str(uuid.uuid4()), "nothing": 1}],
        headers={**headers, **UPSERT},
    )

    assert (table.status_code, table.json()["code"]) == (404, "PGRST205")
    assert (column.status_code, column.json()["code"]) == (400, "PGRST204")
