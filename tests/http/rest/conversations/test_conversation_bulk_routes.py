"""One act on many conversations: each by itself, and once."""

from typing import Any
from uuid import uuid4

import pytest

from tests.http.rest.conftest import RestApiFixture, assert_problem

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]


async def bulk(
    rest_api: RestApiFixture, who: dict[str, str], ids: list[Any], act: str, **more: object
) -> list[tuple[str, str | None]]:
    named = [str(each) for each in ids]
    body = {"ids": named, "act": act, **more}
    answer = await rest_api.http.post("/conversations/bulk", json=body, headers=who)
    assert answer.status_code == 200, answer.text
    results = answer.json()["results"]
    assert [each["id"] for each in results] == list(dict.fromkeys(named))
    assert all((each["result"] == "refused") == bool(each["title"]) for each in results)
    return [(each["result"], each["code"]) for each in results]


async def test_each_conversation_gets_its_own_result(rest_api: RestApiFixture) -> None:
    ana, who = await rest_api.add_signed_in_user("agent")
    _, boss = await rest_api.add_signed_in_user("admin")
    free, over, others = [await rest_api.conversation() for _ in range(3)]
    await rest_api.http.post(f"/conversations/{over.id}/resolve", json={}, headers=boss)
    await rest_api.house.admin.execute(
        "INSERT INTO teams VALUES ($1, 'cobranca', 'Cobrança')", rest_api.house.tenant
    )
    moved = await rest_api.http.post(
        f"/conversations/{others.id}/transfer", json={"team": "cobranca"}, headers=boss
    )
    assert moved.status_code == 200, moved.text
    ids = [free.id, over.id, others.id, uuid4(), free.id]
    assert await bulk(rest_api, who, ids, "assign") == [
        ("done", None),
        ("refused", "resolved"),
        ("refused", "not_found"),
        ("refused", "not_found"),
    ]
    told = (await rest_api.http.get(f"/conversations/{free.id}", headers=who)).json()
    assert (told["status"], told["agent"]) == ("open", str(ana))


async def test_every_act_does_what_its_own_route_does(rest_api: RestApiFixture) -> None:
    _, who = await rest_api.add_signed_in_user("admin")
    visits = [await rest_api.conversation() for _ in range(2)]
    ids = [each.id for each in visits]

    async def rows(name: str) -> list[Any]:
        return [
            (await rest_api.http.get(f"/conversations/{each}", headers=who)).json()[name]
            for each in ids
        ]

    done = [("done", None)] * 2
    assert await bulk(rest_api, who, ids, "labels", add=["vip", "fibra"]) == done
    await rest_api.http.put(
        f"/conversations/{ids[0]}/labels", json={"labels": ["atraso", "vip"]}, headers=who
    )
    assert await bulk(rest_api, who, ids, "labels", add=["novo"], remove=["vip"]) == done
    assert await rows("labels") == [["atraso", "novo"], ["fibra", "novo"]]
    assert await bulk(rest_api, who, ids, "priority", priority="urgent") == done
    assert await rows("priority") == ["urgent", "urgent"]
    assert (
        await bulk(rest_api, who, ids, "snooze", until="2026-12-24T00:00:00Z")
        == [("refused", "not_taken_over")] * 2
    )
    assert await bulk(rest_api, who, ids, "transfer", team="atendimento", note="veja") == done
    assert await rows("team") == ["atendimento", "atendimento"]
    assert await bulk(rest_api, who, ids, "resolve") == done
    assert await rows("status") == ["resolved", "resolved"]


async def test_a_repeat_under_the_same_key_happens_once(rest_api: RestApiFixture) -> None:
    _, who = await rest_api.add_signed_in_user("admin")
    visit = await rest_api.conversation()
    keyed = {**who, "idempotency-key": "k-1"}
    for _ in range(3):
        assert await bulk(rest_api, keyed, [visit.id], "labels", add=["vip"]) == [("done", None)]
    other = await bulk(rest_api, keyed, [visit.id], "labels", add=["novo"])
    assert other == [("refused", "key_reused")]
    assert await rest_api.given.count("inbox", "command ->> 'type' = 'change_labels'") == 1


@pytest.mark.parametrize(
    "body",
    [
        {"ids": [], "act": "resolve"},
        {"ids": ["x"], "act": "resolve"},
        {"ids": [str(uuid4()) for _ in range(101)], "act": "resolve"},
        {"ids": [str(uuid4())], "act": "burn"},
        {"ids": [str(uuid4())], "act": "transfer"},
        {"ids": [str(uuid4())], "act": "labels"},
        {"ids": [str(uuid4())], "act": "priority"},
        {"ids": [str(uuid4())], "act": "snooze"},
        {"ids": [str(uuid4())], "act": "resolve", "team": "atendimento"},
    ],
)
async def test_what_does_not_fit_the_act_is_refused_as_a_whole(
    rest_api: RestApiFixture, body: dict[str, Any]
) -> None:
    _, who = await rest_api.add_signed_in_user("admin")
    answer = await rest_api.http.post("/conversations/bulk", json=body, headers=who)
    assert_problem(answer, 422, "invalid")


async def test_who_may_only_read_changes_nothing(rest_api: RestApiFixture) -> None:
    visit = await rest_api.conversation()
    _, who = await rest_api.add_signed_in_user("viewer")
    assert await bulk(rest_api, who, [visit.id], "resolve") == [("refused", "forbidden")]
    assert await rest_api.given.rows("SELECT status FROM conversations") == ["pending"]
    assert await rest_api.given.count("audit", "action = 'access.denied'") == 1
    unknown = {"ids": [str(visit.id)], "act": "transfer", "team": "nenhuma"}
    _, boss = await rest_api.add_signed_in_user("admin")
    answer = await rest_api.http.post("/conversations/bulk", json=unknown, headers=boss)
    assert_problem(answer, 400, "no_team")
