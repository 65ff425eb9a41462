"""Customers who went quiet are written to as the rule says, once for each attempt."""

import asyncio
from datetime import timedelta

import pytest

from niochat.domain.conversation import commands as cmd
from niochat.insights.follow_ups.follow_up_watcher import FollowUpWatcher
from tests.insights.follow_ups.conftest import (
    DAY,
    HOUR,
    FollowUpFixture,
    registered_interest,
    tool,
)

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]


async def test_three_attempts_and_then_the_customer_is_lost(follow_ups: FollowUpFixture) -> None:
    thread = await follow_ups.interested()
    assert await follow_ups.watch(thread) == []
    assert await follow_ups.follow_ups() == [("waiting", "", 0)]

    await follow_ups.pass_time(23 * HOUR)
    assert await follow_ups.watch(thread) == []
    await follow_ups.pass_time(2 * HOUR)
    assert await follow_ups.watch(thread) == ["Olá, Maria! Ainda quer nossos planos?"]
    assert await follow_ups.follow_ups() == [("running", "", 1)]
    assert await follow_ups.watch(thread) == []

    await follow_ups.pass_time(2 * DAY + HOUR)
    assert await follow_ups.watch(thread) == ["Segunda nossos planos"]
    await follow_ups.pass_time(3 * DAY)
    assert await follow_ups.watch(thread) == [], "a Sunday"
    await follow_ups.pass_time(DAY)
    assert len(await follow_ups.watch(thread)) == 1
    assert await follow_ups.attempts() == [(n, "queued", "", 1) for n in (1, 2, 3)]

    await follow_ups.pass_time(8 * DAY)
    assert await follow_ups.watch(thread) == []
    assert await follow_ups.follow_ups() == [("lost", "", 3)]


@pytest.mark.parametrize("remembered", [True, False])
async def test_who_answers_within_the_window_is_won_back(
    follow_ups: FollowUpFixture, remembered: bool
) -> None:
    thread = await follow_ups.interested()
    await follow_ups.do(thread, cmd.ResolveConversation("ana"))
    await follow_ups.watch(thread)
    await follow_ups.pass_time(DAY + HOUR)
    assert len(await follow_ups.watch(thread)) == 1
    if not remembered:
        follow_ups.host.memory.clear()

    await follow_ups.write(thread, "quero sim, pode instalar?")
    await follow_ups.watch(thread)

    assert await follow_ups.follow_ups() == [("recovered", "", 1)]
    rows = await follow_ups.given.rows("SELECT status FROM conversations ORDER BY opened_at")
    assert rows == ["resolved", "pending"], "the answer opens a conversation"
    await follow_ups.pass_time(9 * DAY)
    assert await follow_ups.watch(thread) == []


async def test_who_comes_back_alone_or_too_late_was_not_won_back(
    follow_ups: FollowUpFixture,
) -> None:
    alone, late = await follow_ups.interested(), await follow_ups.interested()
    for thread in (alone, late):
        await follow_ups.do(thread, cmd.ResolveConversation("ana"))
    await follow_ups.watch(alone, late)
    await follow_ups.write(alone)
    await follow_ups.pass_time(DAY + HOUR)
    assert await follow_ups.watch(alone) == []
    assert len(await follow_ups.watch(late)) == 1
    await follow_ups.set_rule(delays_s=[86_400])
    await follow_ups.pass_time(7 * DAY + HOUR)
    await follow_ups.write(late)
    await follow_ups.watch()

    assert sorted(await follow_ups.follow_ups()) == [
        ("lost", "", 1),
        ("stopped", "customer_wrote", 0),
    ]


async def test_a_plan_that_was_chosen_is_named_and_has_its_value(
    follow_ups: FollowUpFixture,
) -> None:
    thread = await follow_ups.interested()
    await follow_ups.write(thread, "quero o 1")
    await follow_ups.answer(thread, registered_interest())
    await follow_ups.watch()

    (row,) = await follow_ups.given.admin.fetch("SELECT * FROM follow_ups")
    assert (row["interest"], row["plan"], float(row["plan_value"])) == (
        "registered",
        "Fibra 500",
        99.9,
    )
    await follow_ups.pass_time(DAY + HOUR)
    assert await follow_ups.watch(thread) == ["Olá, Maria! Ainda quer o plano Fibra 500?"]


