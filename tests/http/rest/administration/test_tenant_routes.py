"""Superusers make providers, change what they may use, suspend and resume them."""

from uuid import uuid4

import pytest

from tests.builders import RowBuilder
from tests.http.rest.conftest import RestApiFixture, assert_problem

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]

NEW = {"slug": "rede-sul", "name": "Rede Sul", "timezone": "America/Recife", "plan": "enterprise"}


async def test_a_provider_is_made_with_its_team_and_can_be_entered(
    rest_api: RestApiFixture, given: RowBuilder
) -> None:
    _, headers = await rest_api.add_signed_in_user("superuser")
    made = await rest_api.http.post("/tenants", json=NEW, headers=headers)
    assert made.status_code == 201, made.text
    told = made.json()
    assert {name: told[name] for name in NEW} == NEW
    assert told["status"] == "active"
    assert told["limits"]["session_idle_minutes"] == 720
    assert told["limits"]["turns_per_minute"] is None
    assert (await rest_api.http.get(f"/tenants/{told['id']}", headers=headers)).json() == told
    assert [str(each) for each in rest_api.announced] == [told["id"]]

    entered = await rest_api.http.post(f"/tenants/{told['id']}/enter", json={}, headers=headers)
    assert entered.status_code == 200
    teams = (await rest_api.http.get("/teams", headers=headers)).json()
    assert [each["slug"] for each in teams] == ["atendimento"]
    log = (await rest_api.http.get("/audit", headers=headers)).json()["items"]
    assert "tenants.create" in {each["action"] for each in log}


async def test_a_slug_is_one_providers_and_a_bad_one_says_what_to_change(
    rest_api: RestApiFixture, given: RowBuilder
) -> None:
    _, headers = await rest_api.add_signed_in_user("superuser")
    before = await given.count("tenants")
    for change in (
        {"slug": "Rede Sul"},
        {"name": ""},
        {"timezone": "Recife"},
        {"plan": "ouro"},
        {"suspended": True},
    ):
        refused = await rest_api.http.post("/tenants", json={**NEW, **change}, headers=headers)
        assert_problem(refused, 422, "invalid")
    assert (await rest_api.http.post("/tenants", json=NEW, headers=headers)).status_code == 201
    assert_problem(
        await rest_api.http.post("/tenants", json=NEW, headers=headers), 409, "slug_taken"
    )
    assert await given.count("tenants") == before + 1


async def test_name_plan_and_limits_are_changed_and_written_down(
    rest_api: RestApiFixture, given: RowBuilder
) -> None:
    _, headers = await rest_api.add_signed_in_user("superuser")
    tenant = rest_api.house.tenant
    await rest_api.house.admin.execute(
        "INSERT INTO assistants (tenant_id, endpoint, model, api_key_sealed)"
        " VALUES ($1, 'http://m.invalid', 'm', '\\x00')",
        tenant,
    )
    (version,) = await given.rows("SELECT config_version FROM tenants")
    limits = {"turns_per_minute": 30, "session_idle_minutes": 60}
    change = {"name": "Outro", "plan": "basico", "limits": limits}
    told = await rest_api.http.patch(f"/tenants/{tenant}", json=change, headers=headers)
    assert told.status_code == 200, told.text
    body = told.json()
    assert (body["name"], body["plan"]) == ("Outro", "basico")
    assert {name: body["limits"][name] for name in limits} == limits
    assert body["limits"]["turns_at_once"] == 100
    assert await given.rows("SELECT config_version FROM tenants") == [version + 1]
    assert rest_api.announced == [tenant]

    same = await rest_api.http.patch(f"/tenants/{tenant}", json=change, headers=headers)
    assert same.json() == body
    (after,) = await given.rows("SELECT after FROM audit WHERE action = 'tenants.change'")
    assert (after["plan"], after["turns_per_minute"]) == ("basico", 30)
    assert "Outro" not in str(after)


async def test_a_limit_of_what_a_provider_has_not_is_refused_and_nothing_is_changed(
    rest_api: RestApiFixture, given: RowBuilder
) -> None:
    _, headers = await rest_api.add_signed_in_user("superuser")
    path = f"/tenants/{rest_api.house.tenant}"
    for limit, code in (("turns_at_once", "no_assistant"), ("erp_calls_at_once", "no_erp")):
        change = {"name": "Outro", "limits": {"session_idle_minutes": 9, limit: 3}}
        assert_problem(await rest_api.http.patch(path, json=change, headers=headers), 409, code)
    for limits in ({"turns_at_once": 0}, {"session_idle_minutes": 4}, {"other": 1}):
        refused = await rest_api.http.patch(path, json={"limits": limits}, headers=headers)
        assert_problem(refused, 422, "invalid")
    told = (await rest_api.http.get(path, headers=headers)).json()
    assert told["name"] != "Outro"
    assert told["limits"]["session_idle_minutes"] == 720
    assert await given.count("audit", "action = 'tenants.change'") == 0


async def test_people_of_a_suspended_provider_are_refused_with_the_reason_until_it_is_resumed(
    rest_api: RestApiFixture, given: RowBuilder
) -> None:
    _, root = await rest_api.add_signed_in_user("superuser")
    _, theirs = await rest_api.add_signed_in_user("admin")
    visit = await rest_api.conversation()
    path = f"/tenants/{rest_api.house.tenant}"

    for _ in range(2):
        told = await rest_api.http.post(f"{path}/suspend", headers=root)
        assert told.json()["status"] == "suspended", told.text
    assert_problem(await rest_api.http.get("/users", headers=theirs), 403, "tenant_suspended")
    assert rest_api.house.tenant in rest_api.changed
    await rest_api.host.run(visit.thread)
    (pending,) = await given.rows("SELECT count(*) FROM inbox WHERE processed_at IS NULL")
    assert pending == 0
    assert await given.count("audit", "action = 'tenants.suspend'") == 1

    assert (await rest_api.http.post(f"{path}/resume", headers=root)).json()["status"] == "active"
    assert (await rest_api.http.get("/users", headers=theirs)).status_code == 200


async def test_what_there_is_not_cannot_be_changed(rest_api: RestApiFixture) -> None:
    _, headers = await rest_api.add_signed_in_user("superuser")
    path = f"/tenants/{uuid4()}"
    for method, place, body in (
        ("GET", path, None),
        ("PATCH", path, {"name": "x"}),
        ("POST", f"{path}/suspend", None),
        ("POST", f"{path}/resume", None),
    ):
        answer = await rest_api.http.request(method, place, json=body, headers=headers)
        assert_problem(answer, 404, "not_found")
