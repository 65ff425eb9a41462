"""SLA policies over the API."""

from typing import Any
from uuid import uuid4

import pytest

from niochat.insights.sla.sla_policy_store import MAX_POLICIES
from tests.http.rest.conftest import RestApiFixture, assert_problem

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]

GOLD: dict[str, Any] = {
    "name": "Ouro",
    "position": 1,
    "priorities": ["urgent", "high"],
    "labels": ["vip"],
    "first_answer_s": 300,
    "resolution_s": 14_400,
}


async def test_a_policy_is_made_read_changed_and_deleted(rest_api: RestApiFixture) -> None:
    _, headers = await rest_api.add_signed_in_user("admin")
    made = await rest_api.http.post("/sla-policies", json=GOLD, headers=headers)
    assert made.status_code == 201, made.text
    policy = made.json()
    assert {name: policy[name] for name in ("priorities", "business_hours", "warn_percent")} == {
        "priorities": ["high", "urgent"],
        "business_hours": True,
        "warn_percent": 80,
    }

    path = f"/sla-policies/{policy['id']}"
    stale = await rest_api.http.put(path, json=GOLD, headers={**headers, "if-match": '"7"'})
    assert_problem(stale, 412, "stale")
    changed = await rest_api.http.put(
        path,
        json={**GOLD, "next_answer_s": 60},
        headers={**headers, "if-match": made.headers["etag"]},
    )
    assert (changed.json()["next_answer_s"], changed.json()["version"]) == (60, 2)
    assert (await rest_api.http.get("/sla-policies", headers=headers)).json() == [changed.json()]

    assert (await rest_api.http.delete(path, headers=headers)).status_code == 204
    assert_problem(await rest_api.http.get(path, headers=headers), 404, "not_found")


async def test_policies_are_listed_in_the_order_in_which_they_are_tried(
    rest_api: RestApiFixture,
) -> None:
    _, headers = await rest_api.add_signed_in_user("admin")
    for name, position in (("Resto", 9), ("Ouro", 1), ("Prata", 5)):
        body = {**GOLD, "name": name, "position": position}
        await rest_api.http.post("/sla-policies", json=body, headers=headers)

    listed = (await rest_api.http.get("/sla-policies", headers=headers)).json()

    assert [each["name"] for each in listed] == ["Ouro", "Prata", "Resto"]


@pytest.mark.parametrize(
    ("changes", "status", "code", "word"),
    [
        ({"first_answer_s": None, "resolution_s": None}, 400, "bad_sla_policy", "first answer"),
        ({"first_answer_s": 0}, 422, "invalid", "first_answer_s"),
        ({"warn_percent": 100}, 422, "invalid", "warn_percent"),
        ({"priorities": ["huge"]}, 422, "invalid", "priorities"),
        ({"teams": ["nenhuma"]}, 400, "no_team", "nenhuma"),
        ({"name": ""}, 422, "invalid", "name"),
    ],
)
async def test_a_policy_that_does_not_fit_is_refused(
    rest_api: RestApiFixture, changes: dict[str, Any], status: int, code: str, word: str
) -> None:
    _, headers = await rest_api.add_signed_in_user("admin")

    refused = await rest_api.http.post("/sla-policies", json=GOLD | changes, headers=headers)

    assert_problem(refused, status, code)
    assert word in refused.text
    assert await rest_api.house.admin.fetchval("SELECT count(*) FROM sla_policies") == 0


async def test_only_who_may_write_settings_changes_policies(rest_api: RestApiFixture) -> None:
    _, admin = await rest_api.add_signed_in_user("admin")
    _, agent = await rest_api.add_signed_in_user("agent")
    made = (await rest_api.http.post("/sla-policies", json=GOLD, headers=admin)).json()

    for method, path in (
        ("GET", "/sla-policies"),
        ("POST", "/sla-policies"),
        ("PUT", f"/sla-policies/{made['id']}"),
        ("DELETE", f"/sla-policies/{made['id']}"),
    ):
        refused = await rest_api.http.request(method, path, json=GOLD, headers=agent)
        assert refused.status_code == 403, (method, path)


async def test_there_is_a_limit(rest_api: RestApiFixture) -> None:
    _, headers = await rest_api.add_signed_in_user("admin")
    await rest_api.http.post("/sla-policies", json=GOLD, headers=headers)
    await rest_api.house.admin.execute(
        "INSERT INTO sla_policies (tenant_id, name, position, resolution_s)"
        " SELECT tenant_id, 'x', 1, 60 FROM sla_policies, generate_series(2, $1)",
        MAX_POLICIES,
    )
    refused = await rest_api.http.post(
        "/sla-policies", json=GOLD, headers={**headers, "idempotency-key": str(uuid4())}
    )
    assert_problem(refused, 409, "too_many_policies")
