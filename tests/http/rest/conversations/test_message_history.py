"""The thread of a screen: pages in both directions, the lines between them, and earlier texts."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from niochat.domain.conversation import commands as cmd
from tests.builders import build_message, insert_commands
from tests.http.rest.conftest import ConversationFixture, RestApiFixture, assert_problem

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]
Who = dict[str, str]


async def page(
    rest_api: RestApiFixture, visit: ConversationFixture, who: Who, **params: Any
) -> dict[str, Any]:
    path = f"/conversations/{visit.id}/messages"
    answer = await rest_api.http.get(path, params=params, headers=who)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def act(
    rest_api: RestApiFixture, visit: ConversationFixture, who: Who, what: str, **body: object
) -> None:
    path = f"/conversations/{visit.id}/{what}"
    method = "PUT" if what in ("labels", "priority") else "POST"
    answer = await rest_api.http.request(method, path, json=body, headers=who)
    assert answer.status_code == 200, answer.text


async def busy_conversation(
    rest_api: RestApiFixture,
) -> tuple[ConversationFixture, Who, str, str]:
    """Messages and acts in turn; also the ids of the agent and of the administrator."""
    ana, who = await rest_api.add_signed_in_user("agent")
    boss, over = await rest_api.add_signed_in_user("admin")
    visit = await rest_api.conversation(None, "oi", "caiu a internet")
    await act(rest_api, visit, who, "assign")
    await act(rest_api, visit, who, "messages", text="Vou olhar.")
    await act(rest_api, visit, who, "labels", labels=["fibra"])
    await act(rest_api, visit, who, "priority", priority="high")
    await act(rest_api, visit, who, "messages", text="Já volta.")
    await act(rest_api, visit, who, "transfer", team="atendimento", note="veja")
    await act(rest_api, visit, over, "assign", agent=str(ana))
    await act(rest_api, visit, who, "messages", text="Voltou?")
    await act(rest_api, visit, who, "resolve")
    return visit, who, str(ana), str(boss)


async def test_every_line_says_what_happened_and_who_did_it(rest_api: RestApiFixture) -> None:
    visit, who, ana, boss = await busy_conversation(rest_api)
    told = await page(rest_api, visit, who)
    lines = [
        {name: value for name, value in each.items() if value is not None and name != "at"}
        for each in reversed(told["activities"])
    ]
    for each in lines:
        assert isinstance(each.pop("version"), int)
    assert lines == [
        {"event": "conversation_opened"},
        {"event": "conversation_assigned", "by": ana, "agent": ana},
        {"event": "labels_changed", "by": ana, "labels": ["fibra"]},
        {"event": "priority_changed", "by": ana, "priority": "high"},
        {"event": "conversation_transferred", "by": ana, "team": "atendimento"},
        {"event": "conversation_assigned", "by": boss, "agent": ana},
        {"event": "conversation_resolved", "by": ana},
    ]
    assert (told["older"], told["newer"], told["next_cursor"]) == (None, None, None)


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
async def test_pages_in_both_directions_hold_everything_once(
    rest_api: RestApiFixture, limit: int
) -> None:
    visit, who, _, _ = await busy_conversation(rest_api)
    whole = await page(rest_api, visit, who)
    messages = [each["id"] for each in whole["items"]]
    lines = [each["version"] for each in whole["activities"]]
    assert (len(messages), len(lines)) == (6, 7)

    for start in messages:
        middle = await page(rest_api, visit, who, around=start, limit=limit)
        assert start in [each["id"] for each in middle["items"]]
        assert len(middle["items"]) <= limit
        pages, cursor = [middle], middle["older"]
        while cursor is not None:
            pages.append(await page(rest_api, visit, who, cursor=cursor, limit=limit))
            cursor = pages[-1]["older"]
        cursor = middle["newer"]
        while cursor is not None:
            pages.insert(0, await page(rest_api, visit, who, cursor=cursor, limit=limit))
            cursor = pages[0]["newer"]
        assert [each["id"] for told in pages for each in told["items"]] == messages
        assert [each["version"] for told in pages for each in told["activities"]] == lines
        if limit == 3:
            assert [each["id"] for each in middle["items"]].index(start) <= 2


async def test_a_place_that_is_none_is_refused(rest_api: RestApiFixture) -> None:
    visit, who, _, _ = await busy_conversation(rest_api)
    other = await rest_api.conversation()
    elsewhere = (await page(rest_api, other, who))["items"][0]["id"]
    path = f"/conversations/{visit.id}/messages"
    for unknown in (str(uuid4()), elsewhere):
        answer = await rest_api.http.get(path, params={"around": unknown}, headers=who)
        assert_problem(answer, 404, "not_found")
    older = (await page(rest_api, visit, who, limit=1))["older"]
    both = {"around": elsewhere, "cursor": older}
    assert_problem(await rest_api.http.get(path, params=both, headers=who), 400, "one_place")


async def test_texts_that_edits_replaced_are_kept(rest_api: RestApiFixture) -> None:
    _, who = await rest_api.add_signed_in_user("agent")
    visit = await rest_api.conversation(None, "quero 300 mega")
    edits = [cmd.ReceiveEdit(f"e{n}", "m0", text) for n, text in enumerate(("500", "700 mega"))]
    await insert_commands(rest_api.host, visit.place, visit.thread, edits)
    await rest_api.host.run(visit.thread)
    (message,) = (await page(rest_api, visit, who))["items"]
    assert message["text"] == "700 mega"
    path = f"/conversations/{visit.id}/messages/{message['id']}/versions"
    told = (await rest_api.http.get(path, headers=who)).json()
    assert [each["text"] for each in told] == ["quero 300 mega", "500"]
    assert told[-1]["replaced_at"] == message["edited_at"]


async def test_a_receipt_or_deletion_keeps_no_text(rest_api: RestApiFixture) -> None:
    visit = await rest_api.conversation(None, "oi")
    updates: list[cmd.DurableCommand] = [
        cmd.ReceiveReaction("r", "m0", "👍", from_provider=False),
        cmd.ReceiveDeletion(("m0",)),
        build_message("m9", "tchau"),
    ]
    await insert_commands(rest_api.host, visit.place, visit.thread, updates)
    await rest_api.host.run(visit.thread)
    assert await rest_api.given.count("replaced_texts") == 0


async def test_the_page_of_a_conversation_that_is_not_ones_own_is_unknown(
    rest_api: RestApiFixture,
) -> None:
    visit, _, _, _ = await busy_conversation(rest_api)
    _, stranger = await rest_api.add_signed_in_user("admin", await rest_api.given.tenant())
    message: UUID = await rest_api.house.admin.fetchval("SELECT id FROM messages LIMIT 1")
    for path in (f"messages?around={message}", f"messages/{message}/versions"):
        answer = await rest_api.http.get(f"/conversations/{visit.id}/{path}", headers=stranger)
        assert_problem(answer, 404, "not_found")
