"""Statement 4: a write to the ERP is journalled by what it means, once."""

import asyncio
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from niochat.domain.conversation import commands as cmd
from niochat.domain.conversation.state import TurnInProgress
from niochat.domain.errors import NiochatError, OperationRefusedError
from niochat.erp.write_journal import ErpWriteJournal
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


async def test_an_equal_write_is_done_once_and_its_result_reused(
    journal: ErpWriteJournal, place: ChannelRef, turn: TurnInProgress
) -> None:
    first = await journal.begin(place.tenant, KEY, turn.id, 1, {"contract": 4711})
    assert (first.created, first.status) == (True, "started")
    assert await journal.settle(place.tenant, first.id, "done", {"protocol": 9})

    second = await journal.begin(place.tenant, KEY, turn.id, 1, {"contract": 4711, "w": "other"})

    assert (second.created, second.status, second.result) == (False, "done", {"protocol": 9})
    assert second.id == first.id


async def test_the_same_meaning_ten_times_at_once_has_one_that_does_it(
    journal: ErpWriteJournal, place: ChannelRef, turn: TurnInProgress, given: RowBuilder
) -> None:
    begun = await asyncio.gather(
        *(journal.begin(place.tenant, KEY, turn.id, 1, {}) for _ in range(10))
    )

    assert sum(one.created for one in begun) == 1
    assert await given.count("erp_writes") == 1


async def test_an_answer_is_recorded_once(
    journal: ErpWriteJournal, place: ChannelRef, turn: TurnInProgress, given: RowBuilder
) -> None:
    write = await journal.begin(place.tenant, KEY, turn.id, 1, {})

    assert await journal.settle(place.tenant, write.id, "done", {"n": 1})
    assert not await journal.settle(place.tenant, write.id, "refused", {"n": 2})
    assert await given.rows("SELECT result FROM erp_writes") == [{"n": 1}]


async def test_a_write_whose_answer_was_lost_is_known_as_started_and_not_repeated(
    journal: ErpWriteJournal, place: ChannelRef, turn: TurnInProgress
) -> None:
    await journal.begin(place.tenant, KEY, turn.id, 1, {})

    again = await journal.begin(place.tenant, KEY, turn.id, 1, {})

    assert (again.created, again.status, again.result) == (False, "started", None)


async def test_a_turn_that_is_not_current_writes_nothing(
    journal: ErpWriteJournal,
    a: Host,
    place: ChannelRef,
    thread: UUID,
    turn: TurnInProgress,
    given: RowBuilder,
) -> None:
    for wrong, attempt in ((turn.id, 2), (uuid4(), 1)):
        with pytest.raises(OperationRefusedError):
            await journal.begin(place.tenant, KEY, wrong, attempt, {})
    await insert_commands(a, place, thread, [cmd.AssignConversation("ana")])
    await a.run(thread)

    with pytest.raises(OperationRefusedError) as refused:
        await journal.begin(place.tenant, KEY, turn.id, 1, {})

    assert refused.value.code == "turn_not_current"
    assert await given.count("erp_writes") == 0


async def test_only_the_newest_attempt_of_a_turn_writes(
    journal: ErpWriteJournal, a: Host, place: ChannelRef, thread: UUID, turn: TurnInProgress
) -> None:
    await a.step(thread, cmd.RestartTurn(turn.id, 1))

    with pytest.raises(OperationRefusedError):
        await journal.begin(place.tenant, KEY, turn.id, 1, {})
    assert (await journal.begin(place.tenant, KEY, turn.id, 2, {})).created


async def test_a_suspended_tenant_writes_nothing(
    journal: ErpWriteJournal, place: ChannelRef, turn: TurnInProgress, given: RowBuilder
) -> None:
    await given.admin.execute("UPDATE tenants SET status = 'suspended'")

    with pytest.raises(OperationRefusedError):
        await journal.begin(place.tenant, KEY, turn.id, 1, {})


async def test_the_same_meaning_at_two_tenants_is_two_writes_that_do_not_see_each_other(
    journal: ErpWriteJournal, a: Host, place: ChannelRef, turn: TurnInProgress, given: RowBuilder
) -> None:
    other = await given.place()
    theirs = await given.thread(other)
    await insert_commands(a, other, theirs, [build_message("m1")])
    await a.run(theirs)
    write = await journal.begin(place.tenant, KEY, turn.id, 1, {})

    with pytest.raises(OperationRefusedError):
        await journal.begin(other.tenant, KEY, turn.id, 1, {})
    assert (await journal.begin(other.tenant, KEY, a.turn(theirs).id, 1, {})).created
    assert not await journal.settle(other.tenant, write.id, "done", {})


