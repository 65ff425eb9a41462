"""When the assistant runs, and what becomes of its turns."""

from dataclasses import replace
from typing import Any, TypeVar

import pytest

from niochat.domain.conversation import commands as cmd
from niochat.domain.conversation import effects as fx
from niochat.domain.conversation import events as e
from niochat.domain.conversation.decision import Decision
from niochat.domain.conversation.policy import ConversationPolicy
from niochat.domain.conversation.state import ConversationStatus
from niochat.domain.ids import TurnId
from tests.domain.conversation_simulator import THREAD, ConversationSimulator

EffectKind = TypeVar("EffectKind")


def effects_of(decision: Decision, kind: type[EffectKind]) -> list[EffectKind]:
    return [effect for effect in decision.effects if isinstance(effect, kind)]


def test_a_first_message_opens_a_conversation_with_a_protocol_and_waits_for_the_burst() -> None:
    simulator = ConversationSimulator()

    decision = simulator.receive_customer_message()

    assert [event.type for event in decision.events] == [
        "conversation_opened",
        "message_received",
        "timer_set",
    ]
    assert simulator.active_conversation.protocol == "20260302000001"
    assert simulator.active_conversation.status is ConversationStatus.PENDING
    assert simulator.seconds_until_timer() == 2.5
    assert simulator.active_conversation.turn is None


def test_messages_of_one_burst_make_one_turn() -> None:
    simulator = ConversationSimulator()
    for _ in range(3):
        simulator.receive_customer_message()
        simulator.advance_clock(1)

    decision = simulator.fire_timer()

    assert simulator.turn.messages == 3
    assert effects_of(decision, fx.RunTurnEffect) == [
        fx.RunTurnEffect(simulator.turn.id, 1, simulator.active_conversation.version)
    ]


def test_each_message_moves_the_end_of_the_burst_but_never_beyond_its_limit() -> None:
    simulator = ConversationSimulator()
    due = []
    for _ in range(6):
        simulator.receive_customer_message()
        due.append(simulator.seconds_until_timer())
        simulator.advance_clock(2)

    assert due == [2.5, 2.5, 2.5, 2.0, 0.0, -2.0]


def test_without_a_window_the_turn_starts_at_once() -> None:
    simulator = ConversationSimulator(ConversationPolicy(burst_window_s=0))

    decision = simulator.receive_customer_message()

    assert simulator.turn.messages == 1
    assert not effects_of(decision, fx.SetTimerEffect)


def test_a_stale_generation_of_a_timer_does_nothing() -> None:
    simulator = ConversationSimulator()
    simulator.receive_customer_message()
    simulator.receive_customer_message()

    assert simulator.fire_timer(generation=1).events == ()
    assert simulator.active_conversation.turn is None
    simulator.fire_timer(generation=2)
    assert simulator.active_conversation.turn is not None


def test_a_timer_of_the_conversation_before_does_nothing() -> None:
    simulator = ConversationSimulator()
    simulator.receive_customer_message()
    simulator.decide_command(cmd.ResolveConversation("ana"))
    simulator.policy = replace(simulator.policy, suspended=True)
    simulator.receive_customer_message()

    assert simulator.fire_timer(generation=1).events == ()


def test_a_timer_fires_once_only() -> None:
    simulator = ConversationSimulator()
    simulator.start_turn()

    assert simulator.fire_timer().events == ()


def test_a_customer_who_writes_on_cancels_the_turn_and_the_next_one_answers_both() -> None:
    simulator = ConversationSimulator()
    first = simulator.start_turn()

    decision = simulator.receive_customer_message()

    assert e.TurnCancelled(first.id, "customer_wrote") in decision.events
    assert simulator.turns[first.id] == "cancelled"
    simulator.fire_timer()
    assert simulator.turn.messages == 2


def test_a_customer_who_never_stops_typing_still_gets_an_answer() -> None:
    simulator = ConversationSimulator()
    for _ in range(2):
        simulator.start_turn()
    third = simulator.start_turn()

    assert not simulator.receive_customer_message("ainda aí?").effects[1:]
    assert simulator.turn == third
    simulator.finish_turn("Claro.", turn=third)

    assert simulator.queued_texts() == ["Claro."]
    assert simulator.active_conversation.unanswered == 1
    simulator.fire_timer()
    assert simulator.turn.messages == 1, "one more follows, over what came meanwhile"


