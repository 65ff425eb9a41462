"""Putting off, sorting, taking up again, and lists by waiting time: over the API."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.http.rest.conftest import ConversationFixture, RestApiFixture, assert_problem

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]
Who = dict[str, str]


async def act(
    rest_api: RestApiFixture, visit: ConversationFixture, what: str, who: Who, **body: object
) -> httpx.Response:
    method = "PUT" if what in ("labels", "priority") else "POST"
    return await rest_api.http.request(
        method, f"/conversations/{visit.id}/{what}", json=body, headers=who
    )


async def row(rest_api: RestApiFixture, visit: ConversationFixture, who: Who) -> dict[str, Any]:
    told: dict[str, Any] = (
        await rest_api.http.get(f"/conversations/{visit.id}", headers=who)
    ).json()
    return told


async def listed(rest_api: RestApiFixture, who: Who, **query: Any) -> list[str]:
    told = await rest_api.http.get("/conversations", params=query, headers=who)
    assert told.status_code == 200, told.text
    return [each["id"] for each in told.json()["items"]]


def tomorrow() -> str:
    return (datetime.now(UTC) + timedelta(days=1)).isoformat()


async def test_a_conversation_is_put_off_sorted_and_found_so(rest_api: RestApiFixture) -> None:
    _, who = await rest_api.add_signed_in_user("agent")
    visit = await rest_api.conversation()
    assert_problem(
        await act(rest_api, visit, "snooze", who, until=tomorrow()), 409, "not_taken_over"
    )
    await act(rest_api, visit, "assign", who)

    assert (await act(rest_api, visit, "labels", who, labels=["vip", "boleto"])).status_code == 200
    assert (await act(rest_api, visit, "priority", who, priority="urgent")).status_code == 200
    assert (await act(rest_api, visit, "snooze", who, until=tomorrow())).status_code == 200

    found = await row(rest_api, visit, who)
    assert (found["labels"], found["priority"], found["status"]) == (
        ["boleto", "vip"],
        "urgent",
        "snoozed",
    )
    assert found["snoozed_until"] is not None
    assert await listed(rest_api, who, label="vip") == [str(visit.id)]
    assert await listed(rest_api, who, label="outra") == []


async def test_who_waits_longest_comes_first_page_by_page(rest_api: RestApiFixture) -> None:
    _, who = await rest_api.add_signed_in_user("admin")
    visits = [await rest_api.conversation() for _ in range(5)]
    for visit in reversed(visits):
        await act(rest_api, visit, "transfer", who, team="atendimento")
    await act(rest_api, visits[2], "assign", who)
    await act(rest_api, visits[2], "messages", who, text="pronto")
    waiting = [str(visits[each].id) for each in (4, 3, 1, 0)]

    assert await listed(rest_api, who, sort="waiting") == waiting
    first = await rest_api.http.get(
        "/conversations", params={"sort": "waiting", "limit": 3}, headers=who
    )
    cursor = first.json()["next_cursor"]
    assert [each["id"] for each in first.json()["items"]] == waiting[:3]
    assert await listed(rest_api, who, sort="waiting", limit=3, cursor=cursor) == waiting[3:]


async def test_a_resolved_conversation_is_reopened_by_who_takes_it_up(
    rest_api: RestApiFixture,
) -> None:
    ana, who = await rest_api.add_signed_in_user("agent")
    visit = await rest_api.conversation()
    await act(rest_api, visit, "assign", who)
    await act(rest_api, visit, "resolve", who)
    assert (await act(rest_api, visit, "reopen", who)).json()["done"]

    found = await row(rest_api, visit, who)
    assert (found["status"], found["agent"], found["resolved_at"]) == ("open", str(ana), None)
    assert (await act(rest_api, visit, "messages", who, text="de novo")).status_code == 200


@pytest.mark.parametrize(
    ("what", "body", "status", "code"),
    [
        ("snooze", {"until": "2020-01-01T00:00:00Z"}, 409, "bad_moment"),
        ("snooze", {"until": "2099-01-01T00:00:00Z"}, 409, "bad_moment"),
        ("snooze", {"until": "2027-01-01T00:00:00"}, 422, "invalid"),
        ("snooze", {}, 422, "invalid"),
        ("labels", {"labels": ["Com Espaço"]}, 422, "invalid"),
        ("labels", {"labels": [f"l{n}" for n in range(21)]}, 422, "invalid"),
        ("priority", {"priority": "asap"}, 422, "invalid"),
    ],
)
async def test_bad_input_says_what_to_change_and_changes_nothing(
    rest_api: RestApiFixture, what: str, body: dict[str, object], status: int, code: str
) -> None:
    _, who = await rest_api.add_signed_in_user("admin")
    visit = await rest_api.conversation()
    await act(rest_api, visit, "assign", who)
    before = await rest_api.given.count("events")
    assert_problem(await act(rest_api, visit, what, who, **body), status, code)
    assert await rest_api.given.count("events") == before


async def test_nobody_waits_in_what_is_over(rest_api: RestApiFixture) -> None:
    _, who = await rest_api.add_signed_in_user("viewer")
    answer = await rest_api.http.get(
        "/conversations", params={"sort": "waiting", "status": "resolved"}, headers=who
    )
    assert_problem(answer, 400, "invalid")
