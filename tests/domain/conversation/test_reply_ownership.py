"""One owner of the reply right: takeover, phone, suspension, and what they leave behind."""

from dataclasses import replace
from typing import Any

import pytest

from niochat.domain.conversation import commands as cmd
from niochat.domain.conversation import events as e
from niochat.domain.conversation.decide import decide
from niochat.domain.conversation.decision import DecisionContext
from niochat.domain.conversation.policy import ConversationPolicy
from niochat.domain.conversation.state import ConversationStatus
from niochat.domain.errors import OperationRefusedError
from niochat.domain.message import Author, DeliveryStatus
from tests.domain.conversation_simulator import START, THREAD, ConversationSimulator, build_text


def test_a_takeover_mid_turn_cancels_the_turn_and_every_queued_reply() -> None:
    simulator = ConversationSimulator()
    simulator.start_turn()
    simulator.finish_turn("Um.", "Dois.")
    turn = simulator.start_turn()

    simulator.decide_command(cmd.AssignConversation("ana"))

    assert simulator.active_conversation.status is ConversationStatus.OPEN
    assert simulator.turns[turn.id] == "cancelled"
    assert simulator.queued_texts() == []


def test_a_reply_that_was_already_leaving_is_not_called_back() -> None:
    simulator = ConversationSimulator()
    simulator.start_turn()
    simulator.finish_turn("Um.", "Dois.")
    leaving = simulator.claim_send()

    simulator.decide_command(cmd.AssignConversation("ana"))

    assert leaving is not None
    assert simulator.sends[leaving].status == "sending"
    simulator.settle_send(leaving, cmd.SendStatus.SENT, "out-1")
    assert simulator.status_of(leaving) is DeliveryStatus.SENT


def test_a_reply_that_could_not_leave_before_the_takeover_is_not_tried_again() -> None:
    simulator = ConversationSimulator()
    simulator.start_turn()
    simulator.finish_turn("Um.")
    leaving = simulator.claim_send()
    assert leaving is not None
    simulator.decide_command(cmd.AssignConversation("ana"))

    simulator.settle_send(leaving, cmd.SendStatus.RETRY)

    assert simulator.sends[leaving].status == "cancelled"


def test_a_reply_of_a_resolved_conversation_is_not_retried_in_the_next_one() -> None:
    simulator = ConversationSimulator()
    simulator.start_turn()
    simulator.finish_turn("Um.")
    leaving = simulator.claim_send()
    assert leaving is not None
    simulator.decide_command(cmd.ResolveConversation("ana"))
    simulator.receive_customer_message()

    simulator.settle_send(leaving, cmd.SendStatus.RETRY)

    assert simulator.sends[leaving].status == "cancelled"


def test_a_reply_that_may_still_leave_goes_back_to_the_queue() -> None:
    simulator = ConversationSimulator()
    simulator.start_turn()
    simulator.finish_turn("Um.")
    leaving = simulator.claim_send()
    assert leaving is not None

    simulator.settle_send(leaving, cmd.SendStatus.RETRY)

    assert simulator.queued_texts() == ["Um."]


def test_while_a_person_answers_the_assistant_is_never_woken() -> None:
    simulator = ConversationSimulator()
    simulator.receive_customer_message()
    simulator.decide_command(cmd.AssignConversation("ana"))

    assert simulator.fire_timer().events == ()
    assert [event.type for event in simulator.receive_customer_message().events] == [
        "message_received"
    ]


def test_taking_over_twice_changes_nothing_and_another_agent_may_take_over() -> None:
    simulator = ConversationSimulator()
    simulator.receive_customer_message()
    simulator.decide_command(cmd.AssignConversation("ana"))

    assert simulator.decide_command(cmd.AssignConversation("ana")).events == ()
    simulator.decide_command(cmd.AssignConversation("bia"))
    assert simulator.active_conversation.agent == "bia"


def test_after_the_return_the_assistant_begins_with_unanswered_messages() -> None:
    simulator = ConversationSimulator()
    simulator.receive_customer_message()
    simulator.decide_command(cmd.AssignConversation("ana"))
    simulator.receive_customer_message()

    simulator.decide_command(cmd.ReturnConversationToAssistant("ana"))
    simulator.fire_timer()

    assert simulator.active_conversation.status is ConversationStatus.PENDING
    assert simulator.turn.messages == 2


@pytest.mark.parametrize(
    "policy", [ConversationPolicy(suspended=True), ConversationPolicy(assistant_enabled=False)]
)
def test_no_conversation_returns_to_an_assistant_that_is_off(
    policy: ConversationPolicy,
) -> None:
    simulator = ConversationSimulator(policy)
    simulator.receive_customer_message()

    with pytest.raises(OperationRefusedError) as refused:
        simulator.decide_command(cmd.ReturnConversationToAssistant("ana"))

    assert refused.value.code == "assistant_unavailable"


@pytest.mark.parametrize(
    "command",
    [
        cmd.AssignConversation("ana"),
        cmd.ReturnConversationToAssistant("ana"),
        cmd.ResolveConversation("ana"),
    ],
)
def test_a_resolved_conversation_refuses_what_people_ask(command: cmd.Command) -> None:
    simulator = ConversationSimulator()
    simulator.receive_customer_message()
    simulator.decide_command(cmd.ResolveConversation("ana"))

    with pytest.raises(OperationRefusedError) as refused:
        simulator.decide_command(command)

    assert refused.value.code == "resolved"


