"""An agent starts a conversation: with a known contact or a number, and only where it may."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from tests.builders import ChannelRef, build_message, insert_commands
from tests.http.rest.conftest import RestApiFixture, assert_problem
from tests.outbox.outbox_harness import PNG

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]
Who = dict[str, str]


async def start(rest_api: RestApiFixture, who: Who, **body: Any) -> httpx.Response:
    return await rest_api.http.post("/conversations", json={"text": "Bom dia!"} | body, headers=who)


async def channel_of(rest_api: RestApiFixture) -> str:
    return str(await rest_api.given.channel(rest_api.house.tenant))


async def shown(rest_api: RestApiFixture, who: Who, answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    assert answer.json()["done"] is True
    path = f"/conversations/{answer.json()['conversation_id']}"
    told: dict[str, Any] = (await rest_api.http.get(path, headers=who)).json()
    return told


async def test_a_new_number_gets_a_contact_a_conversation_and_the_first_message(
    rest_api: RestApiFixture,
) -> None:
    ana, who = await rest_api.add_signed_in_user("agent")
    channel = await channel_of(rest_api)
    answer = await start(rest_api, who, channel_id=channel, phone="(11) 8765-4321", name="Rita")
    told = await shown(rest_api, who, answer)
    assert (told["status"], told["agent"], told["contact"], told["phone"], told["channel_id"]) == (
        "open",
        str(ana),
        "Rita",
        "5511987654321",
        channel,
    )
    assert told["protocol"]
    assert told["assistant_writes"] is False
    last = told["last_message"]
    assert (last["author"], last["text"], last["status"]) == ("agent", "Bom dia!", "queued")
    assert answer.json()["message_id"] == last["id"]
    (thread,) = await rest_api.given.rows("SELECT thread_id FROM conversations")
    send = await rest_api.host.claim(thread)
    assert send is not None
    assert send.destination is not None
    assert send.destination.number == "5511987654321"
    actions = await rest_api.given.rows(
        "SELECT action FROM audit WHERE action IN ('contacts.create',"
        " 'conversations.start_conversation') ORDER BY id"
    )
    assert actions == ["contacts.create", "conversations.start_conversation"]


async def test_the_assistant_is_silent_until_the_agent_gives_it_back(
    rest_api: RestApiFixture,
) -> None:
    _, who = await rest_api.add_signed_in_user("agent")
    channel = await channel_of(rest_api)
    answer = await start(rest_api, who, channel_id=channel, phone="11987654321")
    opened = answer.json()["conversation_id"]
    (thread,) = await rest_api.given.rows("SELECT thread_id FROM conversations")
    place = ChannelRef(rest_api.house.tenant, UUID(channel))
    await insert_commands(rest_api.host, place, thread, [build_message("m1", "quem é?")])
    await rest_api.host.run(thread)
    assert await rest_api.given.count("turns") == 0
    assert await rest_api.given.count("timers") == 0
    assert await rest_api.given.rows("SELECT status FROM conversations") == ["open"]

    path = f"/conversations/{opened}/return-to-assistant"
    assert (await rest_api.http.post(path, json={}, headers=who)).status_code == 200
    started = await rest_api.given.count("turns") + await rest_api.given.count("timers")
    assert started == 1, "a turn, or the end of the burst"


async def test_a_known_contact_is_written_to_again_and_with_a_file(
    rest_api: RestApiFixture,
) -> None:
    _, who = await rest_api.add_signed_in_user("agent")
    visit = await rest_api.conversation()
    contact = str(await rest_api.house.admin.fetchval("SELECT contact_id FROM threads"))
    body = {"channel_id": str(visit.place.channel), "contact_id": contact}
    problem = assert_problem(await start(rest_api, who, **body), 409, "conversation_open")
    assert problem["existing_id"] == str(visit.id)

    await rest_api.http.post(f"/conversations/{visit.id}/resolve", json={}, headers=who)
    upload = await rest_api.http.post("/files", files={"file": ("m.png", PNG)}, headers=who)
    answer = await start(rest_api, who, **body, file=upload.json()["id"], text="o mapa")
    told = await shown(rest_api, who, answer)
    assert told["id"] != str(visit.id)
    assert (told["contact_id"], told["last_message"]["kind"]) == (contact, "image")
    path = f"/contacts/{contact}/conversations"
    listed = (await rest_api.http.get(path, headers=who)).json()["items"]
    assert [each["id"] for each in listed] == [told["id"], str(visit.id)]


async def test_the_same_key_starts_one_conversation(rest_api: RestApiFixture) -> None:
    _, who = await rest_api.add_signed_in_user("agent")
    channel = await channel_of(rest_api)
    keyed = {**who, "idempotency-key": "k-1"}
    body = {"channel_id": channel, "phone": "+55 11 98765-4321"}
    answers = await asyncio.gather(*(start(rest_api, keyed, **body) for _ in range(5)))
    answers.append(await start(rest_api, keyed, **body))
    assert {each.status_code for each in answers} == {200}, [each.text for each in answers]
    assert len({each.json()["conversation_id"] for each in answers}) == 1
    for table in ("conversations", "contacts", "outbox"):
        assert await rest_api.given.count(table) == 1, table
    other = await start(rest_api, keyed, **body, text="outra coisa")
    assert_problem(other, 409, "key_reused")


async def test_two_agents_at_once_start_one_conversation(rest_api: RestApiFixture) -> None:
    _, ana = await rest_api.add_signed_in_user("agent")
    _, boss = await rest_api.add_signed_in_user("admin")
    body = {"channel_id": await channel_of(rest_api), "phone": "11987654321"}
    answers = await asyncio.gather(*(start(rest_api, each, **body) for each in (ana, boss)))
    assert sorted(each.status_code for each in answers) == [200, 409]
    assert await rest_api.given.count("conversations") == 1
    assert await rest_api.given.count("outbox") == 1


async def test_what_stands_in_the_way_is_said(rest_api: RestApiFixture) -> None:
    _, who = await rest_api.add_signed_in_user("admin")
    channel = await channel_of(rest_api)
    made = await rest_api.http.post(
        "/contacts", json={"name": "Rita", "phone": "11987654321"}, headers=who
    )
    contact = made.json()["id"]
    body = {"channel_id": channel, "contact_id": contact}
    await rest_api.http.post(f"/contacts/{contact}/block", headers=who)
    assert_problem(await start(rest_api, who, **body), 409, "contact_blocked")
    by_phone = {"channel_id": channel, "phone": "11987654321"}
    assert_problem(await start(rest_api, who, **by_phone), 409, "contact_blocked")
    await rest_api.http.post(f"/contacts/{contact}/unblock", headers=who)
    await rest_api.house.admin.execute("UPDATE channels SET status = 'disconnected'")
    assert_problem(await start(rest_api, who, **body), 409, "channel_disconnected")
    await rest_api.house.admin.execute("UPDATE channels SET status = 'connected'")
    await rest_api.house.admin.execute("UPDATE identities SET left_at = now()")
    assert_problem(await start(rest_api, who, **body), 409, "no_address")
    assert await rest_api.given.count("conversations") == 0


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"phone": "12345678"}, 400, "bad_phone"),
        ({"phone": "onze onze"}, 400, "bad_phone"),
        ({"phone": "+0123456789"}, 400, "bad_phone"),
        ({"phone": "11987654321", "contact_id": str(uuid4())}, 422, "invalid"),
        ({}, 422, "invalid"),
        ({"phone": "11987654321", "text": ""}, 422, "invalid"),
        ({"phone": "11987654321", "file": str(uuid4())}, 404, "not_found"),
        ({"contact_id": str(uuid4())}, 404, "not_found"),
        ({"phone": "11987654321", "channel_id": str(uuid4())}, 404, "not_found"),
    ],
)
async def test_bad_input_changes_nothing(
    rest_api: RestApiFixture, body: dict[str, Any], status: int, code: str
) -> None:
    _, who = await rest_api.add_signed_in_user("agent")
    whole = {"channel_id": await channel_of(rest_api)} | body
    assert_problem(await start(rest_api, who, **whole), status, code)
    for table in ("contacts", "threads", "inbox"):
        assert await rest_api.given.count(table) == 0, table


async def test_another_tenants_channel_and_contact_are_unknown(rest_api: RestApiFixture) -> None:
    foreign = await rest_api.given.tenant()
    visit = await rest_api.conversation(ChannelRef(foreign, await rest_api.given.channel(foreign)))
    contact = str(await rest_api.house.admin.fetchval("SELECT contact_id FROM threads"))
    _, who = await rest_api.add_signed_in_user("admin")
    theirs, ours = str(visit.place.channel), await channel_of(rest_api)
    for body in (
        {"channel_id": theirs, "phone": "11987654321"},
        {"channel_id": ours, "contact_id": contact},
    ):
        assert_problem(await start(rest_api, who, **body), 404, "not_found")
    assert await rest_api.given.count("threads") == 1
