"""What people do with conversations over the API: once, in order, and only what they may."""

import asyncio
from dataclasses import replace
from uuid import UUID, uuid4

import httpx
import pytest

from niochat.domain import commands as cmd
from tests.api.conftest import ConversationFixture, RestApiFixture, assert_problem
from tests.builders import ChannelRef, RowBuilder, build_message, insert_commands

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]


async def act(
    desk: RestApiFixture, visit: ConversationFixture, what: str, who: dict[str, str], **body: object
) -> httpx.Response:
    return await desk.http.post(f"/conversations/{visit.id}/{what}", json=body, headers=who)


async def seen(
    desk: RestApiFixture, visit: ConversationFixture, who: dict[str, str]
) -> tuple[str, str | None, str | None]:
    told = (await desk.http.get(f"/conversations/{visit.id}", headers=who)).json()
    return told["status"], told["team"], told["agent"]


async def said(
    desk: RestApiFixture, visit: ConversationFixture, who: dict[str, str]
) -> list[tuple[str, str, str]]:
    told = (await desk.http.get(f"/conversations/{visit.id}/messages", headers=who)).json()
    return [(each["author"], each["kind"], each["text"]) for each in reversed(told["items"])]


async def test_an_agent_takes_over_answers_and_resolves(desk: RestApiFixture) -> None:
    ana, who = await desk.add_signed_in_user("agent")
    visit = await desk.conversation()
    assert_problem(await act(desk, visit, "messages", who, text="Olá"), 409, "not_taken_over")

    assert (await act(desk, visit, "assign", who)).json() == {"done": True}
    assert await seen(desk, visit, who) == ("open", None, str(ana))
    assert (await act(desk, visit, "messages", who, text="Olá, sou a Ana.")).status_code == 200
    assert (await act(desk, visit, "notes", who, text="cliente novo")).status_code == 200
    assert await said(desk, visit, who) == [
        ("customer", "text", "oi"), ("agent", "text", "Olá, sou a Ana."),
        ("agent", "note", "cliente novo"),
    ]  # fmt: skip
    queued = await desk.given.rows("SELECT text FROM outbox WHERE origin = 'agent'")
    assert queued == ["Olá, sou a Ana."], "a note is never sent"

    assert (await act(desk, visit, "resolve", who)).status_code == 200
    assert (await seen(desk, visit, who))[0] == "resolved"
    assert_problem(await act(desk, visit, "messages", who, text="mais"), 409, "resolved")


async def test_the_same_key_happens_once_however_often_it_is_sent(desk: RestApiFixture) -> None:
    _, who = await desk.add_signed_in_user("agent")
    visit = await desk.conversation()
    await act(desk, visit, "assign", who)
    keyed = {**who, "idempotency-key": "k-1"}
    answers = await asyncio.gather(
        *(act(desk, visit, "messages", keyed, text="uma vez") for _ in range(5))
    )
    assert {each.status_code for each in answers} == {200}
    assert await desk.given.rows("SELECT text FROM outbox WHERE origin = 'agent'") == ["uma vez"]
    await act(desk, visit, "messages", {**who, "idempotency-key": "k-2"}, text="uma vez")
    assert await desk.given.count("outbox", "origin = 'agent'") == 2


async def test_a_key_that_is_used_for_something_else_is_refused(desk: RestApiFixture) -> None:
    _, who = await desk.add_signed_in_user("agent")
    visit = await desk.conversation()
    await act(desk, visit, "assign", who)
    keyed = {**who, "idempotency-key": "k-1"}
    await act(desk, visit, "messages", keyed, text="um")
    assert_problem(await act(desk, visit, "messages", keyed, text="outro"), 409, "key_reused")
    assert await desk.given.rows("SELECT text FROM outbox WHERE origin = 'agent'") == ["um"]


async def test_a_transfer_goes_to_a_queue_or_to_somebody_with_a_note(desk: RestApiFixture) -> None:
    _, who = await desk.add_signed_in_user("agent")
    rui = await desk.house.create_user("rui@example.com")
    visit = await desk.conversation()
    await act(desk, visit, "assign", who)

    passed = await act(desk, visit, "transfer", who, agent=str(rui), note="é com você")
    assert passed.status_code == 200, passed.text
    _, boss = await desk.add_signed_in_user("admin")
    assert await seen(desk, visit, boss) == ("open", None, str(rui))
    assert ("agent", "note", "é com você") in await said(desk, visit, boss)

    await act(desk, visit, "transfer", boss, team="atendimento")
    assert await seen(desk, visit, boss) == ("waiting", "atendimento", None)


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
    desk: RestApiFixture, what: str, body: dict[str, object], status: int, code: str
) -> None:
    _, who = await desk.add_signed_in_user("admin")
    visit = await desk.conversation()
    await act(desk, visit, "assign", who)
    before = await desk.given.count("events")
    assert_problem(await act(desk, visit, what, who, **body), status, code)
    assert await desk.given.count("events") == before


