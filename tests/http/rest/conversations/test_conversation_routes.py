"""What people do with conversations over the API: once, in order, and only what they may."""

import asyncio
from dataclasses import replace
from uuid import UUID, uuid4

import httpx
import pytest

from niochat.domain.conversation import commands as cmd
from tests.builders import ChannelRef, RowBuilder, build_message, insert_commands
from tests.http.rest.conftest import ConversationFixture, RestApiFixture, assert_problem

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]


async def act(
    rest_api: RestApiFixture,
    visit: ConversationFixture,
    what: str,
    who: dict[str, str],
    **body: object,
) -> httpx.Response:
    return await rest_api.http.post(f"/conversations/{visit.id}/{what}", json=body, headers=who)


async def seen(
    rest_api: RestApiFixture, visit: ConversationFixture, who: dict[str, str]
) -> tuple[str, str | None, str | None]:
    told = (await rest_api.http.get(f"/conversations/{visit.id}", headers=who)).json()
    return told["status"], told["team"], told["agent"]


async def said(
    rest_api: RestApiFixture, visit: ConversationFixture, who: dict[str, str]
) -> list[tuple[str, str, str]]:
    told = (await rest_api.http.get(f"/conversations/{visit.id}/messages", headers=who)).json()
    return [(each["author"], each["kind"], each["text"]) for each in reversed(told["items"])]


async def test_an_agent_takes_over_answers_and_resolves(rest_api: RestApiFixture) -> None:
    ana, who = await rest_api.add_signed_in_user("agent")
    visit = await rest_api.conversation()
    assert_problem(await act(rest_api, visit, "messages", who, text="Olá"), 409, "not_taken_over")

    assert (await act(rest_api, visit, "assign", who)).json()["done"]
    assert await seen(rest_api, visit, who) == ("open", None, str(ana))
    assert (await act(rest_api, visit, "messages", who, text="Olá, sou a Ana.")).status_code == 200
    assert (await act(rest_api, visit, "notes", who, text="cliente novo")).status_code == 200
    assert await said(rest_api, visit, who) == [
        ("customer", "text", "oi"),
        ("agent", "text", "Olá, sou a Ana."),
        ("agent", "note", "cliente novo"),
    ]
    queued = await rest_api.given.rows("SELECT text FROM outbox WHERE origin = 'agent'")
    assert queued == ["Olá, sou a Ana."], "a note is never sent"

    assert (await act(rest_api, visit, "resolve", who)).status_code == 200
    assert (await seen(rest_api, visit, who))[0] == "resolved"
    assert_problem(await act(rest_api, visit, "messages", who, text="mais"), 409, "resolved")


async def test_the_same_key_happens_once_however_often_it_is_sent(rest_api: RestApiFixture) -> None:
    _, who = await rest_api.add_signed_in_user("agent")
    visit = await rest_api.conversation()
    await act(rest_api, visit, "assign", who)
    keyed = {**who, "idempotency-key": "k-1"}
    answers = await asyncio.gather(
        *(act(rest_api, visit, "messages", keyed, text="uma vez") for _ in range(5))
    )
    assert {each.status_code for each in answers} == {200}
    assert await rest_api.given.rows("SELECT text FROM outbox WHERE origin = 'agent'") == [
        "uma vez"
    ]
    await act(rest_api, visit, "messages", {**who, "idempotency-key": "k-2"}, text="uma vez")
    assert await rest_api.given.count("outbox", "origin = 'agent'") == 2


async def test_a_key_that_is_used_for_something_else_is_refused(rest_api: RestApiFixture) -> None:
    _, who = await rest_api.add_signed_in_user("agent")
    visit = await rest_api.conversation()
    await act(rest_api, visit, "assign", who)
    keyed = {**who, "idempotency-key": "k-1"}
    await act(rest_api, visit, "messages", keyed, text="um")
    assert_problem(await act(rest_api, visit, "messages", keyed, text="outro"), 409, "key_reused")
    assert await rest_api.given.rows("SELECT text FROM outbox WHERE origin = 'agent'") == ["um"]


