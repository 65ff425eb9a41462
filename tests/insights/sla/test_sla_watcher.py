"""Warnings and breaches are in the log once, whoever watches, dies or lags behind."""

import asyncio

import pytest

from niochat.domain.conversation import commands as cmd
from niochat.domain.sla.sla_policy import SlaPolicy
from niochat.insights.sla.sla_policy_store import SlaPolicyContent
from tests.insights.sla.conftest import SlaFixture

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]


async def test_an_answer_that_does_not_come_is_warned_of_and_then_a_breach(sla: SlaFixture) -> None:
    await sla.policy(first_answer_s=600)
    thread = await sla.waits()
    await sla.pass_minutes(9)

    assert await sla.watch() == 1
    assert await sla.logged(thread) == ["sla_warned"]
    (clock,) = await sla.clocks()
    assert (clock["policy_name"], clock["breached_at"], clock["number"]) == ("Ouro", None, 1)

    assert await sla.watch() == 0
    await sla.insights.given.admin.execute(
        "UPDATE sla_clocks SET due_at = due_at - interval '2 minutes'"
    )
    assert await sla.watcher.run_once() == 1
    assert await sla.logged(thread) == ["sla_warned", "sla_breached"]
    (clock,) = await sla.clocks()
    assert clock["breached_at"] == clock["due_at"]


async def test_what_was_reported_is_not_reported_again(sla: SlaFixture) -> None:
    await sla.policy()
    thread = await sla.waits()
    await sla.pass_minutes(6)

    assert [await sla.watch(), await sla.watch()] == [1, 0]
    await sla.logged(thread)

    assert await sla.watch() == 0
    assert await sla.commands() == ["first_answer:breached"]
    assert await sla.logged(thread) == ["sla_breached"]


async def test_many_watchers_at_once_report_each_breach_once(sla: SlaFixture) -> None:
    await sla.policy(resolution_s=60)
    threads = [await sla.waits() for _ in range(5)]
    await sla.pass_minutes(6)
    watchers = [sla.create_watcher() for _ in range(4)]

    for _ in range(3):
        await asyncio.gather(*(each.run_once() for each in watchers))
    await sla.watch()

    assert (
        sorted(await sla.commands()) == ["first_answer:breached"] * 5 + ["resolution:breached"] * 5
    )
    for thread in threads:
        assert await sla.logged(thread) == ["sla_breached", "sla_breached"]


async def test_a_watcher_that_died_before_its_commit_reported_nothing(sla: SlaFixture) -> None:
    await sla.policy()
    thread = await sla.waits()
    await sla.pass_minutes(6)
    await sla.watch()
    # As if the transaction of the report had been rolled back.
    await sla.insights.given.admin.execute("DELETE FROM inbox WHERE dedupe_key LIKE 'sla:%'")
    await sla.insights.given.admin.execute("UPDATE sla_clocks SET breach_logged = false")

    assert await sla.watch() == 1
    assert await sla.logged(thread) == ["sla_breached"]


async def test_an_answer_in_time_is_no_breach_however_late_it_is_read(sla: SlaFixture) -> None:
    await sla.policy()
    thread = await sla.waits()
    await sla.insights.do(
        thread, cmd.AssignConversation("ana"), cmd.ReplyToCustomer("ana", "Bom dia!")
    )
    await sla.pass_minutes(600)

    assert await sla.watch() == 0
    (clock,) = await sla.clocks()
    assert (clock["outcome"], clock["breached_at"], clock["agent"]) == ("reached", None, "ana")


async def test_an_unread_answer_keeps_a_breach_from_being_reported(sla: SlaFixture) -> None:
    """The clock is due, but an event before that time was not read yet."""
    await sla.policy()
    thread = await sla.waits()
    await sla.watch()
    await sla.insights.do(
        thread, cmd.AssignConversation("ana"), cmd.ReplyToCustomer("ana", "Bom dia!")
    )
    await sla.insights.given.admin.execute(
        "UPDATE events e SET at = at - interval '10 minutes' FROM sla_conversations s"
        " WHERE s.conversation_id = e.conversation_id AND e.version > s.version"
    )
    await sla.insights.given.admin.execute(
        "UPDATE sla_clocks SET due_at = now() - interval '1 minute',"
        " warn_at = now() - interval '2 minutes'"
    )

    assert await sla.watcher._report(sla.tenant) == 0

    assert await sla.watch() == 0
    assert (await sla.clocks())[0]["outcome"] == "reached"


