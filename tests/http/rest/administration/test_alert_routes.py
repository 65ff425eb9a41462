"""Alert rules and alerts over the API."""

from typing import Any
from uuid import uuid4

import pytest

from niochat.alerts.alert_evaluator import AlertEvaluator
from niochat.alerts.alert_rule_store import MAX_RULES
from tests.http.rest.conftest import RestApiFixture, assert_problem

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]

QUEUE = {
    "name": "Fila grande",
    "kind": "queue_long",
    "threshold": 1,
    "clear_threshold": 0,
    "hold_minutes": 0,
    "emails": ["Dono@example.com"],
    "quiet_from": "22:00",
    "quiet_until": "07:00",
}


async def test_a_rule_is_made_read_changed_and_deleted(rest_api: RestApiFixture) -> None:
    _, headers = await rest_api.add_signed_in_user("admin")
    made = await rest_api.http.post("/alert-rules", json=QUEUE, headers=headers)
    assert made.status_code == 201, made.text
    rule = made.json()
    assert {key: rule[key] for key in ("kind", "threshold", "active", "value", "alert_id")} == {
        "kind": "queue_long",
        "threshold": 1,
        "active": True,
        "value": None,
        "alert_id": None,
    }
    assert (rule["quiet_from"], rule["webhook_secret"]) == ("22:00:00", None)

    path = f"/alert-rules/{rule['id']}"
    stale = await rest_api.http.put(path, json=QUEUE, headers={**headers, "if-match": '"7"'})
    assert_problem(stale, 412, "stale")
    changed = await rest_api.http.put(
        path, json={**QUEUE, "threshold": 5}, headers={**headers, "if-match": made.headers["etag"]}
    )
    assert (changed.json()["threshold"], changed.json()["version"]) == (5, 2)
    assert (await rest_api.http.get("/alert-rules", headers=headers)).json() == [changed.json()]

    assert (await rest_api.http.delete(path, headers=headers)).status_code == 204
    assert_problem(await rest_api.http.get(path, headers=headers), 404, "not_found")


async def test_the_secret_of_a_webhook_is_told_once(rest_api: RestApiFixture) -> None:
    _, headers = await rest_api.add_signed_in_user("admin")
    body = {**QUEUE, "webhook_url": "https://alertas.example.com/nio"}
    made = (await rest_api.http.post("/alert-rules", json=body, headers=headers)).json()
    assert made["webhook_secret"].startswith("whsec_")
    path = f"/alert-rules/{made['id']}"
    anew = {**headers, "if-match": "*"}
    assert (await rest_api.http.get(path, headers=headers)).json()["webhook_secret"] is None
    same = (await rest_api.http.put(path, json=body, headers=anew)).json()
    assert same["webhook_secret"] is None
    moved = {**body, "webhook_url": "https://outro.example.com/nio"}
    other = (await rest_api.http.put(path, json=moved, headers=anew)).json()
    assert other["webhook_secret"] not in (None, made["webhook_secret"])
    stored = await rest_api.house.admin.fetchval("SELECT secret_sealed FROM alert_rules")
    assert other["webhook_secret"].encode() not in stored


@pytest.mark.parametrize(
    ("changes", "status", "code", "word"),
    [
        ({"kind": "weather"}, 422, "invalid", "kind"),
        ({"threshold": "many"}, 422, "invalid", "threshold"),
        ({"threshold": 0}, 400, "bad_alert_rule", "threshold"),
        ({"clear_threshold": 2}, 400, "bad_alert_rule", "clear_threshold"),
        ({"window_minutes": 60}, 400, "bad_alert_rule", "window_minutes"),
        ({"kind": "rating_low", "clear_threshold": 1}, 400, "bad_alert_rule", "window_minutes"),
        ({"hold_minutes": -1}, 422, "invalid", "hold_minutes"),
        ({"team": "nenhuma"}, 400, "no_team", "nenhuma"),
        ({"emails": ["nobody"]}, 422, "invalid", "emails"),
        ({"emails": ["a@example.com", "A@example.com"]}, 422, "invalid", "twice"),
        ({"quiet_until": None}, 400, "bad_alert_rule", "quiet"),
        ({"quiet_from": "22:00Z"}, 422, "invalid", "quiet_from"),
        ({"webhook_url": "ftp://example.com"}, 422, "invalid", "webhook_url"),
        ({"webhook_url": "http://127.0.0.1/x"}, 400, "private_address", "private"),
        ({"name": ""}, 422, "invalid", "name"),
        ({"color": "red"}, 422, "invalid", "color"),
    ],
)
async def test_a_bad_rule_is_refused_with_what_to_do(
    rest_api: RestApiFixture, changes: dict[str, Any], status: int, code: str, word: str
) -> None:
    _, headers = await rest_api.add_signed_in_user("admin")
    answer = await rest_api.http.post("/alert-rules", json={**QUEUE, **changes}, headers=headers)
    assert_problem(answer, status, code)
    assert word in answer.text
    assert await rest_api.given.count("alert_rules") == 0


