"""Statement 4 for agents: an order is journalled and audited once, by what it means."""

import asyncio
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from niochat.conversations.conversation_inspection import ConversationInspector
from niochat.domain.conversation.state import TurnInProgress
from niochat.domain.errors import OperationRefusedError
from niochat.erp.write_journal import ErpWriteJournal
from niochat.ports.audit import AuditActor, AuditActorKind
from niochat.ports.erp import AgentErpOrder
from tests.builders import ChannelRef, Host, RowBuilder, build_message, insert_commands

pytestmark = pytest.mark.asyncio
KEY = "unlock:4711:2026-03"


@pytest.fixture
def journal(a: Host) -> ErpWriteJournal:
    return ErpWriteJournal(a.database)


@pytest_asyncio.fixture
async def turn(a: Host, place: ChannelRef, thread: UUID) -> TurnInProgress:
    await insert_commands(a, place, thread, [build_message("m1")])
    await a.run(thread)
    return a.turn(thread)


@pytest_asyncio.fixture
async def visit(given: RowBuilder, turn: TurnInProgress) -> UUID:
    (visit,) = await given.rows("SELECT conversation_id FROM turns WHERE id = $1", turn.id)
    return UUID(str(visit))


def order(visit: UUID) -> AgentErpOrder:
    """Another one each time."""
    return AgentErpOrder(uuid4(), visit, AuditActor(AuditActorKind.USER, "ana", "127.0.0.1"))


async def test_of_many_orders_at_once_one_is_journalled_audited_and_sent(
    journal: ErpWriteJournal, place: ChannelRef, visit: UUID, given: RowBuilder
) -> None:
    begun = await asyncio.gather(
        *(journal.begin_agent_order(place.tenant, KEY, order(visit), {}) for _ in range(8))
    )
    assert sum(entry.created for entry in begun) == 1
    assert len({(entry.id, entry.order_id) for entry in begun}) == 1
    write = begun[0].id
    sent = await asyncio.gather(
        *(journal.mark_agent_order_sending(place.tenant, write) for _ in range(8))
    )
    assert sum(sent) == 1
    audited = await given.rows("SELECT after ->> 'write' FROM audit WHERE who = 'ana'")
    assert audited == [str(write)]


async def test_for_a_suspended_tenant_nothing_is_journalled_or_sent(
    journal: ErpWriteJournal, place: ChannelRef, visit: UUID, given: RowBuilder
) -> None:
    entry = await journal.begin_agent_order(place.tenant, KEY, order(visit), {})
    await given.admin.execute("UPDATE tenants SET status = 'suspended'")
    assert not await journal.mark_agent_order_sending(place.tenant, entry.id)
    with pytest.raises(OperationRefusedError):
        await journal.begin_agent_order(place.tenant, "unlock:1:2026-03", order(visit), {})
    assert await given.count("erp_writes") == 1


async def test_another_tenants_conversation_cannot_be_named(
    journal: ErpWriteJournal, visit: UUID, given: RowBuilder
) -> None:
    stranger = await given.tenant()
    with pytest.raises(OperationRefusedError):
        await journal.begin_agent_order(stranger, KEY, order(visit), {})
    assert await given.count("erp_writes") == 0


async def test_what_was_refused_is_tried_again_by_another_order_only(
    journal: ErpWriteJournal, place: ChannelRef, visit: UUID, turn: TurnInProgress
) -> None:
    first = order(visit)
    entry = await journal.begin_agent_order(place.tenant, KEY, first, {"n": 1})
    await journal.settle(place.tenant, entry.id, "refused", {"reason": "não pode"})

    again = await journal.begin_agent_order(place.tenant, KEY, first, {"n": 1})
    assert (again.created, again.status) == (False, "refused")
    other = await journal.begin_agent_order(place.tenant, KEY, order(visit), {"n": 2})
    assert (other.id, other.created, other.status) == (entry.id, True, "started")
    assert other.request == {"n": 2}

    await journal.settle(place.tenant, entry.id, "refused", {"reason": "não pode"})
    assistant = await journal.begin(place.tenant, KEY, turn.id, 1, {"n": 3})
    assert (assistant.created, assistant.order_id) == (True, None)
    await journal.settle(place.tenant, entry.id, "refused", {"reason": "não pode"})
    assert (await journal.begin_agent_order(place.tenant, KEY, first, {"n": 4})).created


@pytest.mark.parametrize("status", ["sending", "done"])
async def test_what_may_be_done_is_never_begun_again(
    status: str, journal: ErpWriteJournal, place: ChannelRef, visit: UUID, turn: TurnInProgress
) -> None:
    entry = await journal.begin_agent_order(place.tenant, KEY, order(visit), {})
    assert await journal.mark_agent_order_sending(place.tenant, entry.id)
    if status == "done":
        await journal.settle(place.tenant, entry.id, "done", {"protocol": "9"})

    for again in (
        await journal.begin_agent_order(place.tenant, KEY, order(visit), {}),
        await journal.begin(place.tenant, KEY, turn.id, 1, {}),
    ):
        assert (again.created, again.status) == (False, status)
    assert not await journal.mark_agent_order_sending(place.tenant, entry.id)
    assert not await journal.mark_sending(place.tenant, entry.id, turn.id, 1)


async def test_a_write_belongs_to_its_conversation(
    journal: ErpWriteJournal,
    a: Host,
    place: ChannelRef,
    visit: UUID,
    turn: TurnInProgress,
    given: RowBuilder,
) -> None:
    agents = await journal.begin_agent_order(place.tenant, KEY, order(visit), {"kind": "Unlock"})
    assistants = await journal.begin(place.tenant, "ticket:1", turn.id, 1, {"kind": "OpenTicket"})
    for entry in (agents, assistants):
        known = await journal.find_in_conversation(place.tenant, entry.id, visit)
        assert known is not None
        assert (known.key, known.abandoned) == (entry.key, False)
        assert await journal.find_in_conversation(place.tenant, entry.id, uuid4()) is None
    assert await journal.find_in_conversation(await given.tenant(), agents.id, visit) is None
    shown = await ConversationInspector(a.database).load_timeline(place.tenant, visit)
    assert [each["kind"] for each in shown["writes"]] == ["Unlock", "OpenTicket"]


async def test_a_write_that_nobody_sends_is_abandoned_after_minutes(
    journal: ErpWriteJournal, place: ChannelRef, visit: UUID, given: RowBuilder
) -> None:
    entry = await journal.begin_agent_order(place.tenant, KEY, order(visit), {})
    await given.admin.execute("UPDATE erp_writes SET journaled_at = now() - interval '3 min'")
    known = await journal.find(place.tenant, KEY)
    assert known is not None
    assert (known.id, known.status, known.abandoned) == (entry.id, "started", True)
