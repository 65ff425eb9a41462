"""Export jobs over the API."""

import io
import zipfile
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import pytest_asyncio

from niochat.adapters.clock import database_clock
from niochat.insights.exports.export_claims import ExportClaims
from niochat.insights.exports.export_job import MAX_STREAMED_ROWS
from niochat.insights.exports.export_runner import ExportProgress
from tests.http.rest.conftest import assert_problem, rest_api
from tests.insights.exports.export_fixture import CONVERSATIONS, build_runner, protocols_in
from tests.insights.test_hand_computed_metrics import WEEK, WeekFixture, week

__all__ = ["rest_api", "week"]
pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(120)]

PATH = "/reports/exports"
ALL: dict[str, Any] = {"metric": "conversations", **WEEK}


@pytest_asyncio.fixture
async def boss(week: WeekFixture) -> dict[str, str]:
    """Headers of an administrator."""
    return week.headers


async def make_files(week: WeekFixture) -> None:
    """Work on all jobs."""

    async def tell(progress: ExportProgress) -> None:
        """Nobody has a screen open."""

    database, files = week.api.house.database, week.api.services.file_store
    runner = build_runner(database, week, files, ExportClaims(database), tell)
    while await runner.run_next():
        pass


async def request_export(
    week: WeekFixture, headers: dict[str, str], **changes: Any
) -> httpx.Response:
    return await week.api.http.post(PATH, json={**ALL, **changes}, headers=headers)


async def test_an_export_is_requested_made_downloaded_and_removed(
    week: WeekFixture, boss: dict[str, str]
) -> None:
    http = week.api.http
    made = await request_export(week, boss)
    assert made.status_code == 202, made.text
    job = made.json()
    assert {key: job[key] for key in ("state", "rows_expected", "failure", "expires_at")} == {
        "state": "queued",
        "rows_expected": None,
        "failure": None,
        "expires_at": None,
    }
    path = f"{PATH}/{job['id']}"
    assert (await http.get(path, headers=boss)).json() == job
    early = await http.get(f"{path}/file", headers=boss)
    assert_problem(early, 409, "export_not_done")

    await make_files(week)
    done = (await http.get(path, headers=boss)).json()
    assert (done["state"], done["rows_written"]) == ("done", CONVERSATIONS)
    assert (await http.get(PATH, headers=boss)).json() == {"items": [done], "next_cursor": None}
    file = await http.get(f"{path}/file", headers=boss)
    assert file.status_code == 200
    assert file.headers["content-length"] == str(done["file_bytes"]) == str(len(file.content))
    assert 'filename="conversations.csv"' in file.headers["content-disposition"]
    streamed = await http.get("/reports/export/conversations", params=ALL, headers=boss)
    assert file.content == streamed.content

    assert (await http.delete(path, headers=boss)).status_code == 204
    assert_problem(await http.get(f"{path}/file", headers=boss), 404, "not_found")
    assert (await http.get(PATH, headers=boss)).json()["items"] == []


async def test_a_request_that_is_repeated_makes_one_job(
    week: WeekFixture, boss: dict[str, str]
) -> None:
    keyed = {**boss, "idempotency-key": str(uuid4())}
    first = await request_export(week, keyed)
    again = await request_export(week, keyed)
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert await week.api.given.count("report_exports") == 1


async def test_a_cancelled_export_has_no_file(week: WeekFixture, boss: dict[str, str]) -> None:
    path = f"{PATH}/{(await request_export(week, boss)).json()['id']}"
    assert (await week.api.http.delete(path, headers=boss)).status_code == 204
    await make_files(week)
    assert (await week.api.http.get(path, headers=boss)).json()["state"] == "cancelled"
    assert_problem(await week.api.http.get(f"{path}/file", headers=boss), 409, "export_not_done")


