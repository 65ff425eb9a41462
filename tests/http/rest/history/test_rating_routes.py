"""Ratings over the API: who sees which, filters, pages and statistics."""

from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from niochat.domain.conversation import commands as cmd
from tests.builders import build_message, insert_commands
from tests.http.rest.conftest import ConversationFixture, RestApiFixture, assert_problem

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]
NEVER_QUIET = {"ratings": {"quiet_from": "00:00", "quiet_until": "00:00"}}


async def say(rest_api: RestApiFixture, visit: ConversationFixture, name: str, text: str) -> None:
    await insert_commands(
        rest_api.host, visit.place, visit.thread, [build_message(f"{name}-{visit.id}", text)]
    )
    await rest_api.host.run(visit.thread)


async def rate(
    rest_api: RestApiFixture, agent: UUID | None, *answers: str
) -> tuple[ConversationFixture, str]:
    """A conversation that was resolved, asked for and rated; its rating's id."""
    visit = await rest_api.conversation()
    commands: list[Any] = [cmd.AssignConversation(str(agent))] if agent else []
    if agent is None:
        await rest_api.host.answer(visit.thread, "Pronto!")
    else:
        commands.append(cmd.ReplyToCustomer(str(agent), "Pronto!"))
    commands.append(cmd.ResolveConversation(str(agent or "ana")))
    await insert_commands(rest_api.host, visit.place, visit.thread, commands)
    await rest_api.host.run(visit.thread)
    await rest_api.given.admin.execute("UPDATE outbox SET status = 'sent'")
    await rest_api.given.admin.execute("UPDATE timers SET due_at = now() WHERE name = 'rating'")
    await rest_api.host.run(visit.thread)
    claimed = await rest_api.host.claim(visit.thread)
    assert claimed is not None
    await rest_api.host.settle(claimed, cmd.SendStatus.SENT, f"out-{claimed.id}")
    for number, answer in enumerate(answers):
        await say(rest_api, visit, f"answer{number}", answer)
    (rating,) = await rest_api.given.rows(
        "SELECT id::text FROM ratings WHERE conversation_id = $1", visit.id
    )
    return visit, rating


@pytest_asyncio.fixture(autouse=True)
async def never_quiet(rest_api: RestApiFixture) -> None:
    await rest_api.given.admin.execute("UPDATE tenants SET policy = policy || $1", NEVER_QUIET)


async def read(
    rest_api: RestApiFixture, headers: dict[str, str], path: str = "/ratings", **query: Any
) -> Any:
    answer = await rest_api.http.get(path, params=query, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_rating_shows_score_comment_and_who_served(rest_api: RestApiFixture) -> None:
    agent, headers = await rest_api.add_signed_in_user("admin")
    visit, rating = await rate(rest_api, agent, "🤩", "muito obrigada!")

    page = await read(rest_api, headers)

    (item,) = page["items"]
    assert item["id"] == rating
    assert item["conversation_id"] == str(visit.id)
    assert (item["status"], item["score"], item["reason"]) == ("answered", 5, "")
    assert (item["answer"], item["comments"]) == ("🤩", ["muito obrigada!"])
    assert (item["agent"], item["team"]) == (str(agent), None)
    assert item["sent_at"] <= item["answered_at"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["good", "bad", "open"]),
        ({"score": [1, 2]}, ["bad"]),
        ({"status": "sent"}, ["open"]),
        ({"status": ["sent", "answered"]}, ["good", "bad", "open"]),
        ({"agent": "none"}, ["bad", "open"]),
        ({"with_comment": "true"}, ["good"]),
        ({"team": "atendimento"}, []),
        ({"from": "2020-01-01T00:00:00Z", "to": "2020-02-01T00:00:00Z"}, []),
    ],
)
async def test_filters_select(
    rest_api: RestApiFixture, query: dict[str, Any], expected: list[str]
) -> None:
    agent, headers = await rest_api.add_signed_in_user("admin")
    ids = {
        (await rate(rest_api, agent, "5", "valeu!"))[1]: "good",
        (await rate(rest_api, None, "1"))[1]: "bad",
        (await rate(rest_api, None))[1]: "open",
    }

    page = await read(rest_api, headers, **query)

    assert sorted(ids[item["id"]] for item in page["items"]) == sorted(expected)


async def test_pages_follow_one_another(rest_api: RestApiFixture) -> None:
    _, headers = await rest_api.add_signed_in_user("viewer")
    made = [(await rate(rest_api, None, "4"))[1] for _ in range(3)]

    first = await read(rest_api, headers, limit=2)
    second = await read(rest_api, headers, limit=2, cursor=first["next_cursor"])

    assert [item["id"] for item in first["items"] + second["items"]] == made[::-1]
    assert second["next_cursor"] is None


async def test_statistics_count_by_group(rest_api: RestApiFixture) -> None:
    agent, headers = await rest_api.add_signed_in_user("admin")
    for scored in ("5", "4", "1"):
        await rate(rest_api, agent, scored)
    await rate(rest_api, None)

    whole = await read(rest_api, headers, "/ratings/statistics")
    by_agent = await read(rest_api, headers, "/ratings/statistics", group_by="agent")

    assert whole["rows"] == [
        {
            "key": "",
            "requested": 4,
            "answered": 3,
            "response_rate": 0.75,
            "scores": [1, 0, 0, 1, 1],
            "average": pytest.approx(10 / 3),
            "satisfied": pytest.approx(2 / 3, abs=0.001),
        }
    ]
    rows = {row["key"]: row for row in by_agent["rows"]}
    assert rows[""]["answered"] == 0
    assert rows[""]["average"] is None
    assert rows[str(agent)]["requested"] == 3


async def test_an_agent_sees_the_ratings_of_the_conversations_it_may_see(
    rest_api: RestApiFixture,
) -> None:
    agent, headers = await rest_api.add_signed_in_user("agent")
    other, _ = await rest_api.add_signed_in_user("admin")
    _, mine = await rate(rest_api, agent, "5")
    await rate(rest_api, other, "1")

    page = await read(rest_api, headers)
    counted = await read(rest_api, headers, "/ratings/statistics")

    assert [item["id"] for item in page["items"]] == [mine]
    assert counted["rows"][0]["scores"] == [0, 0, 0, 0, 1]


async def test_another_tenant_sees_none(rest_api: RestApiFixture) -> None:
    await rate(rest_api, None, "5")
    _, headers = await rest_api.add_signed_in_user("admin", await rest_api.given.tenant())

    assert (await read(rest_api, headers))["items"] == []
    assert (await read(rest_api, headers, "/ratings/statistics"))["rows"] == []


@pytest.mark.parametrize(
    "query",
    [
        {"score": 6},
        {"score": "x"},
        {"status": "loved"},
        {"channel": "1"},
        {"from": "yesterday"},
        {"from": "2026-01-01T00:00:00"},
        {"limit": 0},
    ],
)
async def test_a_wrong_filter_is_named(rest_api: RestApiFixture, query: dict[str, Any]) -> None:
    _, headers = await rest_api.add_signed_in_user("admin")

    answer = await rest_api.http.get("/ratings", params=query, headers=headers)

    body = assert_problem(answer, 422, "invalid")
    assert next(iter(query)) in str(body)