def test_after_an_answer_a_turn_may_be_cancelled_again() -> None:
    simulator = ConversationSimulator()
    for _ in range(3):
        simulator.start_turn()
    simulator.finish_turn("Pronto.")
    simulator.start_turn()

    simulator.receive_customer_message()

    assert simulator.active_conversation.turn is None
    assert simulator.active_conversation.cancels == 1


def test_an_answer_of_several_texts_leaves_in_order() -> None:
    simulator = ConversationSimulator()
    simulator.start_turn()

    simulator.finish_turn("Um.", "Dois.", "Três.")

    assert simulator.queued_texts() == ["Um.", "Dois.", "Três."]
    assert set(simulator.turns.values()) == {"answered"}
    assert len({send.message for send in simulator.sends.values()}) == 3


@pytest.mark.parametrize("change", [{"attempt": 2}, {"id": TurnId(THREAD)}])
def test_an_answer_of_another_turn_or_attempt_says_nothing(change: dict[str, Any]) -> None:
    simulator = ConversationSimulator()
    turn = simulator.start_turn()

    decision = simulator.finish_turn("Tarde demais.", turn=replace(turn, **change))

    assert (decision.events, decision.effects) == ((), ())
    assert simulator.turn == turn


def test_a_turn_finished_after_takeover_says_nothing() -> None:
    simulator = ConversationSimulator()
    turn = simulator.start_turn()
    simulator.decide_command(cmd.AssignConversation("ana"))

    decision = simulator.finish_turn("Olá!", turn=turn)

    assert (decision.events, decision.effects) == ((), ())
    assert simulator.turns[turn.id] == "cancelled"


def test_a_turn_that_finishes_twice_speaks_once() -> None:
    simulator = ConversationSimulator()
    turn = simulator.start_turn()
    simulator.finish_turn("Olá!", turn=turn)

    assert simulator.finish_turn("Olá!", turn=turn).effects == ()
    assert simulator.queued_texts() == ["Olá!"]


def test_a_lost_turn_runs_again_under_the_next_attempt() -> None:
    simulator = ConversationSimulator()
    turn = simulator.start_turn()

    decision = simulator.decide_command(cmd.RestartTurn(turn.id, turn.attempt))

    assert simulator.turn == replace(turn, attempt=2)
    assert effects_of(decision, fx.RunTurnEffect)[0].attempt == 2
    assert simulator.finish_turn("Do primeiro.", turn=turn).effects == ()
    assert simulator.decide_command(cmd.RestartTurn(turn.id, 1)).effects == ()


def test_a_turn_lost_three_times_ends_with_the_fixed_sentence_and_people() -> None:
    simulator = ConversationSimulator()
    turn = simulator.start_turn()
    for attempt in (1, 2, 3):
        simulator.decide_command(cmd.RestartTurn(turn.id, attempt))

    assert simulator.active_conversation.status is ConversationStatus.WAITING
    assert simulator.turns[turn.id] == "failed"
    assert len(simulator.queued_texts()) == 1
    handed = [
        x
        for x in simulator.logs[simulator.active_conversation.id]
        if isinstance(x, e.ConversationHandedOff)
    ]
    assert [x.reason for x in handed] == ["turn_lost"]


def test_while_the_model_is_away_one_fixed_sentence_with_the_protocol_is_said_once() -> None:
    simulator = ConversationSimulator()
    simulator.start_turn()
    simulator.fail_turn("model_away")
    simulator.receive_customer_message("alô?")

    assert simulator.queued_texts() == [
        "No momento não consigo responder por aqui. "
        "Já passei seu atendimento para a nossa equipe. Protocolo: 20260302000001"
    ]
    assert simulator.active_conversation.status is ConversationStatus.WAITING
    assert simulator.active_conversation.team == "atendimento"
    assert simulator.active_conversation.turn is None


def test_messages_of_a_failed_turn_are_answered_after_the_return_to_the_assistant() -> None:
    simulator = ConversationSimulator()
    simulator.start_turn()
    simulator.fail_turn()

    simulator.decide_command(cmd.ReturnConversationToAssistant("ana"))
    simulator.fire_timer()

    assert simulator.turn.messages == 1
