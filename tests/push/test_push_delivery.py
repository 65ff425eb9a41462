"""Whom an event concerns gets one notification, and nobody else any."""

import asyncio
import base64
from datetime import timedelta
from uuid import UUID

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from niochat.adapters.http_pool import HttpTransport
from niochat.adapters.ssrf_guard import SsrfGuard
from niochat.domain.conversation import commands as cmd
from niochat.push.push_planner import PushPlanner
from niochat.push.push_sender import MAX_ATTEMPTS, PushSender
from tests.push.conftest import AgentFixture, PushFixture

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(120)]


async def conversation_of(push: PushFixture, thread: UUID) -> UUID:
    conversation: UUID = await push.given.admin.fetchval(
        "SELECT id FROM conversations WHERE thread_id = $1", thread
    )
    return conversation


async def taken(push: PushFixture, agent: AgentFixture) -> UUID:
    """The agent has a conversation; nothing of it is due any more."""
    thread = await push.thread()
    await push.write(thread, "oi")
    await push.do(thread, cmd.AssignConversation(str(agent.id)))
    await push.notify()
    push.service.requests.clear()
    return thread


async def test_a_message_of_the_customer_reaches_the_agent_and_only_the_agent(
    push: PushFixture,
) -> None:
    ana, bia = await push.agent("ana"), await push.agent("bia")
    thread = await taken(push, ana)
    await push.write(thread, "  minha   internet\ncaiu " + "x" * 200)
    await push.notify()
    (notification,) = push.received(ana)
    conversation = str(await conversation_of(push, thread))
    assert notification["body"].startswith("minha internet caiu xxx")
    assert len(notification["body"]) == 120
    assert {**notification, "body": ""} == {
        "kind": "new_message",
        "conversation_id": conversation,
        "title": "Maria",
        "body": "",
        "tag": f"new_message:{conversation}",
    }
    assert push.received(bia) == []
    assert await push.statuses() == ["sent"]


async def test_the_request_is_that_of_the_standards(push: PushFixture) -> None:
    ana = await push.agent("ana")
    await push.write(await taken(push, ana), "oi")
    await push.notify()
    (request,) = push.service.requests
    assert request.headers["content-encoding"] == "aes128gcm"
    assert 3500 < int(request.headers["ttl"]) <= 3600
    assert request.headers["urgency"] == "high"
    assert len(request.headers["topic"]) == 32
    scheme, _, rest = request.headers["authorization"].partition(" ")
    token, key = (part.strip().partition("=")[2] for part in rest.split(","))
    assert scheme == "vapid"
    assert key == (await push.keys.load()).public_key
    point = base64.urlsafe_b64decode(key + "=")
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    claims = jwt.decode(token, public, ["ES256"], audience=push.service.url)
    assert claims["sub"] == "https://desk.example.com"
    assert b"Maria" not in request.body


async def test_a_queue_that_assigns_and_a_transfer_notify_the_new_agent(push: PushFixture) -> None:
    ana, bia = await push.agent("ana", "atendimento"), await push.agent("bia")
    thread = await push.thread()
    await push.write(thread, "oi")
    await push.do(thread, cmd.HandOffConversation("x", "atendimento"))
    await push.do(thread, cmd.AssignConversation(str(ana.id), "atendimento"))
    await push.notify()
    assert [each["kind"] for each in push.received(ana)] == ["assignment"]
    await push.do(thread, cmd.TransferConversation(str(ana.id), agent=str(bia.id)))
    await push.notify()
    (notification,) = push.received(bia)
    assert (notification["kind"], notification["body"]) == (
        "assignment",
        "Atendimento atribuído a você",
    )
    assert len(push.received(ana)) == 1


async def test_who_takes_a_conversation_is_not_told(push: PushFixture) -> None:
    ana = await push.agent("ana")
    await taken(push, ana)
    assert await push.statuses() == []


async def test_a_mention_reaches_whom_it_names_but_not_its_author(push: PushFixture) -> None:
    ana, bia = await push.agent("ana"), await push.agent("bia")
    thread = await taken(push, ana)
    mentions = (str(bia.id), str(ana.id))
    await push.do(thread, cmd.AddNote(str(ana.id), "veja o sinal", mentions))
    await push.notify()
    (notification,) = push.received(bia)
    assert notification["body"] == "Você foi mencionado: veja o sinal"
    assert push.received(ana) == []


