"""A turn that gives the conversation to people, or ends the visit."""

from datetime import datetime, timedelta, timezone

import pytest

from niochat.domain.conversation import commands as cmd
from niochat.domain.conversation import effects as fx
from niochat.domain.conversation import events as e
from niochat.domain.conversation.decision import Decision
from niochat.domain.conversation.policy import ConversationPolicy, StaffAvailability
from niochat.domain.conversation.state import ConversationStatus, TimerName
from niochat.domain.message import Author, MessageKind
from tests.domain.conversation_simulator import ConversationSimulator, build_text

TO_FINANCE = cmd.HandoffRequest("financeiro", "customer_asked", "Quer negociar duas faturas.")
MONDAY = datetime(2026, 3, 9, 8, tzinfo=timezone(-timedelta(hours=3)))
WHEN = "segunda-feira, 09/03, às 08:00"
FAREWELL = "Até mais! Protocolo 1."


def types(decision: Decision) -> list[str]:
    return [event.type for event in decision.events]


def notes(simulator: ConversationSimulator) -> list[str]:
    return [said.text for said in simulator.said.values() if said.kind is MessageKind.NOTE]


def answering(simulator: ConversationSimulator) -> ConversationSimulator:
    """The customer wrote and the assistant's turn runs."""
    simulator.start_turn()
    return simulator


# -- to people ----------------------------------------------------------------------------


def test_a_turn_that_hands_over_moves_the_conversation_to_its_team_with_its_reason() -> None:
    simulator = answering(ConversationSimulator())

    decision = simulator.finish_turn("Vou chamar o financeiro.", handoff=TO_FINANCE)

    assert (
        simulator.active_conversation.status,
        simulator.active_conversation.team,
        simulator.active_conversation.turn,
    ) == (
        ConversationStatus.WAITING,
        "financeiro",
        None,
    )
    assert e.ConversationHandedOff("financeiro", "customer_asked") in decision.events
    assert fx.NotifyTeamQueueEffect("financeiro", waiting=True) in decision.effects


def test_the_handoff_message_is_the_systems_and_is_sent_although_replies_are_cancelled() -> None:
    simulator = answering(ConversationSimulator())
    simulator.finish_turn("Um instante.")
    simulator.start_turn()

    simulator.finish_turn("Vou chamar o financeiro.", "Eles já respondem.", handoff=TO_FINANCE)

    assert simulator.queued_texts() == ["Vou chamar o financeiro.", "Eles já respondem."]
    assert [send.status for send in simulator.sends.values()] == ["cancelled", "queued", "queued"]
    assert {s.origin for s in simulator.sends.values() if s.status == "queued"} == {Author.SYSTEM}
    first = simulator.claim_send()
    assert first is not None
    assert simulator.sends[first].text == "Vou chamar o financeiro."


def test_the_handoff_note_is_stored_with_the_conversation_and_never_sent() -> None:
    simulator = answering(ConversationSimulator())

    decision = simulator.finish_turn("Vou chamar.", handoff=TO_FINANCE)

    assert notes(simulator) == ["Quer negociar duas faturas."]
    (note,) = [said for said in simulator.said.values() if said.kind is MessageKind.NOTE]
    assert (note.author, note.conversation, note.status) == (
        Author.SYSTEM,
        simulator.active_conversation.id,
        None,
    )
    assert [send.text for send in simulator.sends.values()] == ["Vou chamar."]
    assert types(decision) == [
        "turn_finished",
        "conversation_handed_off",
        "note_added",
        "message_queued",
    ]


def test_a_hand_over_without_a_note_leaves_none() -> None:
    simulator = answering(ConversationSimulator())

    simulator.finish_turn("Vou chamar.", handoff=cmd.HandoffRequest("vendas", "customer_asked"))

    assert notes(simulator) == []


def test_a_hand_over_that_comes_after_takeover_changes_nothing() -> None:
    simulator = answering(ConversationSimulator())
    turn = simulator.turn
    simulator.decide_command(cmd.AssignConversation("ana"))

    decision = simulator.finish_turn("Vou chamar.", turn=turn, handoff=TO_FINANCE)

    assert decision.events == ()
    assert (simulator.active_conversation.status, simulator.active_conversation.agent) == (
        ConversationStatus.OPEN,
        "ana",
    )
    assert notes(simulator) == []


@pytest.mark.parametrize("change", [{"suspended": True}, {"assistant_enabled": False}])
def test_a_hand_over_after_the_assistant_was_put_off_says_nothing(
    change: dict[str, bool],
) -> None:
    simulator = answering(ConversationSimulator())
    simulator.policy = ConversationPolicy(**change)  # type: ignore[arg-type]

    simulator.finish_turn("Vou chamar.", handoff=TO_FINANCE)

    assert (simulator.active_conversation.status, simulator.active_conversation.team) == (
        ConversationStatus.WAITING,
        "atendimento",
    )
    assert simulator.queued_texts() == []