async def test_who_wants_a_change_of_a_contract_shows_no_interest(
    follow_ups: FollowUpFixture,
) -> None:
    thread = await follow_ups.interested()
    await follow_ups.watch()
    await follow_ups.write(thread, "quero mudar de endereço")
    await follow_ups.answer(thread, tool("registrar_solicitacao"))
    await follow_ups.watch()

    assert await follow_ups.follow_ups() == [("stopped", "no_interest", 0)]


async def test_nobody_is_written_to_while_a_person_holds_the_conversation(
    follow_ups: FollowUpFixture,
) -> None:
    thread = await follow_ups.interested()
    await follow_ups.do(thread, cmd.AssignConversation("ana"))
    await follow_ups.watch()
    await follow_ups.pass_time(DAY + HOUR)
    assert await follow_ups.watch(thread) == []

    await follow_ups.do(thread, cmd.ResolveConversation("ana"))
    await follow_ups.pass_time(2 * HOUR)
    assert await follow_ups.watch(thread) == [], "the silence begins with the end"
    await follow_ups.pass_time(DAY)
    assert len(await follow_ups.watch(thread)) == 1


async def test_a_person_who_takes_it_after_the_order_is_first(
    follow_ups: FollowUpFixture,
) -> None:
    thread = await follow_ups.interested()
    await follow_ups.watch()
    await follow_ups.pass_time(DAY + HOUR)
    await follow_ups.watch()
    await follow_ups.given.admin.execute(
        "UPDATE inbox SET id = id + 1000000 WHERE processed_at IS NULL"
    )
    await follow_ups.do(thread, cmd.AssignConversation("ana"))

    assert await follow_ups.watch(thread) == []
    assert await follow_ups.attempts() == [(1, "skipped", "held", 1)]
    assert await follow_ups.follow_ups() == [("waiting", "", 0)]


async def test_something_new_since_the_order_makes_a_new_plan(follow_ups: FollowUpFixture) -> None:
    thread = await follow_ups.interested()
    await follow_ups.watch()
    await follow_ups.pass_time(DAY + HOUR)
    await follow_ups.watch()
    await follow_ups.given.admin.execute(
        "UPDATE inbox SET id = id + 1000000 WHERE processed_at IS NULL"
    )
    await follow_ups.do(thread, cmd.SetConversationLabels("ana", ("vip",)))

    assert await follow_ups.leave(thread) == []
    assert await follow_ups.attempts() == [(1, "skipped", "changed", 1)]
    assert len(await follow_ups.watch(thread)) == 1
    assert await follow_ups.attempts() == [(1, "queued", "", 2)]


async def test_a_label_that_stops_ends_it(follow_ups: FollowUpFixture) -> None:
    thread = await follow_ups.interested()
    await follow_ups.set_rule(stop_labels=["vendido"])
    await follow_ups.do(thread, cmd.SetConversationLabels("ana", ("vendido",)))
    await follow_ups.watch()

    assert await follow_ups.follow_ups() == [("stopped", "labeled", 0)]


@pytest.mark.parametrize("reason", ["anger", "cancellation", "complaint_body"])
async def test_nobody_is_written_to_after_a_complaint(
    follow_ups: FollowUpFixture, reason: str
) -> None:
    thread = await follow_ups.interested()
    await follow_ups.write(thread, "que vergonha")
    turn = follow_ups.host.turn(thread)
    await follow_ups.host.step(
        thread,
        cmd.FinishAssistantTurn(
            turn.id,
            turn.attempt,
            cmd.TurnOutcome.ANSWERED,
            handoff=cmd.HandoffRequest("atendimento", reason),
        ),
    )
    await follow_ups.watch()
    assert await follow_ups.follow_ups() == [("stopped", "complaint", 0)]

    await follow_ups.do(thread, cmd.AssignConversation("ana"), cmd.ResolveConversation("ana"))
    await follow_ups.interested(thread)
    await follow_ups.watch()
    await follow_ups.pass_time(2 * DAY)
    assert await follow_ups.watch(thread) == []
    assert await follow_ups.follow_ups() == [("stopped", "complaint", 0)] * 2


async def test_an_order_that_is_late_is_not_sent_at_night(follow_ups: FollowUpFixture) -> None:
    thread = await follow_ups.interested()
    await follow_ups.watch()
    await follow_ups.pass_time(DAY + 6 * HOUR)
    await follow_ups.watch()
    assert await follow_ups.attempts() == [(1, "ordered", "", 1)]
    await follow_ups.pass_time(8 * HOUR)  # nothing ran; it is midnight

    assert await follow_ups.watch(thread) == []
    assert await follow_ups.attempts() == [(1, "skipped", "late", 1)]
    await follow_ups.pass_time(10 * HOUR)
    assert len(await follow_ups.watch(thread)) == 1
    assert await follow_ups.attempts() == [(1, "queued", "", 2)]