async def test_a_waiting_conversation_reaches_the_team_until_somebody_takes_it(
    push: PushFixture,
) -> None:
    ana, bia = await push.agent("ana", "atendimento"), await push.agent("bia")
    thread = await push.thread()
    await push.write(thread, "oi")
    await push.do(thread, cmd.HandOffConversation("x", "atendimento"))
    await push.notify()
    (notification,) = push.received(ana)
    assert notification["body"] == "Novo atendimento em espera: Atendimento"
    assert push.received(bia) == []

    other = await push.thread()
    await push.write(other, "oi")
    await push.do(other, cmd.HandOffConversation("x", "atendimento"))
    await push.plan()
    await push.do(other, cmd.AssignConversation(str(bia.id)))
    await push.send()
    assert len(push.received(ana)) == 1
    assert await push.statuses() == ["sent", "dropped"]


async def test_what_was_read_meanwhile_is_not_sent(push: PushFixture) -> None:
    ana = await push.agent("ana")
    thread = await taken(push, ana)
    await push.write(thread, "oi")
    await push.plan()
    await push.given.admin.execute(
        "INSERT INTO reads SELECT tenant_id, $1, id, version FROM conversations", ana.id
    )
    await push.send()
    assert push.service.requests == []
    assert await push.statuses() == ["dropped"]


async def test_of_several_messages_only_the_last_is_sent(push: PushFixture) -> None:
    ana = await push.agent("ana")
    await push.write(await taken(push, ana), "um", "dois", "três")
    await push.notify()
    assert [each["body"] for each in push.received(ana)] == ["três"]
    assert await push.statuses() == ["dropped", "dropped", "sent"]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE sessions SET ended_at = now(), ended_by = 'logout'",
        "UPDATE sessions SET expires_at = now()",
        "UPDATE sessions SET seen_at = now() - interval '13 hours'",
        "UPDATE users SET status = 'disabled'",
        "UPDATE tenants SET status = 'suspended'",
        "DELETE FROM push_subscriptions",
    ],
)
async def test_who_is_not_signed_in_is_not_notified(push: PushFixture, change: str) -> None:
    ana = await push.agent("ana")
    await push.write(await taken(push, ana), "oi")
    await push.plan()
    await push.given.admin.execute(change)
    await push.send()
    assert push.service.requests == []
    assert await push.statuses() == ["gone"]


async def test_preferences_choose_kinds_language_and_whether_text_is_shown(
    push: PushFixture,
) -> None:
    ana, bia = await push.agent("ana"), await push.agent("bia")
    await push.prefer(
        ana, {"language": "en", "notifications": {"hide_text": True, "push": {"mention": True}}}
    )
    await push.prefer(bia, {"notifications": {"push": {"new_message": False}}})
    threads = [await taken(push, each) for each in (ana, bia)]
    for thread in threads:
        await push.write(thread, "segredo")
    await push.notify()
    (notification,) = push.received(ana)
    assert (notification["title"], notification["body"]) == ("New message", "")
    assert push.received(bia) == []


async def test_two_readers_at_once_and_a_second_reading_add_nothing(push: PushFixture) -> None:
    ana = await push.agent("ana")
    thread = await taken(push, ana)
    await push.given.admin.execute("DELETE FROM push_sends")
    before = await push.given.admin.fetchval("SELECT xid::text FROM push_positions")
    await push.write(thread, "oi")
    planners = [PushPlanner(push.database, delay_s=0) for _ in range(4)]
    await asyncio.gather(*(each.run_once() for each in planners))
    await push.plan()
    await push.given.admin.execute("UPDATE push_positions SET xid = $1::text::xid8", before)
    await push.plan()
    assert await push.given.count("push_sends") == 1


async def test_without_subscriptions_nothing_is_written(push: PushFixture) -> None:
    await push.write(await push.thread(), "oi")
    assert await push.planner.run_once() is False
    assert await push.given.count("push_positions") == 0
    assert await push.given.count("push_sends") == 0


