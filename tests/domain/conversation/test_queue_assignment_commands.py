"""What a queue gives away, and what comes back to it: never anything that is a person's."""

import pytest

from niochat.domain.conversation import commands as cmd
from niochat.domain.conversation import effects as fx
from niochat.domain.conversation import events as e
from niochat.domain.conversation.policy import ConversationPolicy
from niochat.domain.conversation.state import ConversationStatus
from tests.domain.conversation_simulator import ConversationSimulator

GIVEN = cmd.AssignConversation("ana", "vendas")
LEFT = cmd.TransferConversation("product", "vendas", left_by="ana")


def waiting(team: str = "vendas") -> ConversationSimulator:
    """The customer wrote, and was sent to the team."""
    simulator = ConversationSimulator(ConversationPolicy())
    simulator.receive_customer_message()
    simulator.decide_command(cmd.TransferConversation("bia", team))
    return simulator


def test_a_conversation_assigned_by_a_queue_belongs_to_the_agent_and_records_the_queue() -> None:
    simulator = waiting()

    decision = simulator.decide_command(GIVEN)

    assert decision.events == (e.ConversationAssigned("ana", "vendas"),)
    assert (
        simulator.active_conversation.status,
        simulator.active_conversation.agent,
        simulator.active_conversation.team,
    ) == (ConversationStatus.OPEN, "ana", "vendas")
    assert simulator.active_conversation.waits


@pytest.mark.parametrize(
    "meanwhile",
    [
        cmd.AssignConversation("bia"),
        cmd.ResolveConversation("bia"),
        cmd.ReturnConversationToAssistant("bia"),
        cmd.TransferConversation("bia", agent="caio"),
    ],
    ids=lambda command: command.type,
)
def test_a_conversation_that_left_the_queue_stays_where_it_is_and_frees_the_slot(
    meanwhile: cmd.Command,
) -> None:
    simulator = waiting()
    simulator.decide_command(meanwhile)
    state = simulator.state

    decision = simulator.decide_command(GIVEN)

    assert simulator.state == state
    assert decision.effects == (fx.NotifyAgentCapacityEffect("ana"),)


def test_a_conversation_that_now_waits_for_another_team_is_offered_to_it_again() -> None:
    """That team's queue left it alone while it was reserved here."""
    simulator = waiting()
    simulator.decide_command(cmd.TransferConversation("bia", "suporte"))

    decision = simulator.decide_command(GIVEN)

    assert decision.events == ()
    assert set(decision.effects) == {
        fx.NotifyAgentCapacityEffect("ana"),
        fx.NotifyTeamQueueEffect("suporte", waiting=True),
    }


def test_an_assignment_of_an_ended_conversation_is_dropped() -> None:
    assert ConversationSimulator().decide_command(GIVEN).effects == (
        fx.NotifyAgentCapacityEffect("ana"),
    )


def test_conversations_of_an_agent_who_went_offline_go_to_the_team() -> None:
    simulator = waiting()
    simulator.decide_command(GIVEN)

    decision = simulator.decide_command(LEFT)

    assert decision.events == (e.ConversationTransferred("product", "vendas", None, "offline"),)
    assert fx.NotifyTeamQueueEffect("vendas", waiting=True) in decision.effects


@pytest.mark.parametrize(
    "meanwhile",
    [
        cmd.ReplyToCustomer("ana", "Olá"),
        cmd.AssignConversation("bia"),
        cmd.TransferConversation("ana", "suporte"),
        cmd.ResolveConversation("ana"),
    ],
    ids=lambda command: command.type,
)
def test_conversations_answered_or_transferred_meanwhile_are_not_taken(
    meanwhile: cmd.Command,
) -> None:
    simulator = waiting()
    simulator.decide_command(GIVEN)
    simulator.decide_command(meanwhile)
    state = simulator.state

    decision = simulator.decide_command(LEFT)

    assert (decision.events, decision.effects) == ((), ())
    assert simulator.state == state


def test_a_person_takes_from_another_person_as_before() -> None:
    simulator = waiting()
    simulator.decide_command(GIVEN)

    simulator.decide_command(cmd.AssignConversation("bia"))

    assert simulator.active_conversation.agent == "bia"
