"""What a turn's end writes: files and notes, a hand-over, a farewell; and what silence writes."""

from decimal import Decimal
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from niochat.domain.conversation import commands as cmd
from niochat.domain.conversation.state import ConversationStatus
from niochat.domain.message import MessageContent, MessageKind
from tests.builders import (
    ChannelRef,
    Host,
    RowBuilder,
    ShardAssignments,
    build_message,
    insert_commands,
)

pytestmark = pytest.mark.asyncio
FINANCE = cmd.HandoffRequest("financeiro", "customer_asked", "Quer negociar.")


def said(words: str) -> MessageContent:
    return MessageContent(MessageKind.TEXT, words)


def boleto(file: UUID) -> MessageContent:
    return MessageContent(MessageKind.DOCUMENT, "Seu boleto", {"attachment": str(file)})


@pytest_asyncio.fixture
async def thread(a: Host, place: ChannelRef, given: RowBuilder) -> UUID:
    """A customer wrote and the assistant's turn runs."""
    thread = await given.thread(place)
    await asks(a, place, thread)
    return thread


async def asks(a: Host, place: ChannelRef, thread: UUID) -> None:
    await insert_commands(a, place, thread, [build_message(f"m-{uuid4()}")])
    await a.run(thread)


async def ends(
    a: Host,
    thread: UUID,
    *says: MessageContent,
    handoff: cmd.HandoffRequest | None = None,
    close: str = "",
    cost: Decimal = Decimal(0),
) -> None:
    """The turn in progress ends as its model wished."""
    turn, answered = a.turn(thread), cmd.TurnOutcome.ANSWERED
    await a.step(
        thread,
        cmd.FinishAssistantTurn(turn.id, 1, answered, says, handoff, close=close, cost=cost),
    )


async def silent(a: Host, thread: UUID, given: RowBuilder) -> None:
    """The idle timer is due, and the thread is looked at."""
    await given.admin.execute("UPDATE timers SET due_at = now() WHERE name = 'idle'")
    await a.run(thread)


async def leaves(a: Host, thread: UUID) -> list[str]:
    """Texts of what may leave, one after the other, each with its answer."""
    texts = []
    while (claimed := await a.claim(thread)) is not None:
        texts.append(claimed.text)
        await a.settle(claimed, cmd.SendStatus.SENT, f"out-{claimed.id}")
    return texts


async def test_a_hand_over_leaves_its_words_and_keeps_its_note(
    a: Host, place: ChannelRef, thread: UUID, given: RowBuilder
) -> None:
    await given.admin.execute(
        "INSERT INTO teams VALUES ($1, 'financeiro', 'Financeiro')", place.tenant
    )
    await ends(a, thread, said("Um instante."))
    await asks(a, place, thread)

    await ends(a, thread, said("Vou chamar o financeiro."), handoff=FINANCE)

    assert await leaves(a, thread) == ["Vou chamar o financeiro."]
    assert await given.rows("SELECT text FROM messages WHERE kind = 'note'") == ["Quer negociar."]
    assert await given.rows("SELECT text FROM messages WHERE code = 'cancelled'") == [
        "Um instante."
    ]
    (state,) = (await given.states(thread)).values()
    assert (state.status, state.team) == (ConversationStatus.WAITING, "financeiro")


async def test_a_file_leaves_with_its_message(
    a: Host, place: ChannelRef, thread: UUID, given: RowBuilder
) -> None:
    file: UUID = await given.admin.fetchval(
        "INSERT INTO attachments (tenant_id, id, mimetype, filename, data)"
        " VALUES ($1, $2, 'application/pdf', 'boleto.pdf', '%PDF-') RETURNING id",
        place.tenant,
        uuid4(),
    )
    await ends(a, thread, said("Segue."), boleto(file))

    first = await a.claim(thread)
    assert first is not None
    await a.settle(first, cmd.SendStatus.SENT, "out-1")
    claimed = await a.claim(thread)

    assert claimed is not None
    assert (claimed.kind, claimed.attachment_id, claimed.text) == (
        MessageKind.DOCUMENT,
        file,
        "Seu boleto",
    )


async def test_a_file_that_is_gone_is_a_send_that_can_fail_not_a_step_that_cannot_be_written(
    a: Host, thread: UUID
) -> None:
    await ends(a, thread, boleto(uuid4()))

    claimed = await a.claim(thread)

    assert claimed is not None
    assert (claimed.kind, claimed.attachment_id) == (MessageKind.DOCUMENT, None)


async def test_a_file_of_another_tenant_does_not_leave(
    a: Host, thread: UUID, given: RowBuilder
) -> None:
    foreign: UUID = await given.admin.fetchval(
        "INSERT INTO attachments (tenant_id, id, mimetype, filename, data)"
        " VALUES ($1, $2, 'application/pdf', 'boleto.pdf', '%PDF-') RETURNING id",
        await given.tenant(),
        uuid4(),
    )
    await ends(a, thread, boleto(foreign))

    claimed = await a.claim(thread)

    assert claimed is not None
    assert claimed.attachment_id is None


async def test_the_cost_of_a_turn_is_stored(a: Host, thread: UUID, given: RowBuilder) -> None:
    await ends(a, thread, said("Olá!"), cost=Decimal("0.012345"))

    assert await given.rows("SELECT cost FROM turns") == [Decimal("0.012345")]


async def test_a_farewell_is_sent_and_the_conversation_is_resolved(
    a: Host, thread: UUID, given: RowBuilder
) -> None:
    await ends(a, thread, said("Até mais!"), close="solved")

    assert await leaves(a, thread) == ["Até mais!"]
    assert await given.rows("SELECT status FROM conversations") == ["resolved"]


async def test_replies_that_have_not_left_do_not_stand_in_the_way_of_a_farewell(
    a: Host, place: ChannelRef, thread: UUID
) -> None:
    await ends(a, thread, said("Ainda não saiu."))
    await asks(a, place, thread)

    await ends(a, thread, said("Até mais!"), close="solved")

    assert await leaves(a, thread) == ["Até mais!"]


async def test_silence_brings_a_reminder_and_then_the_end_with_the_protocol(
    a: Host, place: ChannelRef, thread: UUID, given: RowBuilder
) -> None:
    await given.admin.execute(
        "UPDATE tenants SET policy = policy || $2 WHERE tenant_id = $1",
        place.tenant,
        {"reminder_text": "Ainda aí?", "close_text": "Fim. {protocol}"},
    )
    await ends(a, thread, said("Pronto!"))
    await a.run(thread)
    assert await leaves(a, thread) == ["Pronto!"], "before its time nothing is said"

    await silent(a, thread, given)
    assert await leaves(a, thread) == ["Ainda aí?"]
    await silent(a, thread, given)

    (state,) = (await given.states(thread)).values()
    assert await leaves(a, thread) == [f"Fim. {state.protocol}"]
    assert state.status is ConversationStatus.RESOLVED
    assert await given.rows("SELECT name FROM timers") == ["rating"]


async def test_two_hosts_that_see_the_silence_remind_once(
    a: Host, b: Host, thread: UUID, given: RowBuilder, ownership: ShardAssignments
) -> None:
    await ends(a, thread, said("Pronto!"))
    await leaves(a, thread)
    await given.admin.execute("UPDATE timers SET due_at = now() WHERE name = 'idle'")
    before = dict(a.epochs)
    await ownership.assign_all(b)
    a.epochs = before

    await a.step(thread)
    await b.run(thread)

    assert await given.count("events", "type = 'customer_reminded'") == 1
