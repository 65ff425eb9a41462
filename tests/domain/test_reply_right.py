"""One owner of the reply right: takeover, phone, suspension, and what they leave behind."""

from dataclasses import replace

import pytest

from niochat.domain import commands as cmd
from niochat.domain import events as e
from niochat.domain.conversation import ConversationStatus
from niochat.domain.decide import decide
from niochat.domain.draft import DecisionContext
from niochat.domain.errors import OperationRefusedError
from niochat.domain.message import Author, DeliveryStatus
from niochat.domain.policy import ConversationPolicy
from tests.domain.talk import START, THREAD, Talk, text


def test_a_takeover_mid_turn_cancels_the_turn_and_every_queued_reply() -> None:
    talk = Talk()
    talk.thinking()
    talk.answer("Um.", "Dois.")
    turn = talk.thinking()

    talk.do(cmd.AssignConversation("ana"))

    assert talk.live.status is ConversationStatus.OPEN
    assert talk.turns[turn.id] == "cancelled"
    assert talk.waiting_to_leave() == []


def test_a_reply_that_was_already_leaving_is_not_called_back() -> None:
    talk = Talk()
    talk.thinking()
    talk.answer("Um.", "Dois.")
    leaving = talk.claim()

    talk.do(cmd.AssignConversation("ana"))

    assert leaving is not None
    assert talk.sends[leaving].status == "sending"
    talk.settle(leaving, cmd.SendStatus.SENT, "out-1")
    assert talk.status_of(leaving) is DeliveryStatus.SENT


def test_a_reply_that_could_not_leave_before_the_takeover_is_not_tried_again() -> None:
    talk = Talk()
    talk.thinking()
    talk.answer("Um.")
    leaving = talk.claim()
    assert leaving is not None
    talk.do(cmd.AssignConversation("ana"))

    talk.settle(leaving, cmd.SendStatus.RETRY)

    assert talk.sends[leaving].status == "cancelled"


def test_a_reply_of_a_visit_that_is_over_is_not_tried_again_in_the_next_one() -> None:
    talk = Talk()
    talk.thinking()
    talk.answer("Um.")
    leaving = talk.claim()
    assert leaving is not None
    talk.do(cmd.ResolveConversation("ana"))
    talk.customer()

    talk.settle(leaving, cmd.SendStatus.RETRY)

    assert talk.sends[leaving].status == "cancelled"


def test_a_reply_that_may_still_leave_goes_back_to_the_queue() -> None:
    talk = Talk()
    talk.thinking()
    talk.answer("Um.")
    leaving = talk.claim()
    assert leaving is not None

    talk.settle(leaving, cmd.SendStatus.RETRY)

    assert talk.waiting_to_leave() == ["Um."]


def test_while_a_person_answers_the_assistant_is_never_woken() -> None:
    talk = Talk()
    talk.customer()
    talk.do(cmd.AssignConversation("ana"))

    assert talk.fire().events == ()
    assert [event.type for event in talk.customer().events] == ["message_received"]


def test_taking_over_twice_changes_nothing_and_another_agent_may_take_over() -> None:
    talk = Talk()
    talk.customer()
    talk.do(cmd.AssignConversation("ana"))

    assert talk.do(cmd.AssignConversation("ana")).events == ()
    talk.do(cmd.AssignConversation("bia"))
    assert talk.live.agent == "bia"


def test_given_back_the_assistant_begins_with_what_nobody_answered() -> None:
    talk = Talk()
    talk.customer()
    talk.do(cmd.AssignConversation("ana"))
    talk.customer()

    talk.do(cmd.ReturnConversationToAssistant("ana"))
    talk.fire()

    assert talk.live.status is ConversationStatus.PENDING
    assert talk.turn.messages == 2


@pytest.mark.parametrize(
    "policy", [ConversationPolicy(suspended=True), ConversationPolicy(assistant_enabled=False)]
)
def test_nothing_is_given_back_to_an_assistant_that_does_not_answer(
    policy: ConversationPolicy,
) -> None:
    talk = Talk(policy)
    talk.customer()

    with pytest.raises(OperationRefusedError) as refused:
        talk.do(cmd.ReturnConversationToAssistant("ana"))

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
    talk = Talk()
    talk.customer()
    talk.do(cmd.ResolveConversation("ana"))

    with pytest.raises(OperationRefusedError) as refused:
        talk.do(command)

    assert refused.value.code == "resolved"


