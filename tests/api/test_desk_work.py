"""Putting off, sorting, taking up again, and lists by waiting time: over the API."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.api.conftest import ConversationFixture, RestApiFixture, assert_problem

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]
Who = dict[str, str]


async def act(
    desk: RestApiFixture, visit: ConversationFixture, what: str, who: Who, **body: object
) -> httpx.Response:
    method = "PUT" if what in ("labels", "priority") else "POST"
    return await desk.http.request(
        method, f"/conversations/{visit.id}/{what}", json=body, headers=who
    )


async def row(desk: RestApiFixture, visit: ConversationFixture, who: Who) -> dict[str, Any]:
    told: dict[str, Any] = (await desk.http.get(f"/conversations/{visit.id}", headers=who)).json()
    return told


async def listed(desk: RestApiFixture, who: Who, **query: Any) -> list[str]:
    told = await desk.http.get("/conversations", params=query, headers=who)
    assert told.status_code == 200, told.text
    return [each["id"] for each in told.json()["items"]]


def tomorrow() -> str:
    return (datetime.now(UTC) + timedelta(days=1)).isoformat()


async def test_a_conversation_is_put_off_sorted_and_found_so(desk: RestApiFixture) -> None:
    _, who = await desk.add_signed_in_user("agent")
    visit = await desk.conversation()
    assert_problem(await act(desk, visit, "snooze", who, until=tomorrow()), 409, "not_taken_over")
    await act(desk, visit, "assign", who)

    assert (await act(desk, visit, "labels", who, labels=["vip", "boleto"])).status_code == 200
    assert (await act(desk, visit, "priority", who, priority="urgent")).status_code == 200
    assert (await act(desk, visit, "snooze", who, until=tomorrow())).status_code == 200

    found = await row(desk, visit, who)
    assert (found["labels"], found["priority"], found["status"]) == (
        ["boleto", "vip"], "urgent", "snoozed",
    )  # fmt: skip
    assert found["snoozed_until"] is not None
    assert await listed(desk, who, label="vip") == [str(visit.id)]
    assert await listed(desk, who, label="outra") == []


async def test_who_waits_longest_comes_first_page_by_page(desk: RestApiFixture) -> None:
    _, who = await desk.add_signed_in_user("admin")
    visits = [await desk.conversation() for _ in range(5)]
    for visit in reversed(visits):
        await act(desk, visit, "transfer", who, team="atendimento")
    await act(desk, visits[2], "assign", who)
    await act(desk, visits[2], "messages", who, text="pronto")
    waiting = [str(visits[each].id) for each in (4, 3, 1, 0)]

    assert await listed(desk, who, sort="waiting") == waiting
    first = await desk.http.get(
        "/conversations", params={"sort": "waiting", "limit": 3}, headers=who
    )
    cursor = first.json()["next_cursor"]
    assert [each["id"] for each in first.json()["items"]] == waiting[:3]
    assert await listed(desk, who, sort="waiting", limit=3, cursor=cursor) == waiting[3:]


async def test_a_resolved_conversation_is_reopened_by_who_takes_it_up(desk: RestApiFixture) -> None:
    ana, who = await desk.add_signed_in_user("agent")
    visit = await desk.conversation()
    await act(desk, visit, "assign", who)
    await act(desk, visit, "resolve", who)
    assert (await act(desk, visit, "reopen", who)).json() == {"done": True}

    found = await row(desk, visit, who)
    assert (found["status"], found["agent"], found["resolved_at"]) == ("open", str(ana), None)
    assert (await act(desk, visit, "messages", who, text="de novo")).status_code == 200


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
    desk: RestApiFixture, what: str, body: dict[str, object], status: int, code: str
) -> None:
    _, who = await desk.add_signed_in_user("admin")
    visit = await desk.conversation()
    await act(desk, visit, "assign", who)
    before = await desk.given.count("events")
    assert_problem(await act(desk, visit, what, who, **body), status, code)
    assert await desk.given.count("events") == before


async def test_nobody_waits_in_what_is_over(desk: RestApiFixture) -> None:
    _, who = await desk.add_signed_in_user("viewer")
    answer = await desk.http.get(
        "/conversations", params={"sort": "waiting", "status": "resolved"}, headers=who
    )
    assert_problem(answer, 400, "invalid")