async def test_a_transfer_goes_to_a_queue_or_to_somebody_with_a_note(
    rest_api: RestApiFixture,
) -> None:
    _, who = await rest_api.add_signed_in_user("agent")
    rui = await rest_api.house.create_user("rui@example.com")
    visit = await rest_api.conversation()
    await act(rest_api, visit, "assign", who)

    passed = await act(rest_api, visit, "transfer", who, agent=str(rui), note="é com você")
    assert passed.status_code == 200, passed.text
    _, boss = await rest_api.add_signed_in_user("admin")
    assert await seen(rest_api, visit, boss) == ("open", None, str(rui))
    assert ("agent", "note", "é com você") in await said(rest_api, visit, boss)

    await act(rest_api, visit, "transfer", boss, team="atendimento")
    assert await seen(rest_api, visit, boss) == ("waiting", "atendimento", None)


@pytest.mark.parametrize(
    ("what", "body", "status", "code"),
    [
        ("transfer", {}, 422, "invalid"),
        ("transfer", {"team": "atendimento", "agent": str(uuid4())}, 422, "invalid"),
        ("transfer", {"team": "nenhuma"}, 400, "no_team"),
        ("transfer", {"agent": str(uuid4())}, 400, "no_user"),
        ("assign", {"agent": str(uuid4())}, 400, "no_user"),
        ("assign", {"agent": "ana"}, 422, "invalid"),
        ("messages", {}, 422, "invalid"),
        ("messages", {"text": ""}, 422, "invalid"),
        ("messages", {"text": "   "}, 422, "invalid"),
        ("messages", {"text": "x" * 4097}, 422, "invalid"),
        ("messages", {"text": "x\u0000y"}, 422, "invalid"),
        ("notes", {"text": "x", "mentions": [str(uuid4())]}, 400, "no_user"),
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


async def test_lists_show_what_one_may_see_and_count_it(rest_api: RestApiFixture) -> None:
    ana, who = await rest_api.add_signed_in_user("agent")
    _, boss = await rest_api.add_signed_in_user("admin")
    await rest_api.house.admin.execute(
        "INSERT INTO teams VALUES ($1, 'suporte', 'Suporte')", rest_api.house.tenant
    )
    await rest_api.house.admin.execute(
        "INSERT INTO team_members VALUES ($1, 'atendimento', $2)", rest_api.house.tenant, ana
    )
    with_ai, mine, queue, others = [await rest_api.conversation() for _ in range(4)]
    await act(rest_api, mine, "assign", who)
    await act(rest_api, queue, "transfer", boss, team="atendimento")
    await act(rest_api, others, "transfer", boss, team="suporte")

    async def listed(headers: dict[str, str], **params: str) -> set[UUID]:
        told = await rest_api.http.get("/conversations", params=params, headers=headers)
        return {UUID(each["id"]) for each in told.json()["items"]}

    assert await listed(boss) == {with_ai.id, mine.id, queue.id, others.id}
    assert await listed(who) == {with_ai.id, mine.id, queue.id}
    assert await listed(who, agent="me") == {mine.id}
    assert await listed(boss, team="suporte") == {others.id}
    assert await listed(who, status="waiting") == {queue.id}
    counts = (await rest_api.http.get("/conversations/counts", headers=who)).json()
    tabs = {name: counts[name] for name in ("mine", "unassigned", "with_assistant", "all")}
    assert tabs == {"mine": 1, "unassigned": 1, "with_assistant": 1, "all": 3}
    assert counts["statuses"] == {"pending": 1, "waiting": 1, "open": 1}
    assert counts["teams"] == {"atendimento": 1}
    assert counts["agents"]["none"] == 2
    assert counts["priorities"] == {"normal": 3}
    assert sum(counts["channels"].values()) == 3
    assert counts["labels"] == {}

    for what in ("messages", "assign", "resolve", "notes"):
        hidden = await act(rest_api, others, what, who, **({"text": "x"} if what in TEXTS else {}))
        assert_problem(hidden, 404, "not_found")
    await act(rest_api, mine, "resolve", who)
    assert await listed(who, status="resolved") == {mine.id}
    assert await listed(who) == {with_ai.id, queue.id}


TEXTS = ("messages", "notes")


async def test_another_tenants_conversation_is_as_unknown_as_any(
    rest_api: RestApiFixture, given: RowBuilder
) -> None:
    foreign = await given.tenant()
    visit = await rest_api.conversation(ChannelRef(foreign, await given.channel(foreign)))
    _, who = await rest_api.add_signed_in_user("admin")
    for path in ("", "/messages"):
        for known in (visit.id, uuid4()):
            assert_problem(
                await rest_api.http.get(f"/conversations/{known}{path}", headers=who),
                404,
                "not_found",
            )
    for what in ("messages", "notes", "assign", "return-to-assistant", "resolve"):
        body = {"text": "x"} if what in TEXTS else {}
        assert_problem(await act(rest_api, visit, what, who, **body), 404, "not_found")
    assert (await rest_api.http.get("/conversations", headers=who)).json()["items"] == []
    assert await given.count("inbox", "command ->> 'type' <> 'receive_message'") == 0


async def test_pages_of_conversations_and_messages_leave_nothing_out(
    rest_api: RestApiFixture,
) -> None:
    _, who = await rest_api.add_signed_in_user("admin")
    visits = [
        await rest_api.conversation(None, *(f"linha {n}" for n in range(5))) for _ in range(5)
    ]

    async def all_of(path: str) -> list[str]:
        ids: list[str] = []
        cursor: str | None = None
        for _ in range(10):
            params = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
            told = (await rest_api.http.get(path, params=params, headers=who)).json()
            ids += [each["id"] for each in told["items"]]
            cursor = told["next_cursor"]
            if cursor is None:
                return ids
        raise AssertionError("it never ends")

    assert sorted(set(await all_of("/conversations"))) == sorted(str(each.id) for each in visits)
    assert len(set(await all_of(f"/conversations/{visits[0].id}/messages"))) == 5
    for path in ("/conversations", f"/conversations/{visits[0].id}/messages"):
        for cursor in ("x", "????", "bm8", "e30"):
            wrong = await rest_api.http.get(path, params={"cursor": cursor}, headers=who)
            assert_problem(wrong, 400, "bad_cursor")


async def test_what_changes_while_the_pages_are_turned_comes_on_one_of_them(
    rest_api: RestApiFixture,
) -> None:
    """It moves to the beginning, where one was already."""
    _, who = await rest_api.add_signed_in_user("admin")
    visits = [await rest_api.conversation(None, "oi") for _ in range(9)]
    oldest_first = [str(each.id) for each in visits]

    async def turn(cursor: str | None) -> tuple[list[str], str | None]:
        params = {"limit": "3"} | ({"cursor": cursor} if cursor else {})
        told = (await rest_api.http.get("/conversations", params=params, headers=who)).json()
        return [each["id"] for each in told["items"]], told["next_cursor"]

    async def touch(number: int, words: str) -> None:
        await insert_commands(
            rest_api.host,
            visits[number].place,
            visits[number].thread,
            [build_message(words, words)],
        )
        await rest_api.host.run(visits[number].thread)

    first, cursor = await turn(None)
    assert sorted(first) == sorted(oldest_first[-3:])
    await touch(0, "ainda aí?")
    await touch(4, "alô")
    second, cursor = await turn(cursor)
    assert oldest_first[4] not in second
    await touch(1, "oi de novo")
    seen, pages = [*first, *second], 2
    while cursor is not None:
        items, cursor = await turn(cursor)
        seen, pages = [*seen, *items], pages + 1
        if pages == 4:
            await touch(2, "e eu?")  # it was told already, or is told at the end
    assert set(seen) == set(oldest_first)
    assert pages < 8
    # Nothing changes: each comes once, and it ends.
    quiet: list[str] = []
    items, cursor = await turn(None)
    quiet += items
    while cursor is not None:
        items, cursor = await turn(cursor)
        quiet += items
    assert set(quiet) == set(oldest_first)


async def test_a_step_that_does_not_come_in_time_is_accepted_and_not_lost(
    rest_api: RestApiFixture,
) -> None:
    rest_api.app.state.services = replace(rest_api.services, command_timeout_s=0.1)
    rest_api.services.command_submitter._poke = lambda thread: None
    _, who = await rest_api.add_signed_in_user("agent")
    visit = await rest_api.conversation()
    late = await act(rest_api, visit, "assign", who)
    assert (late.status_code, late.json()) == (202, {"done": False, "message_id": None})
    await rest_api.host.run(visit.thread)
    assert (await seen(rest_api, visit, who))[0] == "open"


async def test_what_a_turn_says_too_late_is_not_said(rest_api: RestApiFixture) -> None:
    _, who = await rest_api.add_signed_in_user("admin")
    visit = await rest_api.conversation()
    turn = rest_api.host.turn(visit.thread)
    await act(rest_api, visit, "transfer", who, team="atendimento")
    await rest_api.host.step(
        visit.thread, cmd.FinishAssistantTurn(turn.id, turn.attempt, cmd.TurnOutcome.ANSWERED)
    )
    assert await seen(rest_api, visit, who) == ("waiting", "atendimento", None)
