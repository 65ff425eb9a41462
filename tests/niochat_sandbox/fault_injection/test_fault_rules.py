"""Every ordered fault does what it says, at the customer and at the client."""

import asyncio
import time

import httpx
import pytest

from tests.niochat_sandbox.conftest import SandboxFixture

pytestmark = pytest.mark.asyncio

MARIA = "5581988887777"
BODY = {"number": MARIA, "text": "Olá", "track_id": "t1"}
BROKEN = (httpx.RemoteProtocolError, httpx.ReadError)


async def received(sandbox: SandboxFixture) -> list[str]:
    return [line["text"] for line in await sandbox.phone(MARIA)]


async def test_a_lost_answer_leaves_the_message_at_the_customer(sandbox: SandboxFixture) -> None:
    await sandbox.fault(target="gateway", kind="lost_answer", path="/send", count=1)
    with pytest.raises(BROKEN):
        await sandbox.gateway("/send/text", BODY)
    assert await received(sandbox) == ["Olá"]
    found = (await sandbox.gateway("/message/find", {"track_id": "t1"})).json()
    assert found["returnedMessages"] == 1
    assert (await sandbox.gateway("/send/text", BODY)).status_code == 200


async def test_a_drop_does_nothing(sandbox: SandboxFixture) -> None:
    await sandbox.fault(target="gateway", kind="drop", path="/gateway/send/text")
    with pytest.raises(BROKEN):
        await sandbox.gateway("/send/text", BODY)
    assert await received(sandbox) == []


async def test_a_hang_is_silent_then_closed_and_does_nothing(sandbox: SandboxFixture) -> None:
    await sandbox.fault(target="gateway", kind="hang", seconds=0.1, count=1)
    started = time.monotonic()
    with pytest.raises(BROKEN):
        await sandbox.gateway("/send/text", BODY)
    assert time.monotonic() - started >= 0.1
    assert await received(sandbox) == []


async def test_a_client_gives_up_on_a_hang(sandbox: SandboxFixture) -> None:
    await sandbox.fault(target="gateway", kind="hang", seconds=30, count=1)
    with pytest.raises(httpx.ReadTimeout):
        await sandbox.http.post("/gateway/send/text", json=BODY, timeout=0.05)


async def test_what_is_held_goes_on_when_the_order_is_withdrawn(sandbox: SandboxFixture) -> None:
    await sandbox.fault(target="gateway", kind="hold", count=1)
    async with asyncio.TaskGroup() as group:
        held = group.create_task(sandbox.gateway("/send/text", BODY))
        await sandbox.fault_hit()
        assert (await sandbox.gateway("/send/text", {**BODY, "text": "Oi"})).status_code == 200
        assert await received(sandbox) == ["Oi"]
        await sandbox.control("DELETE", "/faults")
    assert held.result().status_code == 200
    assert await received(sandbox) == ["Oi", "Olá"]


async def test_a_held_webhook_arrives_when_the_order_is_withdrawn(sandbox: SandboxFixture) -> None:
    await sandbox.fault(target="webhook", kind="hold", token=sandbox.token)
    await sandbox.write(MARIA, text="oi")
    await sandbox.fault_hit()
    await sandbox.control("DELETE", "/faults")
    assert await sandbox.hook_texts_with("oi") == ["oi"]


async def test_a_delay_only_takes_time(sandbox: SandboxFixture) -> None:
    await sandbox.fault(target="gateway", kind="delay", seconds=0.1, count=1)
    started = time.monotonic()
    assert (await sandbox.gateway("/send/text", BODY)).status_code == 200
    assert time.monotonic() - started >= 0.1


@pytest.mark.parametrize(
    ("ordered", "status", "extra"),
    [
        (401, 401, {"error": "Invalid token"}),
        (429, 429, {"error": "Too many requests"}),
        (500, 500, {"error": "Internal server error"}),
        (463, 500, {"error_source": "whatsapp_server", "provider_code": 463}),
    ],
)
async def test_a_status_is_answered_and_nothing_done(
    sandbox: SandboxFixture, ordered: int, status: int, extra: dict[str, object]
) -> None:
    await sandbox.fault(target="gateway", kind="status", status=ordered, retry_after=7)
    reply = await sandbox.gateway("/send/text", BODY)
    assert reply.status_code == status
    assert extra.items() <= reply.json().items()
    assert reply.headers["retry-after"] == "7"
    assert await received(sandbox) == []


