"""When the assistant runs, and what becomes of its turns."""

from dataclasses import replace

import pytest

from niochat.domain import commands as cmd
from niochat.domain import effects as fx
from niochat.domain import events as e
from niochat.domain.conversation import ConversationStatus
from niochat.domain.ids import TurnId
from niochat.domain.policy import ConversationPolicy
from tests.domain.talk import THREAD, Talk


def effects_of(decision: object, kind: type) -> list[object]:
    return [effect for effect in decision.effects if isinstance(effect, kind)]


def test_a_first_message_opens_a_conversation_with_a_protocol_and_waits_for_the_burst() -> None:
    talk = Talk()

    decision = talk.customer()

    assert [event.type for event in decision.events] == [
        "conversation_opened",
        "message_received",
        "timer_set",
    ]
    assert talk.live.protocol == "20260302000001"
    assert talk.live.status is ConversationStatus.PENDING
    assert talk.due_in() == 2.5
    assert talk.live.turn is None


def test_messages_of_one_burst_make_one_turn() -> None:
    talk = Talk()
    for _ in range(3):
        talk.customer()
        talk.wait(1)

    decision = talk.fire()

    assert talk.turn.messages == 3
    assert effects_of(decision, fx.RunTurn) == [fx.RunTurn(talk.turn.id, 1, talk.live.version)]


def test_each_message_moves_the_end_of_the_burst_but_never_beyond_its_limit() -> None:
    talk = Talk()
    due = []
    for _ in range(6):
        talk.customer()
        due.append(talk.due_in())
        talk.wait(2)

    assert due == [2.5, 2.5, 2.5, 2.0, 0.0, -2.0]


def test_without_a_window_the_turn_starts_at_once() -> None:
    talk = Talk(ConversationPolicy(burst_window_s=0))

    decision = talk.customer()

    assert talk.turn.messages == 1
    assert not effects_of(decision, fx.SetTimer)


def test_a_stale_generation_of_a_timer_does_nothing() -> None:
    talk = Talk()
    talk.customer()
    talk.customer()

    assert talk.fire(generation=1).events == ()
    assert talk.live.turn is None
    talk.fire(generation=2)
    assert talk.live.turn is not None


def test_a_timer_of_the_conversation_before_does_nothing() -> None:
    talk = Talk()
    talk.customer()
    talk.do(cmd.ResolveConversation("ana"))
    talk.policy = replace(talk.policy, suspended=True)
    talk.customer()

    assert talk.fire(generation=1).events == ()


def test_a_timer_fires_once_only() -> None:
    talk = Talk()
    talk.thinking()

    assert talk.fire().events == ()


def test_a_customer_who_writes_on_cancels_the_turn_and_the_next_one_answers_both() -> None:
    talk = Talk()
    first = talk.thinking()

    decision = talk.customer()

    assert e.TurnCancelled(first.id, "customer_wrote") in decision.events
    assert talk.turns[first.id] == "cancelled"
    talk.fire()
    assert talk.turn.messages == 2


def test_a_customer_who_never_stops_typing_still_gets_an_answer() -> None:
    talk = Talk()
    for _ in range(2):
        talk.thinking()
    third = talk.thinking()

    assert not talk.customer("ainda aí?").effects[1:]
    assert talk.turn == third
    talk.answer("Claro.", turn=third)

    assert talk.waiting_to_leave() == ["Claro."]
    assert talk.live.unanswered == 1
    talk.fire()
    assert talk.turn.messages == 1, "one more follows, over what came meanwhile"


def test_after_an_answer_a_turn_may_be_cancelled_again() -> None:
    talk = Talk()
    for _ in range(3):
        talk.thinking()
    talk.answer("Pronto.")
    talk.thinking()

    talk.customer()

    assert talk.live.turn is None
    assert talk.live.cancels == 1


def test_an_answer_of_several_texts_leaves_in_order() -> None:
    talk = Talk()
    talk.thinking()

    talk.answer("Um.", "Dois.", "Três.")

    assert talk.waiting_to_leave() == ["Um.", "Dois.", "Três."]
    assert set(talk.turns.values()) == {"answered"}
    assert len({send.message for send in talk.sends.values()}) == 3


@pytest.mark.parametrize("change", [{"attempt": 2}, {"id": TurnId(THREAD)}])
def test_an_answer_of_another_turn_or_attempt_says_nothing(change: dict[str, object]) -> None:
    talk = Talk()
    turn = talk.thinking()

    decision = talk.answer("Tarde demais.", turn=replace(turn, **change))

    assert (decision.events, decision.effects) == ((), ())
    assert talk.turn == turn


def test_a_turn_finished_after_takeover_says_nothing() -> None:
    talk = Talk()
    turn = talk.thinking()
    talk.do(cmd.AssignConversation("ana"))

    decision = talk.answer("Olá!", turn=turn)

    assert (decision.events, decision.effects) == ((), ())
    assert talk.turns[turn.id] == "cancelled"


def test_a_turn_that_finishes_twice_speaks_once() -> None:
    talk = Talk()
    turn = talk.thinking()
    talk.answer("Olá!", turn=turn)

    assert talk.answer("Olá!", turn=turn).effects == ()
    assert talk.waiting_to_leave() == ["Olá!"]


def test_a_lost_turn_runs_again_under_the_next_attempt() -> None:
    talk = Talk()
    turn = talk.thinking()

    decision = talk.do(cmd.RestartTurn(turn.id, turn.attempt))

    assert talk.turn == replace(turn, attempt=2)
    assert effects_of(decision, fx.RunTurn)[0].attempt == 2
    assert talk.answer("Do primeiro.", turn=turn).effects == ()
    assert talk.do(cmd.RestartTurn(turn.id, 1)).effects == ()


def test_a_turn_lost_three_times_ends_with_the_fixed_sentence_and_people() -> None:
    talk = Talk()
    turn = talk.thinking()
    for attempt in (1, 2, 3):
        talk.do(cmd.RestartTurn(turn.id, attempt))

    assert talk.live.status is ConversationStatus.WAITING
    assert talk.turns[turn.id] == "failed"
    assert len(talk.waiting_to_leave()) == 1
    handed = [x for x in talk.logs[talk.live.id] if isinstance(x, e.ConversationHandedOff)]
    assert [x.reason for x in handed] == ["turn_lost"]


def test_while_the_model_is_away_one_fixed_sentence_with_the_protocol_is_said_once() -> None:
    talk = Talk()
    talk.thinking()
    talk.fail("model_away")
    talk.customer("alô?")

    assert talk.waiting_to_leave() == [
        "No momento não consigo responder por aqui. "
        "Já passei seu atendimento para a nossa equipe. Protocolo: 20260302000001"
    ]
    assert talk.live.status is ConversationStatus.WAITING
    assert talk.live.team == "atendimento"
    assert talk.live.turn is None


def test_what_a_failed_turn_left_unanswered_is_answered_after_it_is_given_back() -> None:
    talk = Talk()
    talk.thinking()
    talk.fail()

    talk.do(cmd.ReturnConversationToAssistant("ana"))
    talk.fire()

    assert talk.turn.messages == 1