async def test_a_list_has_pages_of_ones_own_jobs(week: WeekFixture, boss: dict[str, str]) -> None:
    jobs = [(await request_export(week, boss)).json()["id"] for _ in range(3)]
    other = await week.api.house.create_user("outra@example.com", "admin")
    theirs = await week.api.bearer("outra@example.com")
    await request_export(week, theirs)

    first = await week.api.http.get(PATH, params={"limit": 2}, headers=boss)
    second = await week.api.http.get(
        PATH, params={"limit": 2, "cursor": first.json()["next_cursor"]}, headers=boss
    )
    listed = [each["id"] for page in (first, second) for each in page.json()["items"]]
    assert listed == jobs[::-1]
    for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/file")):
        answer = await week.api.http.request(method, f"{PATH}/{jobs[0]}{path}", headers=theirs)
        assert_problem(answer, 404, "not_found")
    assert other


async def test_too_many_unfinished_exports_are_refused(
    week: WeekFixture, boss: dict[str, str]
) -> None:
    for _ in range(3):
        assert (await request_export(week, boss)).status_code == 202
    assert_problem(await request_export(week, boss), 409, "too_many_exports")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"metric": "love"}, "metric"),
        ({"metric": "conversations,rating"}, "metric"),
        ({"metric": "online_time"}, "metric"),
        ({"group_by": "moon"}, "group_by"),
        ({"group_by": "agent"}, "key"),
        ({"group_by": "hour", "key": "soon"}, "key"),
        ({"from": "yesterday"}, "from"),
        ({"from": "2026-04-27"}, "to"),
        ({"from": "2019-01-01"}, "from"),
        ({"filters": {"moon": "full"}}, "moon"),
        ({"file_format": "pdf"}, "file_format"),
    ],
)
async def test_bad_input_names_its_field_and_makes_no_job(
    week: WeekFixture, boss: dict[str, str], change: dict[str, Any], field: str
) -> None:
    answer = await request_export(week, boss, **change)
    assert field in str(assert_problem(answer, 422, "invalid")["errors"])
    assert await week.api.given.count("report_exports") == 0


async def test_a_file_that_has_more_than_one_may_read_now_is_refused(
    week: WeekFixture, boss: dict[str, str]
) -> None:
    admin = week.api.house.admin
    path = f"{PATH}/{(await request_export(week, boss)).json()['id']}"
    await make_files(week)
    await admin.execute(
        "INSERT INTO roles VALUES ($1, 'team', '{reports:read:all,conversations:read:team}')",
        week.api.house.tenant,
    )
    await admin.execute("UPDATE users SET role = 'team' WHERE login LIKE 'admin%'")
    refused = await week.api.http.get(f"{path}/file", headers=boss)
    assert_problem(refused, 403, "export_not_covered")
    own = await request_export(week, boss)
    await make_files(week)
    file = await week.api.http.get(f"{PATH}/{own.json()['id']}/file", headers=boss)
    assert file.status_code == 200
    assert len(protocols_in(file.content)) < CONVERSATIONS


async def test_an_agent_exports_what_is_theirs(week: WeekFixture) -> None:
    mine = await week.api.bearer("bia@example.com")
    made = await request_export(week, mine, filters={"agent": "me"}, file_format="xlsx")
    assert made.status_code == 202, made.text
    assert made.json()["filters"] == {"agent": week.people["bia"]}
    await make_files(week)
    file = await week.api.http.get(f"{PATH}/{made.json()['id']}/file", headers=mine)
    with zipfile.ZipFile(io.BytesIO(file.content)) as archive:
        rows = archive.read("xl/worksheets/sheet1.xml").decode().count("<row ") - 1
    own = await week.api.http.get(
        "/reports/conversations", params={**ALL, "limit": 200}, headers=mine
    )
    assert 0 < rows == len(own.json()["items"]) < CONVERSATIONS


async def test_an_integration_exports_with_its_key(week: WeekFixture, boss: dict[str, str]) -> None:
    permissions = ["reports:read:all", "conversations:read:all"]
    made = await week.api.http.post(
        "/api-keys", json={"name": "bi", "permissions": permissions}, headers=boss
    )
    key = {"authorization": f"Bearer {made.json()['key']}"}
    job = (await request_export(week, key)).json()
    await make_files(week)
    file = await week.api.http.get(f"{PATH}/{job['id']}/file", headers=key)
    assert len(protocols_in(file.content)) == CONVERSATIONS

    late = (await request_export(week, key)).json()
    await week.api.http.delete(f"/api-keys/{made.json()['id']}", headers=boss)
    await make_files(week)
    failure = await week.api.house.admin.fetchval(
        "SELECT failure FROM report_exports WHERE id = $1", UUID(late["id"])
    )
    assert failure == "not_permitted"


