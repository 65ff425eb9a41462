"""Who asks for no more messages gets none that the provider begins, from that moment on."""

from datetime import timedelta
from uuid import UUID

import pytest

from niochat.domain.conversation import commands as cmd
from niochat.domain.conversation.evolve import replay
from tests.insights.follow_ups.conftest import DAY, HOUR, FollowUpFixture

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]
CONFIRMED = "Tudo bem, você não vai mais receber mensagens assim. Se precisar, é só escrever aqui."


async def written_to(follow_ups: FollowUpFixture, *, resolved: bool = True) -> UUID:
    thread = await follow_ups.interested()
    if resolved:
        await follow_ups.do(thread, cmd.ResolveConversation("ana"))
    await follow_ups.watch()
    await follow_ups.pass_time(DAY + HOUR)
    assert len(await follow_ups.watch(thread)) == 1
    return thread


@pytest.mark.parametrize("resolved", [True, False])
@pytest.mark.parametrize("remembered", [True, False])
async def test_an_opt_out_is_confirmed_once_and_ends_everything(
    follow_ups: FollowUpFixture, resolved: bool, remembered: bool
) -> None:
    thread = await written_to(follow_ups, resolved=resolved)
    if not remembered:
        follow_ups.host.memory.clear()

    await follow_ups.write(thread, "PARAR")

    assert await follow_ups.leave(thread) == [CONFIRMED]
    (contact,) = await follow_ups.given.admin.fetch("SELECT * FROM contacts")
    assert contact["opted_out_at"] is not None
    assert (contact["opted_out_by"], contact["opted_out_reason"]) == ("customer", "follow_up")
    assert await follow_ups.given.rows("SELECT status FROM conversations") == ["resolved"]
    await follow_ups.watch(thread)
    assert await follow_ups.follow_ups() == [("stopped", "opted_out", 1)]
    await follow_ups.pass_time(4 * DAY)
    assert await follow_ups.watch(thread) == []
    logs, states = await follow_ups.given.logs(thread), await follow_ups.given.states(thread)
    assert {conversation: replay(log) for conversation, log in logs.items()} == states


async def test_an_opt_out_with_a_question_is_recorded_and_the_question_answered(
    follow_ups: FollowUpFixture,
) -> None:
    thread = await written_to(follow_ups)
    await follow_ups.write(thread, "não me mande mais mensagens, e minha internet caiu de novo")

    assert await follow_ups.given.count("contacts", "opted_out_at IS NOT NULL") == 1
    rows = await follow_ups.given.rows("SELECT status FROM conversations ORDER BY opened_at")
    assert rows == ["resolved", "pending"]
    assert follow_ups.host.turn(thread).messages == 1
    assert await follow_ups.leave(thread) == [CONFIRMED]
    await follow_ups.watch()
    assert await follow_ups.follow_ups() == [("stopped", "opted_out", 1)]


async def test_parar_in_an_own_conversation_is_a_word_like_any(follow_ups: FollowUpFixture) -> None:
    thread = await follow_ups.given.thread(follow_ups.place)
    await follow_ups.write(thread, "parar")

    assert await follow_ups.given.count("contacts", "opted_out_at IS NOT NULL") == 0
    assert follow_ups.host.turn(thread).messages == 1


async def test_an_answer_to_a_conversation_that_an_agent_started_can_opt_out(
    follow_ups: FollowUpFixture,
) -> None:
    thread = await follow_ups.given.thread(follow_ups.place)
    await follow_ups.do(thread, cmd.StartConversation("ana", "Olá! Temos uma oferta."))
    await follow_ups.write(thread, "pare de me mandar mensagens")

    assert await follow_ups.given.rows("SELECT opted_out_reason FROM contacts") == ["conversation"]
    assert await follow_ups.given.rows("SELECT status FROM conversations") == ["open"]
    assert await follow_ups.given.rows(
        "SELECT text FROM messages WHERE author = 'customer' AND conversation_id IS NOT NULL"
    ) == ["pare de me mandar mensagens"], "the agent sees it"


async def test_an_opt_out_in_answer_to_a_rating_request(follow_ups: FollowUpFixture) -> None:
    await follow_ups.given.admin.execute(
        "UPDATE tenants SET policy = policy || jsonb_build_object('ratings', '{}'::jsonb)"
    )
    thread = await follow_ups.given.thread(follow_ups.place)
    await follow_ups.write(thread)
    await follow_ups.answer(thread)
    await follow_ups.do(thread, cmd.ResolveConversation("ana"))
    await follow_ups.pass_time(timedelta(seconds=100))
    await follow_ups.host.run(thread)
    assert len(await follow_ups.leave(thread)) == 1

    await follow_ups.write(thread, "Sair")

    assert await follow_ups.leave(thread) == [CONFIRMED]
    assert await follow_ups.given.rows("SELECT opted_out_reason FROM contacts") == ["rating"]
    assert await follow_ups.given.rows("SELECT reason FROM ratings") == ["opted_out"]
    assert await follow_ups.given.count("conversations") == 1


async def test_what_waits_in_the_outbox_does_not_leave_after_an_opt_out(
    follow_ups: FollowUpFixture,
) -> None:
    thread = await follow_ups.interested()
    await follow_ups.watch()
    await follow_ups.pass_time(DAY + HOUR)
    await follow_ups.watch()
    await follow_ups.host.run(thread)
    await follow_ups.given.admin.execute("UPDATE contacts SET opted_out_at = now()")

    assert await follow_ups.leave(thread) == []
    (row,) = await follow_ups.host.outbox.list_unsettled(thread)
    assert row.unwanted


async def test_an_order_is_not_carried_out_after_an_opt_out(follow_ups: FollowUpFixture) -> None:
    thread = await follow_ups.interested()
    await follow_ups.watch()
    await follow_ups.pass_time(DAY + HOUR)
    await follow_ups.watch()
    await follow_ups.given.admin.execute("UPDATE contacts SET opted_out_at = now()")

    await follow_ups.host.run(thread)

    assert await follow_ups.leave(thread) == []
    assert await follow_ups.attempts() == [(1, "skipped", "opted_out", 1)]


async def test_a_message_cancelled_by_the_customers_own_is_no_attempt_that_won(
    follow_ups: FollowUpFixture,
) -> None:
    thread = await follow_ups.interested()
    await follow_ups.do(thread, cmd.ResolveConversation("ana"))
    await follow_ups.watch()
    await follow_ups.pass_time(DAY + HOUR)
    await follow_ups.watch()
    await follow_ups.host.run(thread)
    await follow_ups.write(thread, "oi, voltei")

    assert await follow_ups.leave(thread) == []
    await follow_ups.watch()
    assert await follow_ups.follow_ups() == [("stopped", "customer_wrote", 1)]
