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


def notes(talk: ConversationSimulator) -> list[str]:
    return [said.text for said in talk.said.values() if said.kind is MessageKind.NOTE]


def answering(talk: ConversationSimulator) -> ConversationSimulator:
    """The customer wrote and the assistant's turn runs."""
    talk.start_turn()
    return talk


# -- to people ----------------------------------------------------------------------------


def test_a_turn_that_hands_over_moves_the_conversation_to_its_team_with_its_reason() -> None:
    talk = answering(ConversationSimulator())

    decision = talk.finish_turn("Vou chamar o financeiro.", handoff=TO_FINANCE)

    assert (
        talk.active_conversation.status,
        talk.active_conversation.team,
        talk.active_conversation.turn,
    ) == (
        ConversationStatus.WAITING,
        "financeiro",
        None,
    )
    assert e.ConversationHandedOff("financeiro", "customer_asked") in decision.events
    assert fx.NotifyTeamQueue("financeiro", waiting=True) in decision.effects


def test_what_a_hand_over_says_is_the_systems_and_leaves_although_replies_are_cancelled() -> None:
    talk = answering(ConversationSimulator())
    talk.finish_turn("Um instante.")
    talk.start_turn()

    talk.finish_turn("Vou chamar o financeiro.", "Eles já respondem.", handoff=TO_FINANCE)

    assert talk.queued_texts() == ["Vou chamar o financeiro.", "Eles já respondem."]
    assert [send.status for send in talk.sends.values()] == ["cancelled", "queued", "queued"]
    assert {s.origin for s in talk.sends.values() if s.status == "queued"} == {Author.SYSTEM}
    first = talk.claim_send()
    assert first is not None
    assert talk.sends[first].text == "Vou chamar o financeiro."


def test_the_note_of_a_hand_over_is_stored_with_the_visit_and_never_sent() -> None:
    talk = answering(ConversationSimulator())

    decision = talk.finish_turn("Vou chamar.", handoff=TO_FINANCE)

    assert notes(talk) == ["Quer negociar duas faturas."]
    (note,) = [said for said in talk.said.values() if said.kind is MessageKind.NOTE]
    assert (note.author, note.conversation, note.status) == (
        Author.SYSTEM,
        talk.active_conversation.id,
        None,
    )
    assert [send.text for send in talk.sends.values()] == ["Vou chamar."]
    assert types(decision) == [
        "turn_finished",
        "conversation_handed_off",
        "note_added",
        "message_queued",
    ]


def test_a_hand_over_without_a_note_leaves_none() -> None:
    talk = answering(ConversationSimulator())

    talk.finish_turn("Vou chamar.", handoff=cmd.HandoffRequest("vendas", "customer_asked"))

    assert notes(talk) == []


def test_a_hand_over_that_comes_after_takeover_changes_nothing() -> None:
    talk = answering(ConversationSimulator())
    turn = talk.turn
    talk.decide_command(cmd.AssignConversation("ana"))

    decision = talk.finish_turn("Vou chamar.", turn=turn, handoff=TO_FINANCE)

    assert decision.events == ()
    assert (talk.active_conversation.status, talk.active_conversation.agent) == (
        ConversationStatus.OPEN,
        "ana",
    )
    assert notes(talk) == []


@pytest.mark.parametrize("change", [{"suspended": True}, {"assistant_enabled": False}])
def test_a_hand_over_after_the_assistant_was_put_off_says_nothing(
    change: dict[str, bool],
) -> None:
    talk = answering(ConversationSimulator())
    talk.policy = ConversationPolicy(**change)  # type: ignore[arg-type]

    talk.finish_turn("Vou chamar.", handoff=TO_FINANCE)

    assert (talk.active_conversation.status, talk.active_conversation.team) == (
        ConversationStatus.WAITING,
        "atendimento",
    )
    assert talk.queued_texts() == []


# -- a turn that failed -------------------------------------------------------------------


