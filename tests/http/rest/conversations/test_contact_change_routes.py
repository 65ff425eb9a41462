"""Contacts are created, labelled, blocked, found and exported; nothing of a blocked one is lost."""

import csv
import io
from typing import Any
from uuid import UUID, uuid4

import pytest

from niochat.adapters.spreadsheet_files import format_csv_rows
from niochat.domain.permissions import ConversationOwner
from niochat.live.ephemeral_frames import ContactFrame, FrameEnvelope
from tests.builders import ChannelRef, build_inbound, build_message, insert_commands
from tests.http.rest.conftest import ConversationFixture, RestApiFixture, assert_problem
from tests.outbox.outbox_harness import PNG

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]
Who = dict[str, str]


async def create(rest_api: RestApiFixture, who: Who, name: str, phone: str) -> dict[str, Any]:
    body = {"name": name, "phone": phone}
    answer = await rest_api.http.post("/contacts", json=body, headers=who)
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def names(rest_api: RestApiFixture, who: Who, **params: Any) -> list[str]:
    found: list[str] = []
    cursor = None
    while True:
        wanted = {"limit": 2} | params | ({"cursor": cursor} if cursor else {})
        answer = await rest_api.http.get("/contacts", params=wanted, headers=who)
        assert answer.status_code == 200, answer.text
        found += [each["name"] for each in answer.json()["items"]]
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            return found


async def contact_of(rest_api: RestApiFixture, visit: ConversationFixture) -> str:
    query = "SELECT contact_id FROM threads WHERE id = $1"
    return str(await rest_api.house.admin.fetchval(query, visit.thread))


async def says(rest_api: RestApiFixture, visit: ConversationFixture, *words: str) -> None:
    said = [build_message(f"x-{each}", each) for each in words]
    await insert_commands(rest_api.host, visit.place, visit.thread, said)
    await rest_api.host.run(visit.thread)


async def test_a_number_belongs_to_one_contact(rest_api: RestApiFixture) -> None:
    _, who = await rest_api.add_signed_in_user("agent")
    rita = await create(rest_api, who, "Rita", "(11) 98765-4321")
    assert (rita["name"], rita["phone"]) == ("Rita", "5511987654321")
    assert rita["addresses"][0]["evidence"] == "chat"
    for same in ("5511987654321", "+55 11 8765-4321", "011 98765 4321"):
        body = {"name": "Outra", "phone": same}
        answer = await rest_api.http.post("/contacts", json=body, headers=who)
        assert assert_problem(answer, 409, "contact_exists")["existing_id"] == rita["id"]
    body = {"name": "Eva", "phone": "123"}
    answer = await rest_api.http.post("/contacts", json=body, headers=who)
    assert_problem(answer, 422, "invalid")
    body = {"name": "Eva", "phone": "00000000"}
    assert_problem(await rest_api.http.post("/contacts", json=body, headers=who), 400, "bad_phone")
    assert (await create(rest_api, who, "Jim", "+1 (212) 555-0100"))["phone"] == "12125550100"
    assert await rest_api.given.count("contacts") == 2


async def test_whoever_was_created_is_the_one_who_writes_later(rest_api: RestApiFixture) -> None:
    _, who = await rest_api.add_signed_in_user("agent")
    rita = await create(rest_api, who, "Rita", "11987654321")
    channel = await rest_api.given.channel(rest_api.house.tenant)
    inbound = build_inbound("m1", lid="77", phone="551187654321")
    await rest_api.host.inbox.accept(rest_api.house.tenant, channel, inbound)
    told = (await rest_api.http.get(f"/contacts/{rita['id']}", headers=who)).json()
    assert {each["kind"] for each in told["addresses"]} == {"lid", "phone"}
    assert told["name"] == "Rita"
    assert await rest_api.given.count("contacts") == 1


