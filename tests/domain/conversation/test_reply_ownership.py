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
    talk = ConversationSimulator()
    talk.start_turn()
    talk.finish_turn("Um.", "Dois.")
    turn = talk.start_turn()

    talk.decide_command(cmd.AssignConversation("ana"))

    assert talk.active_conversation.status is ConversationStatus.OPEN
    assert talk.turns[turn.id] == "cancelled"
    assert talk.queued_texts() == []


def test_a_reply_that_was_already_leaving_is_not_called_back() -> None:
    talk = ConversationSimulator()
    talk.start_turn()
    talk.finish_turn("Um.", "Dois.")
    leaving = talk.claim_send()

    talk.decide_command(cmd.AssignConversation("ana"))

    assert leaving is not None
    assert talk.sends[leaving].status == "sending"
    talk.settle_send(leaving, cmd.SendStatus.SENT, "out-1")
    assert talk.status_of(leaving) is DeliveryStatus.SENT


def test_a_reply_that_could_not_leave_before_the_takeover_is_not_tried_again() -> None:
    talk = ConversationSimulator()
    talk.start_turn()
    talk.finish_turn("Um.")
    leaving = talk.claim_send()
    assert leaving is not None
    talk.decide_command(cmd.AssignConversation("ana"))

    talk.settle_send(leaving, cmd.SendStatus.RETRY)

    assert talk.sends[leaving].status == "cancelled"


def test_a_reply_of_a_visit_that_is_over_is_not_tried_again_in_the_next_one() -> None:
    talk = ConversationSimulator()
    talk.start_turn()
    talk.finish_turn("Um.")
    leaving = talk.claim_send()
    assert leaving is not None
    talk.decide_command(cmd.ResolveConversation("ana"))
    talk.receive_customer_message()

    talk.settle_send(leaving, cmd.SendStatus.RETRY)

    assert talk.sends[leaving].status == "cancelled"


def test_a_reply_that_may_still_leave_goes_back_to_the_queue() -> None:
    talk = ConversationSimulator()
    talk.start_turn()
    talk.finish_turn("Um.")
    leaving = talk.claim_send()
    assert leaving is not None

    talk.settle_send(leaving, cmd.SendStatus.RETRY)

    assert talk.queued_texts() == ["Um."]


def test_while_a_person_answers_the_assistant_is_never_woken() -> None:
    talk = ConversationSimulator()
    talk.receive_customer_message()
    talk.decide_command(cmd.AssignConversation("ana"))

    assert talk.fire_timer().events == ()
    assert [event.type for event in talk.receive_customer_message().events] == ["message_received"]


def test_taking_over_twice_changes_nothing_and_another_agent_may_take_over() -> None:
    talk = ConversationSimulator()
    talk.receive_customer_message()
    talk.decide_command(cmd.AssignConversation("ana"))

    assert talk.decide_command(cmd.AssignConversation("ana")).events == ()
    talk.decide_command(cmd.AssignConversation("bia"))
    assert talk.active_conversation.agent == "bia"


def test_given_back_the_assistant_begins_with_what_nobody_answered() -> None:
    talk = ConversationSimulator()
    talk.receive_customer_message()
    talk.decide_command(cmd.AssignConversation("ana"))
    talk.receive_customer_message()

    talk.decide_command(cmd.ReturnConversationToAssistant("ana"))
    talk.fire_timer()

    assert talk.active_conversation.status is ConversationStatus.PENDING
    assert talk.turn.messages == 2


@pytest.mark.parametrize(
    "policy", [ConversationPolicy(suspended=True), ConversationPolicy(assistant_enabled=False)]
)
def test_nothing_is_given_back_to_an_assistant_that_does_not_answer(
    policy: ConversationPolicy,
) -> None:
    talk = ConversationSimulator(policy)
    talk.receive_customer_message()

    with pytest.raises(OperationRefusedError) as refused:
        talk.decide_command(cmd.ReturnConversationToAssistant("ana"))

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
    talk = ConversationSimulator()
    talk.receive_customer_message()
    talk.decide_command(cmd.ResolveConversation("ana"))

    with pytest.raises(OperationRefusedError) as refused:
        talk.decide_command(command)

    assert refused.value.code == "resolved"


def test_after_resolved_the_next_message_opens_another_conversation() -> None:
    talk = ConversationSimulator()
    talk.receive_customer_message()
    first = talk.active_conversation
    talk.decide_command(cmd.ResolveConversation("ana"))

    talk.receive_customer_message()

    assert talk.active_conversation.id != first.id
    assert talk.active_conversation.protocol != first.protocol
    assert talk.active_conversation.status is ConversationStatus.PENDING