# -- a turn that failed -------------------------------------------------------------------


def test_a_failed_turn_says_the_tenants_sentence_once_in_the_team_it_named() -> None:
    simulator = answering(
        ConversationSimulator(ConversationPolicy(unavailable_text="Já volto. {protocol}"))
    )

    decision = simulator.fail_turn("model_away", TO_FINANCE)

    assert simulator.queued_texts() == ["Já volto. 20260302000001"]
    assert notes(simulator) == ["Quer negociar duas faturas."]
    assert e.ConversationHandedOff("financeiro", "model_away") in decision.events
    assert [send.origin for send in simulator.sends.values()] == [Author.SYSTEM]


def test_a_failed_turn_says_nothing_of_its_own() -> None:
    simulator = answering(ConversationSimulator(ConversationPolicy(unavailable_text="Já volto.")))
    turn = simulator.turn

    simulator.decide_command(
        cmd.FinishAssistantTurn(
            turn.id,
            turn.attempt,
            cmd.TurnOutcome.FAILED,
            (build_text("meia resposta"),),
            close="done",
        )
    )

    assert simulator.queued_texts() == ["Já volto."]
    assert simulator.active_conversation.status is ConversationStatus.WAITING


def test_while_people_are_there_a_failure_promises_nothing() -> None:
    simulator = answering(ConversationSimulator(ConversationPolicy(unavailable_text="Já volto.")))
    simulator.people = StaffAvailability()

    simulator.fail_turn()

    assert simulator.queued_texts() == ["Já volto."]


@pytest.mark.parametrize(
    ("returns_at", "promise"),
    [
        (MONDAY, f"Nossa equipe volta {WHEN} e responde por aqui."),
        (None, ConversationPolicy().closed_unknown_text),
    ],
)
def test_while_nobody_is_there_a_failure_tells_when_somebody_will_be(
    returns_at: datetime | None, promise: str
) -> None:
    simulator = answering(ConversationSimulator(ConversationPolicy(unavailable_text="Já volto.")))
    simulator.people = StaffAvailability(False, returns_at)

    simulator.fail_turn()

    assert simulator.queued_texts() == [f"Já volto.\n\n{promise}"]


def test_a_turn_that_was_lost_for_good_makes_the_same_promise() -> None:
    simulator = answering(ConversationSimulator(ConversationPolicy(unavailable_text="Já volto.")))
    simulator.people = StaffAvailability(False, MONDAY)
    for attempt in (1, 2, 3):
        simulator.decide_command(cmd.RestartTurn(simulator.turn.id, attempt))

    assert simulator.queued_texts() == [
        f"Já volto.\n\nNossa equipe volta {WHEN} e responde por aqui."
    ]


# -- the end of a visit -------------------------------------------------------------------


def test_a_closing_turn_says_farewell_and_resolves_the_conversation() -> None:
    simulator = answering(ConversationSimulator())

    decision = simulator.finish_turn(FAREWELL, close="solved")

    assert simulator.active_conversation.status is ConversationStatus.RESOLVED
    assert types(decision) == [
        "turn_finished",
        "message_queued",
        "conversation_resolved",
        "rating_scheduled",
        "timer_set",
    ]
    assert e.ConversationResolved("assistant") in decision.events
    first = simulator.claim_send()
    assert first is not None, "the farewell leaves although the visit is over"
    assert simulator.sends[first].text == FAREWELL
    assert TimerName.IDLE not in simulator.timers


def test_after_a_farewell_the_next_message_opens_another_conversation() -> None:
    simulator = answering(ConversationSimulator())
    before = simulator.active_conversation.id
    simulator.finish_turn(FAREWELL, close="solved")

    simulator.receive_customer_message("mais uma coisa")

    assert simulator.active_conversation.id != before
    assert simulator.active_conversation.status is ConversationStatus.PENDING


def test_a_turn_does_not_close_on_a_customer_who_wrote_meanwhile() -> None:
    simulator = answering(ConversationSimulator())
    for _ in range(2):  # from the third on, writing does not cancel the turn any more
        simulator.receive_customer_message("e outra coisa")
        simulator.fire_timer()
    simulator.receive_customer_message("espera!")

    simulator.finish_turn("De nada!", close="solved")

    assert simulator.active_conversation.status is ConversationStatus.PENDING
    assert simulator.queued_texts() == ["De nada!"]
    assert [send.origin for send in simulator.sends.values()] == [Author.ASSISTANT]
    simulator.fire_timer()
    assert simulator.turn.messages == 1


def test_replies_that_have_not_left_do_not_stand_in_the_way_of_a_farewell() -> None:
    """A row of a visit that is over may not leave, and rows of a thread leave in order."""
    simulator = answering(ConversationSimulator())
    simulator.finish_turn("Ainda não saiu.")
    simulator.start_turn()

    simulator.finish_turn(FAREWELL, close="solved")

    assert simulator.queued_texts() == [FAREWELL]