async def test_one_word_or_number_finds_contacts(rest_api: RestApiFixture) -> None:
    _, who = await rest_api.add_signed_in_user("agent")
    for number, name in enumerate(
        ("José da Silva", "Ana Sílvia", "Silas", "Marilva", "100% Fibra")
    ):
        await create(rest_api, who, name, f"1198765000{number}")
    assert await names(rest_api, who, q="silv") == ["Ana Sílvia", "José da Silva"]
    assert await names(rest_api, who, q="JOSE DA") == ["José da Silva"]
    assert await names(rest_api, who, q="100%") == ["100% Fibra"]
    assert await names(rest_api, who, q="%") == []
    assert await names(rest_api, who, q="(11) 98765-0001") == ["Ana Sílvia"]
    assert len(await names(rest_api, who, q="")) == 5
    both = await rest_api.http.get("/contacts", params={"q": "a", "name": "b"}, headers=who)
    assert_problem(both, 400, "one_search")


async def test_labels_are_set_filtered_and_counted(rest_api: RestApiFixture) -> None:
    _, who = await rest_api.add_signed_in_user("agent")
    visit = await rest_api.conversation()
    path = f"/conversations/{visit.id}/labels"
    await rest_api.http.put(path, json={"labels": ["fibra", "vip"]}, headers=who)
    people = [await create(rest_api, who, name, f"119876500{n}0") for n, name in enumerate("AB")]
    for each, labels in zip(people, (["vip", "vip"], ["novo"]), strict=True):
        body = {"labels": labels}
        answer = await rest_api.http.put(f"/contacts/{each['id']}/labels", json=body, headers=who)
        assert answer.json()["labels"] == sorted(set(labels))
    assert await names(rest_api, who, label="vip") == ["A"]
    assert await names(rest_api, who, label=["vip", "novo"]) == ["A", "B"]
    assert await names(rest_api, who, label="vip", q="119876") == ["A"]
    assert await names(rest_api, who, label="novo", q="A") == []
    told = (await rest_api.http.get("/labels", headers=who)).json()
    assert told == [
        {"name": "fibra", "conversations": 1, "contacts": 0},
        {"name": "novo", "conversations": 0, "contacts": 1},
        {"name": "vip", "conversations": 1, "contacts": 1},
    ]
    _, stranger = await rest_api.add_signed_in_user("admin", await rest_api.given.tenant())
    assert (await rest_api.http.get("/labels", headers=stranger)).json() == []


async def test_a_blocked_contact_opens_nothing_and_loses_nothing(rest_api: RestApiFixture) -> None:
    _, who = await rest_api.add_signed_in_user("agent")
    visit = await rest_api.conversation()
    contact = await contact_of(rest_api, visit)
    answer = await rest_api.http.post(f"/contacts/{contact}/block", headers=who)
    assert (answer.json()["blocked"], answer.json()["open_conversations"]) == (True, [])
    told = (await rest_api.http.get(f"/conversations/{visit.id}", headers=who)).json()
    assert (told["status"], told["contact_blocked"]) == ("resolved", True)
    turns = await rest_api.given.count("turns")

    await says(rest_api, visit, "me atende", "responde")
    assert await rest_api.given.count("conversations") == 1
    assert await rest_api.given.count("turns") == turns
    path = f"/contacts/{contact}/messages"
    first = (await rest_api.http.get(path, params={"limit": 1}, headers=who)).json()
    rest = await rest_api.http.get(path, params={"cursor": first["next_cursor"]}, headers=who)
    texts = [each["text"] for told in (first, rest.json()) for each in told["items"]]
    assert sorted(texts) == ["me atende", "responde"]
    assert rest.json()["next_cursor"] is None

    answer = await rest_api.http.post(f"/contacts/{contact}/unblock", headers=who)
    assert answer.json()["blocked"] is False
    await says(rest_api, visit, "obrigado")
    assert await rest_api.given.count("conversations") == 2
    actions = await rest_api.given.rows(
        "SELECT action FROM audit WHERE action IN ('contacts.block', 'contacts.unblock')"
    )
    assert actions == ["contacts.block", "contacts.unblock"]