async def test_a_message_that_waits_in_the_outbox_does_not_leave_at_night(
    follow_ups: FollowUpFixture,
) -> None:
    thread = await follow_ups.interested()
    await follow_ups.watch()
    await follow_ups.pass_time(DAY + 6 * HOUR)
    await follow_ups.watch()
    await follow_ups.host.run(thread)
    assert await follow_ups.given.count("outbox", "status = 'queued'") == 1
    await follow_ups.pass_time(8 * HOUR)

    assert await follow_ups.leave(thread) == []
    (row,) = await follow_ups.host.outbox.list_unsettled(thread)
    assert row.unwanted


async def test_limits_of_a_day_hold_for_tenant_and_channel(follow_ups: FollowUpFixture) -> None:
    threads = [await follow_ups.interested() for _ in range(5)]
    await follow_ups.set_rule(per_day=3, channel_per_day=2)
    await follow_ups.watch()
    await follow_ups.pass_time(DAY + HOUR)

    assert len(await follow_ups.watch(*threads)) == 2
    await follow_ups.pass_time(HOUR)
    assert await follow_ups.watch(*threads) == []
    await follow_ups.pass_time(DAY)
    assert len(await follow_ups.watch(*threads)) == 2


async def test_many_watchers_and_a_repeated_command_write_once(follow_ups: FollowUpFixture) -> None:
    threads = [await follow_ups.interested() for _ in range(4)]
    await follow_ups.watch()
    await follow_ups.pass_time(DAY + HOUR)
    database = follow_ups.host.database
    watchers = [FollowUpWatcher(database, timedelta(0)) for _ in range(4)]
    for _ in range(3):
        await asyncio.gather(*(each.run_once() for each in watchers))
    assert len(await follow_ups.watch(*threads)) == 4

    await follow_ups.given.admin.execute(
        "UPDATE inbox SET processed_at = NULL, outcome = NULL"
        " WHERE command ->> 'type' = 'send_follow_up'"
    )
    assert await follow_ups.watch(*threads) == []
    assert await follow_ups.attempts() == [(1, "queued", "", 1)] * 4


async def test_a_watcher_that_died_before_its_commit_has_ordered_nothing(
    follow_ups: FollowUpFixture,
) -> None:
    thread = await follow_ups.interested()
    await follow_ups.watch()
    await follow_ups.pass_time(DAY + HOUR)
    await follow_ups.watch()
    # As if its transaction had been rolled back.
    for table in ("follow_up_attempts", "inbox WHERE processed_at IS NULL"):
        await follow_ups.given.admin.execute(f"DELETE FROM {table}")
    await follow_ups.given.admin.execute("UPDATE follow_ups SET check_at = now()")

    assert len(await follow_ups.watch(thread)) == 1


async def test_what_is_switched_off_stops_and_begins_anew(follow_ups: FollowUpFixture) -> None:
    thread = await follow_ups.interested()
    await follow_ups.watch()
    await follow_ups.set_rule(enabled=False)
    await follow_ups.watcher.run_once()
    assert await follow_ups.follow_ups() == [("stopped", "switched_off", 0)]
    assert await follow_ups.given.count("analytics.positions", "name = 'follow_ups'") == 0

    unseen = await follow_ups.interested()
    await follow_ups.set_rule(enabled=True)
    await follow_ups.watch()
    await follow_ups.pass_time(DAY + HOUR)
    assert await follow_ups.watch(thread, unseen) == []


async def test_one_person_is_not_written_to_about_another_conversation_soon(
    follow_ups: FollowUpFixture,
) -> None:
    thread = await follow_ups.interested()
    await follow_ups.do(thread, cmd.ResolveConversation("ana"))
    await follow_ups.watch()
    await follow_ups.pass_time(DAY + HOUR)
    assert len(await follow_ups.watch(thread)) == 1
    await follow_ups.interested(thread)
    await follow_ups.do(thread, cmd.ResolveConversation("ana"))
    await follow_ups.watch()
    await follow_ups.pass_time(2 * DAY)

    assert await follow_ups.watch(thread) == []
    assert await follow_ups.follow_ups() == [
        ("recovered", "", 1),
        ("stopped", "written_recently", 0),
    ]