async def test_after_a_break_old_events_notify_nobody(push: PushFixture) -> None:
    ana = await push.agent("ana")
    thread = await taken(push, ana)
    await push.given.admin.execute(
        "UPDATE push_positions SET read_at = now() - interval '6 minutes'"
    )
    await push.write(thread, "antes")
    await push.plan()
    await push.write(thread, "depois")
    await push.notify()
    assert [each["body"] for each in push.received(ana)] == ["depois"]


@pytest.mark.parametrize("status", [404, 410])
async def test_a_browser_that_is_gone_is_forgotten(push: PushFixture, status: int) -> None:
    ana = await push.agent("ana")
    thread = await taken(push, ana)
    push.service.responses.append((status, {}))
    await push.write(thread, "oi")
    await push.notify()
    assert await push.statuses() == ["gone"]
    assert await push.given.count("push_subscriptions") == 0


async def test_a_busy_service_is_tried_again_when_it_says(push: PushFixture) -> None:
    ana = await push.agent("ana")
    thread = await taken(push, ana)
    push.service.responses.extend([(429, {"retry-after": "300"}), (503, {})])
    await push.write(thread, "oi")
    await push.notify()
    assert await push.statuses() == ["queued"]
    await push.send(seconds=290)
    assert len(push.service.requests) == 1
    await push.send(seconds=15)
    assert len(push.service.requests) == 2
    await push.send(seconds=60)
    assert [each["body"] for each in push.received(ana)] == ["oi"] * 3
    assert len({each.headers["topic"] for each in push.service.requests}) == 1
    assert await push.statuses() == ["sent"]


async def test_a_refusal_is_final_and_a_failing_service_is_given_up(push: PushFixture) -> None:
    ana = await push.agent("ana")
    thread = await taken(push, ana)
    push.service.responses.append((403, {}))
    await push.write(thread, "oi")
    await push.notify()
    assert await push.statuses() == ["failed"]
    push.service.responses.extend([(500, {})] * 20)
    await push.write(thread, "oi")
    await push.plan()
    for _ in range(MAX_ATTEMPTS + 2):
        await push.send(minutes=6)
    assert await push.statuses() == ["failed", "failed"]
    assert len(push.service.requests) == 1 + MAX_ATTEMPTS
    codes = await push.given.rows("SELECT code FROM push_sends ORDER BY created_at")
    assert codes == ["http_403", "http_500"]


async def test_what_is_an_hour_late_is_not_sent(push: PushFixture) -> None:
    ana = await push.agent("ana")
    await push.write(await taken(push, ana), "oi")
    await push.plan()
    await push.send(minutes=61)
    assert push.service.requests == []
    assert await push.given.rows("SELECT code FROM push_sends") == ["expired"]


async def test_one_whose_sender_died_is_sent_by_the_next(push: PushFixture) -> None:
    ana = await push.agent("ana")
    await push.write(await taken(push, ana), "oi")
    await push.plan()
    await push.given.admin.execute(
        "UPDATE push_sends SET status = 'sending', attempts = 1, next_at = $1",
        push.clock.now + timedelta(seconds=60),
    )
    await push.send(seconds=30)
    assert push.service.requests == []
    await push.send(seconds=31)
    assert await push.statuses() == ["sent"]


async def test_a_private_address_is_not_connected_to(push: PushFixture) -> None:
    """A name that was public when it was subscribed may lead elsewhere by now."""
    ana = await push.agent("ana")
    await push.write(await taken(push, ana), "oi")
    transport = HttpTransport(2, SsrfGuard(), tls=push.service.tls)
    push.sender = PushSender(
        push.database, push.identity.vault, push.keys, transport, "https://desk.example.com"
    )
    await push.notify()
    await transport.close()
    assert push.service.requests == []
    assert await push.statuses() == ["queued"]


async def test_old_notifications_are_deleted(push: PushFixture) -> None:
    ana = await push.agent("ana")
    await push.write(await taken(push, ana), "oi")
    await push.notify()
    await push.sender.delete_old()
    assert await push.given.count("push_sends") == 1
    await push.given.admin.execute("UPDATE push_sends SET created_at = now() - interval '2 days'")
    await push.sender.delete_old()
    assert await push.given.count("push_sends") == 0
