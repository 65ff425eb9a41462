"""The history of a conversation, over the API."""

from datetime import timedelta
from typing import Any, cast
from uuid import UUID

import pytest

from niochat.adapters.postgres.database import Database
from niochat.conversations.history.conversation_history import ConversationHistory
from niochat.domain.conversation import commands as cmd
from niochat.domain.ids import OutboxId
from niochat.domain.message import DeliveryStatus
from tests.builders import SENT_AT, insert_commands
from tests.http.rest.conftest import ConversationFixture, RestApiFixture, assert_problem

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]
Headers = dict[str, str]


class CountedDatabase:
    """The database, and how often it was read."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.reads = 0

    def as_tenant(self, tenant_id: UUID) -> Any:
        self.reads += 1
        return self._database.as_tenant(tenant_id)


async def list_events(
    rest_api: RestApiFixture, visit: ConversationFixture, headers: Headers, **params: Any
) -> list[dict[str, Any]]:
    """All events, page by page."""
    events: list[dict[str, Any]] = []
    path, cursor = f"/conversations/{visit.id}/history", None
    while True:
        query = params if cursor is None else {**params, "cursor": cursor}
        page = await rest_api.http.get(path, params=query, headers=headers)
        assert page.status_code == 200, page.text
        events += page.json()["items"]
        cursor = page.json()["next_cursor"]
        if cursor is None:
            return events


async def get_moment(
    rest_api: RestApiFixture, visit: ConversationFixture, headers: Headers, seq: int, **params: Any
) -> dict[str, Any]:
    """The conversation after one event."""
    path = f"/conversations/{visit.id}/history/{seq}"
    response = await rest_api.http.get(path, params=params, headers=headers)
    assert response.status_code == 200, response.text
    moment: dict[str, Any] = response.json()
    return moment


def find(events: list[dict[str, Any]], summary: str) -> dict[str, Any]:
    return next(event for event in events if event["summary"] == summary)


async def test_every_event_is_listed_with_its_actor_and_changes(rest_api: RestApiFixture) -> None:
    agent, headers = await rest_api.add_signed_in_user("agent")
    visit = await rest_api.conversation()
    path = f"/conversations/{visit.id}"
    await rest_api.http.post(f"{path}/assign", json={}, headers=headers)
    await rest_api.http.put(f"{path}/priority", json={"priority": "high"}, headers=headers)
    await rest_api.http.post(f"{path}/messages", json={"text": "Bom dia"}, headers=headers)
    await rest_api.http.post(f"{path}/resolve", headers=headers)

    events = await list_events(rest_api, visit, headers)
    short_pages = await list_events(rest_api, visit, headers, limit=2)

    assert short_pages == events
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    wrote = find(events, "customer_wrote")
    assert (wrote["actor"]["kind"], wrote["message_kind"]) == ("customer", "text")
    assert wrote["cause"]["command"] == "receive_message"
    assert wrote["cause"]["received_at"]
    taken = find(events, "taken_over")
    (name,) = await rest_api.given.rows("SELECT name FROM users WHERE id = $1", agent)
    assert taken["actor"] == {"kind": "agent", "id": str(agent), "name": name}
    changes = {each["field"]: (each["before"], each["after"]) for each in taken["changes"]}
    assert changes["status"] == ("pending", "open")
    assert changes["agent"] == (None, str(agent))
    priority = find(events, "priority_changed")["changes"]
    assert priority == [{"field": "priority", "before": "normal", "after": "high"}]
    assert find(events, "agent_replied")["actor"]["id"] == str(agent)
    assert find(events, "resolved_by_agent")["actor"]["name"] == name
    later = await list_events(rest_api, visit, headers, after=taken["seq"])
    assert later == events[taken["seq"] :]


async def test_a_moment_shows_the_state_messages_and_effects_of_then(
    rest_api: RestApiFixture,
) -> None:
    _, headers = await rest_api.add_signed_in_user("agent")
    visit = await rest_api.conversation(None, "oi", "caiu")
    path = f"/conversations/{visit.id}"
    await rest_api.http.post(f"{path}/assign", json={}, headers=headers)
    await rest_api.http.post(f"{path}/messages", json={"text": "Bom dia"}, headers=headers)
    events = await list_events(rest_api, visit, headers)
    taken, replied = find(events, "taken_over"), find(events, "agent_replied")

    before = await get_moment(rest_api, visit, headers, taken["seq"] - 1)
    after = await get_moment(rest_api, visit, headers, replied["seq"], messages=2)
    rest = await get_moment(
        rest_api, visit, headers, replied["seq"], messages_before=after["messages_before"]
    )

    assert (before["state"]["holder"], before["state"]["unanswered"]) == ("assistant", 2)
    assert [each["text"] for each in before["messages"]] == ["caiu", "oi"]
    assert (after["state"]["holder"], after["state"]["waiting"]) == ("agent", False)
    assert [each["text"] for each in after["messages"]] == ["Bom dia", "caiu"]
    assert [each["text"] for each in rest["messages"]] == ["oi"]
    assert [each["code"] for each in after["effects"]] == ["send_queued"]
    assert after["send"]["status"] == "queued"
    assert after["event"] == replied


async def test_a_message_has_the_status_of_then(rest_api: RestApiFixture) -> None:
    _, headers = await rest_api.add_signed_in_user("agent")
    visit = await rest_api.conversation()
    path = f"/conversations/{visit.id}"
    await rest_api.http.post(f"{path}/assign", json={}, headers=headers)
    await rest_api.http.post(f"{path}/messages", json={"text": "Bom dia"}, headers=headers)
    claimed = await rest_api.host.claim(visit.thread)
    assert claimed is not None
    sent = cmd.SettleSend(OutboxId(claimed.id), cmd.SendStatus.SENT, "out-1")
    await rest_api.host.step(visit.thread, sent)
    receipt = cmd.ReceiveDeliveryReceipt(("out-1",), DeliveryStatus.READ)
    await insert_commands(rest_api.host, visit.place, visit.thread, [receipt])
    await rest_api.host.run(visit.thread)
    events = await list_events(rest_api, visit, headers)
    seqs = [find(events, code)["seq"] for code in ("agent_replied", "message_sent", "message_read")]

    moments = [await get_moment(rest_api, visit, headers, seq) for seq in seqs]

    assert [each["messages"][0]["status"] for each in moments] == ["queued", "sent", "read"]
    assert find(events, "message_sent")["actor"]["kind"] == "whatsapp"


async def test_an_edited_message_has_the_text_of_then(rest_api: RestApiFixture) -> None:
    _, headers = await rest_api.add_signed_in_user("agent")
    visit = await rest_api.conversation(None, "primeiro")
    await rest_api.http.post(f"/conversations/{visit.id}/assign", json={}, headers=headers)
    for number, text in enumerate(("segundo", "terceiro")):
        edit = cmd.ReceiveEdit(f"edit-{number}", "m0", text, SENT_AT + timedelta(seconds=number))
        await insert_commands(rest_api.host, visit.place, visit.thread, [edit])
        await rest_api.host.run(visit.thread)
    events = await list_events(rest_api, visit, headers)
    edits = [event["seq"] for event in events if event["summary"] == "message_edited"]

    async def read_text(seq: int) -> tuple[str, bool, bool]:
        (message,) = (await get_moment(rest_api, visit, headers, seq))["messages"]
        return message["text"], message["text_known"], message["edited_at"] is not None

    assert await read_text(edits[0] - 1) == ("primeiro", True, False)
    assert await read_text(edits[0]) == ("segundo", True, True)
    assert await read_text(edits[1]) == ("terceiro", True, True)
    await rest_api.house.admin.execute("DELETE FROM replaced_texts")
    assert await read_text(edits[0]) == ("terceiro", False, True)


async def test_an_event_that_does_not_exist_is_not_found(rest_api: RestApiFixture) -> None:
    _, headers = await rest_api.add_signed_in_user("viewer")
    visit = await rest_api.conversation()
    path = f"/conversations/{visit.id}/history"

    assert_problem(await rest_api.http.get(f"{path}/999", headers=headers), 404, "not_found")
    assert (await rest_api.http.get(f"{path}/0", headers=headers)).status_code == 422
    beyond = await rest_api.http.get(path, params={"after": 10**9}, headers=headers)
    assert beyond.json() == {"items": [], "next_cursor": None}


async def test_a_long_conversation_is_read_in_pages_from_cached_states(
    rest_api: RestApiFixture,
) -> None:
    _, headers = await rest_api.add_signed_in_user("viewer")
    visit = await rest_api.conversation()
    await rest_api.house.admin.execute(
        "INSERT INTO events (tenant_id, conversation_id, version, thread_id, type, body,"
        " schema_version, at, cause)"
        " SELECT tenant_id, conversation_id, number, thread_id, type, body, schema_version, at,"
        " 'receive_reaction:1' FROM events CROSS JOIN generate_series(100, 20000) AS number"
        " WHERE conversation_id = $1 AND type = 'message_received'",
        visit.id,
    )
    await rest_api.house.admin.execute(
        "INSERT INTO events (tenant_id, conversation_id, version, thread_id, type, body,"
        " schema_version, at)"
        " SELECT tenant_id, conversation_id, number, thread_id, type, body, schema_version, at"
        " FROM events CROSS JOIN generate_series((SELECT max(version) + 1 FROM events"
        " WHERE version < 100), 99) AS number"
        " WHERE conversation_id = $1 AND type = 'message_received' AND version < 100",
        visit.id,
    )
    await rest_api.house.admin.execute(
        "UPDATE conversations SET version = 20000 WHERE id = $1", visit.id
    )
    database = CountedDatabase(rest_api.host.database)
    rest_api.with_services(conversation_history=ConversationHistory(cast(Database, database)))

    last = await get_moment(rest_api, visit, headers, 20000)
    cold, database.reads = database.reads, 0
    earlier = await get_moment(rest_api, visit, headers, 19_999)
    events = await list_events(rest_api, visit, headers, after=19_900, limit=200)

    assert last["event"]["seq"] == 20000
    assert last["state"]["unanswered"] == earlier["state"]["unanswered"] + 1
    assert [event["seq"] for event in events] == list(range(19_901, 20_001))
    assert database.reads < 15 < 40 < cold, "the states before are folded once"