async def test_answers_that_say_nothing_after_the_work_was_done(sandbox: SandboxFixture) -> None:
    await sandbox.fault(target="gateway", kind="malformed", count=1, path="/send")
    await sandbox.fault(target="gateway", kind="empty", count=1, path="/send")
    await sandbox.fault(target="gateway", kind="cut", count=1, path="/send")
    malformed = await sandbox.gateway("/send/text", BODY)
    with pytest.raises(ValueError, match="line 1"):
        malformed.json()
    assert (await sandbox.gateway("/send/text", BODY)).json() == {}
    with pytest.raises(BROKEN):
        await sandbox.gateway("/send/text", BODY)
    assert await received(sandbox) == ["Olá"] * 3


async def test_a_fault_can_be_for_one_token_path_and_chance(sandbox: SandboxFixture) -> None:
    await sandbox.fault(target="gateway", kind="drop", token="another")
    await sandbox.fault(target="gateway", kind="drop", path="/instance")
    await sandbox.fault(target="gateway", kind="drop", probability=0)
    assert (await sandbox.gateway("/send/text", BODY)).status_code == 200


async def test_faults_are_listed_replaced_and_removed(sandbox: SandboxFixture) -> None:
    order = {"target": "gateway", "kind": "status", "status": 500, "count": 1}
    await sandbox.control("PUT", "/faults", json=[order])
    await sandbox.gateway("/send/text", BODY)
    [fault] = (await sandbox.control("GET", "/faults"))["items"]
    assert (fault["hits"], fault["count"]) == (1, 1)
    for bad in ({"target": "moon", "kind": "drop"}, {**order, "x": 1}, {**order, "count": -1}):
        reply = await sandbox.http.put("/sandbox/faults", json=[bad])
        assert reply.status_code == 400
    assert len((await sandbox.control("GET", "/faults"))["items"]) == 1
    await sandbox.control("DELETE", "/faults")
    assert (await sandbox.control("GET", "/faults"))["items"] == []


@pytest.mark.parametrize(
    ("kind", "posts"), [("drop", 0), ("status", 0), ("hang", 0), ("delay", 1), ("lost_answer", 1)]
)
async def test_webhook_faults_are_failed_attempts(
    sandbox: SandboxFixture, kind: str, posts: int
) -> None:
    await sandbox.control("PUT", "/delivery", json={"repeat": 1})
    await sandbox.fault(target="webhook", kind=kind, count=1, seconds=0.01, token=sandbox.token)
    await sandbox.write(MARIA, text="1")
    await sandbox.write(MARIA, text="2")
    hooks = await sandbox.hooks(posts + 1)
    assert [each["message"]["text"] for each in hooks] == ["1", "2"][1 - posts :]
    await sandbox.settled()
    errors = (await sandbox.gateway("/webhook/errors", method="GET")).json()
    assert len(errors) == (0 if kind == "delay" else 1)


async def test_a_lost_webhook_answer_is_repeated(sandbox: SandboxFixture) -> None:
    await sandbox.fault(target="webhook", kind="lost_answer", count=1, path="messages")
    await sandbox.write(MARIA, text="1")
    assert len(await sandbox.hooks(2)) == 2
    await sandbox.settled()
    [line] = (await sandbox.control("GET", f"/ledger?token={sandbox.token}"))["sent"]
    assert (line["answered"], line["attempts"]) == (True, 2)


async def test_one_line_is_healed_and_another_one_stays_ill(sandbox: SandboxFixture) -> None:
    for token in (sandbox.token, "somebody-else"):
        await sandbox.fault(target="gateway", kind="drop", token=token)

    await sandbox.control("DELETE", f"/faults?token={sandbox.token}")

    left = (await sandbox.control("GET", "/faults"))["items"]
    assert [each["token"] for each in left] == ["somebody-else"]
    assert (await sandbox.gateway("/send/text", BODY)).status_code == 200
