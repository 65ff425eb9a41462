"""A rating in the database: one row, one request, one answer, and no word of a customer lost."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from niochat.conversations.step.step_types import StepVerdict
from niochat.domain.conversation import commands as cmd
from niochat.domain.conversation.evolve import replay
from niochat.domain.ids import ConversationId
from niochat.domain.message import DeliveryStatus
from niochat.domain.rating.rating_message import OpinionKind, RatingOpinion
from tests.builders import (
    ChannelRef,
    Host,
    RowBuilder,
    ShardAssignments,
    build_message,
    insert_commands,
)

pytestmark = pytest.mark.asyncio
RATINGS = {"quiet_from": "00:00", "quiet_until": "00:00", "request_text": "Nota?"}


@pytest.fixture
def policy() -> dict[str, Any]:
    return {"ratings": RATINGS}


async def write(host: Host, place: ChannelRef, thread: UUID, external: str, text: str) -> None:
    await insert_commands(host, place, thread, [build_message(external, text)])
    await host.run(thread)


async def leave(host: Host, thread: UUID) -> list[str]:
    """The texts that may be sent, in order, each with its answer."""
    texts = []
    while (claimed := await host.claim(thread)) is not None:
        texts.append(claimed.text)
        await host.settle(claimed, cmd.SendStatus.SENT, f"out-{claimed.id}")
    return texts


async def resolved(host: Host, given: RowBuilder, **policy: Any) -> tuple[ChannelRef, UUID]:
    """The assistant answered, the answer is sent, and an agent resolved the conversation."""
    place = await given.place(ratings={**RATINGS, **policy})
    thread = await given.thread(place)
    await write(host, place, thread, "m1", "oi")
    await host.answer(thread, "Pronto!")
    await leave(host, thread)
    await insert_commands(host, place, thread, [cmd.ResolveConversation("ana")])
    await host.run(thread)
    return place, thread


async def fire(host: Host, thread: UUID, given: RowBuilder) -> None:
    """The rating's timer is due, and the thread is looked at."""
    await given.admin.execute("UPDATE timers SET due_at = now() WHERE name = 'rating'")
    await host.run(thread)


async def asked(host: Host, given: RowBuilder, **policy: Any) -> tuple[ChannelRef, UUID]:
    place, thread = await resolved(host, given, **policy)
    await fire(host, thread, given)
    assert await leave(host, thread) == ["Nota?"]
    return place, thread


async def ratings(given: RowBuilder) -> list[tuple[str, str, int | None]]:
    rows = await given.admin.fetch("SELECT status, reason, score FROM ratings ORDER BY created_at")
    return [tuple(row) for row in rows]


async def assert_replays(given: RowBuilder, thread: UUID) -> None:
    logs, states = await given.logs(thread), await given.states(thread)
    assert {conversation: replay(log) for conversation, log in logs.items()} == states


async def test_the_request_is_sent_when_due_and_the_answer_is_kept(
    a: Host, given: RowBuilder
) -> None:
    place, thread = await resolved(a, given)
    resolved_at = await given.rows("SELECT resolved_at FROM conversations")
    assert await ratings(given) == [("scheduled", "", None)]
    await a.run(thread)
    assert await leave(a, thread) == [], "before its time nobody is asked"

    await fire(a, thread, given)
    assert await leave(a, thread) == ["Nota?"]
    assert await ratings(given) == [("sent", "", None)]
    await write(a, place, thread, "m2", "🤩")

    assert await ratings(given) == [("answered", "", 5)]
    assert await given.rows("SELECT status FROM conversations") == ["resolved"]
    assert await given.rows("SELECT resolved_at FROM conversations") == resolved_at
    assert await given.rows("SELECT rating_score FROM shown_conversations") == [5]
    await assert_replays(given, thread)