async def test_an_export_of_a_superuser_lasts_as_long_as_the_visit(
    week: WeekFixture,
) -> None:
    await week.api.house.create_user("root@example.com", "superuser")
    root = await week.api.bearer("root@example.com")
    entered = await week.api.http.post(
        f"/tenants/{week.api.house.tenant}/enter", json={}, headers=root
    )
    assert entered.status_code == 200, entered.text
    first = (await request_export(week, root)).json()
    await make_files(week)
    found = await week.api.http.get(f"{PATH}/{first['id']}", headers=root)
    assert found.json()["state"] == "done"

    second = (await request_export(week, root)).json()
    await week.api.house.admin.execute(
        "UPDATE sessions SET acting_until = $1 WHERE acting_until IS NOT NULL",
        database_clock.now(),
    )
    await make_files(week)
    state = await week.api.house.admin.fetchrow(
        "SELECT state, failure FROM report_exports WHERE id = $1", UUID(second["id"])
    )
    assert tuple(state or ()) == ("failed", "not_permitted")


async def test_who_may_not_read_conversations_exports_none(
    week: WeekFixture, boss: dict[str, str]
) -> None:
    await week.api.house.admin.execute(
        "INSERT INTO roles VALUES ($1, 'sums', '{reports:read:all}')", week.api.house.tenant
    )
    await week.api.house.admin.execute("UPDATE users SET role = 'sums' WHERE login LIKE 'admin%'")
    assert_problem(await request_export(week, boss), 403, "forbidden")


async def test_an_export_and_its_download_are_in_the_audit_log(
    week: WeekFixture, boss: dict[str, str]
) -> None:
    job = (await request_export(week, boss)).json()
    await make_files(week)
    await week.api.http.get(f"{PATH}/{job['id']}/file", headers=boss)
    await week.api.http.delete(f"{PATH}/{job['id']}", headers=boss)
    rows = await week.api.house.admin.fetch(
        "SELECT action, after FROM audit WHERE target = $1 ORDER BY id",
        f"report_export:{job['id']}",
    )
    details = {"export": "csv", "metric": "conversations"}
    assert [tuple(row) for row in rows] == [
        ("report_exports.create", details),
        ("conversations.read", details),
        ("report_exports.delete", None),
    ]


async def test_so_many_conversations_are_not_streamed_but_made_in_the_background(
    week: WeekFixture, boss: dict[str, str]
) -> None:
    await week.api.house.admin.execute(
        "INSERT INTO conversations SELECT r.* FROM (SELECT * FROM conversations"
        " WHERE status = 'resolved' LIMIT 1) c, generate_series(1, $1) n,"
        " jsonb_populate_record(NULL::conversations, to_jsonb(c)"
        " || jsonb_build_object('id', uuidv7(), 'protocol', c.protocol || '-' || n)) r",
        MAX_STREAMED_ROWS,
    )
    await week.api.house.admin.execute(
        "INSERT INTO analytics.conversation_measures SELECT r.* FROM conversations v"
        " CROSS JOIN (SELECT m.* FROM analytics.conversation_measures m"
        " WHERE resolved_at IS NOT NULL LIMIT 1) m,"
        " jsonb_populate_record(NULL::analytics.conversation_measures, to_jsonb(m)"
        " || jsonb_build_object('conversation_id', v.id)) r WHERE v.protocol LIKE '%-%'"
    )
    streamed = await week.api.http.get("/reports/export/conversations", params=ALL, headers=boss)
    assert_problem(streamed, 409, "export_too_large")

    job = (await request_export(week, boss)).json()
    await make_files(week)
    file = await week.api.http.get(f"{PATH}/{job['id']}/file", headers=boss)
    protocols = protocols_in(file.content)
    assert len(set(protocols)) == len(protocols) == CONVERSATIONS + MAX_STREAMED_ROWS
