"""Webhooks: one order per chat, repeats, copies, echoes, acknowledgements, holding."""

import asyncio
import threading

import orjson
import pytest

from tests.niochat_sandbox.conftest import SandboxFixture, extract_texts

pytestmark = pytest.mark.asyncio

MARIA, JOAO = "5581988887777", "5581977776666"


async def test_a_chat_stays_in_order_while_its_first_message_is_repeated(
    sandbox: SandboxFixture,
) -> None:
    refused = 0

    def answering(body: bytes) -> int:
        nonlocal refused
        if b'"text":"1"' in body and refused < 2:
            refused += 1
            return 500
        return 200

    sandbox.answer_hooks(answering)
    for text in ("1", "2", "3"):
        await sandbox.write(MARIA, text=text)
    assert extract_texts(await sandbox.hooks(5)) == ["1", "1", "1", "2", "3"]


async def test_another_chat_does_not_wait(sandbox: SandboxFixture) -> None:
    passed = threading.Event()
    sandbox.answer_hooks(lambda body: 200 if passed.is_set() or b"Jo" in body else 500)
    await sandbox.control("PUT", "/delivery", json={"repeat": 1000})
    await sandbox.write(MARIA, text="Maria 1")
    await sandbox.write(MARIA, text="Maria 2")
    await sandbox.hooks(2)
    await sandbox.write(JOAO, text="João")
    assert "Maria 2" not in await sandbox.hook_texts_with("João")
    passed.set()
    await sandbox.hook_texts_with("Maria 2")


async def test_given_up_means_recorded_and_the_next_one_goes(sandbox: SandboxFixture) -> None:
    sandbox.answer_hooks(lambda body: 503 if b'"text":"1"' in body else 200)
    lost = await sandbox.write(MARIA, text="1")
    await sandbox.write(MARIA, text="2")
    assert extract_texts(await sandbox.hooks(4)) == ["1", "1", "1", "2"]
    await sandbox.settled()
    errors = (await sandbox.gateway("/webhook/errors", method="GET")).json()
    assert [(each["messageid"], each["status"]) for each in errors] == [(lost, 503)] * 3
    ledger = await sandbox.control("GET", f"/ledger?token={sandbox.token}")
    first, second = ledger["sent"]
    assert (first["messageid"], first["answered"], first["attempts"]) == (lost, False, 3)
    assert second["attempts"] == 1


async def test_copies_are_posted_at_once(sandbox: SandboxFixture) -> None:
    await sandbox.control("PUT", "/delivery", json={"copies": 3})
    await sandbox.write(MARIA, text="Oi")
    assert extract_texts(await sandbox.hooks(3)) == ["Oi"] * 3


async def test_an_api_message_is_echoed_and_acknowledged(sandbox: SandboxFixture) -> None:
    await sandbox.control("PUT", "/delivery", json={"echo": True, "acks": True})
    body = {"number": MARIA, "text": "Olá", "track_id": "saida-1", "track_source": "niochat"}
    sent = (await sandbox.gateway("/send/text", body)).json()
    echo, delivered, read = await sandbox.hooks(3)
    message = echo["message"]
    assert (message["fromMe"], message["wasSentByApi"]) == (True, True)
    assert (message["track_id"], message["messageid"]) == ("saida-1", sent["messageid"])
    assert [delivered["state"], read["state"]] == ["Delivered", "Read"]
    keys = ["EventType", "event", "instanceName", "owner", "state", "token", "type"]
    assert sorted(read) == keys
    assert read["event"]["MessageIDs"] == [sent["messageid"]]
    assert {"Chat", "Sender", "IsFromMe", "IsGroup", "Timestamp"} <= set(read["event"])


async def test_acknowledgements_can_come_before_the_answer(sandbox: SandboxFixture) -> None:
    await sandbox.control("PUT", "/delivery", json={"acks_first": True})
    sent = await sandbox.gateway("/send/text", {"number": MARIA, "text": "Olá"})
    posted = [orjson.loads(body) for body in sandbox.receiver.posts[sandbox.hook]]
    assert [each["state"] for each in posted] == ["Delivered", "Read"]
    assert posted[0]["event"]["MessageIDs"] == [sent.json()["messageid"]]