def test_after_resolved_the_next_message_opens_another_conversation() -> None:
    talk = Talk()
    talk.customer()
    first = talk.live
    talk.do(cmd.ResolveConversation("ana"))

    talk.customer()

    assert talk.live.id != first.id
    assert talk.live.protocol != first.protocol
    assert talk.live.status is ConversationStatus.PENDING


def test_a_message_from_the_phone_pauses_the_assistant_and_ends_its_turn() -> None:
    talk = Talk()
    turn = talk.thinking()

    talk.phone()

    assert talk.turns[turn.id] == "cancelled"
    assert not talk.may_reply
    assert talk.live.unanswered == 0, "the person answered"
    assert [event.type for event in talk.customer().events] == ["message_received"]


def test_a_message_from_the_phone_cancels_replies_that_wait() -> None:
    talk = Talk()
    talk.thinking()
    talk.answer("Um.")

    talk.phone()

    assert talk.waiting_to_leave() == []


def test_after_the_pause_the_assistant_answers_again() -> None:
    talk = Talk()
    talk.customer()
    talk.phone()
    talk.wait(1800)

    talk.customer()
    talk.fire()

    assert talk.turn.messages == 1


def test_a_message_from_the_phone_never_opens_a_conversation() -> None:
    talk = Talk()

    decision = talk.phone("bom dia!")

    assert talk.state is None
    assert decision.events == ()
    assert [said.author for said in talk.said.values()] == [Author.PHONE]


def test_a_notice_of_another_system_answers_nobodys_question() -> None:
    talk = Talk()
    talk.customer("minha internet caiu")
    talk.do(cmd.ReceiveEcho("bulk-1", "cobranca-77", text("Sua fatura vence hoje"), talk.now))

    talk.fire()

    assert talk.turn.messages == 1


def test_a_suspended_tenants_new_conversations_go_to_people() -> None:
    talk = Talk(ConversationPolicy(suspended=True))

    talk.customer()

    assert talk.live.status is ConversationStatus.WAITING
    assert talk.timers == {}


def test_suspension_drops_turns_and_replies_and_stores_what_customers_write() -> None:
    talk = Talk()
    talk.thinking()
    talk.answer("Um.")
    turn = talk.thinking()
    talk.policy = replace(talk.policy, suspended=True)

    talk.do(cmd.SuspendAssistant())
    talk.customer("e agora?")

    assert talk.live.status is ConversationStatus.WAITING
    assert talk.turns[turn.id] == "cancelled"
    assert talk.waiting_to_leave() == []
    assert "e agora?" in {said.text for said in talk.said.values()}


@pytest.mark.parametrize("off", [{"suspended": True}, {"assistant_enabled": False}])
def test_a_turn_that_ends_after_the_assistant_was_put_off_says_nothing(
    off: dict[str, bool],
) -> None:
    talk = Talk()
    talk.thinking()
    talk.policy = replace(talk.policy, **off)

    talk.answer("Olá!")

    assert talk.sends == {}
    assert talk.live.status is ConversationStatus.WAITING


@pytest.mark.parametrize("off", [{"suspended": True}, {"assistant_enabled": False}])
def test_a_burst_that_ends_after_the_assistant_was_put_off_goes_to_people(
    off: dict[str, bool],
) -> None:
    talk = Talk()
    talk.customer()
    talk.policy = replace(talk.policy, **off)

    talk.fire()

    assert talk.live.status is ConversationStatus.WAITING
    assert talk.turns == {}


def test_reactivation_does_not_answer_what_came_while_suspended() -> None:
    talk = Talk(ConversationPolicy(suspended=True))
    talk.customer()
    talk.policy = ConversationPolicy()

    assert [event.type for event in talk.customer().events] == ["message_received"]


def test_a_parked_command_calls_people_even_when_it_would_have_opened_the_conversation() -> None:
    talk = Talk()

    talk.do(cmd.DeadLetterCommand(7, "step_failed", opens=True))

    assert talk.live.status is ConversationStatus.WAITING
    assert e.CommandDeadLettered(7, "step_failed") in talk.logs[talk.live.id]


def test_a_parked_receipt_of_nobodys_visit_opens_nothing() -> None:
    talk = Talk()

    talk.do(cmd.DeadLetterCommand(7, "step_failed"))

    assert talk.state is None


def test_deciding_has_no_memory() -> None:
    talk = Talk()
    talk.customer()
    context = DecisionContext(THREAD, "same", START, "", ConversationPolicy())
    command = cmd.ReceiveMessage("x", text(), START)

    assert decide(talk.state, command, context) == decide(talk.state, command, context)