async def test_lists_show_what_one_may_see_and_count_it(desk: RestApiFixture) -> None:
    ana, who = await desk.add_signed_in_user("agent")
    _, boss = await desk.add_signed_in_user("admin")
    await desk.house.admin.execute(
        "INSERT INTO teams VALUES ($1, 'suporte', 'Suporte')", desk.house.tenant
    )
    await desk.house.admin.execute(
        "INSERT INTO team_members VALUES ($1, 'atendimento', $2)", desk.house.tenant, ana
    )
    with_ai, mine, queue, others = [await desk.conversation() for _ in range(4)]
    await act(desk, mine, "assign", who)
    await act(desk, queue, "transfer", boss, team="atendimento")
    await act(desk, others, "transfer", boss, team="suporte")

    async def listed(headers: dict[str, str], **params: str) -> set[UUID]:
        told = await desk.http.get("/conversations", params=params, headers=headers)
        return {UUID(each["id"]) for each in told.json()["items"]}

    assert await listed(boss) == {with_ai.id, mine.id, queue.id, others.id}
    assert await listed(who) == {with_ai.id, mine.id, queue.id}
    assert await listed(who, agent="me") == {mine.id}
    assert await listed(boss, team="suporte") == {others.id}
    assert await listed(who, status="waiting") == {queue.id}
    counts = (await desk.http.get("/conversations/counts", headers=who)).json()
    assert counts == {"mine": 1, "unassigned": 1, "with_assistant": 1, "all": 3}

    for what in ("messages", "assign", "resolve", "notes"):
        hidden = await act(desk, others, what, who, **({"text": "x"} if what in TEXTS else {}))
        assert_problem(hidden, 404, "not_found")
    await act(desk, mine, "resolve", who)
    assert await listed(who, status="resolved") == {mine.id}
    assert await listed(who) == {with_ai.id, queue.id}


TEXTS = ("messages", "notes")


async def test_another_tenants_conversation_is_as_unknown_as_any(
    desk: RestApiFixture, given: RowBuilder
) -> None:
    foreign = await given.tenant()
    visit = await desk.conversation(ChannelRef(foreign, await given.channel(foreign)))
    _, who = await desk.add_signed_in_user("admin")
    for path in ("", "/messages"):
        for known in (visit.id, uuid4()):
            assert_problem(
                await desk.http.get(f"/conversations/{known}{path}", headers=who), 404, "not_found"
            )
    for what in ("messages", "notes", "assign", "give-back", "resolve"):
        body = {"text": "x"} if what in TEXTS else {}
        assert_problem(await act(desk, visit, what, who, **body), 404, "not_found")
    assert (await desk.http.get("/conversations", headers=who)).json()["items"] == []
    assert await given.count("inbox", "command ->> 'type' <> 'receive_message'") == 0


async def test_pages_of_conversations_and_messages_leave_nothing_out(desk: RestApiFixture) -> None:
    _, who = await desk.add_signed_in_user("admin")
    visits = [await desk.conversation(None, *(f"linha {n}" for n in range(5))) for _ in range(5)]

    async def all_of(path: str) -> list[str]:
        ids: list[str] = []
        cursor: str | None = None
        for _ in range(10):
            params = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
            told = (await desk.http.get(path, params=params, headers=who)).json()
            ids += [each["id"] for each in told["items"]]
            cursor = told["next_cursor"]
            if cursor is None:
                return ids
        raise AssertionError("it never ends")

    assert sorted(set(await all_of("/conversations"))) == sorted(str(each.id) for each in visits)
    assert len(set(await all_of(f"/conversations/{visits[0].id}/messages"))) == 5
    for path in ("/conversations", f"/conversations/{visits[0].id}/messages"):
        for cursor in ("x", "????", "bm8", "e30"):
            wrong = await desk.http.get(path, params={"cursor": cursor}, headers=who)
            assert_problem(wrong, 400, "bad_cursor")


async def test_what_changes_while_the_pages_are_turned_comes_on_one_of_them(
    desk: RestApiFixture,
) -> None:
    """It moves to the beginning, where one was already."""
    _, who = await desk.add_signed_in_user("admin")
    visits = [await desk.conversation(None, "oi") for _ in range(9)]
    oldest_first = [str(each.id) for each in visits]

    async def turn(cursor: str | None) -> tuple[list[str], str | None]:
        params = {"limit": "3"} | ({"cursor": cursor} if cursor else {})
        told = (await desk.http.get("/conversations", params=params, headers=who)).json()
        return [each["id"] for each in told["items"]], told["next_cursor"]

    async def touch(number: int, words: str) -> None:
        await insert_commands(
            desk.host, visits[number].place, visits[number].thread, [build_message(words, words)]
        )
        await desk.host.run(visits[number].thread)

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
    desk: RestApiFixture,
) -> None:
    desk.app.state.rooms = replace(desk.rooms, done_within_s=0.1)
    desk.rooms.command_submitter._poke = lambda thread: None
    _, who = await desk.add_signed_in_user("agent")
    visit = await desk.conversation()
    late = await act(desk, visit, "assign", who)
    assert (late.status_code, late.json()) == (202, {"done": False})
    await desk.host.run(visit.thread)
    assert (await seen(desk, visit, who))[0] == "open"


async def test_what_a_turn_says_too_late_is_not_said(desk: RestApiFixture) -> None:
    _, who = await desk.add_signed_in_user("admin")
    visit = await desk.conversation()
    turn = desk.host.turn(visit.thread)
    await act(desk, visit, "transfer", who, team="atendimento")
    await desk.host.step(
        visit.thread, cmd.FinishAssistantTurn(turn.id, turn.attempt, cmd.TurnOutcome.ANSWERED)
    )
    assert await seen(desk, visit, who) == ("waiting", "atendimento", None)