def test_a_failed_turn_says_the_tenants_sentence_once_in_the_team_it_named() -> None:
    talk = answering(
        ConversationSimulator(ConversationPolicy(unavailable_text="Já volto. {protocol}"))
    )

    decision = talk.fail_turn("model_away", TO_FINANCE)

    assert talk.queued_texts() == ["Já volto. 20260302000001"]
    assert notes(talk) == ["Quer negociar duas faturas."]
    assert e.ConversationHandedOff("financeiro", "model_away") in decision.events
    assert [send.origin for send in talk.sends.values()] == [Author.SYSTEM]


def test_a_failed_turn_says_nothing_of_its_own() -> None:
    talk = answering(ConversationSimulator(ConversationPolicy(unavailable_text="Já volto.")))
    turn = talk.turn

    talk.decide_command(
        cmd.FinishAssistantTurn(
            turn.id,
            turn.attempt,
            cmd.TurnOutcome.FAILED,
            (build_text("meia resposta"),),
            close="done",
        )
    )

    assert talk.queued_texts() == ["Já volto."]
    assert talk.active_conversation.status is ConversationStatus.WAITING


def test_while_people_are_there_a_failure_promises_nothing() -> None:
    talk = answering(ConversationSimulator(ConversationPolicy(unavailable_text="Já volto.")))
    talk.people = StaffAvailability()

    talk.fail_turn()

    assert talk.queued_texts() == ["Já volto."]


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
    talk = answering(ConversationSimulator(ConversationPolicy(unavailable_text="Já volto.")))
    talk.people = StaffAvailability(False, returns_at)

    talk.fail_turn()

    assert talk.queued_texts() == [f"Já volto.\n\n{promise}"]


def test_a_turn_that_was_lost_for_good_makes_the_same_promise() -> None:
    talk = answering(ConversationSimulator(ConversationPolicy(unavailable_text="Já volto.")))
    talk.people = StaffAvailability(False, MONDAY)
    for attempt in (1, 2, 3):
        talk.decide_command(cmd.RestartTurn(talk.turn.id, attempt))

    assert talk.queued_texts() == [f"Já volto.\n\nNossa equipe volta {WHEN} e responde por aqui."]


# -- the end of a visit -------------------------------------------------------------------


def test_a_turn_that_closes_says_farewell_and_the_visit_is_over() -> None:
    talk = answering(ConversationSimulator())

    decision = talk.finish_turn(FAREWELL, close="solved")

    assert talk.active_conversation.status is ConversationStatus.RESOLVED
    assert types(decision) == ["turn_finished", "message_queued", "conversation_resolved"]
    assert e.ConversationResolved("assistant") in decision.events
    first = talk.claim_send()
    assert first is not None, "the farewell leaves although the visit is over"
    assert talk.sends[first].text == FAREWELL
    assert TimerName.IDLE not in talk.timers


def test_after_a_farewell_the_next_message_opens_another_visit() -> None:
    talk = answering(ConversationSimulator())
    before = talk.active_conversation.id
    talk.finish_turn(FAREWELL, close="solved")

    talk.receive_customer_message("mais uma coisa")

    assert talk.active_conversation.id != before
    assert talk.active_conversation.status is ConversationStatus.PENDING


def test_a_turn_does_not_close_on_a_customer_who_wrote_meanwhile() -> None:
    talk = answering(ConversationSimulator())
    for _ in range(2):  # from the third on, writing does not cancel the turn any more
        talk.receive_customer_message("e outra coisa")
        talk.fire_timer()
    talk.receive_customer_message("espera!")

    talk.finish_turn("De nada!", close="solved")

    assert talk.active_conversation.status is ConversationStatus.PENDING
    assert talk.queued_texts() == ["De nada!"]
    assert [send.origin for send in talk.sends.values()] == [Author.ASSISTANT]
    talk.fire_timer()
    assert talk.turn.messages == 1


def test_replies_that_have_not_left_do_not_stand_in_the_way_of_a_farewell() -> None:
    """A row of a visit that is over may not leave, and rows of a thread leave in order."""
    talk = answering(ConversationSimulator())
    talk.finish_turn("Ainda não saiu.")
    talk.start_turn()

    talk.finish_turn(FAREWELL, close="solved")

    assert talk.queued_texts() == [FAREWELL]
