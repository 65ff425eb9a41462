"""Conversations that agents start, labels that they add, and contacts that they block."""

from dataclasses import replace
from datetime import timedelta

import pytest

from niochat.domain.conversation import commands as cmd
from niochat.domain.conversation import events as e
from niochat.domain.conversation.handlers.agent_handlers import MAX_LABELS
from niochat.domain.conversation.policy import StaffAvailability
from niochat.domain.conversation.state import ConversationStatus, TimerName
from niochat.domain.errors import OperationRefusedError
from tests.domain.conversation_simulator import ConversationSimulator


def refused(talk: ConversationSimulator, command: cmd.Command) -> str:
    with pytest.raises(OperationRefusedError) as error:
        talk.decide_command(command)
    return error.value.code


def test_the_agent_holds_it_and_the_first_message_leaves() -> None:
    talk = ConversationSimulator()
    talk.decide_command(cmd.StartConversation("ana", "Bom dia!"))
    state = talk.active_conversation
    assert (state.status, state.agent, state.waits) == (ConversationStatus.OPEN, "ana", False)
    assert talk.queued_texts() == ["Bom dia!"]
    assert not talk.can_assistant_reply
    talk.receive_customer_message()
    assert talk.active_conversation.waits
    assert talk.timers == {}


def test_nobody_is_served_after_hours_in_what_an_agent_started() -> None:
    talk = ConversationSimulator()
    talk.people = StaffAvailability(available=False)
    talk.policy = replace(talk.policy, serve_after_hours=True)
    talk.decide_command(cmd.StartConversation("ana", "Bom dia!"))
    talk.receive_customer_message()
    assert not talk.can_assistant_reply


def test_one_that_is_open_is_continued_and_a_resolved_one_is_not() -> None:
    talk = ConversationSimulator()
    talk.receive_customer_message()
    first = talk.active_conversation.id
    assert refused(talk, cmd.StartConversation("ana", "Oi")) == "conversation_open"
    talk.decide_command(cmd.ResolveConversation("ana"))
    talk.decide_command(cmd.StartConversation("ana", "Oi"))
    assert talk.active_conversation.id != first


def test_a_blocked_contact_is_not_written_to_and_opens_nothing() -> None:
    talk = ConversationSimulator()
    talk.contact_blocked = True
    assert refused(talk, cmd.StartConversation("ana", "Oi")) == "contact_blocked"
    talk.receive_customer_message()
    assert talk.state is None
    assert len(talk.said) == 1, "it is stored"
    talk.contact_blocked = False
    talk.receive_customer_message()
    assert talk.state is not None
    assert talk.state.unanswered == 1


def test_an_open_conversation_with_a_blocked_contact_gets_its_messages_and_nothing_more() -> None:
    talk = ConversationSimulator()
    talk.receive_customer_message()
    talk.fire_timer()
    turn = talk.turn
    talk.contact_blocked = True
    decision = talk.receive_customer_message()
    assert [type(each) for each in decision.events] == [e.MessageReceived]
    assert talk.turn == turn
    talk.decide_command(cmd.AssignConversation("ana"))
    until = talk.now + timedelta(days=1)
    talk.decide_command(cmd.SnoozeConversation("ana", until))
    talk.receive_customer_message()
    assert talk.active_conversation.status is ConversationStatus.SNOOZED
    assert TimerName.SNOOZE in talk.timers


def test_labels_are_added_and_removed_from_what_is_there() -> None:
    talk = ConversationSimulator()
    talk.receive_customer_message()
    talk.decide_command(cmd.SetConversationLabels("ana", ("b", "c")))
    talk.decide_command(cmd.ChangeConversationLabels("ana", add=("a", "c"), remove=("b", "c", "x")))
    assert talk.active_conversation.labels == ("a", "c")
    same = talk.decide_command(cmd.ChangeConversationLabels("ana", add=("a",), remove=("z",)))
    assert same.events == ()
    many = tuple(f"l{n}" for n in range(MAX_LABELS - 1))
    assert refused(talk, cmd.ChangeConversationLabels("ana", add=many)) == "too_many_labels"
    talk.decide_command(cmd.ChangeConversationLabels("ana", add=many, remove=("a",)))
    assert len(talk.active_conversation.labels) == MAX_LABELS