async def test_a_late_answer_is_a_breach_although_nobody_watched(sla: SlaFixture) -> None:
    await sla.policy()
    thread = await sla.waits()
    await sla.pass_minutes(6)
    await sla.insights.do(
        thread, cmd.AssignConversation("ana"), cmd.ReplyToCustomer("ana", "Bom dia!")
    )

    assert await sla.watch() == 1
    (clock,) = await sla.clocks()
    assert (clock["outcome"], clock["breached_at"] < clock["ended_at"]) == ("reached", True)
    assert await sla.logged(thread) == ["sla_breached"]


async def test_a_breach_of_a_resolved_conversation_counts_but_adds_no_event(
    sla: SlaFixture,
) -> None:
    await sla.policy()
    thread = await sla.waits()
    await sla.pass_minutes(6)
    await sla.insights.do(thread, cmd.AssignConversation("ana"), cmd.ResolveConversation("ana"))

    assert await sla.watch() == 1
    assert await sla.logged(thread) == []
    assert (await sla.clocks())[0]["breached_at"] is not None


async def test_a_command_does_not_reach_the_next_conversation_of_the_customer(
    sla: SlaFixture,
) -> None:
    await sla.policy()
    thread = await sla.waits()
    await sla.pass_minutes(6)
    await sla.insights.do(thread, cmd.AssignConversation("ana"), cmd.ResolveConversation("ana"))
    await sla.watch()
    await sla.insights.writes(thread)

    assert await sla.logged(thread) == []


async def test_a_conversation_from_before_the_first_policy_gets_its_clocks(sla: SlaFixture) -> None:
    thread = await sla.waits()
    answered = await sla.waits()
    await sla.insights.do(
        answered, cmd.AssignConversation("ana"), cmd.ReplyToCustomer("ana", "Bom dia!")
    )
    await sla.insights.given.admin.execute("UPDATE events SET at = at - interval '2 minutes'")
    content = SlaPolicyContent(SlaPolicy("Ouro", first_answer_s=300, business_hours=False))
    await sla.store.create(sla.editor, content)

    assert await sla.watch() == 0

    (clock,) = await sla.clocks()  # what was answered before was not promised
    assert clock["conversation_id"] == await sla.insights.conversation(thread)
    assert (clock["due_at"] - clock["started_at"]).total_seconds() == 300


async def test_another_policy_moves_what_runs(sla: SlaFixture) -> None:
    row = await sla.policy()
    await sla.waits()
    await sla.watch()
    (before,) = await sla.clocks()
    content = SlaPolicyContent(SlaPolicy("Ouro", first_answer_s=900, business_hours=False))
    await sla.store.replace(sla.editor, row["id"], content, None)
    await sla.watch()
    (after,) = await sla.clocks()
    await sla.store.delete(sla.editor, row["id"], None)
    await sla.watch()
    (without,) = await sla.clocks()

    assert (after["due_at"] - before["due_at"]).total_seconds() == 600
    assert (without["due_at"], without["policy_id"]) == (None, None)


async def test_other_business_hours_move_what_runs(sla: SlaFixture) -> None:
    await sla.policy(business_hours=True)
    await sla.waits()
    await sla.watch()
    admin = sla.insights.given.admin
    assert (await sla.clocks())[0]["due_at"] is not None

    await admin.execute(
        "UPDATE tenants SET config_version = config_version + 1, policy = policy || $1::jsonb",
        {"hours": [{"days": [0], "opens": "00:00:00", "closes": "00:01:00"}]},
    )
    await sla.watch()

    (clock,) = await sla.clocks()
    assert (clock["due_at"] - clock["started_at"]).total_seconds() > 300


async def test_lists_get_the_clock_that_is_due_next(sla: SlaFixture) -> None:
    await sla.policy(resolution_s=3600)
    thread = await sla.waits()
    await sla.watch()
    assert sla.announced[-1]["shown"]["target"] == "first_answer"

    await sla.insights.do(
        thread, cmd.AssignConversation("ana"), cmd.ReplyToCustomer("ana", "Bom dia!")
    )
    await sla.watch()
    assert sla.announced[-1]["shown"]["target"] == "resolution"
    assert sla.announced[-1]["agent"] == "ana"

    await sla.insights.do(thread, cmd.ResolveConversation("ana"))
    await sla.watch()
    assert sla.announced[-1]["shown"] is None


async def test_without_policies_nothing_is_read(sla: SlaFixture) -> None:
    await sla.waits()

    assert await sla.watcher.run_once() == 0
    assert await sla.insights.given.rows("SELECT * FROM sla_conversations") == []
    assert (
        await sla.insights.given.rows("SELECT name FROM analytics.positions WHERE name = 'sla'")
        == []
    )
