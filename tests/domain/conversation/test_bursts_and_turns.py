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
    talk = ConversationSimulator()

    decision = talk.receive_customer_message()

    assert [event.type for event in decision.events] == [
        "conversation_opened",
        "message_received",
        "timer_set",
    ]
    assert talk.active_conversation.protocol == "20260302000001"
    assert talk.active_conversation.status is ConversationStatus.PENDING
    assert talk.seconds_until_timer() == 2.5
    assert talk.active_conversation.turn is None


def test_messages_of_one_burst_make_one_turn() -> None:
    talk = ConversationSimulator()
    for _ in range(3):
        talk.receive_customer_message()
        talk.advance_clock(1)

    decision = talk.fire_timer()

    assert talk.turn.messages == 3
    assert effects_of(decision, fx.RunTurn) == [
        fx.RunTurn(talk.turn.id, 1, talk.active_conversation.version)
    ]


def test_each_message_moves_the_end_of_the_burst_but_never_beyond_its_limit() -> None:
    talk = ConversationSimulator()
    due = []
    for _ in range(6):
        talk.receive_customer_message()
        due.append(talk.seconds_until_timer())
        talk.advance_clock(2)

    assert due == [2.5, 2.5, 2.5, 2.0, 0.0, -2.0]


def test_without_a_window_the_turn_starts_at_once() -> None:
    talk = ConversationSimulator(ConversationPolicy(burst_window_s=0))

    decision = talk.receive_customer_message()

    assert talk.turn.messages == 1
    assert not effects_of(decision, fx.SetTimer)


def test_a_stale_generation_of_a_timer_does_nothing() -> None:
    talk = ConversationSimulator()
    talk.receive_customer_message()
    talk.receive_customer_message()

    assert talk.fire_timer(generation=1).events == ()
    assert talk.active_conversation.turn is None
    talk.fire_timer(generation=2)
    assert talk.active_conversation.turn is not None


def test_a_timer_of_the_conversation_before_does_nothing() -> None:
    talk = ConversationSimulator()
    talk.receive_customer_message()
    talk.decide_command(cmd.ResolveConversation("ana"))
    talk.policy = replace(talk.policy, suspended=True)
    talk.receive_customer_message()

    assert talk.fire_timer(generation=1).events == ()


def test_a_timer_fires_once_only() -> None:
    talk = ConversationSimulator()
    talk.start_turn()

    assert talk.fire_timer().events == ()


def test_a_customer_who_writes_on_cancels_the_turn_and_the_next_one_answers_both() -> None:
    talk = ConversationSimulator()
    first = talk.start_turn()

    decision = talk.receive_customer_message()

    assert e.TurnCancelled(first.id, "customer_wrote") in decision.events
    assert talk.turns[first.id] == "cancelled"
    talk.fire_timer()
    assert talk.turn.messages == 2


def test_a_customer_who_never_stops_typing_still_gets_an_answer() -> None:
    talk = ConversationSimulator()
    for _ in range(2):
        talk.start_turn()
    third = talk.start_turn()

    assert not talk.receive_customer_message("ainda aí?").effects[1:]
    assert talk.turn == third
    talk.finish_turn("Claro.", turn=third)

    assert talk.queued_texts() == ["Claro."]
    assert talk.active_conversation.unanswered == 1
    talk.fire_timer()
    assert talk.turn.messages == 1, "one more follows, over what came meanwhile"


def test_after_an_answer_a_turn_may_be_cancelled_again() -> None:
    talk = ConversationSimulator()
    for _ in range(3):
        talk.start_turn()
    talk.finish_turn("Pronto.")
    talk.start_turn()

    talk.receive_customer_message()

    assert talk.active_conversation.turn is None
    assert talk.active_conversation.cancels == 1


def test_an_answer_of_several_texts_leaves_in_order() -> None:
    talk = ConversationSimulator()
    talk.start_turn()

    talk.finish_turn("Um.", "Dois.", "Três.")

    assert talk.queued_texts() == ["Um.", "Dois.", "Três."]
    assert set(talk.turns.values()) == {"answered"}
    assert len({send.message for send in talk.sends.values()}) == 3


@pytest.mark.parametrize("change", [{"attempt": 2}, {"id": TurnId(THREAD)}])
def test_an_answer_of_another_turn_or_attempt_says_nothing(change: dict[str, Any]) -> None:
    talk = ConversationSimulator()
    turn = talk.start_turn()

    decision = talk.finish_turn("Tarde demais.", turn=replace(turn, **change))

    assert (decision.events, decision.effects) == ((), ())
    assert talk.turn == turn


def test_a_turn_finished_after_takeover_says_nothing() -> None:
    talk = ConversationSimulator()
    turn = talk.start_turn()
    talk.decide_command(cmd.AssignConversation("ana"))

    decision = talk.finish_turn("Olá!", turn=turn)

    assert (decision.events, decision.effects) == ((), ())
    assert talk.turns[turn.id] == "cancelled"


def test_a_turn_that_finishes_twice_speaks_once() -> None:
    talk = ConversationSimulator()
    turn = talk.start_turn()
    talk.finish_turn("Olá!", turn=turn)

    assert talk.finish_turn("Olá!", turn=turn).effects == ()
    assert talk.queued_texts() == ["Olá!"]


def test_a_lost_turn_runs_again_under_the_next_attempt() -> None:
    talk = ConversationSimulator()
    turn = talk.start_turn()

    decision = talk.decide_command(cmd.RestartTurn(turn.id, turn.attempt))

    assert talk.turn == replace(turn, attempt=2)
    assert effects_of(decision, fx.RunTurn)[0].attempt == 2
    assert talk.finish_turn("Do primeiro.", turn=turn).effects == ()
    assert talk.decide_command(cmd.RestartTurn(turn.id, 1)).effects == ()


def test_a_turn_lost_three_times_ends_with_the_fixed_sentence_and_people() -> None:
    talk = ConversationSimulator()
    turn = talk.start_turn()
    for attempt in (1, 2, 3):
        talk.decide_command(cmd.RestartTurn(turn.id, attempt))

    assert talk.active_conversation.status is ConversationStatus.WAITING
    assert talk.turns[turn.id] == "failed"
    assert len(talk.queued_texts()) == 1
    handed = [
        x for x in talk.logs[talk.active_conversation.id] if isinstance(x, e.ConversationHandedOff)
    ]
    assert [x.reason for x in handed] == ["turn_lost"]


def test_while_the_model_is_away_one_fixed_sentence_with_the_protocol_is_said_once() -> None:
    talk = ConversationSimulator()
    talk.start_turn()
    talk.fail_turn("model_away")
    talk.receive_customer_message("alô?")

    assert talk.queued_texts() == [
        "No momento não consigo responder por aqui. "
        "Já passei seu atendimento para a nossa equipe. Protocolo: 20260302000001"
    ]
    assert talk.active_conversation.status is ConversationStatus.WAITING
    assert talk.active_conversation.team == "atendimento"
    assert talk.active_conversation.turn is None


def test_what_a_failed_turn_left_unanswered_is_answered_after_it_is_given_back() -> None:
    talk = ConversationSimulator()
    talk.start_turn()
    talk.fail_turn()

    talk.decide_command(cmd.ReturnConversationToAssistant("ana"))
    talk.fire_timer()

    assert talk.turn.messages == 1