async def test_a_block_holds_on_every_channel_old_and_new(rest_api: RestApiFixture) -> None:
    _, who = await rest_api.add_signed_in_user("agent")
    tenant = rest_api.house.tenant
    first, second, third = [await rest_api.given.channel(tenant) for _ in range(3)]

    async def writes(channel: UUID, external: str) -> None:
        inbound = build_inbound(external, lid="77", phone="5511987654321")
        accepted = await rest_api.host.inbox.accept(tenant, channel, inbound)
        assert accepted.thread_id is not None
        await rest_api.host.run(accepted.thread_id)

    await writes(first, "m1")
    await writes(second, "m2")
    assert await rest_api.given.count("conversations") == 2
    contact = await rest_api.house.admin.fetchval("SELECT id FROM contacts")
    await rest_api.http.post(f"/contacts/{contact}/block", headers=who)
    for number, channel in enumerate((first, second, third)):
        await writes(channel, f"n{number}")
    assert await rest_api.given.count("conversations") == 2
    assert await rest_api.given.rows("SELECT blocked FROM threads") == [True] * 3
    assert await rest_api.given.count("messages", "conversation_id IS NULL") == 3


async def test_a_conversation_that_others_have_stays_open_but_nothing_is_asked(
    rest_api: RestApiFixture,
) -> None:
    _, who = await rest_api.add_signed_in_user("agent")
    _, boss = await rest_api.add_signed_in_user("admin")
    visit = await rest_api.conversation()
    contact = await contact_of(rest_api, visit)
    rui = await rest_api.house.create_user("rui@example.com")
    for path, body in (
        ("assign", {"agent": str(rui)}),
        ("snooze", {"until": "2027-01-01T00:00:00Z"}),
    ):
        answer = await rest_api.http.post(
            f"/conversations/{visit.id}/{path}", json=body, headers=boss
        )
        assert answer.status_code == 200, answer.text
    answer = await rest_api.http.post(f"/contacts/{contact}/block", headers=who)
    assert answer.json()["open_conversations"] == [], "it is not the caller's to see"
    await says(rest_api, visit, "acorda")
    told = (await rest_api.http.get(f"/conversations/{visit.id}", headers=boss)).json()
    assert (told["status"], told["last_message"]["text"]) == ("snoozed", "acorda")


async def test_files_of_all_conversations_come_newest_first(rest_api: RestApiFixture) -> None:
    _, who = await rest_api.add_signed_in_user("agent")
    visit = await rest_api.conversation()
    contact = await contact_of(rest_api, visit)
    await rest_api.http.post(f"/conversations/{visit.id}/assign", json={}, headers=who)
    for number in range(3):
        upload = await rest_api.http.post(
            "/files", files={"file": (f"{number}.png", PNG)}, headers=who
        )
        body = {"file": upload.json()["id"], "text": f"foto {number}"}
        await rest_api.http.post(f"/conversations/{visit.id}/messages", json=body, headers=who)
    path = f"/contacts/{contact}/files"
    first = (await rest_api.http.get(path, params={"limit": 2}, headers=who)).json()
    rest = await rest_api.http.get(path, params={"cursor": first["next_cursor"]}, headers=who)
    items = first["items"] + rest.json()["items"]
    assert [each["text"] for each in items] == ["foto 2", "foto 1", "foto 0"]
    assert items[0]["file"]["filename"] == "2.png"
    assert items[0]["conversation_id"] == str(visit.id)
    await rest_api.house.admin.execute("UPDATE conversations SET agent = 'rui'")
    assert (await rest_api.http.get(path, headers=who)).json()["items"] == []


