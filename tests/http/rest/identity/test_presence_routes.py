"""Over the API: agents come, pause and go; administrators say how much they get."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from niochat.domain.conversation import commands as cmd
from tests.builders import RowBuilder, insert_commands
from tests.http.rest.conftest import RestApiFixture, assert_problem

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]
TEAM = "atendimento"


async def says(
    rest_api: RestApiFixture, who: dict[str, str], state: str, **more: object
) -> httpx.Response:
    return await rest_api.http.put("/presence/me", json={"state": state, **more}, headers=who)


async def joins_team(rest_api: RestApiFixture, user: UUID) -> None:
    await rest_api.given.admin.execute(
        "INSERT INTO team_members VALUES ($1, $2, $3)", rest_api.house.tenant, TEAM, user
    )


async def assigning(
    rest_api: RestApiFixture, headers: dict[str, str], how: str = "round_robin"
) -> None:
    body = {"name": "Atendimento", "assignment": how}
    put = await rest_api.http.put(f"/teams/{TEAM}", json=body, headers=headers)
    assert put.status_code == 204, put.text


async def test_an_agent_comes_pauses_and_goes(rest_api: RestApiFixture) -> None:
    ana, who = await rest_api.add_signed_in_user("agent")
    before = (await rest_api.http.get("/presence/me", headers=who)).json()
    assert (before["state"], before["since"], before["reason"]) == ("offline", None, None)
    assert (before["load"], before["capacity"], before["user_id"]) == (0, 5, str(ana))

    assert (await says(rest_api, who, "online")).json()["state"] == "online"
    paused = (await says(rest_api, who, "away", reason="lunch")).json()
    assert (paused["state"], paused["reason"]) == ("away", "lunch")
    assert (await says(rest_api, who, "offline")).json()["state"] == "offline"
    assert (await rest_api.http.get("/presence/me", headers=who)).json()["state"] == "offline"

    changes = await rest_api.given.rows("SELECT state || reason FROM presence_changes ORDER BY at")
    assert changes == ["online", "awaylunch", "offline"]
    log = await rest_api.given.admin.fetch("SELECT * FROM audit WHERE action = 'presence.change'")
    assert [(row["who"], row["after"]["state"]) for row in log] == [
        (str(ana), "online"),
        (str(ana), "away"),
        (str(ana), "offline"),
    ]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"state": "busy"},
        {"state": "online", "reason": "lunch"},
        {"state": "away", "more": 1},
        {"state": "away", "reason": ""},
        {"state": "away", "reason": "Almoço!"},
        {"state": "away", "reason": "x" * 33},
    ],
)
async def test_what_is_no_presence_changes_nothing(
    rest_api: RestApiFixture, body: dict[str, Any]
) -> None:
    _, who = await rest_api.add_signed_in_user("agent")
    told = await rest_api.http.put("/presence/me", json=body, headers=who)

    assert_problem(told, 422, "invalid")
    assert await rest_api.given.count("presences") == 0


async def test_only_who_works_for_a_provider_is_there_or_not(rest_api: RestApiFixture) -> None:
    _, boss = await rest_api.add_signed_in_user("admin")
    made = await rest_api.http.post(
        "/api-keys",
        json={"name": "erp", "permissions": ["presence:write", "users:read"]},
        headers=boss,
    )
    key = {"authorization": f"Bearer {made.json()['key']}"}
    assert_problem(await says(rest_api, key, "online"), 403, "users_only")
    assert (await rest_api.http.get("/presence", headers=key)).status_code == 200
    _, root = await rest_api.add_signed_in_user("superuser")
    await rest_api.http.post(f"/tenants/{rest_api.house.tenant}/enter", json={}, headers=root)
    for told in (
        await says(rest_api, root, "online"),
        await rest_api.http.get("/presence/me", headers=root),
    ):
        assert_problem(told, 403, "users_only")


async def test_who_comes_is_given_what_waits(rest_api: RestApiFixture) -> None:
    ana, who = await rest_api.add_signed_in_user("agent")
    await joins_team(rest_api, ana)
    _, boss = await rest_api.add_signed_in_user("admin")
    await assigning(rest_api, boss)
    visit = await rest_api.conversation()
    moved = {"team": TEAM}
    await rest_api.http.post(f"/conversations/{visit.id}/transfer", json=moved, headers=boss)
    assert rest_api.looks == []

    await says(rest_api, who, "online")

    assert rest_api.looks == [(rest_api.house.tenant, TEAM)]
    (thread,) = (await rest_api.queues.assign(*rest_api.looks[0])).threads
    me = (await rest_api.http.get("/presence/me", headers=who)).json()
    assert me["load"] == 1, "what is on its way counts"
    await rest_api.host.run(thread)
    seen = (await rest_api.http.get(f"/conversations/{visit.id}", headers=who)).json()
    assert (seen["status"], seen["agent"], seen["team"]) == ("open", str(ana), TEAM)


async def test_who_goes_gives_back_what_is_unanswered_at_once(
    rest_api: RestApiFixture, given: RowBuilder
) -> None:
    ana, who = await rest_api.add_signed_in_user("agent")
    await joins_team(rest_api, ana)
    await says(rest_api, who, "online")
    visit = await rest_api.conversation()
    await insert_commands(
        rest_api.host, visit.place, visit.thread, [cmd.AssignConversation(str(ana))]
    )
    await rest_api.host.run(visit.thread)

    await says(rest_api, who, "offline")

    await rest_api.host.run(visit.thread)
    rows = await given.rows("SELECT status || ':' || team FROM conversations")
    assert rows == [f"waiting:{TEAM}"]


async def test_an_administrator_sets_capacities_and_sends_people_home(
    rest_api: RestApiFixture,
) -> None:
    ana, who = await rest_api.add_signed_in_user("agent")
    _, boss = await rest_api.add_signed_in_user("admin")
    await says(rest_api, who, "online")
    place = f"/presence/{ana}"
    for body, expected in (
        ({"capacity": 2}, ("online", 2)),
        ({}, ("online", 2)),
        ({"capacity": None}, ("online", 5)),
        ({"capacity": 0, "offline": True}, ("offline", 0)),
    ):
        told = (await rest_api.http.put(place, json=body, headers=boss)).json()
        assert (told["state"], told["capacity"]) == expected
    for bad in ({"capacity": -1}, {"capacity": 101}, {"capacity": "x"}, {"state": "online"}):
        assert_problem(await rest_api.http.put(place, json=bad, headers=boss), 422, "invalid")
    assert_problem(
        await rest_api.http.put(place, json={"capacity": 9}, headers=who), 403, "forbidden"
    )


async def test_another_providers_people_are_as_unknown_as_any(
    rest_api: RestApiFixture, given: RowBuilder
) -> None:
    foreign = await given.tenant()
    stranger, theirs = await rest_api.add_signed_in_user("agent", foreign)
    await says(rest_api, theirs, "online")
    _, boss = await rest_api.add_signed_in_user("admin")

    told = [
        await rest_api.http.put(f"/presence/{user}", json={"capacity": 1}, headers=boss)
        for user in (stranger, uuid4())
    ]
    for each in told:
        assert_problem(each, 404, "not_found")
    assert told[0].json() == told[1].json()
    listed = (await rest_api.http.get("/presence", headers=boss)).json()
    assert str(stranger) not in {each["user_id"] for each in listed}
    (row,) = await given.rows("SELECT capacity FROM presences WHERE user_id = $1", stranger)
    assert row is None


async def test_who_is_put_out_is_there_no_more(rest_api: RestApiFixture) -> None:
    ana, who = await rest_api.add_signed_in_user("agent")
    await joins_team(rest_api, ana)
    _, boss = await rest_api.add_signed_in_user("admin")
    await says(rest_api, who, "online")
    await rest_api.http.patch(f"/users/{ana}", json={"disabled": True}, headers=boss)

    assert await rest_api.given.rows("SELECT state || ':' || reason FROM presences") == [
        "offline:disabled"
    ]
    assert str(ana) not in (await rest_api.http.get("/presence", headers=boss)).text


async def test_how_a_team_assigns_is_kept_where_it_is_left_out(rest_api: RestApiFixture) -> None:
    _, boss = await rest_api.add_signed_in_user("admin")

    async def way() -> str:
        (team,) = (await rest_api.http.get("/teams", headers=boss)).json()
        return str(team["assignment"])

    assert await way() == "manual"
    await assigning(rest_api, boss, "balanced")
    await rest_api.http.put(f"/teams/{TEAM}", json={"name": "Central"}, headers=boss)
    assert await way() == "balanced"
    bad = {"name": "Central", "assignment": "random"}
    assert_problem(
        await rest_api.http.put(f"/teams/{TEAM}", json=bad, headers=boss), 422, "invalid"
    )
    made = await rest_api.http.put("/teams/vendas", json={"name": "Vendas"}, headers=boss)
    assert made.status_code == 204
    log = (await rest_api.http.get("/audit", headers=boss)).json()["items"]
    assert log[0]["after"] == {"name": "Vendas", "assignment": "balanced"}