async def test_the_paths_role_cannot_touch_the_journal(a: Host) -> None:
    with pytest.raises(NiochatError, match="permission denied"):
        async with a.database.as_system() as connection:
            await connection.fetch("SELECT FROM erp_writes")


# -- right before the socket ------------------------------------------------------------------


async def later_turn(a: Host, place: ChannelRef, thread: UUID) -> TurnInProgress:
    """The turn in progress is answered and the customer writes again."""
    await a.answer(thread, "Pronto!")
    await insert_commands(a, place, thread, [build_message(f"m-{uuid4()}")])
    await a.run(thread)
    return a.turn(thread)


async def test_of_all_who_would_do_it_at_once_one_leaves(
    journal: ErpWriteJournal, place: ChannelRef, turn: TurnInProgress, given: RowBuilder
) -> None:
    write = await journal.begin(place.tenant, KEY, turn.id, 1, {})

    left = await asyncio.gather(
        *(journal.mark_sending(place.tenant, write.id, turn.id, 1) for _ in range(10))
    )

    assert sum(left) == 1
    assert await given.rows("SELECT status FROM erp_writes") == ["sending"]
    again = await journal.begin(place.tenant, KEY, turn.id, 1, {})
    assert (again.created, again.status) == (False, "sending")


async def test_a_write_journaled_by_a_cancelled_turn_is_not_sent(
    journal: ErpWriteJournal,
    a: Host,
    place: ChannelRef,
    thread: UUID,
    turn: TurnInProgress,
    given: RowBuilder,
) -> None:
    write = await journal.begin(place.tenant, KEY, turn.id, 1, {})
    await insert_commands(a, place, thread, [build_message("m2", "não, espera!")])
    await a.run(thread)
    assert a.turn(thread).id != turn.id

    assert not await journal.mark_sending(place.tenant, write.id, turn.id, 1)
    assert await given.rows("SELECT status FROM erp_writes") == ["started"]


async def test_the_turn_that_follows_may_do_what_a_cancelled_one_only_wrote_down(
    journal: ErpWriteJournal, a: Host, place: ChannelRef, thread: UUID, turn: TurnInProgress
) -> None:
    await journal.begin(place.tenant, KEY, turn.id, 1, {})
    await insert_commands(a, place, thread, [build_message("m2", "isso mesmo")])
    await a.run(thread)
    follower = a.turn(thread)

    write = await journal.begin(place.tenant, KEY, follower.id, 1, {})

    assert (write.created, write.status) == (False, "started")
    assert await journal.mark_sending(place.tenant, write.id, follower.id, 1)


async def test_a_write_journaled_by_a_lost_attempt_is_sent_by_the_next_attempt_only(
    journal: ErpWriteJournal, a: Host, place: ChannelRef, thread: UUID, turn: TurnInProgress
) -> None:
    write = await journal.begin(place.tenant, KEY, turn.id, 1, {})
    await a.step(thread, cmd.RestartTurn(turn.id, 1))

    assert not await journal.mark_sending(place.tenant, write.id, turn.id, 1)
    assert await journal.mark_sending(place.tenant, write.id, turn.id, 2)


async def test_nothing_of_a_suspended_tenant_leaves(
    journal: ErpWriteJournal, place: ChannelRef, turn: TurnInProgress, given: RowBuilder
) -> None:
    write = await journal.begin(place.tenant, KEY, turn.id, 1, {})
    await given.admin.execute("UPDATE tenants SET status = 'suspended'")

    assert not await journal.mark_sending(place.tenant, write.id, turn.id, 1)


async def test_a_write_that_certainly_did_not_reach_the_erp_may_be_sent_by_another_turn(
    journal: ErpWriteJournal, place: ChannelRef, turn: TurnInProgress
) -> None:
    write = await journal.begin(place.tenant, KEY, turn.id, 1, {})
    assert await journal.mark_sending(place.tenant, write.id, turn.id, 1)
    await journal.mark_not_sent(place.tenant, write.id)

    left = [await journal.mark_sending(place.tenant, write.id, turn.id, 1) for _ in range(2)]

    assert left == [True, False]


