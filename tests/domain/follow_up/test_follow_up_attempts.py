"""The conversation decides about an attempt that was ordered: once, or not at all."""

from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from niochat.domain.business_hours import END_OF_DAY
from niochat.domain.conversation import commands as cmd
from niochat.domain.conversation.decision import Decision
from niochat.domain.conversation.policy import ConversationPolicy
from niochat.domain.conversation.state import ConversationStatus
from niochat.domain.follow_up.follow_up_plan import SkipReason
from niochat.domain.follow_up.follow_up_policy import FollowUpPolicy
from niochat.domain.ids import ConversationId
from niochat.domain.rating.rating_policy import RatingPolicy
from tests.domain.conversation_simulator import ConversationSimulator

EVERY_DAY = tuple(range(7))
POLICY = ConversationPolicy(
    burst_window_s=0,
    ratings=RatingPolicy(after_s=0),
    follow_ups=FollowUpPolicy(
        enabled=True, days=EVERY_DAY, sends_from=time(), sends_until=END_OF_DAY
    ),
)
ZONE = ZoneInfo("America/Recife")


def quiet(*, resolved: bool = True) -> ConversationSimulator:
    """The assistant has answered, and the customer says nothing more."""
    simulator = ConversationSimulator(POLICY)
    simulator.receive_customer_message()
    simulator.finish_turn("Temos!")
    while (outbox := simulator.claim_send()) is not None:
        simulator.settle_send(outbox, cmd.SendStatus.SENT, f"out-{outbox}")
    if resolved:
        simulator.decide_command(cmd.ResolveConversation("ana"))
    return simulator


def order(simulator: ConversationSimulator, **changes: Any) -> Decision:
    state = simulator.active_conversation
    until = simulator.now + timedelta(hours=1)
    command = cmd.SendFollowUp(state.id, 1, 1, 1, "Ainda quer?", state.version, until)
    return simulator.decide_command(replace(command, **changes))


def reasons(simulator: ConversationSimulator) -> list[str]:
    return [each.reason for each in simulator.follow_ups]


@pytest.mark.parametrize("resolved", [True, False])
def test_an_attempt_is_queued_once_however_often_it_is_ordered(resolved: bool) -> None:
    simulator = quiet(resolved=resolved)
    order(simulator)
    assert simulator.queued_texts() == ["Ainda quer?"]
    assert simulator.follow_ups[0].message is not None

    for number in (1, 1):
        repeated = order(simulator, number=number, round=2)
        assert (repeated.events, repeated.effects) == ((), ())
    assert simulator.queued_texts() == ["Ainda quer?"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"version": 1}, SkipReason.CHANGED),
        ({"send_until": datetime(2020, 1, 1, tzinfo=ZONE)}, SkipReason.LATE),
    ],
)
def test_an_order_that_does_not_fit_any_more_is_skipped(
    changes: dict[str, Any], reason: SkipReason
) -> None:
    simulator = quiet()
    order(simulator, **changes)
    assert reasons(simulator) == [reason]
    assert simulator.queued_texts() == []


def test_what_the_tenant_and_the_contact_want_is_asked_again() -> None:
    def skipped(simulator: ConversationSimulator) -> str:
        order(simulator)
        assert simulator.queued_texts() == []
        return reasons(simulator)[-1]

    simulator = quiet()
    simulator.opted_out = True
    assert skipped(simulator) == SkipReason.OPTED_OUT
    simulator.contact_blocked = True
    assert skipped(simulator) == SkipReason.BLOCKED
    simulator.policy = replace(POLICY, follow_ups=FollowUpPolicy())
    assert skipped(simulator) == SkipReason.SWITCHED_OFF
    simulator.policy = replace(POLICY, suspended=True)
    assert skipped(simulator) == SkipReason.SUSPENDED


def test_nobody_writes_over_a_person_or_an_answer() -> None:
    simulator = quiet(resolved=False)
    simulator.decide_command(cmd.AssignConversation("ana"))
    order(simulator)
    simulator.decide_command(cmd.ReturnConversationToAssistant("ana"))
    simulator.receive_phone_message()
    order(simulator)
    other = quiet(resolved=False)
    other.receive_customer_message("mais uma coisa")
    order(other)
    assert reasons(simulator) == [SkipReason.HELD, SkipReason.HELD]
    assert reasons(other) == [SkipReason.HELD]


def test_the_hours_of_the_rule_hold_at_the_moment_of_the_step() -> None:
    simulator = quiet()
    local = simulator.now.astimezone(ZONE)
    away = tuple(day for day in EVERY_DAY if day != local.weekday())
    follow_ups = replace(POLICY.follow_ups, days=away)
    simulator.policy = replace(POLICY, follow_ups=follow_ups)
    order(simulator)
    assert reasons(simulator) == [SkipReason.LATE]


def test_an_order_for_another_conversation_changes_nothing_here() -> None:
    simulator = quiet(resolved=False)
    before = simulator.active_conversation
    decision = order(simulator, conversation=ConversationId(UUID(int=5)))
    assert decision.events == ()
    assert simulator.active_conversation == before
    assert reasons(simulator) == [SkipReason.CUSTOMER_WROTE]


def test_an_answer_ends_the_wait_and_cancels_what_has_not_left() -> None:
    simulator = quiet(resolved=False)
    order(simulator)
    simulator.receive_customer_message("quero sim")
    follow_up = simulator.active_conversation.follow_up
    assert follow_up is not None
    assert follow_up.answer_until is None
    assert simulator.queued_texts() == []


@pytest.mark.parametrize("resolved", [True, False])
def test_an_opt_out_is_confirmed_and_leaves_nothing_open(resolved: bool) -> None:
    simulator = quiet(resolved=resolved)
    order(simulator)
    simulator.receive_customer_message("PARAR")
    assert simulator.opted_out
    assert simulator.active_conversation.status is ConversationStatus.RESOLVED
    assert simulator.queued_texts() == [POLICY.follow_ups.opt_out_text]


def test_after_the_window_a_word_is_a_word() -> None:
    simulator = quiet()
    order(simulator)
    simulator.advance_clock(8 * 86_400)
    simulator.receive_customer_message("PARAR")
    assert not simulator.opted_out
    assert simulator.active_conversation.status is ConversationStatus.PENDING