@pytest.mark.parametrize("remembered", [True, False])
async def test_what_is_no_answer_opens_a_conversation(
    a: Host, given: RowBuilder, remembered: bool
) -> None:
    place, thread = await asked(a, given)
    if not remembered:
        a.memory.clear()

    await write(a, place, thread, "m2", "minha internet caiu de novo, e agora nem o wi-fi aparece?")

    assert await ratings(given) == [("expired", "customer_wrote", None)]
    assert await given.rows("SELECT status FROM conversations ORDER BY opened_at") == [
        "resolved",
        "pending",
    ]
    assert a.turn(thread).messages == 1
    assert await given.count("inbox", "processed_at IS NULL") == 0
    await assert_replays(given, thread)


async def test_several_messages_open_one_conversation_in_order(a: Host, given: RowBuilder) -> None:
    place, thread = await asked(a, given)
    words = ["caiu a internet de novo?", "5", "me ajuda por favor, preciso trabalhar, entende?"]
    rows = [build_message(f"n{n}", text) for n, text in enumerate(words)]
    await insert_commands(a, place, thread, rows)

    await a.run(thread)

    assert await given.count("conversations") == 2
    told = await given.rows(
        "SELECT m.text FROM messages m JOIN conversations c ON c.id = m.conversation_id"
        " WHERE c.status <> 'resolved' ORDER BY m.version"
    )
    assert told == words
    assert await ratings(given) == [("expired", "customer_wrote", None)]


async def test_a_message_waits_until_a_model_says_what_it_is(a: Host, given: RowBuilder) -> None:
    place, thread = await asked(a, given)
    await insert_commands(a, place, thread, [build_message("m2", "resolveu rapidinho")])

    stopped = await a.step(thread)

    assert stopped.unclear is not None
    assert stopped.unclear.text == "resolveu rapidinho"
    assert not stopped.more
    assert await given.count("inbox", "processed_at IS NULL") == 1
    request = a.work(thread)
    request.opinions = {stopped.unclear.inbox_id: RatingOpinion(OpinionKind.EVALUATION)}
    (taken,) = await a.steps(request)
    assert taken.verdict is StepVerdict.DONE
    assert await ratings(given) == [("answered", "", None)]
    assert await given.count("conversations") == 1


async def test_a_message_without_an_opinion_opens_a_conversation(
    a: Host, given: RowBuilder
) -> None:
    place, thread = await asked(a, given)
    await insert_commands(a, place, thread, [build_message("m2", "resolveu rapidinho")])
    stopped = await a.step(thread)
    assert stopped.unclear is not None

    request = a.work(thread)
    request.opinions = {stopped.unclear.inbox_id: RatingOpinion(OpinionKind.OTHER)}
    await a.steps(request)
    await a.run(thread)

    assert await given.count("conversations") == 2
    assert await given.count("inbox", "processed_at IS NULL") == 0


async def test_two_hosts_that_see_the_timer_ask_once(
    a: Host, b: Host, given: RowBuilder, ownership: ShardAssignments
) -> None:
    _, thread = await resolved(a, given)
    await given.admin.execute("UPDATE timers SET due_at = now()")
    before = dict(a.epochs)
    await ownership.assign_all(b)
    a.epochs = before

    await asyncio.gather(a.step(thread), b.step(thread))

    assert await given.count("outbox", "text = 'Nota?'") == 1


async def test_one_person_is_asked_once_a_week_on_all_channels(a: Host, given: RowBuilder) -> None:
    place, thread = await asked(a, given)
    await write(
        a, place, thread, "m2", "caiu a internet de novo, podem ver isso para mim, por favor?"
    )
    await a.answer(thread, "Vejo já.")
    await leave(a, thread)
    await insert_commands(a, place, thread, [cmd.ResolveConversation("ana")])
    await a.run(thread)

    await fire(a, thread, given)

    assert await ratings(given) == [
        ("expired", "customer_wrote", None),
        ("skipped", "asked_recently", None),
    ]
    await given.admin.execute("UPDATE ratings SET sent_at = sent_at - interval '8 days'")