async def test_an_answer_that_came_is_not_taken_back_by_who_thinks_it_stayed(
    journal: ErpWriteJournal, place: ChannelRef, turn: TurnInProgress, given: RowBuilder
) -> None:
    write = await journal.begin(place.tenant, KEY, turn.id, 1, {})
    await journal.mark_sending(place.tenant, write.id, turn.id, 1)
    await journal.settle(place.tenant, write.id, "done", {"protocol": "9"})

    await journal.mark_not_sent(place.tenant, write.id)

    assert await given.rows("SELECT status FROM erp_writes") == ["done"]


# -- asked again ------------------------------------------------------------------------------


async def test_an_unlock_refused_on_the_3rd_may_be_asked_for_again_on_the_20th(
    journal: ErpWriteJournal,
    a: Host,
    place: ChannelRef,
    thread: UUID,
    turn: TurnInProgress,
    given: RowBuilder,
) -> None:
    refused = await journal.begin(place.tenant, KEY, turn.id, 1, {"words": "dia 3"})
    await journal.mark_sending(place.tenant, refused.id, turn.id, 1)
    await journal.settle(place.tenant, refused.id, "refused", {"reason": "fatura muito antiga"})
    later = await later_turn(a, place, thread)

    write = await journal.begin(place.tenant, KEY, later.id, 1, {"words": "dia 20"})

    assert (write.id, write.created, write.status) == (refused.id, True, "started")
    assert (write.request, write.result) == ({"words": "dia 20"}, None)
    assert await journal.mark_sending(place.tenant, write.id, later.id, 1)
    assert await given.count("erp_writes") == 1


async def test_a_turn_that_was_refused_does_not_ask_the_same_again(
    journal: ErpWriteJournal, place: ChannelRef, turn: TurnInProgress
) -> None:
    write = await journal.begin(place.tenant, KEY, turn.id, 1, {})
    await journal.mark_sending(place.tenant, write.id, turn.id, 1)
    await journal.settle(place.tenant, write.id, "refused", {"reason": "não pode"})

    again = await journal.begin(place.tenant, KEY, turn.id, 1, {})

    assert (again.created, again.status, again.result) == (False, "refused", {"reason": "não pode"})
    assert not await journal.mark_sending(place.tenant, write.id, turn.id, 1)


async def test_two_turns_that_ask_again_at_once_have_one_that_does_it(
    journal: ErpWriteJournal, a: Host, place: ChannelRef, thread: UUID, turn: TurnInProgress
) -> None:
    write = await journal.begin(place.tenant, KEY, turn.id, 1, {})
    await journal.settle(place.tenant, write.id, "refused", {"reason": "não pode"})
    later = await later_turn(a, place, thread)

    begun = await asyncio.gather(
        *(journal.begin(place.tenant, KEY, later.id, 1, {}) for _ in range(5))
    )

    assert sum(one.created for one in begun) == 1
    assert {one.status for one in begun} == {"started"}


@pytest.mark.parametrize("status", ["done", "sending"])
async def test_a_write_that_was_or_may_have_been_done_is_never_begun_again(
    status: str,
    journal: ErpWriteJournal,
    a: Host,
    place: ChannelRef,
    thread: UUID,
    turn: TurnInProgress,
) -> None:
    write = await journal.begin(place.tenant, KEY, turn.id, 1, {})
    await journal.mark_sending(place.tenant, write.id, turn.id, 1)
    if status == "done":
        await journal.settle(place.tenant, write.id, "done", {"protocol": "9"})
    later = await later_turn(a, place, thread)

    again = await journal.begin(place.tenant, KEY, later.id, 1, {})

    assert (again.id, again.created, again.status) == (write.id, False, status)
    assert not await journal.mark_sending(place.tenant, write.id, later.id, 1)


async def test_the_operator_sees_writes_whose_outcome_nobody_knows(
    journal: ErpWriteJournal, place: ChannelRef, turn: TurnInProgress, given: RowBuilder
) -> None:
    write = await journal.begin(place.tenant, KEY, turn.id, 1, {})
    await journal.mark_sending(place.tenant, write.id, turn.id, 1)
    assert await journal.list_unsettled(place.tenant) == [], "it may still be under way"
    await given.admin.execute("UPDATE erp_writes SET left_at = left_at - interval '3 min'")

    assert [entry.id for entry in await journal.list_unsettled(place.tenant)] == [write.id]
    await journal.settle(place.tenant, write.id, "done", {})
    assert await journal.list_unsettled(place.tenant) == []