async def test_an_export_is_whole_safe_in_a_spreadsheet_and_masked(
    rest_api: RestApiFixture,
) -> None:
    _, boss = await rest_api.add_signed_in_user("admin")
    evil = '=HYPERLINK("http://x";"oi")'
    rita = await create(rest_api, boss, evil, "11987654321")
    body = {"document": "52998224725", "notes": "linha 1\nlinha; 2"}
    await rest_api.http.patch(f"/contacts/{rita['id']}", json=body, headers=boss)
    await rest_api.house.admin.execute(
        "INSERT INTO contacts (tenant_id, name)"
        " SELECT $1, 'C ' || n FROM generate_series(1, 1100) n",
        rest_api.house.tenant,
    )
    other = await rest_api.given.tenant()
    await rest_api.house.admin.execute(
        "INSERT INTO contacts (tenant_id, name) VALUES ($1, 'deles')", other
    )
    await rest_api.house.admin.execute(
        "INSERT INTO roles VALUES ($1, 'exporta', ARRAY['contacts:export'])", rest_api.house.tenant
    )
    _, clerk = await rest_api.add_signed_in_user("exporta")
    documents = []
    for who in (boss, clerk):
        answer = await rest_api.http.get("/contacts/export", headers=who)
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        assert answer.text.startswith("\ufeff")
        rows = list(csv.DictReader(io.StringIO(answer.text[1:], newline=""), delimiter=";"))
        assert len(rows) == 1101
        (row,) = [each for each in rows if each["id"] == rita["id"]]
        assert (row["name"], row["phone"], row["notes"]) == (
            "'" + evil,
            "5511987654321",
            "linha 1\nlinha; 2",
        )
        documents.append(row["document"])
    assert documents[0] == "529.982.247-25"
    assert "529" not in documents[1]
    _, agent = await rest_api.add_signed_in_user("agent")
    assert_problem(await rest_api.http.get("/contacts/export", headers=agent), 403, "forbidden")
    assert await rest_api.given.count("audit", "after ->> 'export' = 'csv'") == 2


async def test_no_cell_begins_a_formula() -> None:
    cells = ["=1", "+1", "-1", "@a", "\t=1", "\r=1", "ok", ["a", "b"], True, None]
    (row,) = csv.reader(io.StringIO(format_csv_rows([cells]), newline=""), delimiter=";")
    assert row == ["'=1", "'+1", "'-1", "'@a", "'\t=1", "'\r=1", "ok", "a, b", "true", ""]


async def test_a_contact_of_another_tenant_is_unknown(rest_api: RestApiFixture) -> None:
    foreign = await rest_api.given.tenant()
    visit = await rest_api.conversation(ChannelRef(foreign, await rest_api.given.channel(foreign)))
    theirs = await contact_of(rest_api, visit)
    _, who = await rest_api.add_signed_in_user("admin")
    for known in (theirs, str(uuid4())):
        for act in ("block", "unblock"):
            answer = await rest_api.http.post(f"/contacts/{known}/{act}", headers=who)
            assert_problem(answer, 404, "not_found")
    assert await rest_api.given.rows("SELECT status FROM conversations") == ["pending"]
    assert await rest_api.given.count("contacts", "blocked_at IS NOT NULL") == 0


async def test_a_block_and_a_new_name_are_told_to_who_may_see_a_conversation(
    rest_api: RestApiFixture,
) -> None:
    ana, who = await rest_api.add_signed_in_user("agent")
    visit = await rest_api.conversation()
    contact = await contact_of(rest_api, visit)
    await rest_api.http.post(f"/conversations/{visit.id}/assign", json={}, headers=who)
    team = (await rest_api.http.get(f"/conversations/{visit.id}", headers=who)).json()["team"]
    path = f"/contacts/{contact}"
    rest_api.said.clear()

    await rest_api.http.post(f"{path}/block", headers=who)
    await rest_api.http.post(f"{path}/unblock", headers=who)
    await rest_api.http.patch(path, json={"name": "Rita"}, headers=who)
    await rest_api.http.patch(path, json={"notes": "liga de manhã"}, headers=who)

    envelopes = [FrameEnvelope.decode(each) for each in rest_api.said]
    assert {(each.tenant_id, each.holder, each.user_id) for each in envelopes} == {
        (rest_api.house.tenant, ConversationOwner(str(ana), team), None)
    }
    frames = [ContactFrame.model_validate_json(each.frame) for each in envelopes]
    assert {str(each.contact_id) for each in frames} == {contact}
    assert [each.blocked for each in frames] == [True, False, False]
    assert [each.name == "Rita" for each in frames] == [False, False, True]


async def test_nobody_is_told_of_a_contact_without_conversations(rest_api: RestApiFixture) -> None:
    _, who = await rest_api.add_signed_in_user("agent")
    rita = await create(rest_api, who, "Rita", "11987654321")
    rest_api.said.clear()
    await rest_api.http.post(f"/contacts/{rita['id']}/block", headers=who)
    assert rest_api.said == []