async def test_alerts_come_in_pages_and_by_whether_they_last(rest_api: RestApiFixture) -> None:
    _, headers = await rest_api.add_signed_in_user("admin")
    tenant = rest_api.house.tenant
    for number in range(5):
        await rest_api.house.admin.execute(
            "INSERT INTO alerts (tenant_id, rule_id, name, kind, threshold, value, worst,"
            " started_at, ended_at) VALUES ($1, $2, $3, 'queue_long', 1, 1, 1,"
            " now() - make_interval(mins => $4), CASE WHEN $4 > 1 THEN now() END)",
            tenant,
            uuid4(),
            f"regra {number}",
            number,
        )
    first = (await rest_api.http.get("/alerts?limit=3", headers=headers)).json()
    rest = await rest_api.http.get(
        "/alerts", params={"limit": 3, "cursor": first["next_cursor"]}, headers=headers
    )
    names = [alert["name"] for alert in first["items"] + rest.json()["items"]]
    assert names == [f"regra {number}" for number in range(5)]
    assert rest.json()["next_cursor"] is None
    lasting = (await rest_api.http.get("/alerts?lasting=true", headers=headers)).json()["items"]
    assert [alert["name"] for alert in lasting] == ["regra 0", "regra 1"]


async def test_an_alert_says_who_was_told(rest_api: RestApiFixture) -> None:
    _, headers = await rest_api.add_signed_in_user("admin")
    conversation = await rest_api.conversation(None, "oi")
    await rest_api.house.admin.execute(
        "UPDATE conversations SET status = 'waiting', waiting_since = now() WHERE id = $1",
        conversation.id,
    )
    await rest_api.http.post("/alert-rules", json=QUEUE, headers=headers)

    async def announce(tenant_id: object) -> None:
        assert tenant_id == rest_api.house.tenant

    database = rest_api.house.database
    await AlertEvaluator(database, database, announce).run_once()
    (alert,) = (await rest_api.http.get("/alerts", headers=headers)).json()["items"]
    (notice,) = alert["notices"]
    assert (alert["value"], alert["ended_at"]) == (1, None)
    assert (notice["way"], notice["recipient"], notice["change"]) == (
        "email",
        "Dono@example.com",
        "started",
    )
    (rule,) = (await rest_api.http.get("/alert-rules", headers=headers)).json()
    assert (rule["alert_id"], rule["value"]) == (alert["id"], 1)


async def test_there_is_a_limit_of_rules(rest_api: RestApiFixture) -> None:
    _, headers = await rest_api.add_signed_in_user("admin")
    made = await rest_api.http.post("/alert-rules", json=QUEUE, headers=headers)
    assert made.status_code == 201
    await rest_api.house.admin.execute(
        "INSERT INTO alert_rules (tenant_id, name, kind, threshold, clear_threshold, hold_minutes)"
        " SELECT $1, 'x', 'queue_long', 1, 1, 0 FROM generate_series(2, $2)",
        rest_api.house.tenant,
        MAX_RULES,
    )
    full = await rest_api.http.post("/alert-rules", json=QUEUE, headers=headers)
    assert_problem(full, 409, "too_many_rules")