def test_a_message_from_the_phone_pauses_the_assistant_and_ends_its_turn() -> None:
    talk = ConversationSimulator()
    turn = talk.start_turn()

    talk.receive_phone_message()

    assert talk.turns[turn.id] == "cancelled"
    assert not talk.can_assistant_reply
    assert talk.active_conversation.unanswered == 0, "the person answered"
    assert [event.type for event in talk.receive_customer_message().events] == ["message_received"]


def test_a_message_from_the_phone_cancels_replies_that_wait() -> None:
    talk = ConversationSimulator()
    talk.start_turn()
    talk.finish_turn("Um.")

    talk.receive_phone_message()

    assert talk.queued_texts() == []


def test_after_the_pause_the_assistant_answers_again() -> None:
    talk = ConversationSimulator()
    talk.receive_customer_message()
    talk.receive_phone_message()
    talk.advance_clock(1800)

    talk.receive_customer_message()
    talk.fire_timer()

    assert talk.turn.messages == 1


def test_a_message_from_the_phone_never_opens_a_conversation() -> None:
    talk = ConversationSimulator()

    decision = talk.receive_phone_message("bom dia!")

    assert talk.state is None
    assert decision.events == ()
    assert [said.author for said in talk.said.values()] == [Author.PHONE]


def test_a_notice_of_another_system_answers_nobodys_question() -> None:
    talk = ConversationSimulator()
    talk.receive_customer_message("minha internet caiu")
    talk.decide_command(
        cmd.ReceiveEcho("bulk-1", "cobranca-77", build_text("Sua fatura vence hoje"), talk.now)
    )

    talk.fire_timer()

    assert talk.turn.messages == 1


def test_a_suspended_tenants_new_conversations_go_to_people() -> None:
    talk = ConversationSimulator(ConversationPolicy(suspended=True))

    talk.receive_customer_message()

    assert talk.active_conversation.status is ConversationStatus.WAITING
    assert talk.timers == {}


def test_suspension_drops_turns_and_replies_and_stores_what_customers_write() -> None:
    talk = ConversationSimulator()
    talk.start_turn()
    talk.finish_turn("Um.")
    turn = talk.start_turn()
    talk.policy = replace(talk.policy, suspended=True)

    talk.decide_command(cmd.SuspendAssistant())
    talk.receive_customer_message("e agora?")

    assert talk.active_conversation.status is ConversationStatus.WAITING
    assert talk.turns[turn.id] == "cancelled"
    assert talk.queued_texts() == []
    assert "e agora?" in {said.text for said in talk.said.values()}


@pytest.mark.parametrize("off", [{"suspended": True}, {"assistant_enabled": False}])
def test_a_turn_that_ends_after_the_assistant_was_put_off_says_nothing(
    off: dict[str, Any],
) -> None:
    talk = ConversationSimulator()
    talk.start_turn()
    talk.policy = replace(talk.policy, **off)

    talk.finish_turn("Olá!")

    assert talk.sends == {}
    assert talk.active_conversation.status is ConversationStatus.WAITING


@pytest.mark.parametrize("off", [{"suspended": True}, {"assistant_enabled": False}])
def test_a_burst_that_ends_after_the_assistant_was_put_off_goes_to_people(
    off: dict[str, Any],
) -> None:
    talk = ConversationSimulator()
    talk.receive_customer_message()
    talk.policy = replace(talk.policy, **off)

    talk.fire_timer()

    assert talk.active_conversation.status is ConversationStatus.WAITING
    assert talk.turns == {}


def test_reactivation_does_not_answer_what_came_while_suspended() -> None:
    talk = ConversationSimulator(ConversationPolicy(suspended=True))
    talk.receive_customer_message()
    talk.policy = ConversationPolicy()

    assert [event.type for event in talk.receive_customer_message().events] == ["message_received"]


def test_a_parked_command_calls_people_even_when_it_would_have_opened_the_conversation() -> None:
    talk = ConversationSimulator()

    talk.decide_command(cmd.DeadLetterCommand(7, "step_failed", opens=True))

    assert talk.active_conversation.status is ConversationStatus.WAITING
    assert e.CommandDeadLettered(7, "step_failed") in talk.logs[talk.active_conversation.id]


def test_a_parked_receipt_of_nobodys_visit_opens_nothing() -> None:
    talk = ConversationSimulator()

    talk.decide_command(cmd.DeadLetterCommand(7, "step_failed"))

    assert talk.state is None


def test_deciding_has_no_memory() -> None:
    talk = ConversationSimulator()
    talk.receive_customer_message()
    context = DecisionContext(THREAD, "same", START, "", ConversationPolicy())
    command = cmd.ReceiveMessage("x", build_text(), START)

    assert decide(talk.state, command, context) == decide(talk.state, command, context)