async def test_who_refuses_is_not_asked(a: Host, given: RowBuilder) -> None:
    _, thread = await resolved(a, given)
    await given.admin.execute("UPDATE contacts SET opted_out_at = now()")

    await fire(a, thread, given)

    assert await ratings(given) == [("skipped", "opted_out", None)]
    assert await leave(a, thread) == []


async def test_a_request_that_still_waits_is_cancelled_when_the_customer_writes(
    a: Host, given: RowBuilder
) -> None:
    place, thread = await resolved(a, given)
    await fire(a, thread, given)

    await write(a, place, thread, "m2", "e a minha fatura, quando chega? não recebi ainda")

    assert await given.rows("SELECT status FROM outbox WHERE text = 'Nota?'") == ["cancelled"]
    assert await leave(a, thread) == []
    assert await ratings(given) == [("expired", "customer_wrote", None)]


async def test_a_started_and_a_reopened_conversation_end_the_rating(
    a: Host, given: RowBuilder
) -> None:
    place, thread = await asked(a, given)
    await insert_commands(a, place, thread, [cmd.StartConversation("ana", "Olá, tudo bem agora?")])
    await a.run(thread)
    assert await ratings(given) == [("expired", "conversation_started", None)]
    assert await given.count("conversations") == 2

    place, thread = await asked(a, given)
    (conversation,) = await given.states(thread)
    await insert_commands(
        a, place, thread, [cmd.ReopenConversation("ana", ConversationId(conversation))]
    )
    await a.run(thread)
    assert (await ratings(given))[-1] == ("expired", "reopened", None)
    (state,) = (await given.states(thread)).values()
    assert state.status.value == "open"


async def test_a_low_score_reopens_for_the_team_of_the_rule(a: Host, given: RowBuilder) -> None:
    place, thread = await asked(a, given, reopen_team="ouvidoria")
    await given.admin.execute(
        "INSERT INTO teams VALUES ($1, 'ouvidoria', 'Ouvidoria')", place.tenant
    )

    await write(a, place, thread, "m2", "😡")

    rows = await given.admin.fetch("SELECT status, team, resolved_at FROM conversations")
    assert [tuple(row) for row in rows] == [("waiting", "ouvidoria", None)]
    assert await ratings(given) == [("answered", "", 1)]
    await write(a, place, thread, "m3", "não resolveram nada")
    assert await given.count("conversations") == 1


async def test_a_merge_ends_the_ratings_of_both_threads(a: Host, given: RowBuilder) -> None:
    place, thread = await asked(a, given)
    other = await given.thread(place)
    await write(a, place, other, "m9", "oi")
    await insert_commands(a, place, other, [cmd.MergeThread(str(thread))])

    await a.run(other)

    assert await ratings(given) == [("expired", "merged", None)]
    assert await given.count("timers", "name = 'rating'") == 0
    await assert_replays(given, thread)
    await assert_replays(given, other)


async def test_a_receipt_of_the_request_is_recorded(a: Host, given: RowBuilder) -> None:
    place, thread = await asked(a, given)
    (name,) = await given.rows("SELECT external_id FROM outbox WHERE text = 'Nota?'")
    await insert_commands(
        a, place, thread, [cmd.ReceiveDeliveryReceipt((name,), DeliveryStatus.READ)]
    )

    await a.run(thread)

    assert await given.rows("SELECT status FROM messages WHERE text = 'Nota?'") == ["read"]
    assert await ratings(given) == [("sent", "", None)]


async def test_another_tenant_sees_no_rating(a: Host, given: RowBuilder) -> None:
    place, _ = await asked(a, given)
    other = await given.place()
    for tenant, expected in ((place.tenant, 1), (other.tenant, 0)):
        async with a.database.as_tenant(tenant) as connection:
            assert await connection.fetchval("SELECT count(*) FROM ratings") == expected