def test_after_resolved_the_next_message_opens_another_conversation() -> None:
    simulator = ConversationSimulator()
    simulator.receive_customer_message()
    first = simulator.active_conversation
    simulator.decide_command(cmd.ResolveConversation("ana"))

    simulator.receive_customer_message()

    assert simulator.active_conversation.id != first.id
    assert simulator.active_conversation.protocol != first.protocol
    assert simulator.active_conversation.status is ConversationStatus.PENDING


def test_a_message_from_the_phone_pauses_the_assistant_and_ends_its_turn() -> None:
    simulator = ConversationSimulator()
    turn = simulator.start_turn()

    simulator.receive_phone_message()

    assert simulator.turns[turn.id] == "cancelled"
    assert not simulator.can_assistant_reply
    assert simulator.active_conversation.unanswered == 0, "the person answered"
    assert [event.type for event in simulator.receive_customer_message().events] == [
        "message_received"
    ]


def test_a_message_from_the_phone_cancels_replies_that_wait() -> None:
    simulator = ConversationSimulator()
    simulator.start_turn()
    simulator.finish_turn("Um.")

    simulator.receive_phone_message()

    assert simulator.queued_texts() == []


def test_after_the_pause_the_assistant_answers_again() -> None:
    simulator = ConversationSimulator()
    simulator.receive_customer_message()
    simulator.receive_phone_message()
    simulator.advance_clock(1800)

    simulator.receive_customer_message()
    simulator.fire_timer()

    assert simulator.turn.messages == 1


def test_a_message_from_the_phone_never_opens_a_conversation() -> None:
    simulator = ConversationSimulator()

    decision = simulator.receive_phone_message("bom dia!")

    assert simulator.state is None
    assert decision.events == ()
    assert [said.author for said in simulator.said.values()] == [Author.PHONE]


def test_a_notice_of_another_system_answers_no_question() -> None:
    simulator = ConversationSimulator()
    simulator.receive_customer_message("minha internet caiu")
    simulator.decide_command(
        cmd.ReceiveEcho("bulk-1", "cobranca-77", build_text("Sua fatura vence hoje"), simulator.now)
    )

    simulator.fire_timer()

    assert simulator.turn.messages == 1


def test_a_suspended_tenants_new_conversations_go_to_people() -> None:
    simulator = ConversationSimulator(ConversationPolicy(suspended=True))

    simulator.receive_customer_message()

    assert simulator.active_conversation.status is ConversationStatus.WAITING
    assert simulator.timers == {}


def test_suspension_drops_turns_and_replies_and_stores_what_customers_write() -> None:
    simulator = ConversationSimulator()
    simulator.start_turn()
    simulator.finish_turn("Um.")
    turn = simulator.start_turn()
    simulator.policy = replace(simulator.policy, suspended=True)

    simulator.decide_command(cmd.SuspendAssistant())
    simulator.receive_customer_message("e agora?")

    assert simulator.active_conversation.status is ConversationStatus.WAITING
    assert simulator.turns[turn.id] == "cancelled"
    assert simulator.queued_texts() == []
    assert "e agora?" in {said.text for said in simulator.said.values()}


@pytest.mark.parametrize("off", [{"suspended": True}, {"assistant_enabled": False}])
def test_a_turn_that_ends_after_the_assistant_was_put_off_says_nothing(
    off: dict[str, Any],
) -> None:
    simulator = ConversationSimulator()
    simulator.start_turn()
    simulator.policy = replace(simulator.policy, **off)

    simulator.finish_turn("Olá!")

    assert simulator.sends == {}
    assert simulator.active_conversation.status is ConversationStatus.WAITING


@pytest.mark.parametrize("off", [{"suspended": True}, {"assistant_enabled": False}])
def test_a_burst_that_ends_after_the_assistant_was_put_off_goes_to_people(
    off: dict[str, Any],
) -> None:
    simulator = ConversationSimulator()
    simulator.receive_customer_message()
    simulator.policy = replace(simulator.policy, **off)

    simulator.fire_timer()

    assert simulator.active_conversation.status is ConversationStatus.WAITING
    assert simulator.turns == {}


def test_reactivation_does_not_answer_what_came_while_suspended() -> None:
    simulator = ConversationSimulator(ConversationPolicy(suspended=True))
    simulator.receive_customer_message()
    simulator.policy = ConversationPolicy()

    assert [event.type for event in simulator.receive_customer_message().events] == [
        "message_received"
    ]


def test_a_parked_command_calls_people_even_when_it_would_have_opened_the_conversation() -> None:
    simulator = ConversationSimulator()

    simulator.decide_command(cmd.DeadLetterCommand(7, "step_failed", opens=True))

    assert simulator.active_conversation.status is ConversationStatus.WAITING
    assert (
        e.CommandDeadLettered(7, "step_failed") in simulator.logs[simulator.active_conversation.id]
    )


def test_a_dead_lettered_receipt_without_a_conversation_opens_nothing() -> None:
    simulator = ConversationSimulator()

    simulator.decide_command(cmd.DeadLetterCommand(7, "step_failed"))

    assert simulator.state is None


def test_deciding_has_no_memory() -> None:
    simulator = ConversationSimulator()
    simulator.receive_customer_message()
    context = DecisionContext(THREAD, "same", START, "", ConversationPolicy())
    command = cmd.ReceiveMessage("x", build_text(), START)

    assert decide(simulator.state, command, context) == decide(simulator.state, command, context)