async def test_exclusions_and_unwanted_events_are_not_posted(sandbox: SandboxFixture) -> None:
    await sandbox.control("PUT", "/delivery", json={"echo": True, "acks": True})
    settings = {"events": ["messages"], "excludeMessages": ["wasSentByApi"], "addUrlEvents": True}
    [webhook] = (await sandbox.gateway("/webhook", settings)).json()
    assert webhook["excludeMessages"] == ["wasSentByApi"]
    await sandbox.gateway("/send/text", {"number": MARIA, "text": "Olá"})
    await sandbox.write(MARIA, text="Oi")
    assert extract_texts(await sandbox.hooks()) == ["Oi"]


async def test_messages_wait_for_a_reconnection(sandbox: SandboxFixture) -> None:
    path = f"/instances/{sandbox.token}/connection"
    await sandbox.control("POST", path, json={"status": "disconnected"})
    await sandbox.write(MARIA, text="Oi")
    assert (await sandbox.gateway("/message/find", {})).json()["messages"] == []
    await sandbox.control("POST", path, json={"status": "connected"})
    assert extract_texts(await sandbox.hooks(event="messages")) == ["Oi"]
    assert len((await sandbox.gateway("/message/find", {})).json()["messages"]) == 1


async def test_any_body_can_be_posted_many_times(sandbox: SandboxFixture) -> None:
    sandbox.answer_hooks(lambda body: 200 if body == b'{"EventType": "x"}' else 400)
    path = f"/instances/{sandbox.token}/webhooks?times=20&parallel=1"
    reply = await sandbox.control("POST", path, content=b'{"EventType": "x"}')
    assert reply == {"statuses": [200] * 20}
    path = f"/instances/{sandbox.token}/webhooks"
    assert await sandbox.control("POST", path, content=b"not json") == {"statuses": [400]}


async def test_an_unreachable_webhook_has_status_zero(sandbox: SandboxFixture) -> None:
    url = {"webhook_url": "http://127.0.0.1:9/closed"}
    await sandbox.control("PUT", f"/instances/{sandbox.token}", json=url)
    path = f"/instances/{sandbox.token}/webhooks"
    assert await sandbox.control("POST", path, content=b"{}") == {"statuses": [0]}


async def test_a_long_poll_wakes_up_at_once(sandbox: SandboxFixture) -> None:
    waiting = asyncio.create_task(sandbox.phone(MARIA, wait=5))
    await sandbox.control("GET", "/health")
    assert not waiting.done()
    await sandbox.write(MARIA, text="Oi")
    [line] = await asyncio.wait_for(waiting, 2)
    assert (line["position"], line["direction"], line["text"]) == (1, "sent", "Oi")
    assert await sandbox.phone(MARIA, after=99, wait=0.01) == []


async def test_an_emptied_ledger_keeps_counting_positions(sandbox: SandboxFixture) -> None:
    await sandbox.write(MARIA, text="Oi")
    await sandbox.control("DELETE", f"/ledger?token={sandbox.token}")
    empty: dict[str, list[object]] = {"sent": [], "received": []}
    assert await sandbox.control("GET", f"/ledger?token={sandbox.token}") == empty
    await sandbox.write(MARIA, text="Oi de novo")
    [line] = await sandbox.phone(MARIA, after=1)
    assert (line["position"], line["text"]) == (2, "Oi de novo")


async def test_an_instance_may_deliver_in_its_own_way(sandbox: SandboxFixture) -> None:
    mine = f"/delivery?token={sandbox.token}"
    await sandbox.control("PUT", mine, json={"copies": 2})

    assert (await sandbox.control("GET", "/delivery"))["copies"] == 1
    assert (await sandbox.control("GET", mine))["copies"] == 2
    await sandbox.write(MARIA, text="Oi")
    assert extract_texts(await sandbox.hooks(2)) == ["Oi"] * 2
    nobody = await sandbox.http.put("/sandbox/delivery?token=nobody", json={"copies": 2})
    assert nobody.status_code == 404
