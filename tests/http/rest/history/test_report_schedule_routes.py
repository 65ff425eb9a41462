"""Scheduled reports over the API."""

from typing import Any
from uuid import uuid4

import pytest

from niochat.insights.schedules.schedule_store import MAX_SCHEDULES
from tests.http.rest.conftest import RestApiFixture, assert_problem

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]

PATH = "/report-schedules"
WEEKLY: dict[str, Any] = {
    "name": "Semana",
    "metrics": ["conversations", "rating"],
    "group_by": "agent",
    "cadence": "week",
    "recipients": ["Dono@example.com"],
}


async def test_a_schedule_is_made_read_changed_sent_and_deleted(rest_api: RestApiFixture) -> None:
    _, headers = await rest_api.add_signed_in_user("admin")
    made = await rest_api.http.post(PATH, json=WEEKLY, headers=headers)
    assert made.status_code == 201, made.text
    schedule = made.json()
    assert {key: schedule[key] for key in ("group_by", "hour", "file_format", "sent_at")} == {
        "group_by": "agent",
        "hour": 8,
        "file_format": "pdf",
        "sent_at": None,
    }
    path = f"{PATH}/{schedule['id']}"
    stale = await rest_api.http.put(path, json=WEEKLY, headers={**headers, "if-match": '"7"'})
    assert_problem(stale, 412, "stale")
    changed = await rest_api.http.put(
        path,
        json={**WEEKLY, "filters": {"team": "none"}, "hour": 7},
        headers={**headers, "if-match": made.headers["etag"]},
    )
    assert (changed.json()["hour"], changed.json()["version"]) == (7, 2)
    assert changed.json()["filters"] == {"team": "none"}
    assert (await rest_api.http.get(PATH, headers=headers)).json() == [changed.json()]

    sent = await rest_api.http.post(f"{path}/send", headers=headers)
    assert sent.status_code == 202
    assert sent.json()["next_at"] < changed.json()["next_at"]
    assert (await rest_api.http.delete(path, headers=headers)).status_code == 204
    assert_problem(await rest_api.http.post(f"{path}/send", headers=headers), 404, "not_found")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"metrics": ["love"]}, "metric"),
        ({"metrics": []}, "metrics"),
        ({"metrics": ["online_time"], "group_by": "day"}, "group_by"),
        ({"recipients": []}, "recipients"),
        ({"recipients": ["ninguém"]}, "recipients"),
        ({"recipients": ["a@example.com", "A@example.com"]}, "recipients"),
        ({"recipients": [f"a{n}@example.com" for n in range(11)]}, "recipients"),
        ({"hour": 24}, "hour"),
        ({"cadence": "year"}, "cadence"),
        ({"file_format": "docx"}, "file_format"),
        ({"filters": {"moon": "full"}}, "moon"),
        ({"name": " "}, "name"),
    ],
)
async def test_bad_input_names_its_field_and_changes_nothing(
    rest_api: RestApiFixture, change: dict[str, Any], field: str
) -> None:
    _, headers = await rest_api.add_signed_in_user("admin")
    answer = await rest_api.http.post(PATH, json={**WEEKLY, **change}, headers=headers)
    assert field in str(assert_problem(answer, 422, "invalid")["errors"])
    assert await rest_api.given.count("report_schedules") == 0


async def test_only_who_reads_all_reports_may_schedule_them(rest_api: RestApiFixture) -> None:
    await rest_api.house.admin.execute(
        "INSERT INTO roles (tenant_id, name, permissions) VALUES ($1, 'half', $2)",
        rest_api.house.tenant,
        ["settings:read", "settings:write", "reports:read:team"],
    )
    _, headers = await rest_api.add_signed_in_user("half")
    refused = await rest_api.http.post(PATH, json=WEEKLY, headers=headers)
    assert "reports:read" in assert_problem(refused, 403, "forbidden")["title"]
    _, agent = await rest_api.add_signed_in_user("agent")
    assert_problem(await rest_api.http.get(PATH, headers=agent), 403, "forbidden")
    assert await rest_api.given.count("report_schedules") == 0


async def test_a_paused_schedule_is_not_sent_and_their_number_is_limited(
    rest_api: RestApiFixture,
) -> None:
    _, headers = await rest_api.add_signed_in_user("admin")
    made = await rest_api.http.post(PATH, json={**WEEKLY, "active": False}, headers=headers)
    paused = await rest_api.http.post(f"{PATH}/{made.json()['id']}/send", headers=headers)
    assert_problem(paused, 409, "schedule_paused")
    assert_problem(
        await rest_api.http.post(f"{PATH}/{uuid4()}/send", headers=headers), 404, "not_found"
    )
    await rest_api.house.admin.execute(
        "INSERT INTO report_schedules (tenant_id, name, metrics, grouping, cadence, hour,"
        " file_format, language, recipients, next_at) SELECT tenant_id, name || n, metrics,"
        " grouping, cadence, hour, file_format, language, recipients, next_at"
        " FROM report_schedules, generate_series(2, $1) AS n",
        MAX_SCHEDULES,
    )
    full = await rest_api.http.post(PATH, json=WEEKLY, headers=headers)
    assert_problem(full, 409, "too_many_schedules")
